//! `weir usage`: analyses usage over time and shows baselines, anomalies, forecasts and comparisons of series.
//!
//! `usage_logs` reads files into series, [`weir_pipeline::usage`] analyses them, and `tables`, `csv` and `report` show the result.
//! `weir detect --source usage` reports findings instead.

mod csv;
mod format;
mod report;
mod tables;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use weir_ingest::usage::{ResampleParams, Resampler};
use weir_pipeline::usage::{UsageAnalysis, UsageOptions, analyse};

use super::usage_logs::{UsageInputs, read_usage_logs};
use crate::arguments::{Usage, UsageFormat};
use format::Clock;

pub(super) fn run(arguments: &Usage) -> anyhow::Result<ExitCode> {
    let step =
        u32::try_from(arguments.step).ok().and_then(NonZeroU32::new).context("a step must be longer than 0 seconds")?;
    let limits =
        ResampleParams { step_seconds: step, statistic: arguments.statistic.into(), ..ResampleParams::default() };
    let mut points = Resampler::new(limits);
    let inputs = UsageInputs {
        paths: &arguments.paths,
        input_format: arguments.input_format,
        fields: arguments.fields.as_ref(),
        ranges: &arguments.ranges,
        limits,
    };
    let mut read = read_usage_logs(&inputs, &mut points)?;
    let mut series = points.finish();
    series.append(&mut read.flows);
    read.print(series.len());
    if series.is_empty() {
        bail!("no usage was read: `weir inspect` shows the format of a file");
    }
    let options = UsageOptions {
        zone: arguments.timezone.clone(),
        horizon: u32::try_from(arguments.horizon).unwrap_or(u32::MAX),
        top_share: arguments.top,
        seed: arguments.seed,
        ..UsageOptions::default()
    };
    let analysis = analyse(&series, &options)?;
    let clock = Clock { zone: options.zone };
    write(arguments.output.as_deref(), |out| write_analysis(out, arguments.format, &analysis, &clock))?;
    if let Some(path) = &arguments.report {
        let page = report::page(&analysis, &series, &clock);
        write(Some(path), |out| out.write_all(page.as_bytes()))?;
        anstream::eprintln!("report in {}", path.display());
    }
    Ok(ExitCode::from(if read.unreadable.is_empty() { 0 } else { 2 }))
}

fn write_analysis(out: &mut dyn Write, format: UsageFormat, analysis: &UsageAnalysis, clock: &Clock) -> io::Result<()> {
    match format {
        UsageFormat::Table => out.write_all(tables::tables(analysis, clock).as_bytes()),
        UsageFormat::Csv => csv::write(out, analysis, clock),
        UsageFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, analysis)?;
            writeln!(out)
        }
    }
}

/// Writes to a file, or to standard output.
fn write(path: Option<&Path>, print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = match path {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).with_context(|| format!("writing {}", path.display()))?))
        }
        None => Box::new(BufWriter::new(anstream::stdout().lock())),
    };
    match print(&mut *out).and_then(|()| out.flush()) {
        // The reader has closed the pipe: `weir usage … | head`.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing the analysis"),
    }
}
