//! Files as the `parquet` crate writes them.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

/// How the writer writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) compression: Compression,
    pub(super) version: WriterVersion,
    pub(super) dictionary: bool,
    pub(super) page_rows: usize,
    pub(super) group_rows: usize,
}

impl Default for Manner {
    fn default() -> Self {
        let version = WriterVersion::PARQUET_1_0;
        Self { compression: Compression::SNAPPY, version, dictionary: true, page_rows: 1000, group_rows: 1000 }
    }
}

pub(super) fn manners() -> impl Strategy<Value = Manner> {
    let compression = prop::sample::select(vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ]);
    let version = prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]);
    (compression, version, any::<bool>(), 1usize..20, 1usize..40).prop_map(
        |(compression, version, dictionary, page_rows, group_rows)| Manner {
            compression,
            version,
            dictionary,
            page_rows,
            group_rows,
        },
    )
}

/// Writes rows of cells, of which `-` is written as null where the column may hold nulls and is not text.
pub(super) fn write(schema: &str, rows: &[Vec<&str>], manner: Manner) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(manner.compression)
        .set_writer_version(manner.version)
        .set_dictionary_enabled(manner.dictionary)
        .set_encoding(Encoding::PLAIN)
        .set_data_page_row_count_limit(manner.page_rows)
        .set_write_batch_size(manner.page_rows);
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::clone(&schema), Arc::new(properties.build())).unwrap();
    for rows in rows.chunks(manner.group_rows) {
        let mut group = writer.next_row_group().unwrap();
        for (place, column) in schema.get_fields().iter().enumerate() {
            let cells: Vec<&str> = rows.iter().map(|row| row[place]).collect();
            write_column(group.next_column().unwrap().unwrap(), column.is_optional(), &cells);
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

pub(super) fn write_column(mut writer: SerializedColumnWriter<'_>, optional: bool, cells: &[&str]) {
    let text = matches!(writer.untyped(), ColumnWriter::ByteArrayColumnWriter(_));
    // In text columns a dash is written as it is on even rows, to have both.
    let null = |row: usize, cell: &str| optional && cell == "-" && (!text || row % 2 == 1);
    let levels: Vec<i16> = cells.iter().enumerate().map(|(row, cell)| i16::from(!null(row, cell))).collect();
    let levels = optional.then_some(&levels[..]);
    let there = cells.iter().enumerate().filter(|(row, cell)| !null(*row, cell)).map(|(_, cell)| *cell);
    match writer.untyped() {
        ColumnWriter::ByteArrayColumnWriter(_) => {
            let values: Vec<_> = there.map(ByteArray::from).collect();
            writer.typed::<ByteArrayType>().write_batch(&values, levels, None).unwrap();
        }
        ColumnWriter::Int32ColumnWriter(_) => {
            let values: Vec<_> = there.map(|cell| cell.parse::<i64>().unwrap() as i32).collect();
            writer.typed::<Int32Type>().write_batch(&values, levels, None).unwrap();
        }
        ColumnWriter::Int64ColumnWriter(_) => {
            let values: Vec<_> = there.map(|cell| cell.parse::<i128>().unwrap() as i64).collect();
            writer.typed::<Int64Type>().write_batch(&values, levels, None).unwrap();
        }
        _ => panic!("a type that is not written"),
    }
    writer.close().unwrap();
}
