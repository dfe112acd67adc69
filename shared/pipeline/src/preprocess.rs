//! One raw log in, one processed batch per hour touched out, and a report of what was rejected.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde_json::json;
use tokio_util::io::SyncIoBridge;
use weir_domain::reject::{ReadSummary, RejectReason};
use weir_domain::window::{Scope, WindowLength};
use weir_features::flow::Folder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::{ObjectName, ReadError, ReadLimits};

use crate::batch::{BatchError, BatchWriter};
use crate::keys::{self, HourOfScope, ObjectRef};
use crate::raw_log::RawLog;
use crate::store::{Condition, Store, StoreError};

/// How objects are read and folded.
#[derive(Debug, Clone, PartialEq)]
pub struct PreprocessOptions {
    /// The length of windows. Default 5 minutes.
    pub window_length: WindowLength,
    /// What is known of the logs beforehand; by default nothing.
    pub flow: FlowOptions,
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
    let reader = raw.open(&object.key).await?.ok_or_else(|| PreprocessError::Missing(object.clone()))?;
    preprocess_reader(SyncIoBridge::new(reader), &RawLog::from(object), state, options).await
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
    let folded = tokio::task::spawn_blocking(move || fold(input, &name, fallback, &options))
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

/// An object, read and folded.
struct Folded {
    summary: ReadSummary,
    batches: Vec<(HourOfScope, Vec<u8>)>,
}

fn fold(
    input: impl Read,
    name: &ObjectName,
    fallback: Scope,
    options: &PreprocessOptions,
) -> Result<Folded, PreprocessError> {
    let mut hashed = Hashed { input, hasher: blake3::Hasher::new() };
    let mut folder = Folder::new(options.window_length, fallback);
    let mut writers: BTreeMap<HourOfScope, BatchWriter> = BTreeMap::new();
    let mut trouble = None;
    let mut summary = flow::read(&mut hashed, name, options.limits, &options.flow, |record| {
        folder.fold(record);
        if folder.rows() >= options.rows_per_part && trouble.is_none() {
            trouble = write_part(&mut folder, &mut writers).err();
        }
    })?;
    if let Some(error) = trouble {
        return Err(error.into());
    }
    write_part(&mut folder, &mut writers)?;
    summary.longer_than_window = folder.longer_than_window();
    // Compressed readers stop at the end of the stream; the hash is of the whole object.
    io::copy(&mut hashed, &mut io::sink()).map_err(|e| ReadError {
        object: name.clone(),
        line: 0,
        problem: weir_ingest::Problem::Io(e),
    })?;
    let raw_hash = hashed.hasher.finalize().to_hex();
    let finish = |(hour, writer): (HourOfScope, BatchWriter)| Ok((hour, writer.finish(&raw_hash)?));
    let batches = writers.into_iter().map(finish).collect::<Result<_, BatchError>>()?;
    Ok(Folded { summary, batches })
}

fn write_part(folder: &mut Folder, writers: &mut BTreeMap<HourOfScope, BatchWriter>) -> Result<(), BatchError> {
    for part in folder.take() {
        let key = HourOfScope { scope: part.scope.clone(), hour: part.hour };
        if !writers.contains_key(&key) {
            writers.insert(key.clone(), BatchWriter::new(part.scope.clone(), part.hour, part.window_length)?);
        }
        if let Some(writer) = writers.get_mut(&key) {
            writer.append(&part)?;
        }
    }
    Ok(())
}

/// Hashes what is read through it.
struct Hashed<R> {
    input: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
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
