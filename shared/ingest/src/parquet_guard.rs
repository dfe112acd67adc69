//! Checks the claims of a Parquet file before the Parquet crate reads it.
//!
//! The crate allocates what headers claim: a few bytes can ask for gigabytes, and gzip pages expand beyond what they claim.
//! Here the footer and the header of every page are read first, and gzip pages are expanded once into nothing. What passes
//! can still be damaged; the crate then returns an error or panics, but does not take more than the file is worth.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use flate2::bufread::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;

mod thrift;
use thrift::{Event, walk};

/// The longest footer. That of a file with 4,096 columns in a hundred row groups is some 40 MB, typically a few KB.
const MAX_FOOTER_BYTES: u64 = 64 << 20;

/// The longest header of a page; statistics in it may be as long as the longest values.
const MAX_PAGE_HEADER_BYTES: u64 = 1 << 20;

/// What the pages that are open at the same time, one of each column, may expand to; each has an equal share of it, within
/// limits. Most programs write pages of 1 MiB.
const OPEN_PAGES: u64 = 1 << 30;
const MIN_LIMIT: u64 = 4 << 20;
const MAX_LIMIT: u64 = 256 << 20;

/// What a page counts at least when the cost of pages is added up, so that many empty ones are not free.
const MIN_PAGE_COST: u64 = 512;

/// A Parquet file that is not handed on to the crate.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It could not be read.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
    /// It claims what it cannot hold, or what would take too much memory.
    #[error("{0}")]
    Claim(String),
}

fn refused<T>(what: &str) -> Result<T, Refused> {
    Err(Refused::Claim(what.to_owned()))
}

/// Runs a call into the Parquet crate, which returns an error for most damage and panics on the rest.
///
/// # Errors
/// The crate's error as text.
pub(crate) fn caught<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("it contradicts itself".to_owned()),
    }
}

/// What a footer claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FooterClaims {
    /// Row groups.
    pub(crate) groups: u64,
    /// Columns of all row groups.
    pub(crate) chunks: u64,
    /// Places of the columns that are encrypted in any row group.
    pub(crate) encrypted: BTreeSet<u64>,
}

/// Checks the footer: to be called before the crate reads it. Reads the footer once and keeps none of it.
///
/// # Errors
/// When the file is none, is cut off, or lists more columns, or deeper ones, than a table has.
pub fn check_footer(file: &mut (impl Read + Seek)) -> Result<FooterClaims, Refused> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let length = file.seek(SeekFrom::End(0))?;
    let mut end = [0; 8];
    if length < 12 {
        return refused("it is too short to be one");
    }
    file.seek(SeekFrom::Start(length - 8))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    if magic != *MAGIC {
        return refused("it does not end like one: it is cut off, or something else");
    }
    let footer = u64::from(u32::from_le_bytes([a, b, c, d]));
    if footer > length - 12 || footer > MAX_FOOTER_BYTES {
        return refused("its footer is damaged or too long");
    }
    file.seek(SeekFrom::Start(length - 8 - footer))?;
    let mut tree = Tree::default();
    let (mut lists, mut place) = (0, 0);
    let mut claims = FooterClaims::default();
    let walked = walk(&mut BufReader::new(&mut *file).take(footer), &mut |path, event| match (path, event) {
        ([2], Event::List) => lists += 1,
        ([2], Event::Element) => tree.begin(),
        ([2, 5], Event::Number(children)) => tree.children(children),
        ([4], Event::Element) => (claims.groups, place) = (claims.groups + 1, 0),
        ([4, 1], Event::Element) => (claims.chunks, place) = (claims.chunks + 1, place + 1),
        ([4, 1, 8], Event::Field(_)) => {
            claims.encrypted.insert(place - 1);
        }
        _ => {}
    });
    if walked.is_err() || lists != 1 || !tree.is_sound() {
        return refused("its footer is damaged");
    }
    Ok(claims)
}

/// The tree of columns as a footer lists it: nodes in depth-first order, each with the number of its children.
#[derive(Default)]
struct Tree {
    children: Vec<u32>,
    unsound: bool,
}

impl Tree {
    const MAX_NODES: usize = 100_000;
    const MAX_DEPTH: usize = 64;

    fn begin(&mut self) {
        if self.children.len() < Self::MAX_NODES {
            self.children.push(0);
        } else {
            self.unsound = true;
        }
    }

    fn children(&mut self, children: i64) {
        match (self.children.last_mut(), u32::try_from(children)) {
            (Some(last), Ok(children)) => *last = children,
            _ => self.unsound = true,
        }
    }

