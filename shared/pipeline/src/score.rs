//! Merges the batches of the hours concerned, runs the detections that may fire on growing windows, and keeps incidents
//! and findings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::flow::detect_partial_windows;
use weir_detect::flow::long_window::{self, Day, without_duplicates};
use weir_detect::incidents::IncidentLog;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::aggregate::{HourAggregate, Mismatch};
use weir_domain::finding::{Hit, Incident, Subject};
use weir_domain::source::Source;
use weir_domain::window::WindowStart;
use weir_model::FlowModel;

use crate::batch::{self, BatchError};
use crate::behaviour::{is_whole, judge_hour};
use crate::keys::{self, HourOfScope};
use crate::store::{Condition, Etag, Put, Store, StoreError, Versioned};
use crate::usage::hour::HourUsage;

/// What scoring an hour did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scored {
    /// Batches that were merged; equal ones (the same file under two keys) count once.
    pub batches: usize,
    /// Detections in windows.
    pub hits: usize,
    /// Series of usage that are not watched, since a scope has more than are.
    pub unwatched: usize,
    /// Keys of findings that were written because they are new or say something new.
    pub findings: Vec<String>,
}

/// Why an hour could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A store failed. Trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch is unreadable.
    #[error("{key}: {error}: preprocess its object again")]
    Batch {
        /// The batch.
        key: String,
        /// What is wrong with it.
        error: BatchError,
    },
    /// Batches of different window lengths.
    #[error("{key}: {error}")]
    Mismatch {
        /// The batch that does not fit.
        key: String,
        /// How.
        error: Mismatch,
    },
    /// What is known of addresses is unreadable.
    #[error("{key}: {error}")]
    Places {
        /// Where it is.
        key: String,
        /// What is wrong with it.
        error: weir_features::login::BadPlaces,
    },
    /// Stored incidents are unreadable.
    #[error("{key}: not an incident log: {error}")]
    Incidents {
        /// Where they are.
        key: String,
        /// What is wrong with them.
        error: serde_json::Error,
    },
    /// The model in use does not fit the logs.
    #[error("the model does not fit these logs: {0}: train one on logs like them")]
    Model(#[from] weir_model::SchemaMismatch),
    /// The model in use cannot be read.
    #[error(transparent)]
    Models(#[from] crate::models::ModelError),
    /// The parameters of a detector are out of range, which would be a fault of this program.
    #[error(transparent)]
    Params(#[from] weir_model::BadParams),
    /// Others kept writing the same object. Trying again later will help.
    #[error("{key}: still being written by others after {ATTEMPTS} tries")]
    Contended {
        /// The object.
        key: String,
    },
}

/// How often a conditional write is tried against others.
const ATTEMPTS: u32 = 12;

/// Scores one hour of flow logs, with a model where there is one, or the day of an hour of logins or of usage. `now` is milliseconds since the epoch: the learned detection judges the
/// windows that ended at least 15 minutes before, since it needs whole ones.
///
/// Doing it again, or at the same time elsewhere, changes nothing: incidents are kept by compare-and-swap, and findings
/// are written only when they say something new.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub async fn score(
    state: &impl Store,
    model: Option<&FlowModel>,
    hour: &HourOfScope,
    now: i64,
) -> Result<Scored, ScoreError> {
    score_by_clock(state, model, hour, &TimeZone::UTC, now).await
}

/// As [`score`], with hours of day and week, which usage is compared by, told by the clock of a zone.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub async fn score_by_clock(
    state: &impl Store,
    model: Option<&FlowModel>,
    hour: &HourOfScope,
    zone: &TimeZone,
    now: i64,
) -> Result<Scored, ScoreError> {
    match hour.source {
        Source::Flow => {}
        Source::Login => return Box::pin(crate::login::days::score_day(state, hour, now)).await,
        Source::Usage => return Box::pin(crate::usage::days::score_day(state, hour, zone, now)).await,
        Source::Activity => return Ok(Scored::default()),
    }
    let (merged, batches) = load_hour(state, hour).await?;
    let Some(merged) = merged else { return Ok(Scored::default()) };
    let hits = hits_of_hour(model, &merged, None, now)?;
    Ok(Scored { batches, ..keep_hits(state, hits, now).await? })
}

/// Everything that is found in an hour: what may fire on growing windows, what a model says of whole ones, and, where
/// the day up to the hour is given, what needs hours.
pub(crate) fn hits_of_hour(
    model: Option<&FlowModel>,
    merged: &HourAggregate,
    day: Option<&Day<'_>>,
    now: i64,
) -> Result<BTreeMap<Subject, Vec<Hit>>, ScoreError> {
    let whole = |window| is_whole(window, merged.window_length, now);
    let mut by_subject: BTreeMap<Subject, Vec<Hit>> = BTreeMap::new();
    let mut hits = detect_partial_windows(merged);
    if let Some(model) = model {
        hits.extend(judge_hour(model, merged, &Thresholds::default(), whole)?);
    }
    for (subject, hit) in hits {
        by_subject.entry(subject).or_default().push(hit);
    }
    if let Some(day) = day {
        let told = |subject: &Subject, window| {
            by_subject.get(subject).is_some_and(|hits| hits.iter().any(|hit| hit.window == window))
        };
        for (subject, hit) in without_duplicates(long_window::detect(day, whole), told) {
            by_subject.entry(subject).or_default().push(hit);
        }
    }
    Ok(by_subject)
}

