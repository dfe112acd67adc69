//! Series of files: of usage as it stands, and of flow logs by whose the other end is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::text::count;
use weir_domain::usage::{UsagePoint, UsageSeries};
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::{self, ResampleParams, Resampler, TooMuchUsage, UsageOptions};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, recognise_or};
use weir_pipeline::usage::UsagePoints;
use weir_pipeline::usage::from_flows::FlowUsage;

use super::files::SeriesOfFiles;
use crate::output::escape;
use crate::{inputs, progress};

/// Which files are read, and how.
pub(in crate::run) struct Inputs<'a> {
    pub(in crate::run) paths: &'a [PathBuf],
    pub(in crate::run) input_format: Option<Format>,
    pub(in crate::run) fields: Option<&'a FieldOrder>,
    /// Files of address ranges; by default those that are shipped.
    pub(in crate::run) ranges: &'a [PathBuf],
    /// Of series that flow logs give.
    pub(in crate::run) limits: ResampleParams,
}

/// What becomes of measurements.
pub(in crate::run) trait TakesPoints {
    fn take(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage>;
}

impl TakesPoints for Resampler {
    fn take(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        self.add(point)
    }
}

impl TakesPoints for UsagePoints {
    fn take(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        self.add(point)
    }
}

/// What was read.
pub(in crate::run) struct ReadUsage {
    /// The series of flow logs.
    pub(in crate::run) flows: Vec<UsageSeries>,
    pub(in crate::run) unreadable: Vec<String>,
    files: usize,
    records: u64,
    rejected: Vec<String>,
    rejected_rows: u64,
}

/// Reads files of measurements, which are taken as they come, and of flow logs, which become series.
pub(in crate::run) fn read(inputs: &Inputs<'_>, points: &mut impl TakesPoints) -> anyhow::Result<ReadUsage> {
    let files = inputs::find(inputs.paths)?;
    let names = SeriesOfFiles::of(&files, |path| span(inputs, path));
    let mut flows = FlowUsage::new(Arc::new(ranges(inputs.ranges)?), inputs.limits);
    let mut all = ReadUsage {
        flows: vec![],
        unreadable: vec![],
        files: files.len(),
        records: 0,
        rejected: vec![],
        rejected_rows: 0,
    };
    let bar = progress::bar(files.len(), "reading");
    for path in &files {
        match one(inputs, path, names.of_file(path), points, &mut flows)? {
            Ok(summary) => all.add(path, &summary),
            Err(error) => all.unreadable.push(error),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all.flows = flows.finish()?;
    Ok(all)
}

/// The first and the last time of a file of measurements; none of any other, and of one that cannot be read, which is told
/// when it is read for good.
fn span(inputs: &Inputs<'_>, path: &Path) -> Option<(i64, i64)> {
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

/// Reads a file; the inner error is one of the file's.
fn one(
    arguments: &Inputs<'_>,
    path: &Path,
    file: Option<&str>,
    points: &mut impl TakesPoints,
    flows: &mut FlowUsage,
) -> anyhow::Result<Result<ReadSummary, String>> {
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let otherwise = arguments.fields.map(|_| Format::FlowLog);
    let format = match (arguments.input_format, recognise_or(otherwise, open()?, &name)) {
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
            // Kept apart until the file was read whole: what was called back before an error is to be thrown away.
            let mut mine = flows.empty();
            let read = flow::read(open()?, &name, limits, &options, |row| {
                if problem.is_none() {
                    problem = mine.add(row).err();
                }
            });
            if problem.is_none() && read.is_ok() {
                problem = flows.merge(mine).err();
            }
            read
        }
        Some((_, Source::Usage)) => {
            let options = UsageOptions::default();
            // Read twice, as what was called back before an error is to be thrown away.
            usage::read(open()?, &name, limits, &options, |_| ()).and_then(|_| {
                usage::read(File::open(path).map_err(|e| failed(&name, e))?, &name, limits, &options, |point| {
                    if problem.is_none() {
                        let key = [("file", file.unwrap_or_default())];
                        let keys = if point.keys.is_empty() && file.is_some() { &key[..] } else { point.keys };
                        problem = points.take(&UsagePoint { keys, ..*point }).err();
                    }
                })
            })
        }
        Some((format, _)) => {
            return Ok(Err(format!("{}: it is {format}, neither usage over time nor a flow log", path.display())));
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

/// The ranges given, or else those that are shipped.
fn ranges(files: &[std::path::PathBuf]) -> anyhow::Result<ProviderRanges> {
    if files.is_empty() {
        return Ok(ProviderRanges::shipped()?);
    }
    let mut ranges = ProviderRanges::new();
    for path in files {
        let mut bytes = Vec::new();
        // One byte more than may be, so that what is too large is seen to be.
        let most = ProviderRanges::MAX_FILE_BYTES as u64 + 1;
        let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.with_context(|| format!("{}", path.display()))?;
        if ranges
            .read_for_provider(&bytes, path.file_stem().and_then(|name| name.to_str()))
            .with_context(|| format!("{}", path.display()))?
            == 0
        {
            bail!("{}: no ranges in it", path.display());
        }
    }
    Ok(ranges)
}

impl ReadUsage {
    fn add(&mut self, path: &Path, read: &ReadSummary) {
        self.records += read.records;
        self.rejected_rows += read.rejected_rows();
        let told = read.rejects.iter().take(3).map(|r| format!("{}:{}: {}", path.display(), r.line, r.reason));
        self.rejected.extend(told);
    }

    /// Says on standard error what was read and what was not.
    pub(in crate::run) fn tell(&self, series: usize) {
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
