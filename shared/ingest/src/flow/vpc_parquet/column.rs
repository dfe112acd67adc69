//! Decodes the pages of a column to cells, one batch of rows at a time.

use std::net::IpAddr;

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use weir_domain::reject::RejectReason;

use super::footer::Chunk;
use super::page::{Pages, next_page};
use super::problem::damaged;
use super::runs::{BadRuns, Runs};
use super::schema::{ColumnSchema, Holds};
use super::table::{Entry, Table};
use crate::error::Problem;
use crate::flow::vpc_flow_log::field::Field;
use crate::flow::vpc_flow_log::value::{ABSENT, Cell, address, number};

/// The most entries of a dictionary; writers stop at a MiB or so and go on without one.
const MAX_ENTRIES: usize = 1 << 20;

/// Memory of an entry beside its bytes.
const ENTRY_BYTES: u64 = 24;

/// How a column's values are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Text,
    Address,
    Number,
    /// A number that is an account: text of twelve digits.
    Account,
}

/// A column that is read, and the cells of its current batch.
pub(super) struct Column<'s> {
    schema: &'s ColumnSchema,
    role: Role,
    /// Pages to come.
    pages: Option<Box<dyn PageReader>>,
    dictionary: Option<Table>,
    dictionary_held: u64,
    page: Option<Page>,
    page_held: u64,
    /// Rows of the page that are not read yet.
    left: usize,
    levels: (Vec<u8>, Runs),
    values: Values,
    /// The values of a batch whose page has no dictionary.
    plain: Table,
    /// Whether the batch's indices are the dictionary's.
    by_dictionary: bool,
    /// Per row, which entry it is: of text.
    indices: Vec<u32>,
    /// Per row: of numbers, sign and all.
    numbers: Vec<u64>,
    /// Per row, 1 if it has a value; empty if all have.
    present: Vec<u32>,
}

/// How the page's values are written.
enum Values {
    /// One after the other, from here on.
    Plain(usize),
    /// Entries of the dictionary.
    Indices(Runs),
}

impl<'s> Column<'s> {
    /// A column at the beginning of its part of a row group.
    pub(super) fn new(schema: &'s ColumnSchema) -> Self {
        let role = match (schema.holds, schema.field) {
            (Holds::Integer { .. }, Field::AccountId) => Role::Account,
            (Holds::Integer { .. }, _) => Role::Number,
            (Holds::Text, Field::SrcAddr | Field::DstAddr | Field::PacketSrcAddr | Field::PacketDstAddr) => {
                Role::Address
            }
            (Holds::Text, _) => Role::Text,
        };
        Self {
            schema,
            role,
            pages: None,
            dictionary: None,
            dictionary_held: 0,
            page: None,
            page_held: 0,
            left: 0,
            levels: Default::default(),
            values: Values::Plain(0),
            plain: Table::default(),
            by_dictionary: false,
            indices: Vec::new(),
            numbers: Vec::new(),
            present: Vec::new(),
        }
    }

    /// Turns to a row group.
    pub(super) fn begin(&mut self, chunk: &Chunk, pages: &mut Pages) -> Result<(), Problem> {
        self.pages = None;
        if !chunk.bytes.is_empty() {
            self.pages = Some(pages.open(chunk).map_err(|problem| self.explain(problem))?);
        }
        self.dictionary = None;
        self.left = 0;
        pages.hold(&mut self.dictionary_held, 0)
    }

    /// How many rows can be read at once: at least one.
    pub(super) fn ready(&mut self, pages: &mut Pages) -> Result<usize, Problem> {
        while self.left == 0 {
            self.turn_page(pages).map_err(|problem| self.explain(problem))?;
        }
        Ok(self.left)
    }

    fn turn_page(&mut self, pages: &mut Pages) -> Result<(), Problem> {
        // Given back before the next is read.
        self.page = None;
        let page = match &mut self.pages {
            Some(pages) => next_page(pages.as_mut())?,
            None => return Err(damaged("its pages have fewer rows than it claims")),
        };
        let (size, encoding, rows) = (page.buffer().len(), page.encoding(), page.num_values() as usize);
        // The values of a batch are at most as long as their page.
        pages.hold(&mut self.page_held, 2 * size as u64)?;
        if page.is_dictionary_page() {
            if self.dictionary.is_some() || rows > MAX_ENTRIES {
                return Err(damaged("it has two dictionaries, or one of more than a million entries"));
            }
            pages.hold(&mut self.dictionary_held, size as u64 + rows as u64 * ENTRY_BYTES)?;
            let mut dictionary = Table::default();
            self.read_plain(page.buffer(), 0, rows, &mut dictionary)?;
            self.dictionary = Some(dictionary);
            return Ok(());
        }
        let at = self.read_levels(&page)?;
        self.left = rows;
        self.values = match encoding {
            Encoding::PLAIN => Values::Plain(at),
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if self.dictionary.is_none() => {
                return Err(damaged("its dictionary is missing"));
            }
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => {
                // Without values there need not be a width.
                let width = page.buffer().get(at).copied().unwrap_or(0);
                Values::Indices(Runs::new(at + 1, size, width).map_err(bad_runs)?)
            }
            other => {
                let name = match other {
                    Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY => {
                        "DELTA"
                    }
                    Encoding::BYTE_STREAM_SPLIT => "BYTE_STREAM_SPLIT",
                    _ => "an unknown encoding",
                };
                return Err(self.schema.bad(&format!("is encoded as {name}: plain values and dictionaries are read")));
            }
        };
        self.page = Some(page);
        Ok(())
    }

