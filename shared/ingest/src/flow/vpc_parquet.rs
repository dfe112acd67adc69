//! Reads VPC and Transit Gateway Flow Logs in Parquet, as AWS delivers them and as tools rewrite them.
//!
//! Columns are found by name, with underscores or dashes, in any order; what each becomes is the table of
//! [`vpc_flow_log`](super::vpc_flow_log), and rows are read by the same rules: null is what `-` is in text, a
//! negative number is what a word is in place of a number. Only the columns that are needed are read.
//!
//! | | is read |
//! |---|---|
//! | columns | flat; required or optional |
//! | types | text as `BYTE_ARRAY`; numbers as `INT32`, `INT64` (signed or unsigned) or text; `account_id` as either |
//! | pages | plain values or a dictionary, of both versions |
//! | compression | none, Snappy, gzip, zstd; the file as a whole may be compressed too |
//!
//! Parquet is read from its end, so the object is copied to an unnamed temporary file first. The `parquet` crate reads the
//! footer and expands the pages, after [`parquet_guard`](crate::parquet_guard) has checked what both claim. Values are
//! decoded here, since a dictionary's addresses are then parsed once for each entry and not for each row.

mod column;
mod footer;
mod page;
mod problem;
mod runs;
mod schema;
mod table;

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::IpAddr;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::{ReadSummary, RejectReason};

use super::vpc_flow_log::field::{FIELDS, Field, Fields};
use super::vpc_flow_log::row::{Cells, Row, row};
use super::vpc_flow_log::value::{ABSENT, Cell};
use crate::compression::{Expanded, ReadLimits};
use crate::error::{ObjectName, Problem, ReadError};
use column::Column;
use footer::{Footer, Group};
use page::Pages;

/// Rows that are read at once.
const BATCH: usize = 8192;

/// The least that a row counts against the limit on expanded bytes; as text it would be longer. A few bytes of Parquet can
/// claim billions of equal rows.
const ROW_BYTES: u64 = 32;

/// Reads one object and calls back for every record, in the order of the file.
///
/// Memory is one page of each column, at most 192 MiB of them and one more page of 64 MiB however the file is made, and the
/// footer; the object is copied to a temporary file of at most `limits.expanded_bytes`. Every row is accounted for in the summary: records,
/// rows without data, or rejects with their number, from 1, in place of a line's.
///
/// # Errors
/// When the object as a whole cannot be read: no Parquet, damaged, cut off, or larger than the limit; no `srcaddr`,
/// `dstaddr` or `start`; a column that is nested or of a type that is not read. Records called back before that are to
/// be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut summary = ReadSummary::default();
    match read_into(input, limits, each, &mut summary).and_then(|()| limits.check(&summary)) {
        Ok(()) => Ok(summary),
        Err(problem) => Err(ReadError { object: object.clone(), line: summary.rows(), problem }),
    }
}

fn read_into(
    input: impl Read,
    limits: ReadLimits,
    mut each: impl FnMut(&FlowRecord<'_>),
    summary: &mut ReadSummary,
) -> Result<(), Problem> {
    let (file, size) = copy(input, limits.expanded_bytes)?;
    let Footer { schema, groups } = Footer::read(&file, size)?;
    let rows = groups.iter().fold(0u64, |rows, group| rows.saturating_add(group.rows));
    if rows.saturating_mul(ROW_BYTES) > limits.expanded_bytes {
        return Err(Problem::TooLarge { limit: limits.expanded_bytes });
    }
    let mut columns = Columns(std::array::from_fn(|_| None));
    for column in &schema.columns {
        columns.0[column.field as usize] = Some(Column::new(column));
    }
    let mut pages = Pages::new(file, limits.expanded_bytes);
    for Group { rows, chunks } in groups {
        for (schema, chunk) in schema.columns.iter().zip(chunks) {
            if let Some(column) = &mut columns.0[schema.field as usize] {
                column.begin(&chunk, &mut pages)?;
            }
        }
        let mut left = rows;
        while left > 0 {
            let batch = columns.read(&mut pages, left)?;
            columns.rows(&schema.fields, batch, &mut each, summary);
            left -= batch as u64;
        }
    }
    Ok(())
}

/// Copies the input, expanded if it is compressed, to an unnamed temporary file; the file and its size.
fn copy(input: impl Read, limit: u64) -> Result<(File, u64), Problem> {
    let mut input = Expanded::open(input).map_err(Problem::Io)?;
    let mut file = tempfile::tempfile().map_err(Problem::Io)?;
    let mut buffer = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok((file, size)),
            Ok(read) => {
                size += read as u64;
                if size > limit {
                    return Err(Problem::TooLarge { limit });
                }
                file.write_all(&buffer[..read]).map_err(Problem::Io)?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(input.problem(e)),
        }
    }
}

/// The columns that are read, each at the place of its field.
struct Columns<'s>([Option<Column<'s>>; FIELDS]);

impl Columns<'_> {
    /// Reads a batch of at most `left` rows from all columns; how many they are.
    fn read(&mut self, pages: &mut Pages, left: u64) -> Result<usize, Problem> {
        let mut batch = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
        // A batch ends where the page of any column ends.
        for column in self.0.iter_mut().flatten() {
            batch = batch.min(column.ready(pages)?);
        }
        for column in self.0.iter_mut().flatten() {
            column.read(batch)?;
        }
        Ok(batch)
    }

    /// Interprets the rows of a batch.
    fn rows(&self, fields: &Fields, batch: usize, each: &mut impl FnMut(&FlowRecord<'_>), summary: &mut ReadSummary) {
        for number in 0..batch {
            // By reference: a record is large, and moving it takes time.
            match &row(fields, &ParquetCells { columns: &self.0, row: number }) {
                Ok(Row::Record(record)) => {
                    each(record);
                    summary.records += 1;
                }
                Ok(Row::NoData) => summary.no_data += 1,
                Ok(Row::SkipData) => summary.skip_data += 1,
                Err(reason) => {
                    // For a reader of text: the fields that are read, in one order.
                    let mut shown = Vec::new();
                    for column in self.0.iter().flatten() {
                        column.show(number, &mut shown);
                        shown.push(b' ');
                    }
                    summary.reject(summary.rows() + 1, *reason, shown.trim_ascii_end());
                }
            }
        }
    }
}

/// The cells of a row.
struct ParquetCells<'a> {
    columns: &'a [Option<Column<'a>>; FIELDS],
    row: usize,
}

impl<'a> Cells<'a> for ParquetCells<'a> {
    #[inline]
    fn text(&self, field: Field) -> &'a [u8] {
        self.columns[field as usize].as_ref().map_or(ABSENT, |column| column.text(self.row))
    }

    #[inline]
    fn identifier(&self, field: Field) -> Result<&'a str, RejectReason> {
        self.columns[field as usize].as_ref().map_or(Ok(""), |column| column.identifier(self.row))
    }

    #[inline]
    fn number(&self, field: Field) -> Cell<u64> {
        self.columns[field as usize].as_ref().map_or(Cell::Absent, |column| column.number(self.row))
    }

    #[inline]
    fn address(&self, field: Field) -> Cell<IpAddr> {
        self.columns[field as usize].as_ref().map_or(Cell::Absent, |column| column.address(self.row))
    }
}

#[cfg(test)]
mod tests;
