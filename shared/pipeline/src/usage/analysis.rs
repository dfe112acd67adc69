//! Descriptive analysis of usage series: what is typical of each, its anomalies, its forecast, and how series compare.
//!
//! [`analyse`] takes series in even steps and returns one [`UsageAnalysis`]. For each series it has summary statistics, anomalies,
//! residuals of regressions, risky hours of the week and a forecast ([`SeriesAnalysis`]); over all series, a comparison of providers,
//! services and places ([`compare`]), and clusters of days and of series ([`groups`]).
//!
//! Hours and days are local times of a zone. Steps without a measurement have no value and take no part in any statistic.

pub mod anomalies;
pub mod compare;
pub mod forecast;
pub mod gaps;
pub mod groups;
mod method;
mod names;
mod options;
pub mod regression;
mod risk;
mod season;
mod series;

use rayon::prelude::*;
use serde::Serialize;
use weir_domain::usage::UsageSeries;

use compare::Comparison;
use groups::{DayProfiles, SeriesGroups};
use series::analyse_series;

pub use method::Method;
pub use names::{SeriesName, StepValue};
pub use options::{UsageError, UsageOptions};
pub use series::{SeriesAnalysis, Summary};

/// The analysis of all series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageAnalysis {
    /// Time zone of hours and days.
    pub zone: String,
    /// Each series, in the order given.
    pub series: Vec<SeriesAnalysis>,
    /// Comparison of series by each of their keys.
    pub compared: Vec<Comparison>,
    /// Clusters of days; `None` where there are too few whole days.
    pub day_profiles: Option<DayProfiles>,
    /// Clusters of series; `None` where there are too few.
    pub series_groups: Option<SeriesGroups>,
}

/// Analyses series. Runs in parallel on the current rayon pool; the result depends on the series, their order and the
/// options, and not on the number of threads.
///
/// # Errors
/// When an option is out of its range or a value is not finite.
pub fn analyse(series: &[UsageSeries], options: &UsageOptions) -> Result<UsageAnalysis, UsageError> {
    if !(options.top_share > 0.0 && options.top_share <= 1.0) {
        return Err(UsageError::TopShare(options.top_share));
    }
    let analysed: Vec<SeriesAnalysis> =
        series.par_iter().map(|series| analyse_series(series, options)).collect::<Result<_, UsageError>>()?;
    let days = groups::day_profiles(series, options)?;
    let alike = groups::series_groups(&analysed, options.seed)?;
    Ok(UsageAnalysis {
        zone: options.zone.iana_name().unwrap_or("UTC").to_owned(),
        compared: compare::compare(series),
        day_profiles: days,
        series_groups: alike,
        series: analysed,
    })
}

#[cfg(test)]
mod tests;
