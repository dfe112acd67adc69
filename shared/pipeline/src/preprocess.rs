//! One raw log in, one processed batch per hour touched out, and a report of what was rejected.

mod fold;
mod used;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use serde_json::json;
use tokio_util::io::SyncIoBridge;
use weir_domain::reject::{ReadSummary, RejectReason};
use weir_domain::source::Source;
use weir_domain::window::WindowLength;
use weir_ingest::flow::FlowOptions;
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::{ObjectName, ReadError, ReadLimits};

use crate::batch::BatchError;
use crate::keys::{self, ObjectRef};
use crate::raw_log::RawLog;
use crate::store::{Condition, Store, StoreError};
use fold::fold;

/// How objects are read and folded.
#[derive(Debug, Clone, PartialEq)]
pub struct PreprocessOptions {
    /// The length of windows. Default 5 minutes.
    pub window_length: WindowLength,
    /// What is known of the logs beforehand; by default nothing. Its format may be one of logins or of usage, too.
    pub flow: FlowOptions,
    /// The source whose formats are read; by default those of flow logs, logins and usage.
    pub source: Option<Source>,
    /// When a log was last written, milliseconds since the epoch, if its store does not say: time stamps without a year
    /// (syslog) are of before. Default 0, the epoch, which leaves no time to such stamps: who reads them says when.
    pub written: i64,
    /// By whose ranges the use of providers is told, which flow logs then count beside their windows. By default they do not.
    pub usage: Option<Arc<ProviderRanges>>,
    /// Limits on what one object may cost.
    pub limits: ReadLimits,
    /// Rows folded before what they made is written out: bounds memory to some 400 MB whatever the object's size.
    /// Default 500,000.
    pub rows_per_part: u64,
}

impl Default for PreprocessOptions {
    fn default() -> Self {
        Self {
            window_length: WindowLength::FIVE_MINUTES,
            flow: FlowOptions::default(),
            source: None,
            written: 0,
            usage: None,
            limits: ReadLimits::default(),
            rows_per_part: 500_000,
        }
    }
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preprocessed {
    /// What became of its rows.
    pub summary: ReadSummary,
    /// Keys of the batches that were written, ascending.
    pub batches: Vec<String>,
    /// Key of the rejects report, if there were rejects.
    pub rejects: Option<String>,
}

/// Why an object could not be processed.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessError {
    /// There is no such object (any more).
    #[error("{0}: there is no such object")]
    Missing(ObjectRef),
    /// The object is unreadable. Trying again will not help; the rejects report says why.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// A store failed. Trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch could not be written.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The reading task was cut off.
    #[error("reading {0} was cut off")]
    CutOff(String),
}

/// Reads one raw object and writes its batches and, if rows were rejected, its rejects report.
///
/// Doing it again writes the same objects again.
///
/// # Errors
/// When the object is missing or unreadable (a rejects report then says why), or a store fails.
pub async fn preprocess(
    raw: &impl Store,
    state: &impl Store,
    object: &ObjectRef,
    options: PreprocessOptions,
) -> Result<Preprocessed, PreprocessError> {
    let opened = raw.open(&object.key).await?.ok_or_else(|| PreprocessError::Missing(object.clone()))?;
    let options = PreprocessOptions { written: opened.written.unwrap_or(options.written), ..options };
    preprocess_reader(SyncIoBridge::new(opened.reader), &RawLog::from(object), state, options).await
}

/// Reads one raw log from wherever its bytes come, and writes its batches and, if rows were rejected, its rejects report.
///
/// The input is read on a thread that may block. Doing it again with a log of the same id writes the same objects again.
///
/// # Errors
/// When the log is unreadable (a rejects report then says why), or a store fails.
pub async fn preprocess_reader(
    input: impl Read + Send + 'static,
    log: &RawLog,
    state: &impl Store,
    options: PreprocessOptions,
) -> Result<Preprocessed, PreprocessError> {
    let (name, fallback) = (ObjectName::new(&log.name), log.scope.clone());
    let folded = tokio::task::spawn_blocking(move || fold(input, &name, &fallback, &options))
        .await
        .map_err(|_| PreprocessError::CutOff(log.name.clone()))?;
    let folded = match folded {
        Ok(folded) => folded,
        Err(PreprocessError::Unreadable(error)) => {
            state.put(&keys::rejects(&log.id), report_unreadable(log, &error, None), Condition::Always).await?;
            return Err(error.into());
        }
        Err(error) => return Err(error),
    };
    let rejects = (folded.summary.rejected_rows() > 0).then(|| keys::rejects(&log.id));
    if let Some(key) = &rejects {
        state.put(key, report(log, &folded.summary), Condition::Always).await?;
    }
    let mut batches = Vec::new();
    for (hour, bytes) in folded.batches {
        let key = hour.batch(&log.id);
        state.put(&key, bytes, Condition::Always).await?;
        batches.push(key);
    }
    Ok(Preprocessed { summary: folded.summary, batches, rejects })
}

/// Writes the rejects report of an unreadable log; with `bytes`, those as well, for a log that is kept nowhere else. The
/// report then names where they are.
///
/// # Errors
/// When the store fails.
pub async fn reject(
    state: &impl Store,
    log: &RawLog,
    error: &ReadError,
    bytes: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    let mut kept = None;
    if let Some(bytes) = bytes {
        let key = keys::rejected_bytes(&log.id);
        state.put(&key, bytes, Condition::Always).await?;
        kept = Some(key);
    }
    let report = report_unreadable(log, error, kept.as_deref());
    state.put(&keys::rejects(&log.id), report, Condition::Always).await?;
    Ok(())
}

/// The rejects report: a line about the object, then one per rejected row, as far as they are kept.
fn report(log: &RawLog, summary: &ReadSummary) -> Vec<u8> {
    let by_reason: BTreeMap<_, _> = summary.rejected.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
    let head = json!({
        "object": log.name,
        "records": summary.records,
        "no_data": summary.no_data,
        "skip_data": summary.skip_data,
        "rejected": summary.rejected_rows(),
        "by_reason": by_reason,
    });
    let rows =
        summary.rejects.iter().map(|r| json!({"line": r.line, "reason": r.reason.as_str(), "excerpt": r.excerpt}));
    lines(std::iter::once(head).chain(rows))
}

/// The rejects report of a log as a whole; `kept` is the key of its bytes, if they were put there.
fn report_unreadable(log: &RawLog, error: &ReadError, kept: Option<&str>) -> Vec<u8> {
    let reason = RejectReason::UnreadableObject.as_str();
    let mut line = json!({
        "object": log.name,
        "line": error.line,
        "reason": reason,
        "detail": error.problem.to_string(),
    });
    if let Some(key) = kept {
        line["kept"] = key.into();
    }
    lines(std::iter::once(line))
}

fn lines(values: impl Iterator<Item = serde_json::Value>) -> Vec<u8> {
    values.flat_map(|value| format!("{value}\n").into_bytes()).collect()
}

#[cfg(test)]
mod tests;