    /// Whether no node claims more children than there are nodes, and none is too deep.
    fn is_sound(&self) -> bool {
        let mut open = Vec::new();
        for children in &self.children {
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if *children as usize > self.children.len() || open.len() > Self::MAX_DEPTH {
                return false;
            }
            open.push(*children);
        }
        !self.unsound
    }
}

/// Checks all pages of one column in one row group, of a table of which so many columns are read: to be called before the
/// crate reads any of them. Reads the headers, and expands gzip pages once without keeping them.
///
/// # Errors
/// When a page claims to be, or is, larger than its column or than an equal share of 1 GiB for each column (at least 4, at
/// most 256 MiB), or has an encoding whose reader allocates what is claimed.
pub fn check_pages(
    file: &mut (impl Read + Seek),
    chunk: &ColumnChunkMetaData,
    columns: usize,
) -> Result<PageTotals, Refused> {
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let (Ok(start), Ok(length)) = (u64::try_from(start), u64::try_from(chunk.compressed_size())) else {
        return refused("a page stands before the beginning");
    };
    let max_expanded = (OPEN_PAGES / columns.max(1) as u64).clamp(MIN_LIMIT, MAX_LIMIT);
    let bytes = start..start.saturating_add(length);
    each_page(file, bytes, chunk.compression(), max_expanded, Claims::check_encodings)
}

/// What the pages of a column take.
#[derive(Debug)]
pub struct PageTotals {
    /// The sum of what each page holds or expands to, but at least [`MIN_PAGE_COST`].
    cost: u64,
    /// How many rows may be read at once: [`MAX_STEP_ROWS`], or 1 where the pages of so many rows expand to more than a
    /// column may take.
    pub(crate) step_rows: usize,
}

/// The most rows of a table that are read at once.
pub(crate) const MAX_STEP_ROWS: usize = 1024;

/// The pages that one step of reading may touch: a text keeps all of its page in memory.
#[derive(Default)]
struct Step {
    /// Values and expanded bytes of each page.
    pages: VecDeque<(u64, u64)>,
    /// Values of the pages between the first and the last.
    inner: u64,
    bytes: u64,
}

impl Step {
    /// Adds the next page; the bytes of all pages that a step which ends in it may touch.
    fn add(&mut self, values: u64, expanded: u64) -> u64 {
        if values > 0 {
            self.inner += if self.pages.len() > 1 { self.pages.back().map_or(0, |(values, _)| *values) } else { 0 };
            self.pages.push_back((values, expanded));
            self.bytes += expanded;
            while self.pages.len() > 1 && self.inner + 2 > MAX_STEP_ROWS as u64 {
                self.bytes -= self.pages.pop_front().map_or(0, |(_, expanded)| expanded);
                self.inner -=
                    if self.pages.len() > 1 { self.pages.front().map_or(0, |(values, _)| *values) } else { 0 };
            }
        }
        self.bytes
    }
}

/// Checks all pages in a range of a file, as [`check_pages`] does, except for the encodings, for a reader that decodes values
/// itself. Returns the cost of all of them: what each holds or expands to, but at least [`MIN_PAGE_COST`].
pub(crate) fn page_cost(
    file: &mut (impl Read + Seek),
    bytes: Range<u64>,
    compression: Compression,
    max_expanded: u64,
) -> Result<u64, Refused> {
    let totals = each_page(file, bytes, compression, max_expanded, |claims| {
        if compression == Compression::UNCOMPRESSED && claims.stored != claims.expanded {
            return refused("a page does not expand to the size it claims");
        }
        Ok(())
    })?;
    Ok(totals.cost)
}

