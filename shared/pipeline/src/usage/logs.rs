//! Reads whole files of usage and of flow logs: measurements as they are, and traffic in flow logs by the provider of the peer.

use std::io::{self, Read};
use std::sync::Arc;

use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::usage::{UsagePoint, UsageSeries};
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::{self, ResampleParams, Resampler, TooMuchUsage, UsageOptions};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, recognise_or};

use super::detect::UsagePoints;
use super::from_flows::FlowUsage;

/// A collector of measurements.
pub trait CollectPoints {
    /// Adds a measurement.
    ///
    /// # Errors
    /// When there are too many series or measurements, or the value is not finite.
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

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UsageLogError {
    /// The file is unreadable and adds nothing; other files are not affected.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// There are too many series or measurements to go on.
    #[error("{object}: {problem}")]
    TooMuch {
        /// The file that exceeds the limit.
        object: ObjectName,
        /// The limit.
        problem: TooMuchUsage,
    },
}

/// How files are read.
#[derive(Debug, Clone, Default)]
pub struct UsageLogOptions {
    /// The format of all files; `None` recognises each by its content.
    pub format: Option<Format>,
    /// The fields of flow logs without a header.
    pub fields: Option<FieldOrder>,
}

/// Reads files one after the other: measurements go to a collector, flow logs become series.
pub struct UsageLogs<'a, P> {
    options: UsageLogOptions,
    points: &'a mut P,
    flows: FlowUsage,
}

impl<'a, P: CollectPoints> UsageLogs<'a, P> {
    /// Starts to read. `limits` has the step and the limits of the series from flow logs.
    pub fn new(options: UsageLogOptions, ranges: ProviderRanges, limits: ResampleParams, points: &'a mut P) -> Self {
        Self { options, points, flows: FlowUsage::new(Arc::new(ranges), limits) }
    }

    /// The first and the last time in a file of measurements; `None` for other files and for unreadable ones, whose error
    /// [`read`](Self::read) returns.
    pub fn time_span<R: Read>(&self, name: &ObjectName, open: impl Fn() -> io::Result<R>) -> Option<(i64, i64)> {
        let format = self.options.format.or_else(|| recognise_or(None, open().ok()?, name).ok()?.0)?;
        if format != Format::Usage {
            return None;
        }
        let mut span: Option<(i64, i64)> = None;
        usage::read(open().ok()?, name, ReadLimits::default(), &UsageOptions::default(), |point| {
            let (first, last) = span.unwrap_or((point.time, point.time));
            span = Some((first.min(point.time), last.max(point.time)));
        })
        .ok()?;
        span
    }

    /// Reads a file, which is opened up to three times. Measurements without keys get the key `file` with `series` as its value.
    ///
    /// # Errors
    /// When the file is unreadable, or there are too many series.
    pub fn read<R: Read>(
        &mut self,
        name: &ObjectName,
        series: Option<&str>,
        open: impl Fn() -> io::Result<R>,
    ) -> Result<ReadSummary, UsageLogError> {
        let open = || open().map_err(|error| failed(name, Problem::Io(error)));
        let fallback = self.options.fields.as_ref().map(|_| Format::FlowLog);
        let format = match self.options.format {
            Some(format) => Some(format),
            None => recognise_or(fallback, open()?, name)?.0,
        };
        match format.map(|format| (format, format.source())) {
            None => Ok(ReadSummary::default()),
            Some((_, Source::Flow)) => self.read_flows(format, name, open()?),
            Some((_, Source::Usage)) => {
                // The first pass only checks the file, so that no rows before an error are counted.
                self.read_points(name, series, open()?, false)?;
                self.read_points(name, series, open()?, true)
            }
            Some((format, _)) => {
                let expected = "usage over time or a flow log";
                Err(failed(name, Problem::OtherSource { format: format.name(), expected }).into())
            }
        }
    }

    fn read_flows(
        &mut self,
        format: Option<Format>,
        name: &ObjectName,
        input: impl Read,
    ) -> Result<ReadSummary, UsageLogError> {
        let options = FlowOptions { format, fields: self.options.fields.clone() };
        // Counted separately until the whole file was read, so that rows before an error are dropped.
        let (mut file, mut problem) = (self.flows.empty(), None);
        let read = flow::read(input, name, ReadLimits::default(), &options, |row| {
            if problem.is_none() {
                problem = file.add(row).err();
            }
        });
        if problem.is_none() && read.is_ok() {
            problem = self.flows.merge(file).err();
        }
        finish(read, problem, name)
    }

    fn read_points(
        &mut self,
        name: &ObjectName,
        series: Option<&str>,
        input: impl Read,
        is_collected: bool,
    ) -> Result<ReadSummary, UsageLogError> {
        let mut problem = None;
        let read = usage::read(input, name, ReadLimits::default(), &UsageOptions::default(), |point| {
            if is_collected && problem.is_none() {
                let key = [("file", series.unwrap_or_default())];
                let keys = if point.keys.is_empty() && series.is_some() { &key[..] } else { point.keys };
                problem = self.points.collect(&UsagePoint { keys, ..*point }).err();
            }
        });
        finish(read, problem, name)
    }

    /// The series from flow logs.
    ///
    /// # Errors
    /// When there are too many steps.
    pub fn finish(self) -> Result<Vec<UsageSeries>, TooMuchUsage> {
        self.flows.finish()
    }
}

fn failed(object: &ObjectName, problem: Problem) -> ReadError {
    ReadError { object: object.clone(), line: 0, problem }
}

fn finish(
    read: Result<ReadSummary, ReadError>,
    problem: Option<TooMuchUsage>,
    object: &ObjectName,
) -> Result<ReadSummary, UsageLogError> {
    match problem {
        Some(problem) => Err(UsageLogError::TooMuch { object: object.clone(), problem }),
        None => Ok(read?),
    }
}
