//! Usage over time: what is usual of each series, what stands out, what is to come, and how series compare.
//!
//! [`analyse`] takes series in even steps and gives one [`UsageAnalysis`]: of every series its summary, its anomalies, what
//! regressions say of it, its risky hours of the week and its forecast; over all series how providers, services and places
//! compare ([`compare`]), which days are alike and which series ([`groups`]).
//!
//! Hours and days are those of a clock in a zone. What was not measured has no value in anything that is said here.

pub mod anomalies;
pub mod compare;
pub mod forecast;
pub mod gaps;
pub mod groups;
pub mod regression;
mod risk;
mod season;

use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::Serialize;
use weir_domain::matrix::BadRow;
use weir_domain::usage::{RiskWindow, UsageSeries};
use weir_features::usage::{LocalTime, local_times};
use weir_model::{BadParams, FitError, GroupError, SchemaMismatch};

use anomalies::Anomaly;
use compare::Comparison;
use forecast::SeriesForecast;
use gaps::DataGap;
use groups::{DayProfiles, SeriesGroups};
use regression::Regressions;
use season::{Season, relative};

/// How usage is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageOptions {
    /// By whose clock hours and days are told. Default UTC.
    pub zone: TimeZone,
    /// How far ahead is forecast, in seconds: up to 2,000 steps. Default a day.
    pub horizon: u32,
    /// The share of the steps, above 0 to 1, with the largest residuals that each regression marks. Default 0.05.
    pub top_share: f64,
    /// The probability with which what comes is to lie in a forecast's interval, 0.5 to 0.99. Default 0.9.
    pub level: f64,
    /// Everything random follows from it. Default 42.
    pub seed: u64,
}

impl Default for UsageOptions {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, horizon: 86_400, top_share: 0.05, level: 0.9, seed: 42 }
    }
}

/// Why series could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// A parameter out of its range.
    #[error(transparent)]
    Params(#[from] BadParams),
    /// Nothing could be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Rows of one schema were given to a model of another, which would be a fault of this program.
    #[error(transparent)]
    Schema(#[from] SchemaMismatch),
    /// As before, with groups.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A value that is not finite.
    #[error(transparent)]
    Row(#[from] BadRow),
    /// No share of anything.
    #[error("a top share of {0}: choose one above 0 and up to 1")]
    TopShare(f64),
}

/// Which series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SeriesName {
    /// Which quantity.
    pub metric: String,
    /// Of what: `(name, value)`.
    pub keys: Vec<(String, String)>,
}

impl SeriesName {
    /// Of a series.
    #[must_use]
    pub fn of(series: &UsageSeries) -> Self {
        Self { metric: series.metric.clone(), keys: series.keys.clone() }
    }
}

impl std::fmt::Display for SeriesName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is not known says nothing.
        let values: Vec<&str> = self.keys.iter().map(|(_, value)| value.as_str()).filter(|v| *v != "-").collect();
        if values.is_empty() { f.write_str(&self.metric) } else { write!(f, "{} {}", values.join(" "), self.metric) }
    }
}

/// A value and when it was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct At {
    /// When the step began, seconds since the epoch.
    pub time: i64,
    /// What was measured.
    pub value: f64,
}

/// A series in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// When its first step begins, seconds since the epoch.
    pub start: i64,
    /// When its last step ends.
    pub end: i64,
    /// Length of a step in seconds.
    pub step: u32,
    /// Steps from the first to the last.
    pub steps: u64,
    /// Of these, how many were not measured.
    pub gaps: u64,
    /// The sum of what was measured.
    pub total: f64,
    /// The mean of what was measured.
    pub mean: f64,
    /// The median of what was measured.
    pub median: f64,
    /// The largest, the first of equal ones; none where nothing was measured.
    pub peak: Option<At>,
    /// The standard deviation as a share of the mean's size; none where the mean is 0.
    pub variability: Option<f64>,
    /// The change of the median from week to week, as a share: the median over all pairs of weeks (Theil and Sen), each
    /// measured for most of its steps. None with fewer than two such weeks or a median that is not positive.
    pub growth_per_week: Option<f64>,
    /// How much of it is its season, 0 to 1.
    pub seasonal_strength: f64,
    /// How much of it is its trend, 0 to 1.
    pub trend_strength: f64,
}