    /// Copies the levels of a data page, which mark nulls, and returns where the values begin.
    fn read_levels(&mut self, page: &Page) -> Result<usize, Problem> {
        let bytes = page.buffer();
        let (levels, at) = match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                let length = *def_levels_byte_len as usize;
                match bytes.get(..length) {
                    Some(levels) if *rep_levels_byte_len == 0 => (levels, length),
                    _ => return Err(damaged("a page has impossible levels")),
                }
            }
            Page::DataPage { def_level_encoding, .. } if self.schema.optional => {
                if *def_level_encoding != Encoding::RLE {
                    return Err(damaged("its levels are written in an obsolete encoding"));
                }
                let length = bytes.first_chunk().map(|&length| u32::from_le_bytes(length) as usize);
                let levels = length.and_then(|length| bytes.get(4..4 + length));
                let levels = levels.ok_or_else(|| damaged("a page is shorter than its levels"))?;
                (levels, 4 + levels.len())
            }
            Page::DataPage { .. } | Page::DictionaryPage { .. } => (&[][..], 0),
        };
        self.levels.0.clear();
        self.levels.0.extend_from_slice(levels);
        self.levels.1 = Runs::new(0, levels.len(), 1).map_err(bad_runs)?;
        Ok(at)
    }

    /// Reads `rows` rows, no more than are ready.
    pub(super) fn read(&mut self, rows: usize) -> Result<(), Problem> {
        self.read_batch(rows).map_err(|problem| self.explain(problem))
    }

    fn read_batch(&mut self, rows: usize) -> Result<(), Problem> {
        self.left -= rows;
        self.present.clear();
        let mut values = rows;
        if self.schema.optional {
            self.present.resize(rows, 0);
            let (bytes, runs) = &mut self.levels;
            runs.read(bytes, &mut self.present).map_err(bad_runs)?;
            values = self.present.iter().filter(|&&level| level == 1).count();
            if values == rows {
                self.present.clear();
            }
        }
        self.indices.clear();
        self.indices.resize(rows, 0);
        self.numbers.clear();
        self.by_dictionary = matches!(self.values, Values::Indices(_));
        let page = self.page.as_ref().map_or(&[][..], |page| page.buffer());
        match &mut self.values {
            Values::Indices(runs) => {
                let Some(dictionary) = &self.dictionary else { return Err(damaged("its dictionary is missing")) };
                let indices = &mut self.indices[..values];
                runs.read(page, indices).map_err(bad_runs)?;
                let entries = dictionary.len();
                if indices.iter().any(|&index| index as usize >= entries) {
                    return Err(damaged("a value is beyond its dictionary"));
                }
                if self.role == Role::Number {
                    self.numbers.extend(indices.iter().map(|&index| dictionary.numbers[index as usize]));
                }
            }
            Values::Plain(at) => {
                let at = *at;
                let mut plain = std::mem::take(&mut self.plain);
                plain.clear();
                let after = self.read_plain(page, at, values, &mut plain)?;
                self.values = Values::Plain(after);
                if self.role == Role::Number {
                    std::mem::swap(&mut self.numbers, &mut plain.numbers);
                } else {
                    self.indices.iter_mut().zip(0..values as u32).for_each(|(index, entry)| *index = entry);
                }
                self.plain = plain;
            }
        }
        if !self.present.is_empty() {
            self.numbers.resize(rows, 0);
            spread(&self.present, values, &mut self.indices);
            spread(&self.present, values, &mut self.numbers);
        }
        Ok(())
    }

    /// Reads values that stand one after the other, from a place on; the place after them.
    fn read_plain(&self, page: &[u8], at: usize, count: usize, into: &mut Table) -> Result<usize, Problem> {
        let short = || damaged("a page has fewer values than it claims");
        let mut rest = page.get(at..).ok_or_else(short)?;
        let Holds::Integer { wide, signed } = self.schema.holds else {
            for _ in 0..count {
                let (length, after) = rest.split_first_chunk().ok_or_else(short)?;
                let length = u32::from_le_bytes(*length) as usize;
                let (value, after) = after.split_at_checked(length).ok_or_else(short)?;
                rest = after;
                into.push(value);
                if self.role == Role::Address {
                    into.addresses.push(address(value));
                }
            }
            return Ok(page.len() - rest.len());
        };
        let width = if wide { 8 } else { 4 };
        let bytes = rest.get(..count * width).ok_or_else(short)?;
        match (wide, signed) {
            (true, _) => into.numbers.extend(bytes.as_chunks().0.iter().map(|&b| u64::from_le_bytes(b))),
            (_, true) => into.numbers.extend(bytes.as_chunks().0.iter().map(|&b| i32::from_le_bytes(b) as u64)),
            _ => into.numbers.extend(bytes.as_chunks().0.iter().map(|&b| u64::from(u32::from_le_bytes(b)))),
        }
        if self.role == Role::Account {
            for number in std::mem::take(&mut into.numbers) {
                let account = if signed { i128::from(number as i64) } else { number.into() };
                into.push(format!("{account:012}").as_bytes());
            }
        }
        Ok(at + bytes.len())
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        !self.present.is_empty() && self.present[row] != 1
    }

    #[inline]
    fn table(&self) -> &Table {
        match &self.dictionary {
            Some(dictionary) if self.by_dictionary => dictionary,
            _ => &self.plain,
        }
    }

    /// The entry of a cell; none for null, and for numbers.
    #[inline]
    fn entry(&self, row: usize) -> Option<(&Table, Entry)> {
        let table = self.table();
        if self.is_null(row) { None } else { Some((table, *table.entries.get(self.indices[row] as usize)?)) }
    }

    /// A cell as text; numbers are none.
    #[inline]
    pub(super) fn text(&self, row: usize) -> &[u8] {
        self.entry(row).map_or(ABSENT, |(table, entry)| table.bytes(entry))
    }

    /// A cell as an identifier.
    #[inline]
    pub(super) fn identifier(&self, row: usize) -> Result<&str, RejectReason> {
        match self.entry(row) {
            None => Ok(""),
            Some((_, entry)) if !entry.identifier => Err(RejectReason::BadIdentifier),
            Some((table, entry)) => Ok(Some(table.text(entry)).filter(|text| text.as_bytes() != ABSENT).unwrap_or("")),
        }
    }

    /// A cell as a number.
    #[inline]
    pub(super) fn number(&self, row: usize) -> Cell<u64> {
        match self.role {
            Role::Number if self.is_null(row) => Cell::Absent,
            // No count, time or port is beyond; nor is it below 0.
            Role::Number if self.numbers[row] > i64::MAX as u64 => Cell::Bad,
            Role::Number => Cell::Is(self.numbers[row]),
            _ => number(self.text(row)),
        }
    }

    /// A cell as an address.
    #[inline]
    pub(super) fn address(&self, row: usize) -> Cell<IpAddr> {
        match self.role {
            Role::Address if self.is_null(row) => Cell::Absent,
            Role::Address => self.table().addresses[self.indices[row] as usize],
            _ => address(self.text(row)),
        }
    }

    /// Appends a cell as it would stand in a text log.
    pub(super) fn show(&self, row: usize, into: &mut Vec<u8>) {
        let signed = matches!(self.schema.holds, Holds::Integer { signed: true, .. });
        match self.role {
            Role::Number if !self.is_null(row) && signed => {
                into.extend_from_slice((self.numbers[row] as i64).to_string().as_bytes());
            }
            Role::Number if !self.is_null(row) => into.extend_from_slice(self.numbers[row].to_string().as_bytes()),
            _ => into.extend_from_slice(self.text(row)),
        }
    }

    /// Adds the name of the column to a problem.
    fn explain(&self, problem: Problem) -> Problem {
        let name = &self.schema.name;
        match problem {
            Problem::DamagedFile { problem, .. } => damaged(&format!("column {name}: {problem}")),
            Problem::BadColumn { problem, .. } => Problem::BadColumn { column: name.clone(), problem },
            other => other,
        }
    }
}

fn bad_runs(_: BadRuns) -> Problem {
    damaged("a page has fewer values than it claims")
}

/// Moves the values at the beginning to the rows that have one.
fn spread<T: Copy>(present: &[u32], mut values: usize, cells: &mut [T]) {
    for (row, &level) in present.iter().enumerate().rev() {
        if level == 1 {
            values -= 1;
            cells[row] = cells[values];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spread_over_the_rows_that_have_one() {
        let mut cells = [1, 2, 3, 0, 0, 0];
        spread(&[0, 1, 0, 1, 1, 0], 3, &mut cells);
        assert_eq!((cells[1], cells[3], cells[4]), (1, 2, 3));
        let mut cells = [1, 2];
        spread(&[1, 1], 2, &mut cells);
        assert_eq!(cells, [1, 2]);
    }
}
