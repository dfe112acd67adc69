//! Series of files: of usage as it stands, and of flow logs by whose the other end is.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use weir_detect::message::count;
use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::usage::{UsagePoint, UsageSeries};
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::{self, ResampleParams, Resampler, TooMuchUsage, UsageOptions};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, recognise_or};
use weir_pipeline::usage::flows::FlowUsage;

use crate::arguments::Usage;
use crate::output::escape;
use crate::{inputs, progress};

/// What was read.
pub(super) struct ReadUsage {
    pub(super) series: Vec<UsageSeries>,
    pub(super) unreadable: Vec<String>,
    files: usize,
    records: u64,
    rejected: Vec<String>,
    rejected_rows: u64,
}

pub(super) fn read(arguments: &Usage) -> anyhow::Result<ReadUsage> {
    let files = inputs::find(&arguments.paths)?;
    let step = u32::try_from(arguments.step).ok().and_then(NonZeroU32::new).context("a step of no length")?;
    let limits =
        ResampleParams { step_seconds: step, statistic: arguments.statistic.into(), ..ResampleParams::default() };
    let mut points = Resampler::new(limits);
    let mut flows = FlowUsage::new(Arc::new(ranges(&arguments.ranges)?), limits);
    let mut all = ReadUsage {
        series: vec![],
        unreadable: vec![],
        files: files.len(),
        records: 0,
        rejected: vec![],
        rejected_rows: 0,
    };
    let bar = progress::bar(files.len(), "reading");
    for path in &files {
        // Series of files without keys are told apart by their files.
        let file = (files.len() > 1).then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        match one(arguments, path, file.as_deref(), &mut points, &mut flows)? {
            Ok(summary) => all.add(path, &summary),
            Err(error) => all.unreadable.push(error),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all.series = points.finish();
    all.series.extend(flows.finish()?);
    Ok(all)
}

/// Reads a file; the inner error is one of the file's.
fn one(
    arguments: &Usage,
    path: &Path,
    file: Option<&str>,
    points: &mut Resampler,
    flows: &mut FlowUsage,
) -> anyhow::Result<Result<ReadSummary, String>> {
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let otherwise = arguments.fields.as_ref().map(|_| Format::FlowLog);
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
            let options = FlowOptions { format, fields: arguments.fields.clone() };
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
                        problem = points.add(&UsagePoint { keys, ..*point }).err();
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
        let most = ProviderRanges::LARGEST_FILE as u64 + 1;
        let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.with_context(|| format!("{}", path.display()))?;
        if ranges.read(&bytes).with_context(|| format!("{}", path.display()))? == 0 {
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
    pub(super) fn tell(&self) {
        anstream::eprintln!(
            "{} series of {} records from {} files, {} rows rejected",
            count(self.series.len() as u64),
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