/// What is said of one series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesAnalysis {
    /// Which.
    #[serde(flatten)]
    pub name: SeriesName,
    /// In numbers.
    pub summary: Summary,
    /// The median of each hour of the week by the clock, from Monday midnight on: 168 of them, none where nothing was
    /// measured.
    pub usual_week: Vec<Option<f64>>,
    /// What stands out, the furthest from usual first.
    pub anomalies: Vec<Anomaly>,
    /// Where it has no values for longer than it usually has none, the longest first.
    pub data_gaps: Vec<DataGap>,
    /// What regressions say; none of a series too short for them.
    pub regressions: Option<Regressions>,
    /// The hours of the week in which it is anomalous, or strays, more often than otherwise.
    pub risk_windows: Vec<RiskWindow>,
    /// What is to come.
    pub forecast: SeriesForecast,
}

/// What is said of all series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageAnalysis {
    /// By whose clock.
    pub zone: String,
    /// Series by series, in the order given.
    pub series: Vec<SeriesAnalysis>,
    /// How they compare by each of their keys.
    pub compared: Vec<Comparison>,
    /// Which days are alike; none where there are too few whole days.
    pub day_profiles: Option<DayProfiles>,
    /// Which series are alike; none where there are too few.
    pub series_groups: Option<SeriesGroups>,
}

/// A series, its clock and its season: what every analysis looks at.
#[derive(Debug)]
struct Seen<'a> {
    series: &'a UsageSeries,
    /// The local time of every step.
    clock: Vec<LocalTime>,
    season: Season,
}

impl Seen<'_> {
    fn time(&self, at: usize) -> i64 {
        step_start(self.series, at)
    }
}

/// When a step of a series begins, seconds since the epoch.
pub(super) fn step_start(series: &UsageSeries, at: usize) -> i64 {
    series.start.saturating_add(i64::from(series.step).saturating_mul(at as i64))
}

/// Looks at series. Runs in parallel on the current rayon pool; the result depends on the series, their order and the
/// options, and not on the number of threads.
///
/// # Errors
/// When an option is out of its range or a value is not finite.
pub fn analyse(series: &[UsageSeries], options: &UsageOptions) -> Result<UsageAnalysis, UsageError> {
    if !(options.top_share > 0.0 && options.top_share <= 1.0) {
        return Err(UsageError::TopShare(options.top_share));
    }
    let looked: Vec<SeriesAnalysis> =
        series.par_iter().map(|series| one(series, options)).collect::<Result<_, UsageError>>()?;
    let days = groups::day_profiles(series, options)?;
    let alike = groups::series_groups(&looked, options.seed)?;
    Ok(UsageAnalysis {
        zone: options.zone.iana_name().unwrap_or("UTC").to_owned(),
        compared: compare::compare(series),
        day_profiles: days,
        series_groups: alike,
        series: looked,
    })
}

fn one(series: &UsageSeries, options: &UsageOptions) -> Result<SeriesAnalysis, UsageError> {
    let clock = local_times(series, &options.zone);
    let season = Season::of(series, &clock)?;
    let seen = Seen { series, clock, season };
    let regressions = regression::regress(&seen, options)?;
    let marks = anomalies::mark(&seen, regressions.as_ref())?;
    Ok(SeriesAnalysis {
        name: SeriesName::of(series),
        summary: summary(&seen),
        usual_week: season::usual_week(&seen),
        risk_windows: risk::risk_windows(&seen, &marks),
        anomalies: anomalies::anomalies(&seen, &marks),
        data_gaps: gaps::data_gaps(series),
        regressions,
        forecast: forecast::forecast(&seen, options)?,
    })
}

fn summary(seen: &Seen<'_>) -> Summary {
    let series = seen.series;
    let mut measured: Vec<f64> = series.values.iter().flatten().copied().collect();
    let count = measured.len().max(1) as f64;
    let total: f64 = measured.iter().sum();
    let mean = total / count;
    let variance = measured.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let mut peak: Option<At> = None;
    for (at, value) in series.values.iter().enumerate().filter_map(|(at, value)| value.map(|value| (at, value))) {
        if peak.is_none_or(|peak| value > peak.value) {
            peak = Some(At { time: seen.time(at), value });
        }
    }
    Summary {
        start: series.start,
        end: step_start(series, series.values.len()),
        step: series.step,
        steps: series.values.len() as u64,
        gaps: series.gaps() as u64,
        total,
        mean,
        median: season::median(&mut measured),
        peak,
        variability: relative(variance.sqrt(), mean.abs()),
        growth_per_week: season::growth_per_week(series),
        seasonal_strength: seen.season.parts.seasonal_strength(),
        trend_strength: seen.season.parts.trend_strength(),
    }
}

#[cfg(test)]
mod tests;
