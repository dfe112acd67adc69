//! What two regressions expect of each step, from its time and from what was measured before it, and where they are off
//! the furthest.
//!
//! No step is judged by what was learned from it: the random forest by the trees that were not grown on it (out of bag),
//! the nearest neighbours by other days.

use serde::Serialize;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::usage::UsageSeries;
use weir_features::usage::{Gaps, LagChoice, usage_rows};
use weir_model::{KnnRegressorParams, RandomForestRegressorParams, RobustScaler};

use super::anomalies::Method;
use super::season::median;
use super::{Seen, UsageError, UsageOptions};

/// The fewest rows that are regressed on.
const MIN: usize = 96;

/// The most, the last ones: more than a year of half hours.
const MAX: usize = 20_000;

/// A residual's median size, in standard deviations of a normal distribution.
const NORMAL_MAD: f64 = 0.6745;

/// What both regressions say of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Regressions {
    /// Of a random forest over calendar and lags.
    pub random_forest: Residuals,
    /// What the forest goes by: shares that sum to 1, the largest first.
    pub importances: Vec<Importance>,
    /// The share of the variance that the forest explains; none where there is no variance.
    pub r_squared: Option<f64>,
    /// Of nearest neighbours over the same; none where gaps leave too little.
    pub nearest_neighbours: Option<Residuals>,
}

/// How far a regression was off.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Residuals {
    /// Steps that were judged.
    pub steps: u64,
    /// The median size of the residuals.
    pub median_size: f64,
    /// The top share: the steps that were off the furthest, these first.
    pub top: Vec<Residual>,
}

/// One step and what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Residual {
    /// When it began, seconds since the epoch.
    pub time: i64,
    /// What was measured.
    pub value: f64,
    /// What was expected.
    pub expected: f64,
    /// The difference in standard deviations as the median residual tells them.
    pub deviations: f64,
}

/// How much of a prediction a feature is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// What a person reads: `same time the day before`.
    pub feature: String,
    /// Its share, 0 to 1.
    pub share: f64,
}

impl Regressions {
    /// Both, by name.
    pub(super) fn both(&self) -> impl Iterator<Item = (Method, &Residuals)> {
        let near = self.nearest_neighbours.iter().map(|residuals| (Method::NearestNeighbours, residuals));
        std::iter::once((Method::RandomForest, &self.random_forest)).chain(near)
    }
}

pub(super) fn regress(seen: &Seen<'_>, options: &UsageOptions) -> Result<Option<Regressions>, UsageError> {
    let lags = LagChoice::for_series(seen.series);
    let rows = usage_rows(seen.series, &options.zone, lags, Gaps::Mark)?;
    let (matrix, targets, steps) = last_rows(rows.matrix, rows.targets, rows.steps)?;
    if matrix.len() < MIN {
        return Ok(None);
    }
    let valid = RandomForestRegressorParams::default().trees(60).min_samples_leaf(3).check()?;
    let (forest, held_out) = valid.fit_out_of_bag(&matrix, &targets, options.seed)?;
    let judged = steps.iter().zip(&targets).zip(held_out.decisions());
    let judged = judged.filter_map(|((at, value), expected)| Some((*at, *value, (*expected)?))).collect();
    let mut importances: Vec<Importance> = Vec::new();
    for (feature, share) in matrix.schema().features.iter().zip(forest.importances()) {
        match importances.iter_mut().find(|known| known.feature == feature.label) {
            Some(known) => known.share += share,
            None => importances.push(Importance { feature: feature.label.clone(), share: *share }),
        }
    }
    importances.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.feature.cmp(&b.feature)));
    Ok(Some(Regressions {
        random_forest: residuals(seen.series, judged, options.top_share),
        importances,
        r_squared: held_out.r_squared(),
        nearest_neighbours: neighbours(seen, lags, options)?,
    }))
}

/// Even days are judged by odd ones and the other way round.
fn neighbours(seen: &Seen<'_>, lags: LagChoice, options: &UsageOptions) -> Result<Option<Residuals>, UsageError> {
    let rows = usage_rows(seen.series, &options.zone, lags, Gaps::Drop)?;
    let (matrix, targets, steps) = last_rows(rows.matrix, rows.targets, rows.steps)?;
    if matrix.len() < MIN {
        return Ok(None);
    }
    let matrix = RobustScaler::fit(&matrix)?.transform(&matrix)?;
    let mut judged = Vec::with_capacity(matrix.len());
    for fold in 0..2 {
        let mut learn = (FeatureMatrix::new(matrix.schema().clone()), Vec::new());
        let (mut judge, mut of) = (FeatureMatrix::new(matrix.schema().clone()), Vec::new());
        for (row, &at) in steps.iter().enumerate() {
            if seen.clock[at].day.rem_euclid(2) == fold {
                judge.push(matrix.row(row))?;
                of.push(row);
            } else {
                learn.0.push(matrix.row(row))?;
                learn.1.push(targets[row]);
            }
        }
        if learn.1.is_empty() || of.is_empty() {
            return Ok(None);
        }
        let regressor = KnnRegressorParams::default().neighbours(10).check()?.fit(&learn.0, &learn.1)?;
        let expected = regressor.predict(&judge)?;
        judged.extend(of.into_iter().zip(expected).map(|(row, expected)| (steps[row], targets[row], expected)));
    }
    judged.sort_unstable_by_key(|(at, ..)| *at);
    Ok(Some(residuals(seen.series, judged, options.top_share)))
}

/// From steps, what was measured, and what was expected.
fn residuals(series: &UsageSeries, judged: Vec<(usize, f64, f64)>, top_share: f64) -> Residuals {
    let mut sizes: Vec<f64> = judged.iter().map(|(_, value, expected)| (value - expected).abs()).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
    let median_size = median(&mut sizes);
    // Where most steps are met exactly, the mean tells what a residual is.
    let deviation = [median_size / NORMAL_MAD, mean].into_iter().find(|unit| *unit > 0.0).unwrap_or(1.0);
    let steps = judged.len();
    let residual = |(at, value, expected): (usize, f64, f64)| Residual {
        time: super::step_start(series, at),
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
    let skipped = targets.len().saturating_sub(MAX);
    if skipped == 0 {
        return Ok((matrix, targets, steps));
    }
    let mut last = FeatureMatrix::new(matrix.schema().clone());
    for row in skipped..matrix.len() {
        last.push(matrix.row(row))?;
    }
    Ok((last, targets.split_off(skipped), steps.split_off(skipped)))
}
