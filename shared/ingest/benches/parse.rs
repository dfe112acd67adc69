//! Rows a second from bytes to records: `cargo bench -p weir-ingest`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression as GzipLevel;
use flate2::write::GzEncoder;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;
use weir_ingest::flow::{vpc_flow_log, vpc_parquet};
use weir_ingest::{ObjectName, ReadError, ReadLimits};

const ROWS: u32 = 100_000;

/// The columns of version 2 as AWS types them.
const V2: &str = "message v2 {
    optional int32 version; optional binary account_id (STRING); optional binary interface_id (STRING);
    optional binary srcaddr (STRING); optional binary dstaddr (STRING); optional int32 srcport; optional int32 dstport;
    optional int32 protocol; optional int64 packets; optional int64 bytes; optional int64 start; optional int64 end;
    optional binary action (STRING); optional binary log_status (STRING);
}";

fn text() -> String {
    let mut text = String::from(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n",
    );
    for i in 0..ROWS {
        let (a, b, t) = (i % 251, i % 13, 1_700_000_000 + i / 100);
        let port = 1024 + i % 60_000;
        let _ = writeln!(
            text,
            "2 123456789012 eni-0a1b2c3d4e5f6071{b} 10.20.{b}.{a} 172.31.{a}.{b} {port} 443 6 {a} {} {t} {} ACCEPT OK",
            i * 7 % 100_000,
            t + 59
        );
    }
    text
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), GzipLevel::default());
    let written = encoder.write_all(text.as_bytes());
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// The same rows in Parquet.
fn parquet(text: &str, compression: Compression) -> Result<Vec<u8>, ParquetError> {
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(' ').collect()).collect();
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(parse_message_type(V2)?), properties)?;
    let mut group = file.next_row_group()?;
    let (levels, mut place) = (vec![1; rows.len()], 0);
    while let Some(mut writer) = group.next_column()? {
        let cells = rows.iter().map(|row| row[place]);
        match writer.untyped() {
            ColumnWriter::Int32ColumnWriter(_) => {
                let cells: Vec<i32> = cells.filter_map(|cell| cell.parse().ok()).collect();
                writer.typed::<Int32Type>().write_batch(&cells, Some(&levels), None)?;
            }
            ColumnWriter::Int64ColumnWriter(_) => {
                let cells: Vec<i64> = cells.filter_map(|cell| cell.parse().ok()).collect();
                writer.typed::<Int64Type>().write_batch(&cells, Some(&levels), None)?;
            }
            _ => {
                let cells: Vec<_> = cells.map(ByteArray::from).collect();
                writer.typed::<ByteArrayType>().write_batch(&cells, Some(&levels), None)?;
            }
        }
        writer.close()?;
        place += 1;
    }
    group.close()?;
    file.into_inner()
}

/// Reads with something that looks at every record; how many there were.
fn count(read: impl Fn(&mut dyn FnMut(&FlowRecord<'_>)) -> Result<ReadSummary, ReadError>) -> u64 {
    let mut bytes = 0;
    let summary = read(&mut |record| bytes += black_box(record).bytes);
    black_box(bytes);
    summary.map_or(0, |summary| summary.records)
}

fn parse(c: &mut Criterion) {
    let (text, name, limits) = (text(), ObjectName::new("bench"), ReadLimits::default());
    let logs = [("text v2", text.clone().into_bytes()), ("text v2 gz", gzip(&text))];
    let mut group = c.benchmark_group("vpc_flow_log");
    group.throughput(Throughput::Elements(ROWS.into())).sample_size(20);
    for (label, log) in logs {
        let read = || count(|each| vpc_flow_log::read(&log[..], &name, limits, None, each));
        assert_eq!(read(), u64::from(ROWS), "{label}");
        group.bench_function(label, |b| b.iter(read));
    }
    for (label, compression) in [
        ("parquet v2", Compression::GZIP(parquet::basic::GzipLevel::default())),
        ("parquet v2 snappy", Compression::SNAPPY),
    ] {
        let file = parquet(&text, compression).unwrap_or_default();
        let read = || count(|each| vpc_parquet::read(&file[..], &name, limits, each));
        assert_eq!(read(), u64::from(ROWS), "{label}");
        group.bench_function(label, |b| b.iter(read));
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
