//! What stands out of a series: steps far from what is usual at their time, joined where they follow one another within
//! two hours.
//!
//! Every step is compared with its trend and with the median of its time of the week; what is left is judged by Tukey's
//! fences among the same hours of working days, or of weekends (a few weeks are too few for quartiles of their own by hour
//! of the week). A step is anomalous beyond the outer fence; or beyond the inner one where both regressions find it far off,
//! too. (They alone do not tell: a week after a spike they expect another.)

use serde::Serialize;
use std::sync::Arc;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_model::IqrParams;

use super::regression::Regressions;
use super::season::median;
use super::{Seen, UsageError};

/// Tukey's outer and inner fence, in interquartile ranges.
const FENCE: f64 = 3.0;
const INNER_FENCE: f64 = 1.5;

/// How far off, in standard deviations of its residuals, a regression must find a step.
const FAR: f64 = 5.0;

/// How long after an anomaly the next one is the same, in seconds.
const SAME: i64 = 7200;

/// The most anomalies told of a series.
const MAX: usize = 1000;

/// What found a step out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Tukey's fences.
    Iqr,
    /// The residuals of a random forest.
    RandomForest,
    /// The residuals of nearest neighbours.
    NearestNeighbours,
}

impl Method {
    /// The name, as in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Iqr => "iqr",
            Self::RandomForest => "random-forest",
            Self::NearestNeighbours => "nearest-neighbours",
        }
    }
}

/// Steps that stand out, each within two hours of the one before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Anomaly {
    /// When the first of them begins, seconds since the epoch.
    pub start: i64,
    /// When the last of them ends.
    pub end: i64,
    /// The step furthest from usual.
    pub time: i64,
    /// What was measured then.
    pub value: f64,
    /// What was usual then.
    pub usual: f64,
    /// How far beyond the quartiles it was, in interquartile ranges, from 0 on.
    pub distance: f64,
    /// What found it.
    pub by: Vec<Method>,
}

/// What is said of one step.
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

/// What is said of every step; `None` of those that were not measured.
pub(super) fn mark(seen: &Seen<'_>, regressions: Option<&Regressions>) -> Result<Vec<Option<Mark>>, UsageError> {
    let measured: Vec<(usize, f64)> = seen
        .season
        .parts
        .steps()
        .iter()
        .enumerate()
        .filter_map(|(at, parts)| Some((at, parts.as_ref()?.remainder)))
        .collect();
    let mut marks = vec![None; seen.series.values.len()];
    if measured.is_empty() {
        return Ok(marks);
    }
    let unit = unit(seen, &measured);
    let name = "remainder";
    let feature =
        Feature { name: name.into(), label: name.into(), unit: String::new(), transform: Transform::Identity };
    let schema =
        FeatureSchema { source: "usage".into(), window_seconds: i64::from(seen.series.step), features: vec![feature] };
    let mut matrix = FeatureMatrix::new(Arc::new(schema));
    let mut groups = Vec::with_capacity(measured.len());
    for (at, remainder) in &measured {
        matrix.push(&[remainder / unit])?;
        let clock = seen.clock[*at];
        groups.push(i64::from(clock.hour()) + if clock.is_weekend() { 24 } else { 0 });
    }
    let iqr = IqrParams::default().min_iqr(0.5).check()?.fit_grouped(&matrix, &groups)?;
    for ((at, _), score) in measured.iter().zip(iqr.score_grouped(&matrix, &groups)?) {
        marks[*at] = Some(Mark { distance: score.get(), forest: false, neighbours: false });
    }
    for (method, residuals) in regressions.into_iter().flat_map(Regressions::both) {
        for residual in residuals.top.iter().filter(|residual| residual.deviations.abs() >= FAR) {
            let at = usize::try_from((residual.time - seen.series.start) / i64::from(seen.series.step.max(1)));
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

/// What remainders are measured in: their median size; where most are 0, their mean size, or a hundredth of the level.
fn unit(seen: &Seen<'_>, measured: &[(usize, f64)]) -> f64 {
    let mut sizes: Vec<f64> = measured.iter().map(|(_, remainder)| remainder.abs()).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let mut values: Vec<f64> = seen.series.values.iter().flatten().copied().collect();
    let level = median(&mut values).abs() / 100.0;
    // What differs by the rounding of a sum does not differ.
    let least = level * 1e-6;
    [median(&mut sizes), mean, level].into_iter().find(|unit| *unit > least).unwrap_or(1.0)
}

/// The anomalies of a series, the furthest from usual first, at most 1,000.
pub(super) fn anomalies(seen: &Seen<'_>, marks: &[Option<Mark>]) -> Vec<Anomaly> {
    let step = i64::from(seen.series.step);
    let mut found: Vec<Anomaly> = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        let (Some(mark), Some(value), Some(usual)) = (mark, seen.series.values[at], seen.season.usual(at)) else {
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
        let time = seen.time(at);
        let this = Anomaly { start: time, end: time + step, time, value, usual, distance: mark.distance, by };
        match found.last_mut().filter(|last| time - last.end <= SAME) {
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
    found.truncate(MAX);
    found
}
