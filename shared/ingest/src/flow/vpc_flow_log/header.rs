//! The header line: which column holds which field, and so how a line becomes a row.

use std::net::IpAddr;

use weir_domain::reject::RejectReason;

use super::field::{FIELDS, Field, Fields};
use super::row::{ABSENT, Cells, Row, row};
use super::value::{Cell, address, identifier, number};
use crate::error::Problem;
use crate::text::without_mark;

/// The most columns a header may have; version 11 and Transit Gateway formats together have fewer than 80 fields.
pub(crate) const MOST_COLUMNS: usize = 256;

/// Where each field stands in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Per column, the field it holds; `None` for columns that are skipped.
    columns: Vec<Option<Field>>,
    fields: Fields,
}

impl Header {
    /// Reads a header line, which may stand behind a byte order mark.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Problem> {
        let mut header = Self::default();
        for name in without_mark(line).split(|&b| b == b' ').filter(|name| !name.is_empty()) {
            if header.columns.len() == MOST_COLUMNS || !is_name(name) {
                return Err(Problem::NoHeader);
            }
            header.add(name).map_err(|field| Problem::RepeatedField { field: field.name() })?;
        }
        // Two known names tell a header with a forgotten field from something else altogether.
        if header.fields.known() < 2 {
            return Err(Problem::NoHeader);
        }
        header.check()?;
        Ok(header)
    }

    /// Adds a column by its name; fails with a field that is there already.
    pub(super) fn add(&mut self, name: &[u8]) -> Result<(), Field> {
        self.columns.push(self.fields.add(name)?);
        Ok(())
    }

    /// Fails without the fields without which nothing can be said.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.fields.check()
    }

    /// Reads a row under this header.
    pub(super) fn row<'a>(&self, line: &'a [u8]) -> Result<Row<'a>, RejectReason> {
        let mut cells = TextCells([ABSENT; FIELDS]);
        self.split(line, &mut cells.0)?;
        row(&self.fields, &cells)
    }

    /// Puts the cells of the fields that are read in their places.
    #[inline]
    fn split<'a>(&self, line: &'a [u8], cells: &mut [&'a [u8]; FIELDS]) -> Result<(), RejectReason> {
        let mut columns = self.columns.iter();
        let mut from = 0;
        for at in memchr::memchr_iter(b' ', line).chain(std::iter::once(line.len())) {
            let cell = &line[from..at];
            from = at + 1;
            match columns.next() {
                Some(Some(field)) => cells[*field as usize] = cell,
                Some(None) => {}
                // A blank at the end of the line is no further field.
                None if cell.is_empty() && at == line.len() => {}
                None => return Err(RejectReason::FieldCount),
            }
        }
        if columns.next().is_some() { Err(RejectReason::FieldCount) } else { Ok(()) }
    }
}

/// Field names are letters, digits, dashes and underscores, and begin with a letter.
pub(super) fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The cells of a line.
struct TextCells<'a>([&'a [u8]; FIELDS]);

impl<'a> Cells<'a> for TextCells<'a> {
    #[inline]
    fn text(&self, field: Field) -> &'a [u8] {
        self.0[field as usize]
    }

    #[inline]
    fn identifier(&self, field: Field) -> Result<&'a str, RejectReason> {
        identifier(self.text(field))
    }

    #[inline]
    fn number(&self, field: Field) -> Cell<u64> {
        number(self.text(field))
    }

    #[inline]
    fn address(&self, field: Field) -> Cell<IpAddr> {
        address(self.text(field))
    }
}
