//! Seasonal decomposition: a series as trend, season and remainder, by medians that outliers do not move.
//!
//! The trend is a running median, smoothed by a running mean; the season is the median, per slot of the season (an hour of
//! the week, say), of what the trend leaves; the remainder is what both leave. Season and trend are taken in turn, each
//! from what the other leaves, as in STL, with medians in the place of its LOESS, so that up to half of what was measured
//! can be anything. Slots are given step by step: a clock that is put forward skips some and breaks nothing.
//!
//! Steps without a measurement have no parts, and take no part in those of others.
//!
//! References: R. B. Cleveland, W. S. Cleveland, J. E. `McRae`, I. Terpenning, *STL: A Seasonal-Trend Decomposition
//! Procedure Based on Loess*, Journal of Official Statistics 6(1), 1990; O. Vallis, J. Hochenbaum, A. Kejariwal, *A Novel
//! Technique for Long-Term Anomaly Detection in the Cloud*, `HotCloud` 2014, for medians; X. Wang, K. Smith, R. Hyndman,
//! *Characteristic-Based Clustering for Time Series Data*, Data Mining and Knowledge Discovery 13, 2006, for strengths.
//!
//! ```
//! use weir_model::DecompositionParams;
//!
//! let values: Vec<_> = (0..96).map(|at| Some(10.0 + f64::from(at % 24))).collect();
//! let slots: Vec<u32> = (0..96).map(|at| at % 24).collect();
//! let parts = DecompositionParams::default().trend_steps(25).check()?.fit(&values, &slots)?;
//! assert!(parts.seasonal_strength() > 0.99);
//! let at_noon = parts.steps()[60].ok_or("measured")?;
//! assert!((at_noon.trend + at_noon.seasonal - 22.0).abs() < 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::error::{BadParams, FitError, RangeCheck};

mod running;
use running::{running_mean, running_median};

/// Lengths of the trend's window that are allowed.
const TREND_RANGE: RangeInclusive<u32> = 1..=100_000;

/// What a series is taken apart with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecompositionParams {
    trend_steps: u32,
    passes: u32,
}

impl Default for DecompositionParams {
    /// A trend over 337 steps (a week of half hours, and the step in its middle), taken twice.
    fn default() -> Self {
        Self { trend_steps: 337, passes: 2 }
    }
}

impl DecompositionParams {
    /// Steps that the trend is a median of, 1 to 100 000, by default 337: at least a season, or it follows the season.
    #[must_use]
    pub fn trend_steps(mut self, trend_steps: u32) -> Self {
        self.trend_steps = trend_steps;
        self
    }

    /// How often trend and season are taken in turn, 1 to 10, by default 2.
    #[must_use]
    pub fn passes(mut self, passes: u32) -> Self {
        self.passes = passes;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<DecompositionValid, BadParams> {
        RangeCheck::default()
            .require("trend_steps", &self.trend_steps, &TREND_RANGE)
            .require("passes", &self.passes, &(1..=10))
            .finish()?;
        Ok(DecompositionValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecompositionValid {
    params: DecompositionParams,
}

/// What one step is made of: the sum of the three is what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// What the series is about for the time being.
    pub trend: f64,
    /// What its slot of the season adds.
    pub seasonal: f64,
    /// What neither explains.
    pub remainder: f64,
}

/// A series taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    steps: Vec<Option<Parts>>,
}

impl DecompositionValid {
    /// Takes a series apart. `slots` says which slot of the season each step is in, by any numbers. O(steps · trend steps)
    /// at worst, in moves of adjacent memory.
    ///
    /// # Errors
    /// When there is not one slot per step, or a value is not finite.
    pub fn fit(&self, values: &[Option<f64>], slots: &[u32]) -> Result<Decomposition, FitError> {
        check_series(values, slots, values.len())?;
        let window = self.params.trend_steps as usize;
        let mut seasonal = vec![0.0; values.len()];
        let mut trend = vec![None; values.len()];
        for _ in 0..self.params.passes {
            let without: Vec<_> = values.iter().zip(&seasonal).map(|(v, s)| v.map(|v| v - s)).collect();
            trend = running_mean(&running_median(&without, window), window / 3);
            let without: Vec<_> = values.iter().zip(&trend).map(|(v, t)| Some(((*v)?) - ((*t)?))).collect();
            seasonal = seasons(&without, slots);
        }
        let parts = |at: usize| {
            let (value, trend, seasonal) = (values[at]?, trend[at]?, seasonal[at]);
            Some(Parts { trend, seasonal, remainder: value - trend - seasonal })
        };
        Ok(Decomposition { steps: (0..values.len()).map(parts).collect() })
    }
}

impl Decomposition {
    /// The parts of every step, `None` where nothing was measured.
    #[must_use]
    pub fn steps(&self) -> &[Option<Parts>] {
        &self.steps
    }

    /// How much of what the trend leaves is season: from 0, none, to 1, all. Spreads are measured by medians.
    #[must_use]
    pub fn seasonal_strength(&self) -> f64 {
        self.strength(|parts| parts.seasonal)
    }

    /// How much of what the season leaves is trend: from 0 to 1.
    #[must_use]
    pub fn trend_strength(&self) -> f64 {
        self.strength(|parts| parts.trend)
    }

    fn strength(&self, part: impl Fn(&Parts) -> f64) -> f64 {
        let spread = |value: &dyn Fn(&Parts) -> f64| median_deviation(self.steps.iter().flatten().map(value).collect());
        let (rest, with) = (spread(&|parts| parts.remainder), spread(&|parts| parts.remainder + part(parts)));
        if with > 0.0 { (1.0 - (rest / with).powi(2)).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The median of each slot, step by step, around a median of 0 over all steps.
fn seasons(values: &[Option<f64>], slots: &[u32]) -> Vec<f64> {
    let mut members: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (value, &slot) in values.iter().zip(slots) {
        members.entry(slot).or_default().extend(*value);
    }
    let medians: BTreeMap<u32, f64> = members.into_iter().map(|(slot, values)| (slot, median(values))).collect();
    let steps: Vec<f64> = slots.iter().map(|slot| medians.get(slot).copied().unwrap_or(0.0)).collect();
    let measured = values.iter().zip(&steps).filter_map(|(value, season)| value.map(|_| *season));
    let centre = median(measured.collect());
    steps.into_iter().map(|season| season - centre).collect()
}

/// The median absolute deviation from the median; 0 of nothing.
pub(crate) fn median_deviation(values: Vec<f64>) -> f64 {
    let centre = median(values.clone());
    median(values.into_iter().map(|value| (value - centre).abs()).collect())
}

/// The median; 0 of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// Fails unless there is a slot for each of so many steps, and every value is finite.
pub(crate) fn check_series(values: &[Option<f64>], slots: &[u32], steps: usize) -> Result<(), FitError> {
    if slots.len() != steps {
        return Err(FitError::UnequalLengths { rows: steps, got: slots.len() });
    }
    match values.iter().position(|value| value.is_some_and(|value| !value.is_finite())) {
        Some(row) => Err(FitError::BadNumber { what: "value", row, value: format!("{:?}", values[row]) }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
