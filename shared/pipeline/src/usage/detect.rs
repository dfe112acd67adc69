//! Makes findings of whole series in memory: the ones that the function `score` reports when the data arrives day by day.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rayon::prelude::*;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::{Hit, Subject};
use weir_domain::usage::{UsagePoint, UsageSeries, series_name};
use weir_domain::window::Scope;
use weir_ingest::usage::TooMuchUsage;
use weir_model::BadParams;

use super::series::{Clock, WatchedSeries};
use crate::incidents::{Grouping, HitsBySubject};

/// Raw measurements by series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsagePoints {
    series: BTreeMap<String, Vec<(i64, f64)>>,
    count: u64,
}

impl UsagePoints {
    /// The maximum number of series.
    pub const MAX_SERIES: usize = 10_000;

    /// The maximum number of measurements over all series; they take 160 MB.
    pub const MAX: u64 = 10_000_000;

    /// Adds a measurement.
    ///
    /// # Errors
    /// When a limit on series or measurements is exceeded, or the value is out of range. The measurement is then not added.
    pub fn add(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        self.push(series_name(point.metric, point.keys.iter().copied()), point.time, point.value)
    }

    /// Adds the measured steps of a series.
    ///
    /// # Errors
    /// As [`add`](Self::add). The steps before the failing one stay added.
    pub fn add_series(&mut self, series: &UsageSeries) -> Result<(), TooMuchUsage> {
        let name = series.name();
        let measured = series.values.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)));
        for (at, value) in measured {
            self.push(name.clone(), series.step_start(at), value)?;
        }
        Ok(())
    }

    fn push(&mut self, name: String, time: i64, value: f64) -> Result<(), TooMuchUsage> {
        // NaN is in no range.
        if !(-UsagePoint::MAX..=UsagePoint::MAX).contains(&value) {
            return Err(TooMuchUsage::Value);
        }
        if self.count >= Self::MAX {
            return Err(TooMuchUsage::Steps { limit: Self::MAX });
        }
        if !self.series.contains_key(&name) && self.series.len() >= Self::MAX_SERIES {
            return Err(TooMuchUsage::Series { limit: Self::MAX_SERIES });
        }
        self.series.entry(name).or_default().push((time, value));
        self.count += 1;
        Ok(())
    }

    /// The number of series.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series.len()
    }

    /// The number of measurements.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The times of the first and the last measurement, seconds since the epoch; `None` without measurements.
    #[must_use]
    pub fn times(&self) -> Option<(i64, i64)> {
        let times = || self.series.values().flatten().map(|(time, _)| *time);
        times().min().zip(times().max())
    }
}

/// The findings of series, the most severe first, then by time. `from` is the start of reporting, seconds since the epoch:
/// earlier measurements are baseline only. `now` is the time of writing, milliseconds since the epoch.
///
/// Runs in parallel on the current rayon pool; the result depends neither on the number of threads nor on the order in which
/// measurements were added.
///
/// # Errors
/// When the parameters of the detector are out of range, which is a bug.
pub fn detect_usage(
    points: UsagePoints,
    zone: &TimeZone,
    from: i64,
    now: i64,
) -> Result<Vec<DetectionFinding>, BadParams> {
    let (clock, scope) = (Clock::new(zone), Scope::new("", ""));
    let found: Vec<Vec<(Subject, Hit)>> = points
        .series
        .into_par_iter()
        .map(|(name, mut points)| {
            points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let mut watched = WatchedSeries::new(false)?;
            for (time, value) in points {
                watched.next(time, value, &clock);
            }
            watched.judge_all_weeks();
            Ok(watched.hits(&scope, &name, &clock, from))
        })
        .collect::<Result<_, BadParams>>()?;
    let hits: HitsBySubject = found.into_iter().flatten().collect();
    Ok(hits.findings(|_| Grouping::NeighbouringWindows, now))
}

#[cfg(test)]
mod tests;
