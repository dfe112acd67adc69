//! The analysis of one series: summary statistics, anomalies, gaps, residuals of regressions, risky hours and a forecast.

use serde::Serialize;
use weir_domain::stats::quantile;
use weir_domain::usage::{RiskWindow, UsageSeries};

use super::anomalies::{Anomaly, join_anomalies, mark_steps};
use super::forecast::{SeriesForecast, forecast};
use super::gaps::{DataGap, data_gaps};
use super::names::{SeriesName, StepValue};
use super::options::{UsageError, UsageOptions};
use super::regression::{Regressions, regress};
use super::risk::risk_windows;
use super::season::{SeasonalSeries, growth_per_week, median_week, ratio};

/// Summary statistics of one series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Start of the first step, seconds since the epoch.
    pub start: i64,
    /// End of the last step, seconds since the epoch.
    pub end: i64,
    /// Length of a step in seconds.
    pub step: u32,
    /// Number of steps from the first to the last.
    pub steps: u64,
    /// Number of steps without a value.
    pub gaps: u64,
    /// Sum of the values.
    pub total: f64,
    /// Mean of the values.
    pub mean: f64,
    /// Median of the values.
    pub median: f64,
    /// The largest value, the first of equal ones; `None` without values.
    pub peak: Option<StepValue>,
    /// Coefficient of variation: standard deviation over absolute mean; `None` where the mean is 0.
    pub variability: Option<f64>,
    /// Relative change of the median from week to week: the Theil-Sen slope over weeks that have values in more than half of
    /// their steps. `None` with fewer than two such weeks or a median that is not positive.
    pub growth_per_week: Option<f64>,
    /// Strength of the season, 0 to 1.
    pub seasonal_strength: f64,
    /// Strength of the trend, 0 to 1.
    pub trend_strength: f64,
}

/// The analysis of one series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesAnalysis {
    /// Name of the series.
    #[serde(flatten)]
    pub name: SeriesName,
    /// Summary statistics.
    pub summary: Summary,
    /// Median of each of the 168 hours of the week in local time, from Monday midnight; `None` without values.
    pub usual_week: Vec<Option<f64>>,
    /// Anomalies, the largest distance first.
    pub anomalies: Vec<Anomaly>,
    /// Gaps that are longer than typical gaps of the series, the longest first.
    pub data_gaps: Vec<DataGap>,
    /// Residuals of regressions; `None` for a series that is too short.
    pub regressions: Option<Regressions>,
    /// Hours of the week with more anomalies, or larger deviations, than other hours.
    pub risk_windows: Vec<RiskWindow>,
    /// Forecast.
    pub forecast: SeriesForecast,
}

/// Analyses one series: O(steps log steps), apart from the regressions.
pub(super) fn analyse_series(series: &UsageSeries, options: &UsageOptions) -> Result<SeriesAnalysis, UsageError> {
    let seasonal = SeasonalSeries::decompose(series, &options.zone)?;
    let regressions = regress(&seasonal, options)?;
    let marks = mark_steps(&seasonal, regressions.as_ref())?;
    Ok(SeriesAnalysis {
        name: SeriesName::from_series(series),
        summary: summary(&seasonal),
        usual_week: median_week(&seasonal),
        risk_windows: risk_windows(&seasonal, &marks),
        anomalies: join_anomalies(&seasonal, &marks),
        data_gaps: data_gaps(series),
        regressions,
        forecast: forecast(&seasonal, options)?,
    })
}

fn summary(seasonal: &SeasonalSeries<'_>) -> Summary {
    let series = seasonal.series;
    let mut measured: Vec<f64> = series.values.iter().flatten().copied().collect();
    let count = measured.len().max(1) as f64;
    let total: f64 = measured.iter().sum();
    let mean = total / count;
    let variance = measured.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let mut peak: Option<StepValue> = None;
    for (at, value) in series.values.iter().enumerate().filter_map(|(at, value)| value.map(|value| (at, value))) {
        if peak.is_none_or(|peak| value > peak.value) {
            peak = Some(StepValue { time: series.step_start(at), value });
        }
    }
    Summary {
        start: series.start,
        end: series.step_start(series.values.len()),
        step: series.step,
        steps: series.values.len() as u64,
        gaps: series.gaps() as u64,
        total,
        mean,
        median: quantile(&mut measured, 0.5).unwrap_or(0.0),
        peak,
        variability: ratio(variance.sqrt(), mean.abs()),
        growth_per_week: growth_per_week(series),
        seasonal_strength: seasonal.season.parts.seasonal_strength(),
        trend_strength: seasonal.season.parts.trend_strength(),
    }
}
