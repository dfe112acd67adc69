//! Guesses the schema of a CSV or Parquet table from its first rows.

mod column;
mod names;

use std::io::Read;

use weir_domain::activity::{ActivitySchema, ColumnRole, ColumnSchema};

use super::number;
use super::parquet_table::{self, Table};
use super::row::{Cell, Content};
use super::schema_file::InferredSchema;
use super::shipped;
use crate::compression::ReadLimits;
use crate::delimited::{LineSplitter, column_names, guess_delimiter};
use crate::error::{ObjectName, Problem, ReadError};
use crate::text::{TextReader, without_mark};
use crate::time;
use column::{ColumnSample, Guess};

/// Rows from which a schema is guessed by default.
pub const SAMPLE_ROWS: usize = 10_000;

/// The most values in a sample. They bound the memory for counting distinct values (some 20 bytes each).
const MAX_VALUES: usize = 2 << 20;

/// Guesses the schema of a CSV table from its first `sample_rows` rows (and at most 2 million values).
///
/// The guess is for a person to edit, and the same for the same bytes:
///
/// - The delimiter is the one of `,`, tab, `;`, `|` that the first line has most of.
/// - The first line is a header when none of its values is a number or a time, no two are the same, and, in a table of text
///   only, none occurs again in its column. Without one the columns are called `column_1` and so on.
/// - Names like `label`, `class`, `target`, `attack_cat`, `is_anomaly` make a **label**; without names, a last column with
///   the value `normal` does.
/// - Dates and times, and numbers since the epoch in a column named so, are a **time**: the first such column; further ones
///   are ignored.
/// - Whole numbers that only grow, or values that hardly ever repeat, are an **id** when named so; text that hardly ever
///   repeats is one under any name. One column is the id, further ones are ignored.
/// - Numbers are **numeric**; whole numbers with few distinct values are **categorical** when named like a code (`protocol`,
///   `status`). A column with 1 % other values is still numeric.
/// - Text is **categorical**, unless more than half of its values differ: then it is ignored.
/// - A table with the columns of a [shipped schema](super::shipped_schemas) has that one.
///
/// # Errors
/// When the object cannot be read as text, has no row, more than [`ActivitySchema::MAX_COLUMNS`] columns, or none to learn
/// from.
pub fn infer(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    sample_rows: usize,
) -> Result<InferredSchema, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut sample: Option<TextSample> = None;
    while let Some(line) = text.next()? {
        let line = without_mark(line);
        match &mut sample {
            None => {
                let started = TextSample::start(line).map_err(|problem| text.fail(not_csv(problem)))?;
                sample = Some(started);
            }
            Some(sample) => {
                if sample.rows >= max_rows(sample_rows, sample.columns.len()) {
                    break;
                }
                sample.add(line);
            }
        }
    }
    let inferred = sample.map_or_else(|| Err("it is empty".to_owned()), TextSample::finish);
    inferred.map_err(|problem| text.fail(not_csv(problem)))
}

/// Guesses the schema of a Parquet table from its first `sample_rows` rows, as [`infer`] does. Nested columns, and those of a
/// type that is not read, are ignored.
///
/// # Errors
/// When the object is no Parquet table, or has no row or no column to learn from.
pub fn infer_parquet(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    sample_rows: usize,
) -> Result<InferredSchema, ReadError> {
    let fail = |problem| ReadError { object: object.clone(), line: 0, problem };
    let table = Table::open(input, limits).map_err(fail)?;
    let names = table.column_names();
    let mut samples: Vec<ColumnSample> = names.iter().map(|_| ColumnSample::default()).collect();
    let max_rows = max_rows(sample_rows, names.len());
    let mut rows = 0;
    table
        .sample(max_rows, |cells| {
            rows += 1;
            for (sample, cell) in samples.iter_mut().zip(cells) {
                match cell {
                    Cell::Holds(content) => sample.add(*content),
                    Cell::Missing | Cell::TooLong => sample.add_missing(),
                }
            }
        })
        .map_err(fail)?;
    let mut guesses: Vec<_> = names.iter().zip(&samples).map(|(name, sample)| sample.guess(name, false)).collect();
    for (at, guess) in guesses.iter_mut().enumerate() {
        match table.declared_role(at) {
            Some((role, why)) if guess.role != ColumnRole::Label => *guess = Guess::new(role, why),
            _ => {}
        }
    }
    let unusable = |problem| fail(Problem::NotThisFormat { format: parquet_table::FORMAT, problem });
    finish(ActivitySchema::new(Vec::new()), names, guesses, rows).map_err(unusable)
}

fn not_csv(problem: String) -> Problem {
    Problem::NotThisFormat { format: "CSV table that a schema can be guessed from", problem }
}

