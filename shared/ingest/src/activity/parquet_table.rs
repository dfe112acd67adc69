//! Reads Parquet tables by a schema and calls back for every row.

mod columns;

use std::fs::File;
use std::io::{self, Read};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole};
use weir_domain::reject::ReadSummary;

use super::csv_table::places;
use super::row::{Cell, Content, RowMaker};
use crate::compression::{Expanded, ReadLimits};
use crate::error::{ObjectName, Problem, ReadError};
use crate::parquet_guard::{self, MAX_STEP_ROWS, Refused, check_footer, check_pages};
use columns::{Column, ColumnCursor, Held, Kind, columns};

/// The name of the format in errors.
pub(super) const FORMAT: &str = "Parquet table that can be read";

/// Reads one Parquet table and calls back for every row, in the order of the table. Columns are found by name.
///
/// | Parquet type | as a number | as text, id or label |
/// |---|---|---|
/// | `BOOLEAN` | 0 or 1 | `false`, `true` |
/// | `INT32`, `INT64`, signed and unsigned; decimals of these; `FLOAT`, `DOUBLE` | as it is | in decimal |
/// | dates, timestamps, `INT96` | seconds since the epoch | the same in decimal |
/// | `BYTE_ARRAY` (strings, enums, JSON) | read as in CSV | as it is |
///
/// A null is a missing value; so are a NaN, where the schema lists it, and text as in CSV. Rejects count rows from 1.
///
/// The footer stands at the end, so the object is first copied to a temporary file, of at most `limits.expanded_bytes`; what
/// is read from it is bounded by the same number. In memory are the pages that are open, one of each column: a file with
/// pages that expand to more than 256 MiB, or than an equal share of 1 GiB for each column (but 4 MiB), is not read. Nor are
/// texts encoded by their differences.
///
/// # Errors
/// When the object as a whole cannot be read: no Parquet, damaged, without a column that the schema needs or with one that is
/// nested or of another type, larger than the limit, more rejects than the limit; and when the schema
/// [has faults](ActivitySchema::check). Rows called back before that are to be thrown away.
pub fn read_parquet(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    schema: &ActivitySchema,
    mut each: impl FnMut(&ActivityRow<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut summary = ReadSummary::default();
    let read = || -> Result<(), Problem> {
        let rows = RowMaker::new(schema)?;
        let table = Table::open(input, limits)?;
        let wanted = table.wanted(schema)?;
        table.each_row(&wanted, u64::MAX, |row, cells| match rows.make(|at| cells[at], &mut each) {
            Ok(()) => summary.records += 1,
            Err(reason) => summary.reject(row, reason, &excerpt(cells)),
        })?;
        limits.check(&summary)
    };
    let read = read();
    match read {
        Ok(()) => Ok(summary),
        Err(problem) => Err(ReadError { object: object.clone(), line: summary.rows(), problem }),
    }
}

/// The beginning of a row as CSV.
fn excerpt(cells: &[Cell<'_>]) -> Vec<u8> {
    let mut row = Vec::new();
    for cell in cells {
        match cell {
            Cell::Missing => {}
            Cell::TooLong => row.extend_from_slice("…".as_bytes()),
            Cell::Holds(Content::Number(number)) => row.extend_from_slice(number.to_string().as_bytes()),
            Cell::Holds(Content::Text(text)) => row.extend_from_slice(text),
        }
        row.push(b',');
        if row.len() > 512 {
            break;
        }
    }
    row.pop();
    row
}

/// A Parquet file, its footer read and checked.
pub(super) struct Table {
    file: File,
    reader: SerializedFileReader<File>,
    columns: Vec<Column>,
    limit: u64,
}

/// A row group that is being read.
struct Group {
    rows: u64,
    /// How many rows are read at once.
    step_rows: usize,
    /// A cursor for each column that is wanted.
    cursors: Vec<Option<ColumnCursor>>,
}

/// A column that is read: its place in the row groups, what it is, and whether numbers are wanted as text.
type Wanted = Option<(usize, Kind, bool)>;

impl Table {
    pub(super) fn open(input: impl Read, limits: ReadLimits) -> Result<Self, Problem> {
        let limit = limits.expanded_bytes;
        let mut file = tempfile::tempfile().map_err(Problem::Io)?;
        let mut expanded = Expanded::open(input).map_err(Problem::Io)?;
        let copied = io::copy(&mut expanded.by_ref().take(limit.saturating_add(1)), &mut file);
        if copied.map_err(|e| expanded.problem(e))? > limit {
            return Err(Problem::TooLarge { limit });
        }
        check_footer(&mut file).map_err(not_read)?;
        let copy = file.try_clone().map_err(Problem::Io)?;
        let reader = caught(|| SerializedFileReader::new(copy))?;
        let columns = columns(reader.metadata().file_metadata().schema_descr());
        if columns.len() > ActivitySchema::MAX_COLUMNS {
            return Err(unreadable(format!("it has {} columns, more than are read", columns.len())));
        }
        Ok(Self { file, reader, columns, limit })
    }

    pub(super) fn column_names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The role of a column by its type alone, and the reason.
    pub(super) fn declared_role(&self, column: usize) -> Option<(ColumnRole, &'static str)> {
        match self.columns.get(column)?.source {
            Err(why) => Some((ColumnRole::Ignore, why)),
            Ok((_, kind)) if kind.is_time() => Some((ColumnRole::Time, "of a type for times")),
            Ok(_) => None,
        }
    }

    /// The first rows, with a cell for every column; empty for those that are not read.
    pub(super) fn sample(&self, rows: u64, mut each: impl FnMut(&[Cell<'_>])) -> Result<(), Problem> {
        let wanted = self.columns.iter().map(|column| column.source.ok().map(|(at, kind)| (at, kind, false)));
        self.each_row(&wanted.collect::<Vec<_>>(), rows, |_, cells| each(cells))
    }

    /// The columns that a schema names.
    fn wanted(&self, schema: &ActivitySchema) -> Result<Vec<Wanted>, Problem> {
        let places = places(schema, |name| self.columns.iter().position(|column| column.name == name))
            .map_err(|missing| unreadable(format!("it has no column {missing}: read it by its own schema")))?;
        let wanted = schema.columns.iter().zip(places).map(|(column, place)| {
            let Some(place) = place.filter(|_| column.role != ColumnRole::Ignore) else { return Ok(None) };
            let as_text = !matches!(column.role, ColumnRole::Numeric | ColumnRole::Time);
            match self.columns[place].source {
                Ok((at, kind)) => Ok(Some((at, kind, as_text))),
                Err(why) => Err(unreadable(format!("column {:?} is {why}: make its role ignore", column.name))),
            }
        });
        wanted.collect()
    }

    /// Calls back for the first rows, with their numbers, from 1, and a cell for each column that is wanted.
    fn each_row(
        &self,
        wanted: &[Wanted],
        max_rows: u64,
        mut each: impl FnMut(u64, &[Cell<'_>]),
    ) -> Result<(), Problem> {
        let (mut row, mut read) = (0, 0);
        for group in 0..self.reader.num_row_groups() {
            if row >= max_rows {
                break;
            }
            let Group { rows: mut left, step_rows, mut cursors } = self.open_group(group, wanted)?;
            while left > 0 && row < max_rows {
                let rows = left.min(step_rows as u64).min(max_rows - row) as usize;
                caught(|| cursors.iter_mut().flatten().try_for_each(|cursor| cursor.advance(rows)))?;
                // A few bytes may stand for any number of equal values.
                read += rows as u64;
                read += cursors.iter().flatten().flat_map(|cursor| &cursor.held).map(Held::size).sum::<u64>();
                if read > self.limit {
                    return Err(Problem::TooLarge { limit: self.limit });
                }
                for at in 0..rows {
                    row += 1;
                    let held = cursors.iter().map(|cursor| cursor.as_ref().and_then(|cursor| cursor.held.get(at)));
                    each(row, &held.map(|held| held.map_or(Cell::Missing, Held::cell)).collect::<Vec<_>>());
                }
                left -= rows as u64;
            }
        }
        Ok(())
    }

    /// Opens a row group, after a check of its pages.
    fn open_group(&self, group: usize, wanted: &[Wanted]) -> Result<Group, Problem> {
        let metadata = self.reader.metadata().row_group(group);
        let rows = u64::try_from(metadata.num_rows()).map_err(|_| damaged("a negative number of rows"))?;
        let mut step_rows = MAX_STEP_ROWS;
        for (at, ..) in wanted.iter().flatten() {
            let chunk = metadata.columns().get(*at).ok_or_else(|| damaged("a row group with too few columns"))?;
            let totals = check_pages(&mut &self.file, chunk, wanted.len()).map_err(not_read)?;
            step_rows = step_rows.min(totals.step_rows);
        }
        let cursors = caught(|| {
            let group = self.reader.get_row_group(group)?;
            let open = |wanted: &Wanted| {
                let cursor = wanted.map(|(at, kind, as_text)| {
                    group.get_column_reader(at).map(|reader| ColumnCursor::new(reader, kind, as_text))
                });
                cursor.transpose()
            };
            wanted.iter().map(open).collect::<Result<Vec<_>, ParquetError>>()
        })?;
        Ok(Group { rows, step_rows, cursors })
    }
}

fn caught<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Problem> {
    parquet_guard::caught(call).map_err(|error| damaged(&error))
}

fn damaged(what: &str) -> Problem {
    unreadable(format!("it is damaged ({what}): write the table again"))
}

fn unreadable(problem: String) -> Problem {
    Problem::NotThisFormat { format: FORMAT, problem }
}

fn not_read(refused: Refused) -> Problem {
    match refused {
        Refused::Io(error) => Problem::Io(error),
        Refused::Claim(what) => unreadable(what),
    }
}
