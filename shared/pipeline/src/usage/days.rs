//! Usage as it comes: what scoring does with batches of measurements.
//!
//! A day is judged whole whenever some of it comes in, each series point by point by what was before it: the detectors of the
//! series as the day began ([`crate::known`]). Points of a series are taken in order of time, those of one moment by value, so
//! that the order of objects does not matter.
//!
//! A late object has its own day judged again. The days after it know of it from then on, but are not judged again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_detect::usage::{ALARM, ScoredSeries, detect};
use weir_domain::finding::{Hit, Subject};
use weir_domain::source::Source;
use weir_domain::usage::UsageScore;
use weir_model::{BadParams, OnlineDetector, OnlineDetectorParams};

use crate::batch::{Measurement, UsageBatch};
use crate::keys::HourOfScope;
use crate::known::{Batches, Known, Today, today};
use crate::score::{ScoreError, Scored, keep_hits};
use crate::store::Store;

/// Series of a scope that are watched, those that come first: each takes up to a megabyte.
const MOST_SERIES: usize = 400;

/// Scores that are kept of a series, so that what builds up over midnight is seen.
const REMEMBERED: usize = 512;

/// A series that is watched.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Watched {
    detector: OnlineDetector,
    /// The last scores, in order.
    scores: Vec<UsageScore>,
}

/// The series of a scope by name, as a day begins.
#[derive(Debug, Clone, Default)]
struct KnownUsage {
    series: BTreeMap<String, Watched>,
}

/// Judges the day that an hour belongs to. `now` is milliseconds since the epoch.
///
/// Doing it again changes nothing.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub(crate) async fn score_day(state: &impl Store, hour: &HourOfScope, now: i64) -> Result<Scored, ScoreError> {
    let Some(Today { start, mut known, batches }) = today(state, hour, KnownUsage::default()).await? else {
        return Ok(Scored::default());
    };
    let read = batches.len();
    let unwatched = known.take_in(batches)?;
    let mut by_subject: BTreeMap<Subject, Vec<Hit>> = BTreeMap::new();
    for (name, watched) in &known.series {
        let series = ScoredSeries { scope: &hour.scope, name, scores: &watched.scores, alarm: ALARM };
        for (subject, hit) in detect(&series) {
            if hit.window.0 >= start {
                by_subject.entry(subject).or_default().push(hit);
            }
        }
    }
    Ok(Scored { batches: read, unwatched, ..keep_hits(state, by_subject, now).await? })
}

impl KnownUsage {
    /// Takes in points, and keeps all scores of theirs; says how many series are not watched. Equal batches (the same file under two keys) count once.
    fn take_in(&mut self, batches: Batches) -> Result<usize, ScoreError> {
        let (mut points, mut seen) = (BTreeMap::<String, Vec<(i64, f64)>>::new(), BTreeSet::new());
        for (key, bytes) in batches {
            let batch = UsageBatch::decode(bytes).map_err(|error| ScoreError::Batch { key, error })?;
            if seen.insert((batch.raw_hash, batch.hour)) {
                for point in batch.points {
                    points.entry(name(&point)).or_default().push((point.time, point.value));
                }
            }
        }
        let mut unwatched = 0;
        for (name, mut points) in points {
            if !self.series.contains_key(&name) && self.series.len() >= MOST_SERIES {
                unwatched += 1;
                continue;
            }
            points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let watched = match self.series.entry(name) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Watched::new()?),
            };
            for (time, value) in points {
                watched.scores.extend(watched.detector.next(time, value));
            }
        }
        Ok(unwatched)
    }
}

impl Watched {
    fn new() -> Result<Self, BadParams> {
        Ok(Self { detector: OnlineDetectorParams::default().check()?.start(), scores: Vec::new() })
    }
}

/// What a series is called: its keys by name, then the metric.
fn name(point: &Measurement) -> String {
    let mut keys: Vec<String> = point.keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
    keys.sort_unstable();
    keys.push(point.metric.clone());
    keys.join(" ")
}

impl Known for KnownUsage {
    const SOURCE: Source = Source::Usage;

    fn encode(&self) -> Result<Vec<u8>, String> {
        postcard::to_allocvec(&self.series).map_err(|e| e.to_string())
    }

    fn restore(&self, bytes: &[u8]) -> Result<Self, String> {
        let series: BTreeMap<String, Watched> = postcard::from_bytes(bytes).map_err(|e| e.to_string())?;
        if series.len() > MOST_SERIES || series.values().any(|watched| watched.scores.len() > REMEMBERED) {
            return Err("it holds more than is kept".to_owned());
        }
        Ok(Self { series })
    }

    fn advance(&mut self, _: i64, batches: Batches) -> Result<(), ScoreError> {
        self.take_in(batches)?;
        for watched in self.series.values_mut() {
            let excess = watched.scores.len().saturating_sub(REMEMBERED);
            watched.scores.drain(..excess);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
