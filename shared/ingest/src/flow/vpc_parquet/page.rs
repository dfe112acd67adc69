//! Pages: the pieces of a column chunk, each with a header that is not believed.

use std::fs::File;

use super::codec::{Codec, Expander};
use super::footer::{Chunk, read_at};
use super::thrift::{Malformed, Thrift};
use super::{damaged, other};
use crate::error::Problem;

/// The longest header of a page: a few numbers, and the least and the greatest value.
const MAX_HEADER_BYTES: u64 = 64 << 10;

/// How much of it is read at first, and what a page counts at least against the limit.
const USUAL_HEADER: u64 = 512;

/// The largest page that is read. Most writers make pages of 1 MiB.
const MAX_PAGE_BYTES: u64 = 64 << 20;

/// How much the pages and dictionaries of all columns may hold at once.
const MAX_THROTTLED_LISTED: u64 = 192 << 20;

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    /// In the second version levels stand before the part that is compressed.
    Data2,
    Dictionary,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Dictionary,
    /// Not read: its name.
    Other(&'static str),
}

impl Encoding {
    /// The number of the only encoding of levels that is read.
    const RUNS: i64 = 3;

    fn of(number: i64) -> Self {
        match number {
            0 => Self::Plain,
            2 | 8 => Self::Dictionary,
            5..=7 => Self::Other("DELTA"),
            9 => Self::Other("BYTE_STREAM_SPLIT"),
            _ => Self::Other("an unknown encoding"),
        }
    }
}

/// A page's header, checked.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) encoding: Encoding,
    /// Cells, nulls among them.
    pub(super) values: usize,
    /// Bytes when expanded.
    pub(super) size: usize,
    stored: usize,
    level_bytes: usize,
    uncompressed: bool,
    foreign_levels: bool,
}

/// A page's header as it is written.
#[derive(Debug, Default)]
struct RawHead {
    kind: i64,
    size: i64,
    stored: i64,
    values: i64,
    encoding: i64,
    level_encoding: Option<i64>,
    level_bytes: i64,
    repetition_bytes: i64,
    uncompressed: bool,
}

impl RawHead {
    fn read(thrift: &mut Thrift<'_>) -> Result<Self, Malformed> {
        let mut head = Self::default();
        thrift.fields(|thrift, number, kind| match number {
            1 => thrift.integer(kind).map(|kind| head.kind = kind),
            2 => thrift.integer(kind).map(|size| head.size = size),
            3 => thrift.integer(kind).map(|stored| head.stored = stored),
            5 | 7 => thrift.structure(kind, |thrift, number, kind| match number {
                1 => thrift.integer(kind).map(|values| head.values = values),
                2 => thrift.integer(kind).map(|encoding| head.encoding = encoding),
                // A dictionary page has a boolean here.
                3 if kind > 2 => thrift.integer(kind).map(|encoding| head.level_encoding = Some(encoding)),
                _ => thrift.skip(kind),
            }),
            8 => thrift.structure(kind, |thrift, number, kind| match number {
                1 => thrift.integer(kind).map(|values| head.values = values),
                4 => thrift.integer(kind).map(|encoding| head.encoding = encoding),
                5 => thrift.integer(kind).map(|bytes| head.level_bytes = bytes),
                6 => thrift.integer(kind).map(|bytes| head.repetition_bytes = bytes),
                7 => Thrift::boolean(kind).map(|compressed| head.uncompressed = !compressed),
                _ => thrift.skip(kind),
            }),
            _ => thrift.skip(kind),
        })?;
        Ok(head)
    }

    /// Checks a header; `None` for a page to be passed over. `left` are the bytes of the chunk after the header.
    fn check(&self, left: u64) -> Result<(Option<Kind>, Head), Problem> {
        let sized =
            |size: i64| u64::try_from(size).ok().filter(|&size| size <= MAX_PAGE_BYTES).map(|size| size as usize);
        let (Some(size), Some(stored)) = (sized(self.size), sized(self.stored)) else {
            return Err(damaged("a page claims more than 64 MiB, or less than nothing"));
        };
        if stored as u64 > left {
            return Err(damaged("a page is larger than its column"));
        }
        let values = usize::try_from(self.values).map_err(|_| damaged("a page has less than no values"))?;
        let level_bytes = usize::try_from(self.level_bytes).ok().filter(|&bytes| bytes <= stored.min(size));
        let (Some(level_bytes), 0) = (level_bytes, self.repetition_bytes) else {
            return Err(damaged("a page has impossible levels"));
        };
        let kind = match self.kind {
            0 => Some(Kind::Data),
            1 => None,
            2 => Some(Kind::Dictionary),
            3 => Some(Kind::Data2),
            _ => return Err(damaged("a page is of no known kind")),
        };
        let head = Head {
            kind: kind.unwrap_or(Kind::Data),
            encoding: Encoding::of(self.encoding),
            values,
            size,
            stored,
            level_bytes,
            uncompressed: self.uncompressed,
            foreign_levels: self.level_encoding.is_some_and(|encoding| encoding != Encoding::RUNS),
        };
        Ok((kind, head))
    }
}

