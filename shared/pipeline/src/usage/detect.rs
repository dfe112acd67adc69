//! Findings of whole series: what the function score would have told of them, had they come day by day.

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

/// Measurements by series, as they were measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsagePoints {
    series: BTreeMap<String, Vec<(i64, f64)>>,
    count: u64,
}

impl UsagePoints {
    /// The most series.
    pub const MAX_SERIES: usize = 10_000;

    /// The most measurements of all series, which take 160 MB.
    pub const MAX: u64 = 10_000_000;

    /// Adds a measurement.
    ///
    /// # Errors
    /// When there are more series or measurements than may be, or the value is none. The measurement is then not added.
    pub fn add(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        self.push(series_name(point.metric, point.keys.iter().copied()), point.time, point.value)
    }

    /// Adds the steps of a series that were measured.
    ///
    /// # Errors
    /// As [`add`](Self::add). Some of them are then added.
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

    /// How many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series.len()
    }

    /// How many measurements there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// When the first and the last measurement were, seconds since the epoch; none of nothing.
    #[must_use]
    pub fn times(&self) -> Option<(i64, i64)> {
        let times = || self.series.values().flatten().map(|(time, _)| *time);
        times().min().zip(times().max())
    }
}

/// The findings of series, the most severe first, then by time. `from` is when what is told begins, seconds since the epoch:
/// what was measured before only says what is usual. `now` is the time of writing, milliseconds since the epoch.
///
/// Runs in parallel on the current rayon pool; the result depends neither on the number of threads nor on the order in which
/// measurements were added.
///
/// # Errors
/// When the parameters of the detector are out of range, which would be a fault of this program.
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
