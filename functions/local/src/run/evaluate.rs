//! `weir evaluate`: how good findings and estimators are, where the truth is known.
//!
//! What is evaluated decides the module: [`findings`] against a truth file, [`suite`], the estimators on tables, [`nab`] and
//! [`cloudmon`], the detectors for series, or [`labels`], one estimator on the rows of a labelled table that were held out.

mod adbench;
mod cloudmon;
mod estimators;
mod findings;
mod labels;
mod nab;
mod reference;
mod series;
mod suite;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::arguments::{Evaluate, EvaluationFormat, Suite};
use crate::output::Rows;

pub(super) fn run(arguments: &Evaluate) -> anyhow::Result<ExitCode> {
    match (&arguments.findings, &arguments.truth, arguments.suite, &arguments.path) {
        (Some(findings), Some(truth), _, _) => findings::run(findings, truth, arguments.format),
        (_, _, Some(Suite::Adbench), Some(path)) => suite::run(path, arguments),
        (_, _, Some(Suite::Nab), Some(path)) => nab::run(path, arguments.format),
        (_, _, Some(Suite::Cloudmon), Some(path)) => cloudmon::run(path, arguments.format),
        (_, _, None, Some(path)) if arguments.labels.is_some() => labels::run(path, arguments),
        _ => anyhow::bail!("nothing to evaluate: give --findings and --truth, or a path with --suite or --labels"),
    }
}

/// Reads a file of at most so many bytes.
fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("{shown}"))?;
    file.take(most + 1).read_to_end(&mut bytes).with_context(|| format!("{shown}"))?;
    anyhow::ensure!(bytes.len() as u64 <= most, "{shown}: longer than {} MiB", most >> 20);
    Ok(bytes)
}

/// Writes a result to standard output, as tables or as JSON.
fn show(
    format: EvaluationFormat,
    tables: &[Rows],
    lines: &[String],
    json: &impl serde::Serialize,
) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let mut write = || match format {
        EvaluationFormat::Json => {
            serde_json::to_writer_pretty(&mut out, json)?;
            writeln!(out)
        }
        EvaluationFormat::Table => {
            tables.iter().try_for_each(|rows| writeln!(out, "{rows}"))?;
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))
        }
    };
    match write() {
        // Whoever reads has seen enough: `weir evaluate … | head`.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing the evaluation"),
    }
}

/// A number to so many places, or a dash where there is none.
fn number(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}
