//! Usage over time from files: opens them, and prints what was read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use weir_domain::reject::ReadSummary;
use weir_domain::usage::UsageSeries;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::ResampleParams;
use weir_ingest::{Format, ObjectName};
use weir_pipeline::usage::{CollectPoints, SeriesNames, UsageLogError, UsageLogOptions, UsageLogs};

use crate::output::{count, escape};
use crate::{log_files, progress};

/// The files, and how they are read.
pub(in crate::run) struct UsageInputs<'a> {
    pub(in crate::run) paths: &'a [PathBuf],
    pub(in crate::run) input_format: Option<Format>,
    pub(in crate::run) fields: Option<&'a FieldOrder>,
    /// Files with IP ranges of providers; the built-in ranges if there are none.
    pub(in crate::run) ranges: &'a [PathBuf],
    /// Step and limits of the series from flow logs.
    pub(in crate::run) limits: ResampleParams,
}

/// The result of reading all files.
#[derive(Debug, Default)]
pub(in crate::run) struct ReadUsage {
    /// The series from flow logs.
    pub(in crate::run) flows: Vec<UsageSeries>,
    pub(in crate::run) unreadable: Vec<String>,
    files: usize,
    records: u64,
    rejected: Vec<String>,
    rejected_rows: u64,
}

/// Reads all files: measurements go to `points`, flow logs become series.
pub(in crate::run) fn read_usage_logs(
    inputs: &UsageInputs<'_>,
    points: &mut impl CollectPoints,
) -> anyhow::Result<ReadUsage> {
    let files = log_files::find(inputs.paths)?;
    let options = UsageLogOptions { format: inputs.input_format, fields: inputs.fields.cloned() };
    let mut logs = UsageLogs::new(options, read_ranges(inputs.ranges)?, inputs.limits, points);
    let object = |path: &Path| ObjectName::new(&path.to_string_lossy());
    let names = SeriesNames::from_files(&files, |path| logs.time_span(&object(path), || File::open(path)));
    let mut all = ReadUsage { files: files.len(), ..ReadUsage::default() };
    let bar = progress::bar(files.len(), "reading");
    for path in &files {
        match logs.read(&object(path), names.get(path), || File::open(path)) {
            Ok(summary) => all.add(path, &summary),
            Err(UsageLogError::Unreadable(error)) => all.unreadable.push(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all.flows = logs.finish()?;
    Ok(all)
}

/// The ranges of the files, or the built-in ranges without files.
fn read_ranges(files: &[PathBuf]) -> anyhow::Result<ProviderRanges> {
    if files.is_empty() {
        return Ok(ProviderRanges::shipped()?);
    }
    let mut ranges = ProviderRanges::new();
    for path in files {
        let mut bytes = Vec::new();
        // One byte more than the limit, so that a file above the limit is rejected.
        let limit = ProviderRanges::MAX_FILE_BYTES as u64 + 1;
        let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        read.with_context(|| format!("{}", path.display()))?;
        if ranges
            .read_for_provider(&bytes, path.file_stem().and_then(|name| name.to_str()))
            .with_context(|| format!("{}", path.display()))?
            == 0
        {
            bail!("{}: no IP ranges in this file", path.display());
        }
    }
    Ok(ranges)
}

impl ReadUsage {
    fn add(&mut self, path: &Path, read: &ReadSummary) {
        self.records += read.records;
        self.rejected_rows += read.rejected_rows();
        let first = read.rejects.iter().take(3).map(|r| format!("{}:{}: {}", path.display(), r.line, r.reason));
        self.rejected.extend(first);
    }

    /// Prints on standard error what was read, and the first rejected rows and unreadable files.
    pub(in crate::run) fn print(&self, series: usize) {
        anstream::eprintln!(
            "{} series of {} records from {} files, {} rows rejected",
            count(series as u64),
            count(self.records),
            count(self.files as u64),
            count(self.rejected_rows)
        );
        for line in self.rejected.iter().take(5) {
            anstream::eprintln!("  rejected {}", escape(line));
        }
        for line in &self.unreadable {
            anstream::eprintln!("could not read {}", escape(line));
        }
    }
}
