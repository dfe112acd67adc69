//! Anomalies of a series: steps far from the expected value, joined where they follow one another within two hours.
//!
//! The remainder of every step, after trend and season, is compared by Tukey's fences with the remainders of the same hours of
//! working days, or of weekends (a few weeks are too few for quartiles by hour of the week). A step is anomalous beyond the outer
//! fence, or beyond the inner fence if both regressions also have a large residual. (Regressions alone do not suffice: a week after a
//! spike they expect another.)

use serde::Serialize;
use std::sync::Arc;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_model::IqrParams;

use super::method::Method;
use super::options::UsageError;
use super::regression::Regressions;
use super::season::SeasonalSeries;
use weir_domain::stats::quantile;
use weir_domain::time::HOUR_SECONDS;

/// Tukey's outer and inner fence, in interquartile ranges.
const FENCE: f64 = 3.0;
const INNER_FENCE: f64 = 1.5;

/// Least residual of a regression that supports an anomaly, in standard deviations of its residuals.
const MIN_DEVIATIONS: f64 = 5.0;

/// Longest pause within one anomaly, in seconds.
const MAX_PAUSE: i64 = 2 * HOUR_SECONDS;

/// Maximum number of anomalies reported for a series.
const MAX_ANOMALIES: usize = 1000;

/// Anomalous steps, each within two hours of the previous one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Anomaly {
    /// Start of the first step, seconds since the epoch.
    pub start: i64,
    /// End of the last step, seconds since the epoch.
    pub end: i64,
    /// Start of the step with the largest distance.
    pub time: i64,
    /// Its measured value.
    pub value: f64,
    /// Its expected value.
    pub usual: f64,
    /// Its distance from the nearer quartile, in interquartile ranges, at least 0.
    pub distance: f64,
    /// The methods that found it.
    pub by: Vec<Method>,
}

/// The distances of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    /// Interquartile ranges beyond the quartiles.
    distance: f64,
    forest: bool,
    neighbours: bool,
}

impl Mark {
    pub(super) fn is_anomalous(&self) -> bool {
        self.distance >= FENCE || (self.distance >= INNER_FENCE && self.forest && self.neighbours)
    }
}

/// The distances of every step; `None` for steps without a value.
pub(super) fn mark_steps(
    seasonal: &SeasonalSeries<'_>,
    regressions: Option<&Regressions>,
) -> Result<Vec<Option<Mark>>, UsageError> {
    let measured: Vec<(usize, f64)> = seasonal
        .season
        .parts
        .steps()
        .iter()
        .enumerate()
        .filter_map(|(at, parts)| Some((at, parts.as_ref()?.remainder)))
        .collect();
    let mut marks = vec![None; seasonal.series.values.len()];
    if measured.is_empty() {
        return Ok(marks);
    }
    let unit = unit(seasonal, &measured);
    let name = "remainder";
    let feature =
        Feature { name: name.into(), label: name.into(), unit: String::new(), transform: Transform::Identity };
    let schema = FeatureSchema {
        source: "usage".into(),
        window_seconds: i64::from(seasonal.series.step),
        features: vec![feature],
    };
    let mut matrix = FeatureMatrix::new(Arc::new(schema));
    let mut groups = Vec::with_capacity(measured.len());
    for (at, remainder) in &measured {
        matrix.push(&[remainder / unit])?;
        let clock = seasonal.clock[*at];
        groups.push(i64::from(clock.hour()) + if clock.is_weekend() { 24 } else { 0 });
    }
    let iqr = IqrParams::default().min_iqr(0.5).check()?.fit_grouped(&matrix, &groups)?;
    for ((at, _), score) in measured.iter().zip(iqr.score_grouped(&matrix, &groups)?) {
        marks[*at] = Some(Mark { distance: score.get(), forest: false, neighbours: false });
    }
    for (method, residuals) in regressions.into_iter().flat_map(Regressions::both) {
        for residual in residuals.top.iter().filter(|residual| residual.deviations.abs() >= MIN_DEVIATIONS) {
            let at = usize::try_from((residual.time - seasonal.series.start) / i64::from(seasonal.series.step.max(1)));
            if let Some(Some(mark)) = at.ok().and_then(|at| marks.get_mut(at)) {
                match method {
                    Method::RandomForest => mark.forest = true,
                    _ => mark.neighbours = true,
                }
            }
        }
    }
    Ok(marks)
}

/// The unit of remainders: their median absolute value; where most are 0, the mean absolute value, or a hundredth of the level.
fn unit(seasonal: &SeasonalSeries<'_>, measured: &[(usize, f64)]) -> f64 {
    let mut sizes: Vec<f64> = measured.iter().map(|(_, remainder)| remainder.abs()).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let mut values: Vec<f64> = seasonal.series.values.iter().flatten().copied().collect();
    let level = quantile(&mut values, 0.5).unwrap_or(0.0).abs() / 100.0;
    // Differences by the rounding of a sum do not count.
    let least = level * 1e-6;
    [quantile(&mut sizes, 0.5).unwrap_or(0.0), mean, level].into_iter().find(|unit| *unit > least).unwrap_or(1.0)
}

/// Joins anomalous steps into anomalies, the largest distance first, at most 1,000.
pub(super) fn join_anomalies(seasonal: &SeasonalSeries<'_>, marks: &[Option<Mark>]) -> Vec<Anomaly> {
    let step = i64::from(seasonal.series.step);
    let mut found: Vec<Anomaly> = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        let (Some(mark), Some(value), Some(usual)) = (mark, seasonal.series.values[at], seasonal.season.expected(at))
        else {
            continue;
        };
        if !mark.is_anomalous() {
            continue;
        }
        let by = [
            (mark.distance >= FENCE, Method::Iqr),
            (mark.forest, Method::RandomForest),
            (mark.neighbours, Method::NearestNeighbours),
        ];
        let by: Vec<Method> = by.into_iter().filter(|(found, _)| *found).map(|(_, method)| method).collect();
        let time = seasonal.series.step_start(at);
        let this = Anomaly { start: time, end: time + step, time, value, usual, distance: mark.distance, by };
        match found.last_mut().filter(|last| time - last.end <= MAX_PAUSE) {
            Some(last) => {
                let mut by = [std::mem::take(&mut last.by), this.by.clone()].concat();
                by.sort_unstable();
                by.dedup();
                let start = last.start;
                let further = if this.distance > last.distance { this } else { last.clone() };
                *last = Anomaly { start, end: time + step, by, ..further };
            }
            None => found.push(this),
        }
    }
    found.sort_by(|a, b| b.distance.total_cmp(&a.distance).then(a.start.cmp(&b.start)));
    found.truncate(MAX_ANOMALIES);
    found
}