/// Keeps incidents and findings of hits.
pub(crate) async fn keep_hits(
    state: &impl Store,
    by_subject: BTreeMap<Subject, Vec<Hit>>,
    now: i64,
) -> Result<Scored, ScoreError> {
    let mut scored = Scored::default();
    for (subject, hits) in by_subject {
        scored.hits += hits.len();
        let windows = hits.iter().map(|h| h.window).collect();
        keep_incidents(state, &subject, &hits, now).await?;
        scored.findings.extend(keep_findings(state, &subject, &windows, now).await?);
    }
    Ok(scored)
}

/// All batches of an hour, merged, and how many there were. `None` when there are none.
///
/// # Errors
/// When a store fails, a batch is unreadable, or batches have different window lengths.
pub async fn load_hour(state: &impl Store, hour: &HourOfScope) -> Result<(Option<HourAggregate>, usize), ScoreError> {
    let (merged, _, batches) = load_hour_and_usage(state, hour).await?;
    Ok((merged, batches))
}

/// As [`load_hour`], with what the hour's batches say of the use of providers; `None` where none of them counted it.
pub(crate) async fn load_hour_and_usage(
    state: &impl Store,
    hour: &HourOfScope,
) -> Result<(Option<HourAggregate>, Option<HourUsage>, usize), ScoreError> {
    let mut merged: Option<HourAggregate> = None;
    let mut usage: Option<HourUsage> = None;
    let mut seen = BTreeSet::new();
    for key in state.list(&hour.prefix()).await? {
        let Some(object) = state.get(&key).await? else { continue };
        let batch = batch::decode(object.bytes).map_err(|error| ScoreError::Batch { key: key.clone(), error })?;
        if !seen.insert(batch.raw_hash) {
            continue;
        }
        if let Some(more) = batch.usage {
            usage.get_or_insert_default().merge(more);
        }
        match &mut merged {
            None => merged = Some(batch.hour),
            Some(merged) => {
                merged.merge(batch.hour).map_err(|error| ScoreError::Mismatch { key: key.clone(), error })?;
            }
        }
    }
    if let Some(merged) = &mut merged {
        merged.prune();
    }
    Ok((merged, usage, seen.len()))
}

/// Takes hits into the subject's incidents.
async fn keep_incidents(state: &impl Store, subject: &Subject, hits: &[Hit], now: i64) -> Result<(), ScoreError> {
    let key = keys::incidents(subject);
    for attempt in 0..ATTEMPTS {
        let (before, etag) = read_incidents(state, &key).await?;
        let mut log = before.clone();
        log.observe(subject, hits.iter().cloned(), now);
        if log == before {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&log).map_err(|error| ScoreError::Incidents { key: key.clone(), error })?;
        match state.put(&key, bytes, condition(etag)).await? {
            Put::Done(_) => return Ok(()),
            Put::Conflict => back_off(attempt).await,
        }
    }
    Err(ScoreError::Contended { key })
}

/// Writes the findings of the incidents that have, or had, any of these windows, where they say something new.
///
/// The version of the finding is read before the incidents, so that what is written over it is never older.
async fn keep_findings(
    state: &impl Store,
    subject: &Subject,
    windows: &BTreeSet<WindowStart>,
    now: i64,
) -> Result<Vec<String>, ScoreError> {
    let log_key = keys::incidents(subject);
    let (log, _) = read_incidents(state, &log_key).await?;
    let touched: Vec<Incident> = log.touching(windows).cloned().collect();
    let mut written = Vec::new();
    'incidents: for incident in touched {
        let key = keys::finding(&incident);
        for attempt in 0..ATTEMPTS {
            let before = state.get(&key).await?;
            let (log, _) = read_incidents(state, &log_key).await?;
            let Some(incident) = log.incidents.iter().find(|i| i.uid == incident.uid) else { continue 'incidents };
            let finding = DetectionFinding::of(subject, incident, now);
            let said = before.as_ref().and_then(|v| serde_json::from_slice::<DetectionFinding>(&v.bytes).ok());
            if said.is_some_and(|said| said.says_the_same(&finding)) {
                continue 'incidents;
            }
            let bytes = serde_json::to_vec(&finding).map_err(|e| StoreError::new("encode", &key, e))?;
            match state.put(&key, bytes, condition(before.map(|v| v.etag))).await? {
                Put::Done(_) => {
                    written.push(key);
                    continue 'incidents;
                }
                Put::Conflict => back_off(attempt).await,
            }
        }
        return Err(ScoreError::Contended { key });
    }
    Ok(written)
}

async fn read_incidents(state: &impl Store, key: &str) -> Result<(IncidentLog, Option<Etag>), ScoreError> {
    match state.get(key).await? {
        None => Ok((IncidentLog::default(), None)),
        Some(Versioned { bytes, etag }) => {
            let log =
                serde_json::from_slice(&bytes).map_err(|error| ScoreError::Incidents { key: key.to_owned(), error })?;
            Ok((log, Some(etag)))
        }
    }
}

pub(crate) fn condition(etag: Option<Etag>) -> Condition {
    etag.map_or(Condition::IfAbsent, Condition::IfMatch)
}

/// Waits 10 ms, then twice as long each time, at most a second.
async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis((10 << attempt.min(7)).min(1000))).await;
}

#[cfg(test)]
mod tests;