/// Reads pages, within what all of them together may take.
pub(super) struct Pages<'f> {
    file: &'f File,
    expander: Expander,
    stored: Vec<u8>,
    /// How much may be read: forged columns may overlap, and be read again and again.
    limit: u64,
    read: u64,
    held: u64,
}

impl<'f> Pages<'f> {
    pub(super) fn new(file: &'f File, limit: u64) -> Self {
        Self { file, expander: Expander::default(), stored: Vec::new(), limit, read: 0, held: 0 }
    }

    /// The header of the next page of a chunk, which then begins with the page's body.
    pub(super) fn head(&mut self, chunk: &mut Chunk) -> Result<Head, Problem> {
        loop {
            let left = chunk.bytes.end - chunk.bytes.start;
            if left == 0 {
                return Err(damaged("its pages have fewer rows than it claims"));
            }
            let mut window = USUAL_HEADER.min(left);
            let (raw, length) = loop {
                self.read_at(chunk.bytes.start, window as usize)?;
                let mut thrift = Thrift::new(&self.stored);
                match RawHead::read(&mut thrift) {
                    Ok(raw) => break (raw, thrift.read as u64),
                    // It may be longer than what was read.
                    Err(Malformed) if window < left.min(MAX_HEADER_BYTES) => window = left.min(MAX_HEADER_BYTES),
                    Err(Malformed) => return Err(damaged("the header of a page is malformed")),
                }
            };
            chunk.bytes.start += length;
            let (kind, head) = raw.check(left - length)?;
            self.read += length.max(USUAL_HEADER) + head.size.max(head.stored) as u64;
            if self.read > self.limit {
                return Err(Problem::TooLarge { limit: self.limit });
            }
            if kind.is_some() {
                return Ok(head);
            }
            chunk.bytes.start += head.stored as u64;
        }
    }

    /// The body of the page whose header was read: the levels, if the column has any, and the values. The place where
    /// the values begin.
    pub(super) fn body(
        &mut self,
        chunk: &mut Chunk,
        head: &Head,
        optional: bool,
        levels: &mut Vec<u8>,
        page: &mut Vec<u8>,
    ) -> Result<usize, Problem> {
        self.read_at(chunk.bytes.start, head.stored)?;
        chunk.bytes.start += head.stored as u64;
        if page.capacity() > 2 * head.size + 4096 {
            *page = Vec::new();
        }
        let (first, rest) = self.stored.split_at(head.level_bytes);
        let codec = if head.uncompressed { Codec::None } else { chunk.codec };
        self.expander
            .expand(codec, rest, head.size - head.level_bytes, page)
            .ok_or_else(|| damaged("a page does not expand to the size it claims"))?;
        levels.clear();
        match head.kind {
            Kind::Data2 => levels.extend_from_slice(first),
            Kind::Data if optional => {
                if head.foreign_levels {
                    return Err(damaged("its levels are written in a way that is out of use"));
                }
                let length = page.first_chunk().map(|&length| u32::from_le_bytes(length) as usize);
                let runs = length.and_then(|length| page.get(4..4 + length));
                levels.extend_from_slice(runs.ok_or_else(|| damaged("a page is shorter than its levels"))?);
                return Ok(4 + levels.len());
            }
            Kind::Data | Kind::Dictionary => {}
        }
        Ok(0)
    }

    /// Gives back what was held, and holds as much anew.
    pub(super) fn hold(&mut self, held: &mut u64, bytes: u64) -> Result<(), Problem> {
        self.held = self.held - std::mem::take(held) + bytes;
        *held = bytes;
        if self.held > MAX_THROTTLED_LISTED {
            return Err(other("its pages take more than 192 MiB at once: write it anew, with pages of 1 MiB"));
        }
        Ok(())
    }

    fn read_at(&mut self, at: u64, length: usize) -> Result<(), Problem> {
        read_at(self.file, at, length, &mut self.stored).map_err(Problem::Io)
    }
}
