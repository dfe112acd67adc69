//! Scored rows of a table, written as a table to read or as CSV.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use weir_domain::activity::{ActivitySchema, ColumnRole, Value};
use weir_domain::window::{utc_clock, utc_day};
use weir_pipeline::table::JudgedRow;

use crate::arguments::OutputFormat;
use crate::output::{Rows, escape};

/// The most rows of a table to read, unless `--all` is given.
const MAX_SHOWN: usize = 40;

/// CSV columns that follow the columns of the table.
const ADDED: [&str; 6] = ["score", "p_value", "predicted", "reason_1", "reason_2", "reason_3"];

/// Writes the anomalous rows, or all rows.
pub(super) struct RowWriter<'a> {
    schema: &'a ActivitySchema,
    all: bool,
    target: Target,
}

enum Target {
    Csv(Box<csv::Writer<Box<dyn Write>>>),
    /// The rows to print at the end, each with its p-value and score, and the number of anomalous rows so far.
    Table {
        out: Box<dyn Write>,
        rows: Vec<(f64, f64, Vec<String>)>,
        anomalous: usize,
    },
}

impl<'a> RowWriter<'a> {
    /// Writes to a file, or to standard output.
    ///
    /// # Errors
    /// When the file cannot be created, or the format is OCSF.
    pub(super) fn new(
        format: OutputFormat,
        output: Option<&Path>,
        all: bool,
        schema: &'a ActivitySchema,
    ) -> anyhow::Result<Self> {
        let out: Box<dyn Write> = match output {
            Some(path) => {
                Box::new(BufWriter::new(File::create(path).with_context(|| format!("writing {}", path.display()))?))
            }
            None => Box::new(anstream::stdout()),
        };
        let target = match format {
            OutputFormat::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                let columns = schema.columns.iter().filter(|c| c.role != ColumnRole::Ignore);
                csv.write_record(columns.map(|c| escape(&c.name)).chain(ADDED.map(str::to_owned)))?;
                Target::Csv(Box::new(csv))
            }
            OutputFormat::Table => Target::Table { out, rows: Vec::new(), anomalous: 0 },
            OutputFormat::Ocsf => anyhow::bail!("rows are written as a table or as CSV, not as OCSF"),
        };
        Ok(Self { schema, all, target })
    }

    /// Writes a row (CSV), or keeps it until the end (table).
    pub(super) fn push(&mut self, judged: &JudgedRow<'_>) -> anyhow::Result<()> {
        if !judged.anomalous && !self.all {
            return Ok(());
        }
        let schema = self.schema;
        let reason = |at: usize| judged.reasons.get(at).map(|r| escape(&r.to_string())).unwrap_or_default();
        match &mut self.target {
            Target::Csv(csv) => {
                let added = [
                    format!("{:.6}", judged.score.get()),
                    format!("{:.3e}", judged.p_value.get()),
                    // A value that programs read: it keeps its name.
                    if judged.anomalous { "anomalous" } else { "usual" }.to_owned(),
                    reason(0),
                    reason(1),
                    reason(2),
                ];
                match csv.write_record(cells(schema, judged).chain(added)) {
                    Err(e) if is_broken_pipe(&e) => Ok(()),
                    written => written.context("writing rows"),
                }
            }
            Target::Table { rows, anomalous, .. } => {
                *anomalous += usize::from(judged.anomalous);
                let reasons: Vec<_> = (0..3).map(reason).filter(|r| !r.is_empty()).collect();
                let line = vec![
                    judged.number.to_string(),
                    escape(judged.row.id),
                    judged.row.time.map(clock).unwrap_or_default(),
                    format!("{:.1e}", judged.p_value.get()),
                    judged.row.labels.last().map(|label| escape(label)).unwrap_or_default(),
                    reasons.join("\n"),
                ];
                rows.push((judged.p_value.get(), judged.score.get(), line));
                // Keeps the most anomalous rows so far, so that memory is bounded.
                if !self.all && rows.len() >= 2 * MAX_SHOWN {
                    keep_most_anomalous(rows);
                }
                Ok(())
            }
        }
    }

    /// Writes the rest: buffered CSV, or the table.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self.target {
            Target::Csv(mut csv) => match csv.flush() {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                flushed => flushed.context("writing rows"),
            },
            Target::Table { mut out, mut rows, anomalous } => {
                if rows.is_empty() {
                    return Ok(());
                }
                if !self.all {
                    keep_most_anomalous(&mut rows);
                }
                let shown = rows.len();
                let mut table = Rows::new(6, &["row", "id", "time (UTC)", "p-value", "label", "why"]);
                for (_, _, cells) in rows {
                    table.push(cells);
                }
                let mut write = || {
                    writeln!(out, "{table}")?;
                    if !self.all && anomalous > shown {
                        writeln!(
                            out,
                            "the {shown} most anomalous rows of {anomalous}; --format csv writes all of them"
                        )?;
                    }
                    out.flush()
                };
                match write() {
                    Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    written => written.context("writing rows"),
                }
            }
        }
    }
}

fn is_broken_pipe(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::BrokenPipe)
}

/// Sorts the rows by p-value, then by score, and keeps the most anomalous ones.
fn keep_most_anomalous(rows: &mut Vec<(f64, f64, Vec<String>)>) {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    rows.truncate(MAX_SHOWN);
}

fn clock(seconds: i64) -> String {
    format!("{} {}", utc_day(seconds), utc_clock(seconds))
}

/// The cells of a row in the order of the schema, without ignored columns.
fn cells<'a>(schema: &'a ActivitySchema, judged: &'a JudgedRow<'_>) -> impl Iterator<Item = String> + 'a {
    let (mut values, mut labels) = (judged.row.values.iter(), judged.row.labels.iter());
    let row = &judged.row;
    schema.columns.iter().filter(|c| c.role != ColumnRole::Ignore).map(move |column| match column.role {
        ColumnRole::Id => escape(row.id),
        ColumnRole::Time => row
            .time
            .map(|time| jiff::Timestamp::from_second(time).map_or(String::new(), |t| t.to_string()))
            .unwrap_or_default(),
        ColumnRole::Label => labels.next().map(|label| escape(label)).unwrap_or_default(),
        _ => match values.next() {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Text(text)) => escape(text),
            Some(Value::Missing) | None => String::new(),
        },
    })
}
