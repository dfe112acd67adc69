//! The forecast of a series, by the method that had the smaller error on its past.

use serde::Serialize;
use weir_domain::time::HOUR_SECONDS;
use weir_features::usage::LocalTime;
use weir_model::{Forecast, ForecastMethod, ForecastParams, Tried};

use super::options::{UsageError, UsageOptions};
use super::season::SeasonalSeries;

/// Maximum number of steps ahead.
const MAX_STEPS: u32 = 2000;

/// Length of the windows that the nearest-neighbour method compares, in seconds: half a day.
const COMPARED: u32 = 12 * HOUR_SECONDS as u32;

/// The forecast of a series, and the errors of such forecasts on its past.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesForecast {
    /// The method with the smallest mean absolute error on the past; seasonal naive where none could be tried.
    pub method: ForecastMethod,
    /// Coverage of the intervals, 0 to 1.
    pub level: f64,
    /// The errors of each method on the past.
    pub tried: Vec<MethodTried>,
    /// The steps ahead; steps that cannot be forecast are left out.
    pub steps: Vec<ForecastStep>,
}

/// The errors of a method on the past.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodTried {
    /// Method.
    pub method: ForecastMethod,
    /// Its errors.
    #[serde(flatten)]
    pub tried: Tried,
}

/// The forecast of a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ForecastStep {
    /// Start of the step, seconds since the epoch.
    pub time: i64,
    /// Expected value.
    pub value: f64,
    /// Prediction interval; `None` where the past is too short.
    pub interval: Option<(f64, f64)>,
}

/// Forecasts a series up to the horizon.
pub(super) fn forecast(seasonal: &SeasonalSeries<'_>, options: &UsageOptions) -> Result<SeriesForecast, UsageError> {
    let (series, kind) = (seasonal.series, seasonal.season.kind);
    let step = series.step.max(1);
    let ahead = options.horizon.div_ceil(step).min(MAX_STEPS) as usize;
    let mut slots: Vec<u32> = seasonal.clock.iter().map(|at| kind.slot(*at, step)).collect();
    let steps = series.values.len();
    slots.extend((steps..steps + ahead).map(|at| kind.slot(LocalTime::at(series.step_start(at), &options.zone), step)));
    let mut best: Option<(ForecastMethod, Forecast)> = None;
    let mut tried = Vec::new();
    for method in ForecastMethod::ALL {
        let params = ForecastParams::default().method(method).level(options.level);
        let made = params.window((COMPARED / step).clamp(4, 200)).check()?.fit(&series.values, &slots)?;
        tried.push(MethodTried { method, tried: made.tried });
        let error = |forecast: &Forecast| forecast.tried.mean_absolute_error.unwrap_or(f64::INFINITY);
        if best.as_ref().is_none_or(|(_, best)| error(&made) < error(best)) {
            best = Some((method, made));
        }
    }
    let (method, made) = match best {
        Some((method, made)) => (method, made.steps),
        None => (ForecastMethod::SeasonalNaive, vec![]),
    };
    // A series without negative values has no negative forecast.
    let least = if series.values.iter().flatten().all(|value| *value >= 0.0) { 0.0 } else { f64::NEG_INFINITY };
    let step = |(at, expected): (usize, Option<weir_model::Expected>)| {
        let expected = expected?;
        let interval = expected.interval.map(|(low, high)| (low.max(least), high.max(least)));
        Some(ForecastStep { time: series.step_start(steps + at), value: expected.value.max(least), interval })
    };
    let steps = made.into_iter().enumerate().filter_map(step).collect();
    Ok(SeriesForecast { method, level: options.level, tried, steps })
}
