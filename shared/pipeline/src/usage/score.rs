//! Scores stored measurements: a whole day whenever one of its batches arrives.
//!
//! Each point is scored against the points before it, by the detector that its series had at the start of the day
//! ([`crate::checkpoint`]). Points are sorted by time, simultaneous ones by value, so the order of objects does not matter.
//!
//! A late object causes its own day to be scored again. Later days include its points from then on, but are not scored again.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use weir_domain::source::Source;
use weir_domain::usage::series_name;

use super::from_flows::{is_from_flow_logs, is_row_count};
use super::series::{Clock, WatchedSeries};
use crate::batch::UsageBatch;
use crate::checkpoint::{Checkpoint, DayToJudge, day_to_judge};
use crate::hours::{LoadError, RawBatches};
use crate::incidents::HitsBySubject;
use crate::keys::HourOfScope;
use crate::score::{ScoreError, Scored};
use crate::store::Store;

/// The maximum number of series watched per scope, the first ones by day and name. Each takes up to a megabyte.
const MAX_SERIES: usize = 400;

/// The version of the stored series. Other versions are recomputed.
const VERSION: u32 = 2;

/// The detectors of the series of a scope, by name, at the start of a day.
#[derive(Debug, Clone)]
struct UsageCheckpoint {
    /// The clock of hours and weeks. A checkpoint of another clock is recomputed.
    clock: Clock,
    series: BTreeMap<String, WatchedSeries>,
}

/// The measurements of a series on a day.
#[derive(Debug, Default)]
struct Points {
    points: Vec<(i64, f64)>,
    of_flow_logs: bool,
}

/// Scores the day that contains an hour, with hours of the day and week in a time zone. `now` is milliseconds since the
/// epoch.
///
/// It is idempotent.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub(crate) async fn score_day(
    state: &impl Store,
    hour: &HourOfScope,
    zone: &TimeZone,
    now: i64,
) -> Result<Scored, ScoreError> {
    let empty = UsageCheckpoint { clock: Clock::new(zone), series: BTreeMap::new() };
    let Some(day) = day_to_judge(state, hour, empty).await? else { return Ok(Scored::default()) };
    let DayToJudge { start, mut checkpoint, batches } = day;
    let read = batches.len();
    let unwatched = checkpoint.add_batches(batches)?;
    let series = checkpoint.series.iter();
    let hits: HitsBySubject =
        series.flat_map(|(name, watched)| watched.hits(&hour.scope, name, &checkpoint.clock, start)).collect();
    Ok(Scored { unwatched, ..Scored::new(read, hits.store(state, now).await?) })
}

impl UsageCheckpoint {
    /// Scores the points of batches and keeps all their scores. Equal batches (the same file under two keys) count once.
    /// Returns the number of series that are not watched.
    fn add_batches(&mut self, batches: RawBatches) -> Result<usize, ScoreError> {
        let (mut series, mut seen) = (BTreeMap::<String, Points>::new(), BTreeSet::new());
        let mut of_the_log = BTreeSet::new();
        for (key, bytes) in batches {
            let batch = UsageBatch::decode(bytes).map_err(|error| LoadError::Batch { key, error })?;
            if seen.insert((batch.raw_hash, batch.hour)) {
                for point in batch.points {
                    if is_row_count(&point.metric, &point.keys) {
                        of_the_log.insert(point.time);
                    }
                    let keys = point.keys.iter().map(|(name, value)| (&**name, &**value));
                    let points = series.entry(series_name(&point.metric, keys)).or_default();
                    points.of_flow_logs |= is_from_flow_logs(&point.keys);
                    points.points.push((point.time, point.value));
                }
            }
        }
        if !of_the_log.is_empty() {
            let from_flow_logs = self.series.iter().filter(|(_, watched)| watched.is_from_flow_logs());
            for (name, _) in from_flow_logs {
                series.entry(name.clone()).or_default().of_flow_logs = true;
            }
        }
        let mut unwatched = 0;
        for (name, Points { mut points, of_flow_logs }) in series {
            if !self.series.contains_key(&name) && self.series.len() >= MAX_SERIES {
                unwatched += 1;
                continue;
            }
            if of_flow_logs {
                // A new place is watched from its first measurement on; its earlier steps are not filled with 0.
                let since =
                    if self.series.contains_key(&name) { None } else { points.iter().map(|(time, _)| *time).min() };
                let measured: BTreeSet<i64> = points.iter().map(|(time, _)| *time).collect();
                let steps = of_the_log.difference(&measured).filter(|step| since.is_none_or(|since| **step > since));
                points.extend(steps.map(|step| (*step, 0.0)));
            }
            points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let watched = match self.series.entry(name) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(WatchedSeries::new(of_flow_logs)?),
            };
            for (time, value) in points {
                watched.next(time, value, &self.clock);
            }
        }
        Ok(unwatched)
    }
}

impl Checkpoint for UsageCheckpoint {
    const SOURCE: Source = Source::Usage;

    fn encode(&self) -> Result<Vec<u8>, String> {
        postcard::to_allocvec(&(VERSION, self.clock.name(), &self.series)).map_err(|e| e.to_string())
    }

    fn restore(&self, bytes: &[u8]) -> Result<Self, String> {
        let ((version, clock), rest): ((u32, &str), _) = postcard::take_from_bytes(bytes).map_err(|e| e.to_string())?;
        if version != VERSION || clock != self.clock.name() {
            return Err("it is of another version or clock".to_owned());
        }
        let series: BTreeMap<String, WatchedSeries> = postcard::from_bytes(rest).map_err(|e| e.to_string())?;
        if series.len() > MAX_SERIES || !series.values().all(WatchedSeries::is_sound) {
            return Err("it holds more than is kept".to_owned());
        }
        Ok(Self { clock: self.clock.clone(), series })
    }

    fn advance(&mut self, _: i64, batches: RawBatches) -> Result<(), ScoreError> {
        self.add_batches(batches)?;
        self.series.values_mut().for_each(WatchedSeries::forget);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
