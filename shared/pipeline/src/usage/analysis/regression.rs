//! Residuals of two regressions of each step on its local time and on earlier values.
//!
//! No step is predicted by a model that was trained on it: the random forest predicts out of bag, and nearest neighbours are searched
//! among other days.

use serde::Serialize;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::stats::quantile;
use weir_domain::usage::UsageSeries;
use weir_features::usage::{Gaps, LagChoice, usage_rows};
use weir_model::{KnnRegressorParams, RandomForestRegressorParams, RobustScaler};

use super::method::Method;
use super::options::{UsageError, UsageOptions};
use super::season::SeasonalSeries;

/// Minimum number of rows for a regression.
const MIN_ROWS: usize = 96;

/// Maximum number of rows, the last ones: more than a year of half hours.
const MAX_ROWS: usize = 20_000;

/// The median absolute deviation of a normal distribution, in standard deviations.
const NORMAL_MAD: f64 = 0.6745;

/// The residuals of both regressions of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Regressions {
    /// Residuals of a random forest on calendar and lags.
    pub random_forest: Residuals,
    /// Feature importances of the forest, which sum to 1, the largest first.
    pub importances: Vec<Importance>,
    /// Share of the variance that the forest explains (R²); `None` without variance.
    pub r_squared: Option<f64>,
    /// Residuals of nearest neighbours on the same features; `None` where gaps leave too few rows.
    pub nearest_neighbours: Option<Residuals>,
}

/// Residuals of one regression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Residuals {
    /// Number of predicted steps.
    pub steps: u64,
    /// Median absolute residual.
    pub median_size: f64,
    /// The steps with the largest residuals, the largest first.
    pub top: Vec<Residual>,
}

/// The residual of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Residual {
    /// Start of the step, seconds since the epoch.
    pub time: i64,
    /// Measured value.
    pub value: f64,
    /// Predicted value.
    pub expected: f64,
    /// The difference in standard deviations, estimated from the median absolute residual.
    pub deviations: f64,
}

/// The importance of a feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// Label of the feature: `same time the day before`.
    pub feature: String,
    /// Its share, 0 to 1.
    pub share: f64,
}

impl Regressions {
    /// Both, with their methods.
    pub(super) fn both(&self) -> impl Iterator<Item = (Method, &Residuals)> {
        let near = self.nearest_neighbours.iter().map(|residuals| (Method::NearestNeighbours, residuals));
        std::iter::once((Method::RandomForest, &self.random_forest)).chain(near)
    }
}

/// Regresses a series; `None` if it has too few rows.
pub(super) fn regress(
    seasonal: &SeasonalSeries<'_>,
    options: &UsageOptions,
) -> Result<Option<Regressions>, UsageError> {
    let lags = LagChoice::for_series(seasonal.series);
    let rows = usage_rows(seasonal.series, &options.zone, lags, Gaps::Mark)?;
    let (matrix, targets, steps) = last_rows(rows.matrix, rows.targets, rows.steps)?;
    if matrix.len() < MIN_ROWS {
        return Ok(None);
    }
    let valid = RandomForestRegressorParams::default().trees(60).min_samples_leaf(3).check()?;
    let (forest, held_out) = valid.fit_out_of_bag(&matrix, &targets, options.seed)?;
    let judged = steps.iter().zip(&targets).zip(held_out.decisions());
    let judged = judged.filter_map(|((at, value), expected)| Some((*at, *value, (*expected)?))).collect();
    let mut importances: Vec<Importance> = Vec::new();
    for (feature, share) in matrix.schema().features.iter().zip(forest.importances()) {
        match importances.iter_mut().find(|listed| listed.feature == feature.label) {
            Some(listed) => listed.share += share,
            None => importances.push(Importance { feature: feature.label.clone(), share: *share }),
        }
    }
    importances.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.feature.cmp(&b.feature)));
    Ok(Some(Regressions {
        random_forest: residuals(seasonal.series, judged, options.top_share),
        importances,
        r_squared: held_out.r_squared(),
        nearest_neighbours: neighbours(seasonal, lags, options)?,
    }))
}

/// Predicts even days from odd ones, and odd days from even ones.
fn neighbours(
    seasonal: &SeasonalSeries<'_>,
    lags: LagChoice,
    options: &UsageOptions,
) -> Result<Option<Residuals>, UsageError> {
    let rows = usage_rows(seasonal.series, &options.zone, lags, Gaps::Drop)?;
    let (matrix, targets, steps) = last_rows(rows.matrix, rows.targets, rows.steps)?;
    if matrix.len() < MIN_ROWS {
        return Ok(None);
    }
    let matrix = RobustScaler::fit(&matrix)?.transform(&matrix)?;
    let mut judged = Vec::with_capacity(matrix.len());
    for fold in 0..2 {
        let mut learn = (FeatureMatrix::new(matrix.schema().clone()), Vec::new());
        let (mut judge, mut judged_rows) = (FeatureMatrix::new(matrix.schema().clone()), Vec::new());
        for (row, &at) in steps.iter().enumerate() {
            if seasonal.clock[at].day.rem_euclid(2) == fold {
                judge.push(matrix.row(row))?;
                judged_rows.push(row);
            } else {
                learn.0.push(matrix.row(row))?;
                learn.1.push(targets[row]);
            }
        }
        if learn.1.is_empty() || judged_rows.is_empty() {
            return Ok(None);
        }
        let regressor = KnnRegressorParams::default().neighbours(10).check()?.fit(&learn.0, &learn.1)?;
        let expected = regressor.predict(&judge)?;
        judged
            .extend(judged_rows.into_iter().zip(expected).map(|(row, expected)| (steps[row], targets[row], expected)));
    }
    judged.sort_unstable_by_key(|(at, ..)| *at);
    Ok(Some(residuals(seasonal.series, judged, options.top_share)))
}

/// The residuals of `(step, measured value, predicted value)`.
fn residuals(series: &UsageSeries, judged: Vec<(usize, f64, f64)>, top_share: f64) -> Residuals {
    let mut sizes: Vec<f64> = judged.iter().map(|(_, value, expected)| (value - expected).abs()).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
    let median_size = quantile(&mut sizes, 0.5).unwrap_or(0.0);
    // Where most steps are predicted exactly, the mean absolute residual is the unit.
    let deviation = [median_size / NORMAL_MAD, mean].into_iter().find(|unit| *unit > 0.0).unwrap_or(1.0);
    let steps = judged.len();
    let residual = |(at, value, expected): (usize, f64, f64)| Residual {
        time: series.step_start(at),
        value,
        expected,
        deviations: (value - expected) / deviation,
    };
    let mut top: Vec<Residual> = judged.into_iter().map(residual).filter(|r| r.deviations != 0.0).collect();
    top.sort_by(|a, b| b.deviations.abs().total_cmp(&a.deviations.abs()).then(a.time.cmp(&b.time)));
    top.truncate((top_share * steps as f64).ceil() as usize);
    Residuals { steps: steps as u64, median_size, top }
}

/// The last rows, where there are too many.
fn last_rows(
    matrix: FeatureMatrix,
    mut targets: Vec<f64>,
    mut steps: Vec<usize>,
) -> Result<(FeatureMatrix, Vec<f64>, Vec<usize>), UsageError> {
    let skipped = targets.len().saturating_sub(MAX_ROWS);
    if skipped == 0 {
        return Ok((matrix, targets, steps));
    }
    let mut last = FeatureMatrix::new(matrix.schema().clone());
    for row in skipped..matrix.len() {
        last.push(matrix.row(row))?;
    }
    Ok((last, targets.split_off(skipped), steps.split_off(skipped)))
}
