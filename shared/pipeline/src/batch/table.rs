//! Reads and writes a flat Parquet table of texts, integers and reals, all required: the form of batches of records.

use std::io::Cursor;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as PhysicalType};
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use weir_ingest::parquet_guard::{check_footer, check_pages};

use super::BatchError;
use super::columns::footer;

/// The layout of a table: its name and the names of its columns. Texts come first, then integers, then reals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) texts: &'static [&'static str],
    pub(super) numbers: &'static [&'static str],
    pub(super) reals: &'static [&'static str],
}

/// The cells of a table or of a part of it, by column, in the order of the layout.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) texts: Vec<Vec<ByteArray>>,
    pub(super) numbers: Vec<Vec<i64>>,
    pub(super) reals: Vec<Vec<f64>>,
}

impl Columns {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            texts: vec![Vec::new(); layout.texts.len()],
            numbers: vec![Vec::new(); layout.numbers.len()],
            reals: vec![Vec::new(); layout.reals.len()],
        }
    }

    /// Adds a row, which must have one cell per column of the layout.
    pub(super) fn push<'a>(
        &mut self,
        texts: impl IntoIterator<Item = &'a str>,
        numbers: impl IntoIterator<Item = i64>,
        reals: impl IntoIterator<Item = f64>,
    ) {
        self.texts.iter_mut().zip(texts).for_each(|(column, cell)| column.push(ByteArray::from(cell)));
        self.numbers.iter_mut().zip(numbers).for_each(|(column, cell)| column.push(cell));
        self.reals.iter_mut().zip(reals).for_each(|(column, cell)| column.push(cell));
    }

    pub(super) fn rows(&self) -> usize {
        let (texts, numbers) = (self.texts.first().map(Vec::len), self.numbers.first().map(Vec::len));
        texts.or(numbers).unwrap_or_default()
    }

    pub(super) fn text(&self, column: usize, row: usize) -> Result<&str, BatchError> {
        str::from_utf8(self.texts[column][row].data()).map_err(|_| format("text that is no UTF-8"))
    }
}

pub(super) fn format(what: &str) -> BatchError {
    BatchError::Format(what.to_owned())
}

/// The maximum number of rows of a table that is read.
const MAX_ROWS: i64 = 50_000_000;

/// The number of rows per row group.
const ROWS_PER_GROUP: usize = 100_000;

fn schema(layout: Layout) -> Result<TypePtr, BatchError> {
    let column = |name: &str, physical, converted| {
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::REQUIRED)
            .with_converted_type(converted)
            .build()
            .map(Arc::new)
    };
    let mut fields = Vec::new();
    for name in layout.texts {
        fields.push(column(name, PhysicalType::BYTE_ARRAY, ConvertedType::UTF8)?);
    }
    for name in layout.numbers {
        fields.push(column(name, PhysicalType::INT64, ConvertedType::NONE)?);
    }
    for name in layout.reals {
        fields.push(column(name, PhysicalType::DOUBLE, ConvertedType::NONE)?);
    }
    Ok(Arc::new(Type::group_type_builder(layout.name).with_fields(fields).build()?))
}

/// Writes a table in parts.
pub(super) struct TableWriter {
    file: SerializedFileWriter<Vec<u8>>,
}

