//! Reading log files into the batches of a store: the first step of `weir detect` and `weir train` for flow logs, and all of
//! `weir preprocess`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use tokio::task::JoinSet;
use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::time::MINUTE_SECONDS;
use weir_domain::window::WindowLength;
use weir_ingest::flow::FlowOptions;
use weir_ingest::ranges::ProviderRanges;
use weir_pipeline::keys::ObjectRef;
use weir_pipeline::preprocess::{PreprocessError, PreprocessOptions, Preprocessed};
use weir_pipeline::store::{Condition, Opened, Put, StoreError, Versioned};
use weir_pipeline::{FolderStore, Store, preprocess};

use super::clock::now;
use crate::arguments::Logs;
use crate::output::{count, escape};
use crate::{log_files, progress};

/// Rejected rows that are kept of a file, and shown of all files.
const MAX_REJECTS: usize = 3;

/// The result of reading all files.
#[derive(Default)]
pub(super) struct LogsRead {
    files: usize,
    summary: ReadSummary,
    /// The first rejected rows: file, line, reason, excerpt.
    rejects: Vec<String>,
    /// The errors of files that could not be read.
    pub(super) unreadable: Vec<String>,
}

/// Reads flow logs into a store, several files at a time.
pub(super) async fn read_flow_logs(logs: &Logs, store: Arc<FolderStore>) -> anyhow::Result<LogsRead> {
    read(logs, Some(Source::Flow), None, store).await
}

/// Reads logs of any source into a store, several files at a time. The traffic in flow logs is attributed to cloud providers by
/// these ranges.
pub(super) async fn read_all_logs(
    logs: &Logs,
    ranges: ProviderRanges,
    store: Arc<FolderStore>,
) -> anyhow::Result<LogsRead> {
    read(logs, None, Some(Arc::new(ranges)), store).await
}

async fn read(
    logs: &Logs,
    source: Option<Source>,
    usage: Option<Arc<ProviderRanges>>,
    store: Arc<FolderStore>,
) -> anyhow::Result<LogsRead> {
    let files = log_files::find(&logs.paths)?;
    let bar = progress::bar(files.len(), "reading");
    let options = PreprocessOptions {
        window_length: logs.window,
        flow: FlowOptions { format: logs.input_format, fields: logs.fields.clone() },
        source,
        usage,
        written: now(),
        ..PreprocessOptions::default()
    };
    let parallel = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = LogsRead { files: files.len(), ..LogsRead::default() };
    let mut tasks: JoinSet<(PathBuf, Result<Preprocessed, PreprocessError>)> = JoinSet::new();
    let mut waiting = files.into_iter();
    loop {
        while tasks.len() < parallel
            && let Some(path) = waiting.next()
        {
            let store = Arc::clone(&store);
            let options = options.clone();
            let object = object(&path).with_context(|| format!("{}", path.display()))?;
            tasks.spawn(async move {
                let result = preprocess(&RawFiles, store.as_ref(), &object, options).await;
                (path, result)
            });
        }
        let Some(done) = tasks.join_next().await else { break };
        let (path, result) = done.context("reading was interrupted")?;
        bar.inc(1);
        match result {
            Ok(read) => all.add(&path, read.summary),
            Err(error @ (PreprocessError::Unreadable(_) | PreprocessError::Missing(_))) => {
                all.unreadable.push(error.to_string());
            }
            Err(error) => return Err(error).with_context(|| format!("{}", path.display())),
        }
    }
    bar.finish_and_clear();
    all.unreadable.sort();
    all.rejects.sort();
    Ok(all)
}

impl LogsRead {
    fn add(&mut self, path: &Path, read: ReadSummary) {
        let sum = &mut self.summary;
        sum.records += read.records;
        sum.no_data += read.no_data;
        sum.skip_data += read.skip_data;
        sum.longer_than_window += read.longer_than_window;
        for (reason, n) in read.rejected {
            *sum.rejected.entry(reason).or_default() += n;
        }
        self.rejects.extend(
            read.rejects
                .iter()
                .take(MAX_REJECTS)
                .map(|r| format!("{}:{}: {}: {}", path.display(), r.line, r.reason, r.excerpt)),
        );
    }

    /// Prints on standard error what was read, which rows were rejected and which files could not be read.
    pub(super) fn print(&self, window: WindowLength) {
        let s = &self.summary;
        anstream::eprintln!(
            "{} rows from {} files: {} records, {} without data (NODATA), {} lost by AWS (SKIPDATA), {} rejected",
            count(s.rows()),
            count(self.files as u64),
            count(s.records),
            count(s.no_data),
            count(s.skip_data),
            count(s.rejected_rows())
        );
        if s.rejected_rows() > 0 {
            let reasons: Vec<_> = s.rejected.iter().map(|(reason, n)| format!("{} {reason}", count(*n))).collect();
            anstream::eprintln!(
                "{} of {} rows rejected: {}",
                count(s.rejected_rows()),
                count(s.rows()),
                reasons.join(", ")
            );
        }
        for reject in self.rejects.iter().take(MAX_REJECTS) {
            anstream::eprintln!("  {}", escape(reject));
        }
        if s.longer_than_window * 2 > s.records {
            anstream::eprintln!(
                "  most records are longer than a window of {} minutes: the logs have a longer aggregation interval; try \
                 --window 10",
                window.seconds() / MINUTE_SECONDS
            );
        }
        for problem in &self.unreadable {
            anstream::eprintln!("weir: could not read {}", escape(problem));
        }
    }
}

/// A file as an object without a bucket. Its key is its absolute path, so that it does not depend on the current folder.
fn object(path: &Path) -> std::io::Result<ObjectRef> {
    Ok(ObjectRef { bucket: String::new(), key: fs::canonicalize(path)?.to_string_lossy().into_owned() })
}

/// Log files by their paths, as the read-only store that preprocess reads raw objects from.
struct RawFiles;

impl Store for RawFiles {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        Err(StoreError::new("get", key, "log files are streamed"))
    }

    async fn open(&self, key: &str) -> Result<Option<Opened>, StoreError> {
        match tokio::fs::File::open(key).await {
            Ok(file) => Ok(Some(Opened::file(file).await)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::new("get", key, e)),
        }
    }

    async fn put(&self, key: &str, _: Vec<u8>, _: Condition) -> Result<Put, StoreError> {
        Err(StoreError::new("put", key, "log files are read-only"))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Err(StoreError::new("list", prefix, "log files are read one by one"))
    }
}
