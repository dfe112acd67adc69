//! `weir usage`: what is usual of usage over time, what stands out, what is to come, and how series compare.
//!
//! `read` makes series of files, [`weir_pipeline::usage`] looks at them, and `table`, `csv` and `report` show what it says.
//! `detect` gives findings instead.

mod csv;
pub(super) mod detect;
mod files;
mod read;
mod report;
mod table;
mod words;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use weir_domain::usage::UsageSeries;
use weir_ingest::usage::{ResampleParams, Resampler};
use weir_pipeline::usage::{UsageAnalysis, UsageOptions, analyse};

use crate::arguments::{Usage, UsageFormat};
use read::Inputs;
use words::Words;

pub(super) fn run(arguments: &Usage) -> anyhow::Result<ExitCode> {
    let step = u32::try_from(arguments.step).ok().and_then(NonZeroU32::new).context("a step of no length")?;
    let limits =
        ResampleParams { step_seconds: step, statistic: arguments.statistic.into(), ..ResampleParams::default() };
    let mut points = Resampler::new(limits);
    let inputs = Inputs {
        paths: &arguments.paths,
        input_format: arguments.input_format,
        fields: arguments.fields.as_ref(),
        ranges: &arguments.ranges,
        limits,
    };
    let mut read = read::read(&inputs, &mut points)?;
    let mut series = points.finish();
    series.append(&mut read.flows);
    read.tell(series.len());
    if series.is_empty() {
        bail!("no usage was read: `weir inspect` tells what a file is");
    }
    let options = UsageOptions {
        zone: arguments.timezone.clone(),
        horizon: u32::try_from(arguments.horizon).unwrap_or(u32::MAX),
        top_share: arguments.top,
        seed: arguments.seed,
        ..UsageOptions::default()
    };
    let analysis = analyse(&series, &options)?;
    let words = Words { zone: options.zone };
    write(arguments.output.as_deref(), |out| show(out, arguments.format, &analysis, &words))?;
    if let Some(path) = &arguments.report {
        let page = report::page(&analysis, &series, &words);
        write(Some(path), |out| out.write_all(page.as_bytes()))?;
        anstream::eprintln!("report in {}", path.display());
    }
    Ok(ExitCode::from(if read.unreadable.is_empty() { 0 } else { 2 }))
}

fn show(out: &mut dyn Write, format: UsageFormat, analysis: &UsageAnalysis, words: &Words) -> io::Result<()> {
    match format {
        UsageFormat::Table => out.write_all(table::tables(analysis, words).as_bytes()),
        UsageFormat::Csv => csv::write(out, analysis, words),
        UsageFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, analysis)?;
            writeln!(out)
        }
    }
}

/// Writes to a file, or to standard output.
fn write(path: Option<&Path>, show: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = match path {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).with_context(|| format!("writing {}", path.display()))?))
        }
        None => Box::new(BufWriter::new(anstream::stdout().lock())),
    };
    match show(&mut *out).and_then(|()| out.flush()) {
        // Whoever reads has seen enough: `weir usage … | head`.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing what was found"),
    }
}

/// Which series are shown where not all can be: those of the largest totals in their metric, in their order.
fn largest(series: &[UsageSeries], most: usize) -> Vec<usize> {
    let total = |at: &usize| series[*at].values.iter().flatten().sum::<f64>();
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by(|a, b| total(b).total_cmp(&total(a)).then(a.cmp(b)));
    order.truncate(most);
    order.sort_unstable();
    order
}