impl TableWriter {
    pub(super) fn new(layout: Layout) -> Result<Self, BatchError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None)
            .build();
        Ok(Self { file: SerializedFileWriter::new(Vec::new(), schema(layout)?, Arc::new(properties))? })
    }

    /// Writes a part as a row group. Equal parts give equal bytes.
    fn append(&mut self, columns: &Columns) -> Result<(), BatchError> {
        let mut group = self.file.next_row_group()?;
        let (mut texts, mut numbers, mut reals) = (columns.texts.iter(), columns.numbers.iter(), columns.reals.iter());
        while let Some(mut column) = group.next_column()? {
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    writer.write_batch(texts.next().map_or(&[], Vec::as_slice), None, None)?;
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    writer.write_batch(numbers.next().map_or(&[], Vec::as_slice), None, None)?;
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    writer.write_batch(reals.next().map_or(&[], Vec::as_slice), None, None)?;
                }
                _ => return Err(format("an unexpected column type")),
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes and empties a part once it fills a row group.
    pub(super) fn append_if_full(&mut self, columns: &mut Columns, layout: Layout) -> Result<(), BatchError> {
        if columns.rows() < ROWS_PER_GROUP {
            return Ok(());
        }
        self.append(columns)?;
        *columns = Columns::new(layout);
        Ok(())
    }

    /// Writes the last part and the footer, and returns the bytes.
    pub(super) fn finish(
        mut self,
        rest: &Columns,
        identity: impl IntoIterator<Item = (&'static str, String)>,
        raw_hash: &str,
    ) -> Result<Vec<u8>, BatchError> {
        if rest.rows() > 0 {
            self.append(rest)?;
        }
        let hash = (footer::RAW_HASH, raw_hash.to_owned());
        for (key, value) in identity.into_iter().chain([hash]) {
            self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        Ok(self.file.into_inner()?)
    }
}

/// The footer entries of a table.
pub(super) struct Footer(Vec<KeyValue>);

impl Footer {
    pub(super) fn get(&self, name: &str) -> Result<&str, BatchError> {
        let value = self.0.iter().filter(|entry| entry.key == name).find_map(|entry| entry.value.as_deref());
        value.ok_or_else(|| format(&std::format!("its footer has no {name}")))
    }
}

/// Reads a table part by part. Stops at the first error, its own or that of `each`.
///
/// The bytes may be damaged or forged. The guard checks everything before the Parquet crate reads it, and a remaining panic
/// of that crate becomes an error.
pub(super) fn read(
    layout: Layout,
    bytes: Vec<u8>,
    each: impl FnMut(Columns) -> Result<(), BatchError> + std::panic::UnwindSafe,
) -> Result<Footer, BatchError> {
    std::panic::catch_unwind(move || read_parts(layout, bytes, each))
        .unwrap_or_else(|_| Err(ParquetError::General("it is damaged".to_owned()).into()))
}

fn read_parts(
    layout: Layout,
    bytes: Vec<u8>,
    mut each: impl FnMut(Columns) -> Result<(), BatchError>,
) -> Result<Footer, BatchError> {
    let bytes = bytes::Bytes::from(bytes);
    let mut guarded = Cursor::new(bytes.clone());
    check_footer(&mut guarded)?;
    let file = SerializedFileReader::new(bytes)?;
    let metadata = file.metadata().file_metadata();
    if metadata.schema_descr().root_schema() != schema(layout)?.as_ref() {
        return Err(format("its columns are others"));
    }
    if metadata.num_rows() > MAX_ROWS {
        return Err(format("it has too many rows"));
    }
    let footer = Footer(metadata.key_value_metadata().cloned().unwrap_or_default());
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        for chunk in group.metadata().columns() {
            check_pages(&mut guarded, chunk, group.num_columns())?;
        }
        each(read_group(layout, group.as_ref())?)?;
    }
    Ok(footer)
}

fn read_group(layout: Layout, group: &dyn RowGroupReader) -> Result<Columns, BatchError> {
    let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| format("a negative number of rows"))?;
    let mut columns = Columns { texts: Vec::new(), numbers: Vec::new(), reals: Vec::new() };
    for column in 0..group.num_columns() {
        match group.get_column_reader(column)? {
            ColumnReader::ByteArrayColumnReader(mut reader) => {
                columns.texts.push(read_column(rows, |most, cells| reader.read_records(most, None, None, cells))?);
            }
            ColumnReader::Int64ColumnReader(mut reader) => {
                columns.numbers.push(read_column(rows, |most, cells| reader.read_records(most, None, None, cells))?);
            }
            ColumnReader::DoubleColumnReader(mut reader) => {
                columns.reals.push(read_column(rows, |most, cells| reader.read_records(most, None, None, cells))?);
            }
            _ => return Err(format("an unexpected column type")),
        }
    }
    let whole = columns.texts.len() == layout.texts.len()
        && columns.numbers.len() == layout.numbers.len()
        && columns.reals.len() == layout.reals.len();
    if whole { Ok(columns) } else { Err(format("its columns are others")) }
}

/// All cells of a required column, allocated as they are read.
pub(super) fn read_column<T>(
    rows: usize,
    mut read: impl FnMut(usize, &mut Vec<T>) -> Result<(usize, usize, usize), ParquetError>,
) -> Result<Vec<T>, BatchError> {
    let mut cells = Vec::new();
    while cells.len() < rows {
        let before = cells.len();
        read((rows - before).min(64 << 10), &mut cells)?;
        if cells.len() == before {
            return Err(format("a column with too few cells"));
        }
    }
    Ok(cells)
}
