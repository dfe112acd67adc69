//! Parses the header line, which assigns fields to columns, and reads rows by it.

use std::net::IpAddr;
use std::ops::Range;

use weir_domain::reject::RejectReason;

use super::field::{FIELDS, Field, Fields};
use super::row::{ABSENT, Cells, Row, row};
use super::value::{Cell, address_at, byte_mask, identifier, number_at};
use crate::error::Problem;
use crate::text::without_mark;

/// The most columns a header may have; version 11 and Transit Gateway formats together have fewer than 80 fields.
pub(crate) const MAX_COLUMNS: usize = 256;

/// The position of each field in a row.
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
            if header.columns.len() == MAX_COLUMNS || !is_name(name) {
                return Err(Problem::NoHeader);
            }
            header.add(name).map_err(|field| Problem::RepeatedField { field: field.name() })?;
        }
        // With two field names it is a header that lacks a field, with fewer it is something else.
        if header.fields.count() < 2 {
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

    /// Fails without the required fields.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.fields.check()
    }

    /// Reads a row under this header.
    pub(super) fn row<'a>(&self, line: &'a [u8]) -> Result<Row<'a>, RejectReason> {
        let mut cells = TextCells { line, places: [NOWHERE; FIELDS] };
        self.split(line, &mut cells.places)?;
        row(&self.fields, &cells)
    }

    /// Finds the places of the fields that are read.
    #[inline(never)] // So that its loop has the registers for itself.
    fn split(&self, line: &[u8], places: &mut [Place; FIELDS]) -> Result<(), RejectReason> {
        let mut columns = self.columns.iter();
        let mut from = 0;
        let mut cell_ends = |at: usize| {
            let place = (from as u32, at as u32);
            from = at + 1;
            match columns.next() {
                Some(Some(field)) => places[*field as usize] = place,
                Some(None) => {}
                // A blank at the end of the line is no further field.
                None if place.0 == place.1 && at == line.len() => {}
                None => return Err(RejectReason::FieldCount),
            }
            Ok(())
        };
        // Sixty-four bytes are looked at as one, since how many blanks eight hold cannot be predicted.
        for at in (0..line.len()).step_by(64) {
            let mut blanks = blanks(line, at);
            while blanks != 0 {
                cell_ends(at + blanks.trailing_zeros() as usize)?;
                blanks &= blanks - 1;
            }
        }
        cell_ends(line.len())?;
        if columns.next().is_some() { Err(RejectReason::FieldCount) } else { Ok(()) }
    }
}

/// A bit for each of the 64 bytes from a place on, set if it is a blank.
#[inline]
fn blanks(line: &[u8], at: usize) -> u64 {
    let rest = &line[at..line.len().min(at + 64)];
    let (words, last) = rest.as_chunks();
    let blanks = |word| u64::from(byte_mask(b' ', word));
    let whole = words.iter().rev().fold(0, |bits, word| bits << 8 | blanks(u64::from_le_bytes(*word)));
    if last.is_empty() {
        return whole;
    }
    let word = match line.last_chunk() {
        // The last bytes of the line, from the end of its last eight.
        Some(end) => u64::from_le_bytes(*end) >> (64 - 8 * last.len()),
        None => last.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    whole | blanks(word) << (8 * words.len())
}

/// Field names are letters, digits, dashes and underscores, and begin with a letter.
pub(super) fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Where a cell begins and ends in its line, which is shorter than 4 GiB.
type Place = (u32, u32);

/// The place of a field without a column.
const NOWHERE: Place = (1, 0);

/// The cells of a line.
struct TextCells<'a> {
    line: &'a [u8],
    places: [Place; FIELDS],
}

impl TextCells<'_> {
    /// Where a field's cell is, if there is a column for it.
    #[inline]
    fn place(&self, field: Field) -> Option<Range<usize>> {
        let (from, to) = self.places[field as usize];
        (from <= to).then_some(from as usize..to as usize)
    }
}

impl<'a> Cells<'a> for TextCells<'a> {
    #[inline]
    fn text(&self, field: Field) -> &'a [u8] {
        self.place(field).map_or(ABSENT, |place| &self.line[place])
    }

    #[inline]
    fn identifier(&self, field: Field) -> Result<&'a str, RejectReason> {
        self.place(field).map_or(Ok(""), |place| identifier(&self.line[place]))
    }

    #[inline]
    fn number(&self, field: Field) -> Cell<u64> {
        self.place(field).map_or(Cell::Absent, |place| number_at(self.line, place))
    }

    #[inline]
    fn address(&self, field: Field) -> Cell<IpAddr> {
        self.place(field).map_or(Cell::Absent, |place| address_at(self.line, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blanks_are_where_they_are(line in "[ !-~\u{80}-\u{fff}\u{1}]{0,20}| {0,20}|[a-z ]{0,90}") {
            let line = line.as_bytes();
            let expected: Vec<_> = line.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at).collect();
            let found = (0..line.len()).filter(|at| blanks(line, at / 64 * 64) >> (at % 64) & 1 == 1);
            prop_assert_eq!(found.collect::<Vec<_>>(), expected);
            prop_assert!(line.len() % 64 == 0 || blanks(line, line.len() / 64 * 64) >> (line.len() % 64) == 0);
        }
    }
}
