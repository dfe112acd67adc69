//! Reads and checks the footer of a Parquet file: its columns, and where their row groups stand.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader, RowGroupMetaData};

use super::problem::{damaged, other, refused};
use super::schema::{ColumnSchema, Schema};
use crate::error::Problem;
use crate::parquet_guard::{FooterClaims, caught, check_footer};

/// What begins and ends a file.
const MAGIC: [u8; 4] = *b"PAR1";
/// What ends a file whose footer is encrypted.
const ENCRYPTED: [u8; 4] = *b"PARE";

/// The longest footer that is read; a flow log with 80 columns and hundreds of row groups has less than 5 MiB.
const MAX_FOOTER_BYTES: u64 = 16 << 20;

/// The most row groups; AWS's files of at most 75 MB have a few.
const MAX_GROUPS: u64 = 10_000;

/// The most column chunks. The crate keeps some 400 bytes of each, and writers write more than 64.
const MAX_CHUNKS: u64 = MAX_FOOTER_BYTES / 64;

/// The columns and row groups of a file.
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
pub(super) struct Chunk {
    pub(super) metadata: ColumnChunkMetaData,
    /// Where the pages stand; nowhere if there are no rows.
    pub(super) bytes: Range<u64>,
}

impl Footer {
    /// Reads the footer of a file of `size` bytes.
    pub(super) fn read(mut file: &File, size: u64) -> Result<Self, Problem> {
        let end = start_of_footer(file, size)?;
        let claims = check_footer(&mut file).map_err(refused)?;
        if claims.groups > MAX_GROUPS || claims.chunks > MAX_CHUNKS {
            return Err(damaged("its footer lists more row groups than any flow log has"));
        }
        let metadata =
            caught(|| ParquetMetaDataReader::new().parse_and_finish(file)).map_err(|error| damaged(&error))?;
        let schema = Schema::from_columns(metadata.file_metadata().schema().get_fields())?;
        let groups = metadata.row_groups().iter().map(|group| Group::new(group, &schema, &claims, end));
        let groups = groups.collect::<Result<_, _>>()?;
        Ok(Self { schema, groups })
    }
}

/// Where the footer begins and the last column ends, in a file that begins and ends as Parquet does.
fn start_of_footer(mut file: &File, size: u64) -> Result<u64, Problem> {
    let no_end = || other("its last bytes are no Parquet footer: it was cut off, or is something else");
    if size < 12 {
        return Err(no_end());
    }
    let (mut first, mut length, mut last) = ([0; 4], [0; 4], [0; 4]);
    file.rewind().and_then(|()| file.read_exact(&mut first)).map_err(Problem::Io)?;
    if first != MAGIC {
        return Err(other("its first bytes are not Parquet's"));
    }
    file.seek(SeekFrom::Start(size - 8)).map_err(Problem::Io)?;
    file.read_exact(&mut length).and_then(|()| file.read_exact(&mut last)).map_err(Problem::Io)?;
    if last == ENCRYPTED {
        return Err(other("it is encrypted: flow logs as AWS delivers them are not"));
    }
    if last != MAGIC {
        return Err(no_end());
    }
    let length = u64::from(u32::from_le_bytes(length));
    if length > size - 12 {
        return Err(damaged("its footer is longer than the file"));
    }
    if length > MAX_FOOTER_BYTES {
        return Err(other("its footer is longer than any flow log's"));
    }
    Ok(size - 8 - length)
}

impl Group {
    fn new(group: &RowGroupMetaData, schema: &Schema, claims: &FooterClaims, end: u64) -> Result<Self, Problem> {
        let rows = u64::try_from(group.num_rows()).map_err(|_| damaged("a row group has less than no rows"))?;
        if group.num_columns() != schema.width {
            return Err(damaged("a row group has other columns than the file"));
        }
        let chunk = |column: &ColumnSchema| {
            if claims.encrypted.contains(&(column.place as u64)) {
                return Err(column.bad("is encrypted: flow logs as AWS delivers them are not"));
            }
            Chunk::new(group.column(column.place), column, group.num_rows(), end)
        };
        Ok(Self { rows, chunks: schema.columns.iter().map(chunk).collect::<Result<_, _>>()? })
    }
}

impl Chunk {
    /// Checks a chunk that ends before `end`.
    fn new(chunk: &ColumnChunkMetaData, column: &ColumnSchema, rows: i64, end: u64) -> Result<Self, Problem> {
        if chunk.file_path().is_some_and(|path| !path.is_empty()) {
            return Err(column.bad("is in another file"));
        }
        if chunk.num_values() != rows {
            return Err(damaged(&format!("the column {} has more or fewer rows", column.name)));
        }
        let compression = match chunk.compression() {
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => None,
            Compression::LZO => Some("LZO"),
            Compression::BROTLI(_) => Some("Brotli"),
            Compression::LZ4 | Compression::LZ4_RAW => Some("LZ4"),
        };
        // Where the pages of no rows stand does not matter: pyarrow writes 0, which is before the first byte.
        if rows == 0 {
            return Ok(Self { metadata: chunk.clone(), bytes: 0..0 });
        }
        // Some writers give 0 where there is no dictionary.
        let data = chunk.data_page_offset();
        let start = chunk.dictionary_page_offset().filter(|&at| at > 0).map_or(data, |at| at.min(data));
        let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
        let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let Some(bytes) = range.filter(|range| range.start >= MAGIC.len() as u64 && range.end <= end) else {
            return Err(damaged(&format!("the column {} is beyond the file", column.name)));
        };
        if let Some(name) = compression {
            return Err(column.bad(&format!("is compressed with {name}: Snappy, gzip, zstd and none are read")));
        }
        let builder = chunk.clone().into_builder().set_dictionary_page_offset(None).set_data_page_offset(start);
        Ok(Self { metadata: builder.build().map_err(|error| damaged(&error.to_string()))?, bytes })
    }
}
