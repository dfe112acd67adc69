//! `weir preprocess`, and the reading half of `weir detect`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::task::JoinSet;
use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::text::count;
use weir_domain::window::WindowLength;
use weir_ingest::flow::FlowOptions;
use weir_ingest::ranges::ProviderRanges;
use weir_pipeline::keys::ObjectRef;
use weir_pipeline::preprocess::{PreprocessError, PreprocessOptions, Preprocessed};
use weir_pipeline::store::{Condition, Opened, Put, StoreError, Versioned};
use weir_pipeline::usage::from_flows::address_ranges;
use weir_pipeline::{FolderStore, Store, preprocess};

use crate::arguments::{Logs, Preprocess};
use crate::output::escape;
use crate::{inputs, progress};

pub(super) async fn run(arguments: Preprocess) -> anyhow::Result<ExitCode> {
    let store = Arc::new(FolderStore::open_or_create(&arguments.store.store)?);
    let ranges = address_ranges::load(store.as_ref()).await?;
    let read = read_with(&arguments.logs, None, Some(Arc::new(ranges)), store).await?;
    read.tell(arguments.logs.window);
    Ok(ExitCode::from(if read.unreadable.is_empty() { 0 } else { 2 }))
}

/// What became of all files.
#[derive(Default)]
pub(super) struct ReadAll {
    pub(super) files: usize,
    pub(super) summary: ReadSummary,
    /// Where the first rejects are: file, line, reason.
    rejects: Vec<String>,
    /// Why files could not be read.
    pub(super) unreadable: Vec<String>,
}

/// Reads all log files into a store, some at a time; those of one source, if one is given.
pub(super) async fn read_all(logs: &Logs, source: Option<Source>, store: Arc<FolderStore>) -> anyhow::Result<ReadAll> {
    read_with(logs, source, None, store).await
}

/// As [`read_all`], where flow logs tell the use of providers by these ranges.
async fn read_with(
    logs: &Logs,
    source: Option<Source>,
    usage: Option<Arc<ProviderRanges>>,
    store: Arc<FolderStore>,
) -> anyhow::Result<ReadAll> {
    let files = inputs::find(&logs.paths)?;
    let bar = progress::bar(files.len(), "reading");
    let options = PreprocessOptions {
        window_length: logs.window,
        flow: FlowOptions { format: logs.input_format, fields: logs.fields.clone() },
        source,
        usage,
        written: super::now(),
        ..PreprocessOptions::default()
    };
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = ReadAll { files: files.len(), ..ReadAll::default() };
    let mut tasks: JoinSet<(PathBuf, Result<Preprocessed, PreprocessError>)> = JoinSet::new();
    let mut waiting = files.into_iter();
    loop {
        while tasks.len() < at_once
            && let Some(path) = waiting.next()
        {
            let store = Arc::clone(&store);
            let options = options.clone();
            let object = object(&path).with_context(|| format!("{}", path.display()))?;
            tasks.spawn(async move {
                let result = preprocess(&Files, store.as_ref(), &object, options).await;
                (path, result)
            });
        }
        let Some(done) = tasks.join_next().await else { break };
        let (path, result) = done.context("reading was cut off")?;
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

impl ReadAll {
    fn add(&mut self, path: &Path, read: ReadSummary) {
        let mine = &mut self.summary;
        mine.records += read.records;
        mine.no_data += read.no_data;
        mine.skip_data += read.skip_data;
        mine.longer_than_window += read.longer_than_window;
        for (reason, n) in read.rejected {
            *mine.rejected.entry(reason).or_default() += n;
        }
        self.rejects.extend(
            read.rejects.iter().take(3).map(|r| format!("{}:{}: {}: {}", path.display(), r.line, r.reason, r.excerpt)),
        );
    }

    /// Says on standard error what was read and what was not. Nothing is lost in silence.
    pub(super) fn tell(&self, window: WindowLength) {
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
        for reject in self.rejects.iter().take(3) {
            anstream::eprintln!("  {}", escape(reject));
        }
        if s.longer_than_window * 2 > s.records {
            anstream::eprintln!(
                "  most records span more than a window of {} minutes: these logs aggregate over longer; try --window 10",
                window.seconds() / 60
            );
        }
        for problem in &self.unreadable {
            anstream::eprintln!("weir: could not read {}", escape(problem));
        }
    }
}

/// A file as an object: no bucket, its absolute path for key, so that it has the same name from wherever it is read.
fn object(path: &Path) -> std::io::Result<ObjectRef> {
    Ok(ObjectRef { bucket: String::new(), key: fs::canonicalize(path)?.to_string_lossy().into_owned() })
}

/// Files anywhere, by path: the raw side of preprocess. It is only ever read.
struct Files;

impl Store for Files {
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
        Err(StoreError::new("put", key, "log files are not written"))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Err(StoreError::new("list", prefix, "log files are named one by one"))
    }
}
