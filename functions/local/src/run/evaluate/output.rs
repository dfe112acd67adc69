//! Reads bounded files and writes results as tables or JSON, for all evaluations.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;

use crate::arguments::EvaluationFormat;
use crate::output::Rows;

/// Reads a file of at most `max` bytes.
pub(super) fn read(path: &Path, max: u64) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("{shown}"))?;
    file.take(max + 1).read_to_end(&mut bytes).with_context(|| format!("{shown}"))?;
    anyhow::ensure!(bytes.len() as u64 <= max, "{shown}: larger than {} MiB", max >> 20);
    Ok(bytes)
}

/// Writes a result to standard output, as tables and lines or as indented JSON.
pub(super) fn show(
    format: EvaluationFormat,
    tables: &[Rows],
    lines: &[String],
    json: &impl serde::Serialize,
) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(json).context("writing the evaluation")?;
    print(format, tables, lines, &json)
}

/// Writes a result to standard output, as tables and lines or as JSON that is already text.
pub(super) fn print(format: EvaluationFormat, tables: &[Rows], lines: &[String], json: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let mut write = || match format {
        EvaluationFormat::Json => writeln!(out, "{json}"),
        EvaluationFormat::Table => {
            tables.iter().try_for_each(|rows| writeln!(out, "{rows}"))?;
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))
        }
    };
    match write() {
        // The reader has closed the pipe: `weir evaluate … | head`.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing the evaluation"),
    }
}

/// A number with a fixed number of decimal places, or a dash for `None`.
pub(super) fn number(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}