fn max_rows(sample_rows: usize, columns: usize) -> u64 {
    sample_rows.min(MAX_VALUES / columns.max(1)).max(1) as u64
}

/// The sample of a table of text.
struct TextSample {
    lines: LineSplitter,
    delimiter: u8,
    /// The first line: a header or a row, which the rows that follow decide.
    first: Vec<Vec<u8>>,
    columns: Vec<ColumnSample>,
    rows: u64,
}

impl TextSample {
    fn start(line: &[u8]) -> Result<Self, String> {
        if line.contains(&0) {
            return Err("it is no text".to_owned());
        }
        let delimiter = guess_delimiter(line);
        let mut lines = LineSplitter::new(delimiter);
        let fields = lines.split(line).map_err(|reason| format!("its first line cannot be read: {reason}"))?;
        if fields.len() > ActivitySchema::MAX_COLUMNS {
            return Err(format!("it has {} columns, more than are read", fields.len()));
        }
        let first: Vec<_> = fields.iter().map(|f| f.trim_ascii().to_vec()).collect();
        let columns = first.iter().map(|_| ColumnSample::default()).collect();
        Ok(Self { lines, delimiter, first, columns, rows: 0 })
    }

    /// Counts a row. Lines with another number of fields are skipped.
    fn add(&mut self, line: &[u8]) {
        let Ok(fields) = self.lines.split(line) else { return };
        if fields.len() == self.columns.len() {
            for (column, field) in self.columns.iter_mut().zip(fields) {
                column.add(Content::Text(field.trim_ascii()));
            }
            self.rows += 1;
        }
    }

    fn finish(mut self) -> Result<InferredSchema, String> {
        let header = self.first_is_header();
        let names = if header {
            column_names(self.first.iter().map(Vec::as_slice))
        } else {
            for (column, field) in self.columns.iter_mut().zip(&self.first) {
                column.add(Content::Text(field));
            }
            self.rows += 1;
            column_names(self.first.iter().map(|_| &b""[..]))
        };
        let last = self.columns.len() - 1;
        let guess = |(at, name): (usize, &String)| self.columns[at].guess(name, !header && at == last);
        let guesses = names.iter().enumerate().map(guess).collect();
        let delimiter = char::from(self.delimiter);
        finish(ActivitySchema { header, delimiter, ..ActivitySchema::new(Vec::new()) }, names, guesses, self.rows)
    }

    fn first_is_header(&self) -> bool {
        let value = |field: &Vec<u8>| {
            let missing = ActivitySchema::MISSING_VALUES.iter().any(|m| !m.is_empty() && m.as_bytes() == field);
            missing || number::finite(field).is_some() || time::from_text(field).is_some()
        };
        let mut names: Vec<_> = self.first.iter().filter(|f| !f.is_empty()).collect();
        let named = names.len();
        names.sort_unstable();
        names.dedup();
        if named == 0 || names.len() < named || self.first.iter().any(value) {
            return false;
        }
        let all_text = self.columns.iter().all(ColumnSample::is_text);
        !all_text || !self.columns.iter().zip(&self.first).any(|(column, field)| column.has(field))
    }
}

/// Makes a schema of the guesses, with at most one id and one time.
fn finish(
    mut schema: ActivitySchema,
    names: Vec<String>,
    mut guesses: Vec<Guess>,
    rows: u64,
) -> Result<InferredSchema, String> {
    if rows == 0 {
        return Err("it has no row".to_owned());
    }
    for (role, word) in [(ColumnRole::Id, "id"), (ColumnRole::Time, "time")] {
        let ranked = guesses.iter().enumerate().filter(|(_, g)| g.role == role);
        // Of equals the first.
        let Some((chosen, _)) = ranked.rev().max_by_key(|(_, g)| g.rank) else { continue };
        for (at, guess) in guesses.iter_mut().enumerate() {
            if guess.role == role && at != chosen {
                guess.role = ColumnRole::Ignore;
                guess.why = format!("{}; {:?} is the {word}", guess.why, names[chosen]);
            }
        }
    }
    schema.columns = names.into_iter().zip(&guesses).map(|(name, g)| ColumnSchema::new(name, g.role)).collect();
    schema.check().map_err(|e| e.to_string())?;
    if let Some((name, shipped)) = shipped::matching(&schema) {
        let why = guesses.into_iter().map(|guess| format!("as in {name}: {}", guess.why)).collect();
        let columns = shipped.columns.clone();
        return Ok(InferredSchema { schema: ActivitySchema { columns, ..schema }, why, rows });
    }
    Ok(InferredSchema { schema, why: guesses.into_iter().map(|g| g.why).collect(), rows })
}
