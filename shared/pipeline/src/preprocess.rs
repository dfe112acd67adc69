//! Preprocessing: turns one raw log into one batch per hour that it has rows of, and a report of rejected rows.

mod flow;
mod hour_writers;
mod login;
mod options;
mod outcome;
mod raw_log;
mod read;
mod usage;

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::json;
use tokio_util::io::SyncIoBridge;
use weir_domain::reject::{ReadSummary, RejectReason};
use weir_ingest::{ObjectName, ReadError};

use crate::keys::{self, ObjectRef};
use crate::store::{Condition, Store, StoreError};
use read::read_object;

pub use options::PreprocessOptions;
pub use outcome::{PreprocessError, Preprocessed};
pub use raw_log::RawLog;

/// Reads one raw object and writes its batches and, if rows were rejected, its rejects report.
///
/// It is idempotent: a repetition writes the same objects.
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

/// Reads one raw log from a reader, and writes its batches and, if rows were rejected, its rejects report.
///
/// The input is read on a blocking thread. A repetition with the same log id writes the same objects.
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
    let read = tokio::task::spawn_blocking(move || read_object(input, &name, &fallback, &options))
        .await
        .map_err(|_| PreprocessError::Aborted(log.name.clone()))?;
    let read = match read {
        Ok(read) => read,
        Err(PreprocessError::Unreadable(error)) => {
            state.put(&keys::rejects(&log.id), report_unreadable(log, &error, None), Condition::Always).await?;
            return Err(error.into());
        }
        Err(error) => return Err(error),
    };
    let rejects = (read.summary.rejected_rows() > 0).then(|| keys::rejects(&log.id));
    if let Some(key) = &rejects {
        state.put(key, report(log, &read.summary), Condition::Always).await?;
    }
    let mut batches = Vec::new();
    for (hour, bytes) in read.batches {
        let key = hour.batch(&log.id);
        state.put(&key, bytes, Condition::Always).await?;
        batches.push(key);
    }
    Ok(Preprocessed { summary: read.summary, batches, rejects })
}

/// Writes the rejects report of an unreadable log. With `bytes`, for a log without another copy, those are stored as well and
/// the report names their key.
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

/// The rejects report as JSON lines: one about the object, then one per kept rejected row.
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

/// The rejects report of a log that is unreadable as a whole; `kept` is the key of its stored bytes, if any.
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
