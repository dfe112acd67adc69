//! The end of a Parquet file: which columns there are, and where their row groups stand.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::codec::Codec;
use super::schema::{ColumnSchema, Element, Schema};
use super::thrift::{Kind, Malformed, Thrift};
use super::{damaged, other};
use crate::error::Problem;

/// What begins and ends a file.
const MAGIC: &[u8] = b"PAR1";
/// What ends a file whose footer is encrypted.
const ENCRYPTED: &[u8] = b"PARE";

/// The longest footer that is read; a flow log with 80 columns and hundreds of row groups has less than 5 MiB.
const MAX_FOOTER_BYTES: u64 = 16 << 20;

/// The most row groups; AWS's files of at most 75 MB have a few.
const MAX_GROUPS: usize = 10_000;

/// What a file says of itself.
pub(super) struct Footer {
    pub(super) schema: Schema,
    pub(super) groups: Vec<Group>,
}

/// Some rows, column by column.
pub(super) struct Group {
    pub(super) rows: u64,
    /// Of the columns that are read, in the order of [`Schema::columns`].
    pub(super) chunks: Vec<Chunk>,
}

/// A column of a row group: a sequence of pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Range<u64>,
    pub(super) codec: Codec,
}

/// Exactly `length` bytes of a file from a place on. `length` is to be checked before.
pub(super) fn read_at(mut file: &File, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
    into.clear();
    into.reserve_exact(length);
    file.seek(SeekFrom::Start(at))?;
    let read = file.take(length as u64).read_to_end(into)?;
    if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

impl Footer {
    /// Reads the footer of a file of `size` bytes.
    pub(super) fn read(file: &File, size: u64) -> Result<Self, Problem> {
        let no_end = || other("its last bytes are no Parquet footer: it was cut off, or is something else");
        let mut bytes = Vec::new();
        if size < 12 {
            return Err(no_end());
        }
        read_at(file, 0, 4, &mut bytes).map_err(Problem::Io)?;
        if bytes != MAGIC {
            return Err(other("its first bytes are not Parquet's"));
        }
        read_at(file, size - 8, 8, &mut bytes).map_err(Problem::Io)?;
        let [a, b, c, d, magic @ ..] = bytes.as_slice() else { return Err(no_end()) };
        if magic == ENCRYPTED {
            return Err(other("it is encrypted: flow logs as AWS delivers them are not"));
        }
        if magic != MAGIC {
            return Err(no_end());
        }
        let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
        if length > size - 12 {
            return Err(damaged("its footer is longer than the file"));
        }
        if length > MAX_FOOTER_BYTES {
            return Err(other("its footer is longer than any flow log's"));
        }
        let end = size - 8 - length;
        read_at(file, end, length as usize, &mut bytes).map_err(Problem::Io)?;
        Self::parse(&bytes, end)
    }

    /// Reads the footer's bytes. Column chunks end before `end`.
    fn parse(bytes: &[u8], end: u64) -> Result<Self, Problem> {
        let malformed = |_| damaged("its footer is malformed");
        // Row groups can be understood only with the schema: two passes.
        let mut elements = Vec::new();
        Thrift::new(bytes)
            .fields(|thrift, number, kind| match number {
                2 => Element::read_all(thrift, kind).map(|all| elements = all),
                _ => thrift.skip(kind),
            })
            .map_err(malformed)?;
        let schema = Schema::of(&elements)?;
        let mut raw = Vec::new();
        Thrift::new(bytes)
            .fields(|thrift, number, kind| match number {
                4 => RawGroup::read_all(thrift, kind, &schema).map(|all| raw = all),
                _ => thrift.skip(kind),
            })
            .map_err(malformed)?;
        let groups = raw.into_iter().map(|group| group.check(&schema, end)).collect::<Result<_, _>>()?;
        Ok(Self { schema, groups })
    }
}

/// A row group as it is written.
#[derive(Default)]
struct RawGroup {
    rows: i64,
    width: usize,
    /// Of the columns that are read.
    chunks: Vec<RawChunk>,
}

impl RawGroup {
    fn read_all(thrift: &mut Thrift<'_>, kind: Kind, schema: &Schema) -> Result<Vec<Self>, Malformed> {
        let (kind, size) = thrift.list(kind)?;
        if size > MAX_GROUPS {
            return Err(Malformed);
        }
        (0..size).map(|_| Self::read(thrift, kind, schema)).collect()
    }

    fn read(thrift: &mut Thrift<'_>, kind: Kind, schema: &Schema) -> Result<Self, Malformed> {
        let mut group = Self::default();
        thrift.structure(kind, |thrift, number, kind| match number {
            1 => {
                let (kind, size) = thrift.list(kind)?;
                let mut wanted = schema.columns.iter().map(|column| column.place).peekable();
                group.width = size;
                group.chunks = Vec::with_capacity(schema.columns.len());
                for place in 0..size {
                    let chunk = RawChunk::read(thrift, kind)?;
                    if wanted.next_if_eq(&place).is_some() {
                        group.chunks.push(chunk);
                    }
                }
                Ok(())
            }
            3 => thrift.integer(kind).map(|rows| group.rows = rows),
            _ => thrift.skip(kind),
        })?;
        Ok(group)
    }

    fn check(self, schema: &Schema, end: u64) -> Result<Group, Problem> {
        let rows = u64::try_from(self.rows).map_err(|_| damaged("a row group has less than no rows"))?;
        if self.width != schema.width || self.chunks.len() != schema.columns.len() {
            return Err(damaged("a row group has other columns than the file"));
        }
        let chunks = self.chunks.iter().zip(&schema.columns).map(|(chunk, column)| chunk.check(column, self.rows, end));
        Ok(Group { rows, chunks: chunks.collect::<Result<_, _>>()? })
    }
}

/// A column chunk as it is written.
#[derive(Default)]
struct RawChunk {
    elsewhere: bool,
    encrypted: bool,
    physical: i64,
    codec: i64,
    values: i64,
    length: i64,
    data: i64,
    dictionary: Option<i64>,
}

impl RawChunk {
    fn read(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Self, Malformed> {
        let mut chunk = Self::default();
        thrift.structure(kind, |thrift, number, kind| match number {
            1 => thrift.binary(kind).map(|path| chunk.elsewhere = !path.is_empty()),
            3 => thrift.structure(kind, |thrift, number, kind| {
                match number {
                    1 => chunk.physical = thrift.integer(kind)?,
                    4 => chunk.codec = thrift.integer(kind)?,
                    5 => chunk.values = thrift.integer(kind)?,
                    7 => chunk.length = thrift.integer(kind)?,
                    9 => chunk.data = thrift.integer(kind)?,
                    11 => chunk.dictionary = Some(thrift.integer(kind)?),
                    _ => thrift.skip(kind)?,
                }
                Ok(())
            }),
            8 => {
                chunk.encrypted = true;
                thrift.skip(kind)
            }
            _ => thrift.skip(kind),
        })?;
        Ok(chunk)
    }

    fn check(&self, column: &ColumnSchema, rows: i64, end: u64) -> Result<Chunk, Problem> {
        let bad = |problem: &str| Problem::BadColumn { column: column.name.clone(), problem: problem.to_owned() };
        if self.encrypted {
            return Err(bad("is encrypted: flow logs as AWS delivers them are not"));
        }
        if self.elsewhere {
            return Err(bad("is in another file"));
        }
        if self.physical != column.holds.physical() || self.values != rows {
            return Err(damaged(&format!("the column {} has other types or more or fewer rows", column.name)));
        }
        // Where the pages of no rows stand does not matter: pyarrow says 0, which is before the first byte.
        if rows == 0 {
            return Ok(Chunk::default());
        }
        // Some writers give 0 where there is no dictionary.
        let start = self.dictionary.filter(|&at| at > 0).map_or(self.data, |at| at.min(self.data));
        let bytes = u64::try_from(start).ok().zip(u64::try_from(self.length).ok());
        let bytes = bytes.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        match bytes.filter(|bytes| bytes.start >= MAGIC.len() as u64 && bytes.end <= end) {
            Some(bytes) => Ok(Chunk {
                bytes,
                codec: Codec::of(self.codec)
                    .map_err(|name| bad(&format!("is compressed with {name}: Snappy, gzip, zstd and none are read")))?,
            }),
            None => Err(damaged(&format!("the column {} is beyond the file", column.name))),
        }
    }
}