fn each_page(
    file: &mut (impl Read + Seek),
    bytes: Range<u64>,
    compression: Compression,
    max_expanded: u64,
    check: impl Fn(&Claims) -> Result<(), Refused>,
) -> Result<PageTotals, Refused> {
    let (mut at, mut step) = (bytes.start, Step::default());
    let mut totals = PageTotals { cost: 0, step_rows: MAX_STEP_ROWS };
    while at < bytes.end {
        file.seek(SeekFrom::Start(at))?;
        let mut header = BufReader::new(&mut *file).take(MAX_PAGE_HEADER_BYTES);
        let mut claims = Claims::default();
        if walk(&mut header, &mut |path, event| claims.note(path, event)).is_err() {
            return refused("the header of a page is damaged");
        }
        let body = at + (MAX_PAGE_HEADER_BYTES - header.limit());
        if claims.expanded > max_expanded {
            return Err(Refused::Claim(format!(
                "a page expands to {} bytes, and at most {max_expanded} are read: write the table with smaller pages",
                claims.expanded
            )));
        }
        claims.check()?;
        check(&claims)?;
        if claims.stored > bytes.end.saturating_sub(body) || claims.stored > max_expanded.saturating_mul(2) {
            return refused("a page is longer than its column");
        }
        if matches!(compression, Compression::GZIP(_)) {
            file.seek(SeekFrom::Start(body + claims.levels))?;
            let stored = BufReader::new(&mut *file).take(claims.stored.saturating_sub(claims.levels));
            // What else may be wrong with the stream, the reader will find.
            let most = claims.expanded.saturating_add(1);
            if matches!(io::copy(&mut MultiGzDecoder::new(stored).take(most), &mut io::sink()), Ok(n) if n == most) {
                return refused("a page expands to more than it claims");
            }
        }
        at = body + claims.stored;
        totals.cost = totals.cost.saturating_add(claims.expanded.max(claims.stored).max(MIN_PAGE_COST));
        if step.add(claims.values, claims.expanded) > max_expanded {
            totals.step_rows = 1;
        }
    }
    Ok(totals)
}

/// What the header of a page claims.
#[derive(Default)]
struct Claims {
    seen: BTreeSet<Vec<i16>>,
    expanded: u64,
    stored: u64,
    /// Levels that stand before the values, not compressed, in data pages of the second kind.
    levels: u64,
    dictionary_values: u64,
    /// Values of a data page.
    values: u64,
    encodings: Vec<i64>,
    /// Whether a number is negative, too large for its type, or there twice.
    bad: bool,
}

impl Claims {
    /// Plain, dictionary, run lengths, bit-packed, differences, split bytes. Not the two encodings of texts by differences:
    /// their reader allocates what they claim, within the page.
    const ENCODINGS: [i64; 7] = [0, 2, 3, 4, 5, 8, 9];

    fn note(&mut self, path: &[i16], event: Event) {
        let number = match event {
            Event::Number(number) => number,
            Event::Field(kind) => {
                self.bad |= !has_its_type(path, kind);
                return;
            }
            // No page header has a list. The crate goes through the elements one by one, to the end of the file and on.
            Event::List | Event::Element => {
                self.bad = true;
                return;
            }
        };
        self.bad |= !self.seen.insert(path.to_vec());
        let claim = match path {
            [2] => &mut self.expanded,
            [3] => &mut self.stored,
            [7, 1] => &mut self.dictionary_values,
            [5 | 8, 1] => &mut self.values,
            [8, 5 | 6] => &mut self.levels,
            [5 | 7, 2] | [8, 4] => return self.encodings.push(number),
            _ => return,
        };
        match i32::try_from(number).map(u32::try_from) {
            Ok(Ok(number)) => *claim += u64::from(number),
            _ => self.bad = true,
        }
    }

    fn check(&self) -> Result<(), Refused> {
        let sized = self.seen.contains(&[2][..]) && self.seen.contains(&[3][..]);
        // No value of a dictionary takes less than four bytes.
        if !sized || self.bad || self.levels > self.expanded || self.dictionary_values > self.expanded / 4 {
            return refused("the header of a page is damaged");
        }
        Ok(())
    }

    fn check_encodings(&self) -> Result<(), Refused> {
        if self.encodings.iter().any(|e| !Self::ENCODINGS.contains(e)) {
            return refused(
                "a page has an encoding that is not read: write the table with plain or dictionary encoding",
            );
        }
        Ok(())
    }
}

/// Whether a field of a page header has the type that Parquet's definition gives it (`parquet.thrift`). The crate does not
/// look at the type: it would take the content of a text for further fields. What the definition does not name, it skips
/// by its type.
fn has_its_type(path: &[i16], kind: u8) -> bool {
    const BOOLEANS: [u8; 2] = [1, 2];
    let number = || kind == 5;
    match path {
        [1..=4] | [5, 1..=4] | [7, 1 | 2] | [8, 1..=6] => number(),
        [5..=8] | [5, 5] | [8, 8] => kind == 12,
        [7, 3] | [8, 7] | [5, 5, 7 | 8] | [8, 8, 7 | 8] => BOOLEANS.contains(&kind),
        [5, 5, 1 | 2 | 5 | 6] | [8, 8, 1 | 2 | 5 | 6] => kind == 8,
        [5, 5, 3 | 4] | [8, 8, 3 | 4] => kind == 6,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
