//! Usage over time from files: measurements as they are, and traffic in flow logs by the provider of the peer.

mod series_names;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::usage::{UsagePoint, UsageSeries};
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::{self, ResampleParams, Resampler, TooMuchUsage, UsageOptions};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, recognise_or};
use weir_pipeline::usage::UsagePoints;
use weir_pipeline::usage::from_flows::FlowUsage;

use crate::output::{count, escape};
use crate::{log_files, progress};
use series_names::SeriesNames;

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

/// A collector of measurements.
pub(in crate::run) trait CollectPoints {
    fn collect(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage>;
}

impl CollectPoints for Resampler {
    fn collect(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        self.add(point)
    }
}

impl CollectPoints for UsagePoints {
    fn collect(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        self.add(point)
    }
}

/// The result of reading all files.
pub(in crate::run) struct UsageLogs {
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
) -> anyhow::Result<UsageLogs> {
    let files = log_files::find(inputs.paths)?;
    let names = SeriesNames::from_files(&files, |path| time_span(inputs, path));
    let mut flows = FlowUsage::new(Arc::new(read_ranges(inputs.ranges)?), inputs.limits);
    let mut all = UsageLogs {
        flows: vec![],
        unreadable: vec![],
        files: files.len(),
        records: 0,
        rejected: vec![],
        rejected_rows: 0,
    };
    let bar = progress::bar(files.len(), "reading");
    for path in &files {
        match read_file(inputs, path, names.get(path), points, &mut flows)? {
            Ok(summary) => all.add(path, &summary),
            Err(error) => all.unreadable.push(error),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all.flows = flows.finish()?;
    Ok(all)
}

/// The first and the last time in a file of measurements; `None` for other files and for unreadable ones, whose error is reported
/// when their values are read.
fn time_span(inputs: &UsageInputs<'_>, path: &Path) -> Option<(i64, i64)> {
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).ok();
    let format = inputs.input_format.or_else(|| recognise_or(None, open()?, &name).ok()?.0)?;
    if format != Format::Usage {
        return None;
    }
    let mut span: Option<(i64, i64)> = None;
    usage::read(open()?, &name, ReadLimits::default(), &UsageOptions::default(), |point| {
        let (first, last) = span.unwrap_or((point.time, point.time));
        span = Some((first.min(point.time), last.max(point.time)));
    })
    .ok()?;
    span
}

/// Reads a file. The outer error ends the program, the inner one concerns this file only.
fn read_file(
    arguments: &UsageInputs<'_>,
    path: &Path,
    file: Option<&str>,
    points: &mut impl CollectPoints,
    flows: &mut FlowUsage,
) -> anyhow::Result<Result<ReadSummary, String>> {
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let fallback = arguments.fields.map(|_| Format::FlowLog);
    let format = match (arguments.input_format, recognise_or(fallback, open()?, &name)) {
        (Some(named), _) => Some(named),
        (None, Ok((format, _))) => format,
        (None, Err(error)) => return Ok(Err(error.to_string())),
    };
    let limits = ReadLimits::default();
    let mut problem: Option<TooMuchUsage> = None;
    let read = match format.map(|format| (format, format.source())) {
        None => return Ok(Ok(ReadSummary::default())),
        Some((_, Source::Flow)) => {
            let options = FlowOptions { format, fields: arguments.fields.cloned() };
            // Counted separately until the whole file was read, so that rows before an error are dropped.
            let mut of_file = flows.empty();
            let read = flow::read(open()?, &name, limits, &options, |row| {
                if problem.is_none() {
                    problem = of_file.add(row).err();
                }
            });
            if problem.is_none() && read.is_ok() {
                problem = flows.merge(of_file).err();
            }
            read
        }
        Some((_, Source::Usage)) => {
            let options = UsageOptions::default();
            // The first pass only checks the file, so that no rows before an error are counted.
            usage::read(open()?, &name, limits, &options, |_| ()).and_then(|_| {
                usage::read(File::open(path).map_err(|e| failed(&name, e))?, &name, limits, &options, |point| {
                    if problem.is_none() {
                        let key = [("file", file.unwrap_or_default())];
                        let keys = if point.keys.is_empty() && file.is_some() { &key[..] } else { point.keys };
                        problem = points.collect(&UsagePoint { keys, ..*point }).err();
                    }
                })
            })
        }
        Some((format, _)) => {
            return Ok(Err(format!(
                "{}: its format is {format}, neither usage over time nor a flow log",
                path.display()
            )));
        }
    };
    if let Some(problem) = problem {
        return Err(problem).with_context(|| format!("{}", path.display()));
    }
    Ok(read.map_err(|error| error.to_string()))
}

fn failed(object: &ObjectName, error: std::io::Error) -> ReadError {
    ReadError { object: object.clone(), line: 0, problem: Problem::Io(error) }
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

impl UsageLogs {
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
