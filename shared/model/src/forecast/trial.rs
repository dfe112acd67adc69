//! Forecasts of what is known by now, from origins in the past.

use rayon::prelude::*;

use super::intervals::{self, Trial};
use super::params::ForecastParams;
use super::points;

/// How good a method was on the past: forecasts from many origins, each with what was known then.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Tried {
    /// Origins from which something was forecast.
    pub origins: u64,
    /// Steps forecast and measured.
    pub steps: u64,
    /// The mean absolute error, in the unit of the values; none where nothing could be forecast.
    pub mean_absolute_error: Option<f64>,
    /// The symmetric mean absolute percentage error as a share, 0 to 2: |error| / ((|measured| + |forecast|) / 2), 0 where
    /// both are 0.
    pub symmetric_error: Option<f64>,
    /// The share of steps that lay in the interval as it would have been given then, from the errors known by then; none
    /// where no interval could be given yet.
    pub coverage: Option<f64>,
    /// Steps for which an interval could be given.
    pub covered_steps: u64,
}

/// Forecasts from the last origins, half a horizon apart, of which each has at least as much before it as after, and two
/// horizons.
pub(super) fn try_on_past(
    params: &ForecastParams,
    values: &[Option<f64>],
    slots: &[u32],
    horizon: usize,
) -> Vec<Trial> {
    let stride = horizon.div_ceil(2).max(1);
    let least = (values.len() / 2).max(2 * horizon).max(2);
    let last = values.len().saturating_sub(horizon.max(1));
    let back = |n: u32| last.checked_sub(n as usize * stride).filter(|origin| *origin >= least);
    let mut origins: Vec<usize> = (0..params.origins).map_while(back).collect();
    origins.reverse();
    let attempt = |origin: usize| {
        let points = points::ahead(params, &values[..origin], &slots[..origin + horizon]);
        let measured = &values[origin..origin + horizon];
        let errors = measured.iter().zip(&points).map(|(measured, point)| Some(((*measured)?) - ((*point)?)));
        Trial { origin, errors: errors.collect(), points }
    };
    if horizon == 0 { vec![] } else { origins.into_par_iter().map(attempt).collect() }
}

impl Tried {
    pub(super) fn from_trials(trials: &[Trial], horizon: usize, level: f64) -> Self {
        let made = |trial: &&Trial| trial.errors.iter().any(Option::is_some);
        let (mut absolute, mut symmetric, mut steps) = (0.0, 0.0, 0_u64);
        let (mut inside, mut judged) = (0_u64, 0_u64);
        for trial in trials {
            // What had been measured by then: the errors of trials that were over.
            let before: Vec<&Trial> = trials.iter().filter(|t| t.origin + horizon <= trial.origin).collect();
            for (at, (error, point)) in trial.errors.iter().zip(&trial.points).enumerate() {
                let (Some(error), Some(point)) = (error, point) else { continue };
                absolute += error.abs();
                let size = f64::midpoint((error + point).abs(), point.abs());
                symmetric += if size > 0.0 { error.abs() / size } else { 0.0 };
                steps += 1;
                if let Some((low, high)) = intervals::quantiles(before.iter().copied(), at, horizon, level) {
                    judged += 1;
                    inside += u64::from((low.min(0.0)..=high.max(0.0)).contains(error));
                }
            }
        }
        let mean = |sum: f64, count: u64| (count > 0).then(|| sum / count as f64);
        Self {
            origins: trials.iter().filter(made).count() as u64,
            steps,
            mean_absolute_error: mean(absolute, steps),
            symmetric_error: mean(symmetric, steps),
            coverage: mean(inside as f64, judged),
            covered_steps: judged,
        }
    }
}
