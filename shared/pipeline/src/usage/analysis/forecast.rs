//! What is to come of a series, by whichever method was better on its past.

use serde::Serialize;
use weir_features::usage::LocalTime;
use weir_model::{Forecast, ForecastMethod, ForecastParams, Tried};

use super::{Seen, UsageError, UsageOptions, step_start};

/// The most steps ahead.
const MAX_STEPS: u32 = 2000;

/// Seconds that neighbours are compared over: half a day.
const COMPARED: u32 = 43_200;

/// What is to come, and how good such forecasts were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesForecast {
    /// The method of least mean absolute error on the past; where none could be tried, the seasonal naive one.
    pub method: ForecastMethod,
    /// The probability with which what comes is to lie in the intervals.
    pub level: f64,
    /// How good each method was on the past.
    pub tried: Vec<MethodTried>,
    /// Step by step; a step of which nothing can be said is left out.
    pub steps: Vec<ForecastStep>,
}

/// How good a method was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodTried {
    /// Which.
    pub method: ForecastMethod,
    /// How good.
    #[serde(flatten)]
    pub tried: Tried,
}

/// A step to come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ForecastStep {
    /// When it begins, seconds since the epoch.
    pub time: i64,
    /// What is expected.
    pub value: f64,
    /// From where to where it is expected to lie; none where the past is too short to say.
    pub interval: Option<(f64, f64)>,
}

pub(super) fn forecast(seen: &Seen<'_>, options: &UsageOptions) -> Result<SeriesForecast, UsageError> {
    let (series, kind) = (seen.series, seen.season.kind);
    let step = series.step.max(1);
    let ahead = options.horizon.div_ceil(step).min(MAX_STEPS) as usize;
    let mut slots: Vec<u32> = seen.clock.iter().map(|at| kind.slot(*at, step)).collect();
    let steps = series.values.len();
    slots
        .extend((steps..steps + ahead).map(|at| kind.slot(LocalTime::at(step_start(series, at), &options.zone), step)));
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
    // What was never negative is not expected to be.
    let least = if series.values.iter().flatten().all(|value| *value >= 0.0) { 0.0 } else { f64::NEG_INFINITY };
    let step = |(at, expected): (usize, Option<weir_model::Expected>)| {
        let expected = expected?;
        let interval = expected.interval.map(|(low, high)| (low.max(least), high.max(least)));
        Some(ForecastStep { time: step_start(series, steps + at), value: expected.value.max(least), interval })
    };
    let steps = made.into_iter().enumerate().filter_map(step).collect();
    Ok(SeriesForecast { method, level: options.level, tried, steps })
}
