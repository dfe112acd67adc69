//! Forecasts of a series in even steps, with an interval, and how good they were when tried on its past.
//!
//! - **Seasonal naive**: what was last measured in the same slot of the season. Hard to beat where the season is all
//!   there is, and what any other method has to beat.
//! - **Nearest neighbours**: what followed the times most alike. The last steps are compared with every stretch of the past,
//!   each less its own median; what is forecast is the median of what followed the nearest, on the level of now. Where the
//!   season is strong (a seasonal strength of 0.64 or more, the bound of Hyndman's `nsdiffs`), it is taken off first, slot
//!   by slot, and added again.
//!
//! The interval is made of the forecast's own errors on the past, not of an assumed distribution: from many origins of the
//! past the steps after them are forecast with what was known then, and the quantiles of the errors, with the correction
//! for small samples of conformal prediction, are added to the forecast. Errors of a similar distance from the origin count.
//!
//! What was not measured is compared with nothing and forecast from nothing; where there is nothing to go by, there is no
//! forecast.
//!
//! References: F. Martínez, M. P. Frías, M. D. Pérez, A. J. Rivera, *A methodology for applying k-nearest neighbor to time
//! series forecasting*, Artificial Intelligence Review 52, 2019; R. J. Hyndman, G. Athanasopoulos, *Forecasting: Principles
//! and Practice*, 3rd edition, sections 5.2 and 5.10; V. Vovk, A. Gammerman, G. Shafer, *Algorithmic Learning in a Random
//! World*, 2005; S. Makridakis, *Accuracy measures*, International Journal of Forecasting 9(4), 1993, for sMAPE.
//!
//! ```
//! use weir_model::{ForecastMethod, ForecastParams};
//!
//! let values: Vec<_> = (0..240_u32).map(|at| Some(f64::from(at % 24 + at * 7 % 3))).collect();
//! let slots: Vec<u32> = (0..264).map(|at| at % 24).collect();
//! let valid = ForecastParams::default().method(ForecastMethod::SeasonalNaive).check()?;
//! let forecast = valid.fit(&values, &slots)?;
//! let noon = forecast.steps[12].ok_or("forecast")?;
//! assert!((noon.value - 12.0).abs() <= 2.0);
//! assert!(noon.interval.is_some_and(|(low, high)| low <= noon.value && noon.value <= high));
//! assert!(forecast.tried.mean_absolute_error.is_some_and(|error| error < 1.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::decomposition::check_series;
use crate::error::FitError;

mod intervals;
mod neighbours;
mod params;
mod points;
mod trial;

pub use params::{ForecastMethod, ForecastParams, ForecastValid};
pub use trial::Tried;
use trial::try_on_past;

/// One step to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// What is expected.
    pub value: f64,
    /// From where to where it is expected to lie with the level's probability; none where too little of the past could be
    /// tried to say.
    pub interval: Option<(f64, f64)>,
}

/// The steps to come, and how good such forecasts were on the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// One per step to come; `None` where there is nothing to go by.
    pub steps: Vec<Option<Expected>>,
    /// How good the method was on the past.
    pub tried: Tried,
}

impl ForecastValid {
    /// Forecasts the steps after the last. `slots` says which slot of the season each step is in, those of the series first
    /// and then those to come: there are as many steps to come as there are more slots than values.
    ///
    /// Takes O(origins · steps · window) time at worst, of the last 20 000 steps only.
    ///
    /// # Errors
    /// When there are fewer slots than values, or a value is not finite.
    pub fn fit(&self, values: &[Option<f64>], slots: &[u32]) -> Result<Forecast, FitError> {
        check_series(values, slots, slots.len().max(values.len()))?;
        let skipped = values.len().saturating_sub(MAX_PAST_STEPS);
        let (values, slots) = (&values[skipped..], &slots[skipped..]);
        let horizon = slots.len() - values.len();
        let trials = try_on_past(&self.params, values, slots, horizon);
        let points = points::ahead(&self.params, values, slots);
        let expected = |(at, value): (usize, Option<f64>)| {
            let value = value?;
            let errors = intervals::quantiles(&trials, at, horizon, self.params.level);
            Some(Expected { value, interval: errors.map(|(low, high)| (value + low.min(0.0), value + high.max(0.0))) })
        };
        Ok(Forecast {
            steps: points.into_iter().enumerate().map(expected).collect(),
            tried: Tried::from_trials(&trials, horizon, self.params.level),
        })
    }
}

/// What is looked back at: more than a year of half hours.
const MAX_PAST_STEPS: usize = 20_000;

#[cfg(test)]
mod tests;
