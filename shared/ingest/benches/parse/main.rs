//! Rows a second from bytes to records, of every format: `cargo bench -p weir-ingest`.
//!
//! Each is named by format and rows. Times are short, since the whole is to be done in a minute or so; what the reader costs
//! beside others is for `make bench`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

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
use weir_ingest::flow::csv_mapping::{self, Mapping};
use weir_ingest::flow::{vpc_flow_log, vpc_parquet, zeek};
use weir_ingest::login::{cloudtrail, rba, simple, sshd};
use weir_ingest::usage::{self, UsageOptions};
use weir_ingest::{ObjectName, ReadError, ReadLimits, activity};

mod rows;

use rows::{Login, Rows};

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

fn flow_logs(c: &mut Criterion) {
    let (text, name, limits) = (text(), ObjectName::new("bench"), ReadLimits::default());
    let zstd = zstd::encode_all(text.as_bytes(), 0).unwrap_or_default();
    let logs = [
        ("text v2", text.clone().into_bytes()),
        ("text v2 gz", gzip(&text)),
        ("text v2 zstd", zstd),
        ("text v5, order of its own", rows::FLOW_V5.bytes(ROWS)),
    ];
    let mut group = c.benchmark_group("vpc_flow_log");
    group.throughput(Throughput::Elements(ROWS.into())).sample_size(20);
    for (label, log) in logs {
        let read = || count(|each| vpc_flow_log::read(&log[..], &name, limits, None, each));
        assert_eq!(read(), u64::from(ROWS), "{label}");
        group.bench_function(format!("{label}, {ROWS} rows"), |b| b.iter(read));
    }
    for (label, compression) in [
        ("parquet v2", Compression::GZIP(parquet::basic::GzipLevel::default())),
        ("parquet v2 snappy", Compression::SNAPPY),
    ] {
        let file = parquet(&text, compression).unwrap_or_default();
        let read = || count(|each| vpc_parquet::read(&file[..], &name, limits, each));
        assert_eq!(read(), u64::from(ROWS), "{label}");
        group.bench_function(format!("{label}, {ROWS} rows"), |b| b.iter(read));
    }
    group.finish();
}

/// Looks at what a reader hands on.
fn touch<T>(values: T) {
    black_box(values);
}

/// A format, its rows, and how they are read: the records.
type Case<'a> = (&'a str, &'a Rows, &'a dyn Fn(&[u8]) -> Result<ReadSummary, ReadError>);

fn other_formats(c: &mut Criterion) {
    const ROWS: u32 = 20_000;
    let (name, limits) = (ObjectName::new("bench"), ReadLimits::default());
    let mapping = Mapping::shipped("unsw-nb15-raw");
    let table = rows::TABLE.bytes(ROWS);
    let schema = activity::infer(&table[..], &name, limits, 1000).map(|inferred| inferred.schema);
    let clock = sshd::Clock::utc(1_798_675_200_000);
    let login = |event: &Login<'_>| touch((event.time, event.user, event.source_ip));
    let flow = |record: &FlowRecord<'_>| touch((record.bytes, record.source));
    let (mapping, schema) = (mapping.as_ref(), schema.as_ref().ok());
    let cases: [Case<'_>; 12] = [
        ("zeek tsv", &rows::ZEEK_TSV, &|log| zeek::read(log, &name, limits, flow)),
        ("zeek json", &rows::ZEEK_JSON, &|log| zeek::read(log, &name, limits, flow)),
        ("csv mapping", &rows::UNSW, &|log| {
            mapping.map_or_else(|| Ok(ReadSummary::default()), |m| csv_mapping::read(log, &name, m, limits, flow))
        }),
        ("rba csv", &rows::RBA, &|log| rba::read(log, &name, limits, login)),
        ("simple csv", &rows::SIMPLE_CSV, &|log| simple::read(log, &name, limits, login)),
        ("simple json", &rows::SIMPLE_JSON, &|log| simple::read(log, &name, limits, login)),
        ("cloudtrail", &rows::CLOUDTRAIL, &|log| cloudtrail::read(log, &name, limits, login)),
        ("cloudtrail, as activity", &rows::CLOUDTRAIL, &|log| {
            cloudtrail::read_activity(log, &name, limits, |event| touch((event.time, event.action)))
        }),
        ("sshd", &rows::SSHD, &|log| sshd::read(log, &name, limits, clock, login)),
        ("activity csv", &rows::TABLE, &|log| {
            let each = |row: &weir_domain::activity::ActivityRow<'_>| touch(row.values.len());
            schema.map_or_else(|| Ok(ReadSummary::default()), |s| activity::read(log, &name, limits, s, each))
        }),
        ("usage csv", &rows::USAGE_CSV, &|log| {
            usage::read(log, &name, limits, &UsageOptions::default(), |point| touch(point.value))
        }),
        ("usage json", &rows::USAGE_JSON, &|log| {
            usage::read(log, &name, limits, &UsageOptions::default(), |point| touch(point.value))
        }),
    ];
    let mut group = c.benchmark_group("other formats");
    group.throughput(Throughput::Elements(ROWS.into())).sample_size(10);
    for (label, rows, read) in cases {
        let log = rows.bytes(ROWS);
        let read = || read(&log).map_or(0, |summary| summary.records);
        assert_eq!(read(), u64::from(ROWS), "{label}");
        group.bench_function(format!("{label}, {ROWS} rows"), |b| b.iter(read));
    }
    group.finish();
}

fn short() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = short(); targets = flow_logs, other_formats }
criterion_main!(benches);
