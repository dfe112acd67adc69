//! Tests of forged batches: Parquet of another kind, and inconsistent batches.

use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

use super::*;
use crate::batch::columns::{SKETCHES, schema};

const FOOTER: [(&str, &str); 5] = [
    ("weir.format", FORMAT_VERSION),
    ("weir.window_seconds", "300"),
    ("weir.scope", "123456789012.eu-west-1"),
    ("weir.hour", "1699999200"),
    ("weir.raw_blake3", "abc"),
];

/// A host of an interface and one of its pairs, as columns of three rows.
const ROWS: [&str; 3] = [
    "row=interface interface=eni-1 window=1700000100 interface_rows=1",
    "row=host interface=eni-1 window=1700000100 host=10.0.0.1 role=initiator side=own first=1700000100 \
     last=1700000101 attempt_rows=1 slot_0=1",
    "row=pair interface=eni-1 window=1700000100 host=10.0.0.1 role=initiator side=own peer=10.0.0.2 protocol=6 port=22 \
     first=1700000100 last=1700000101 attempt_rows=1",
];

/// Writes rows of `column=value`; columns that are not named are empty or 0.
fn forge(schema: &TypePtr, rows: &[String], footer: &[(&str, &str)]) -> Vec<u8> {
    let cell = |row: &str, column: &str| {
        row.split(' ').find_map(|cell| cell.strip_prefix(column)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::clone(schema), Arc::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    for column in schema.get_fields() {
        let cells = rows.iter().map(|row| cell(row, column.name()));
        let mut writer = group.next_column().unwrap().unwrap();
        match writer.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let cells: Vec<_> = cells.map(|cell| ByteArray::from(cell.into_bytes())).collect();
                writer.write_batch(&cells, None, None).unwrap();
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let cells: Vec<i64> = cells.map(|cell| cell.parse().unwrap_or(0)).collect();
                writer.write_batch(&cells, None, None).unwrap();
            }
            _ => panic!("a column of another type"),
        }
        writer.close().unwrap();
    }
    group.close().unwrap();
    for (key, value) in footer {
        file.append_key_value_metadata(KeyValue::new((*key).to_owned(), (*value).to_owned()));
    }
    file.into_inner().unwrap()
}

fn rows() -> Vec<String> {
    ROWS.map(str::to_owned).to_vec()
}

fn read(rows: &[String], footer: &[(&str, &str)]) -> Result<Batch, BatchError> {
    decode(forge(&schema().unwrap(), rows, footer))
}

#[test]
fn a_forgery_without_faults_is_decoded() {
    let batch = read(&rows(), &FOOTER).unwrap();
    let window = batch.hour.windows.values().next().unwrap();
    let (_, host) = window.interfaces["eni-1"].hosts().next().unwrap();
    assert_eq!((window.interfaces["eni-1"].totals.rows, host.totals().rows(), host.pairs().len()), (1, 1, 1));
    assert_eq!(read(&[], &FOOTER).unwrap().hour.windows.len(), 0);
}

#[test]
fn a_footer_of_another_version_or_without_meaning_is_an_error() {
    let cases = [
        ("weir.format", &["0", "1", "", "1.0"][..]),
        ("weir.window_seconds", &["", "x", "7", "0", "-300", "3900", "99999999999999999999"]),
        ("weir.scope", &["", "nope", "a.b.c", "../x.y"]),
        ("weir.hour", &["", "x", "1699999201", "1699995600", "-9223372036854775808", "9223372036854775807"]),
    ];
    for (name, values) in cases {
        for value in values {
            let footer = FOOTER.map(|(key, was)| (key, if key == name { value } else { was }));
            let error = read(&rows(), &footer).map(|_| ()).unwrap_err();
            assert!(matches!(error, BatchError::Format(_)), "{name} {value}: {error}");
        }
    }
    for (missing, _) in FOOTER {
        let footer: Vec<_> = FOOTER.into_iter().filter(|(key, _)| *key != missing).collect();
        assert!(read(&rows(), &footer).is_err_and(|e| e.to_string().contains(missing)), "{missing}");
    }
}

#[test]
fn inconsistent_rows_are_an_error() {
    let cases = [
        (0, "row=interface", "row=host"),
        (0, "row=interface", "row=pair"),
        (0, "row=interface", "row=x"),
        (0, "window=1700000100", "window=1700000101"),
        (0, "window=1700000100", "window=1700003700"),
        (0, "window=1700000100", "window=-9223372036854775808"),
        (0, "window=1700000100", "window=9223372036854775807"),
        (0, "interface_rows=1", "interface_rows=-1"),
        (1, "row=host", "row=pair"),
        (1, "row=host", "row="),
        (1, "host=10.0.0.1", "host=10.0.0"),
        (1, "role=initiator", "role=boss"),
        (1, "side=own", "side=left"),
        (1, "first=1700000100", "first=-1"),
        (1, "last=1700000101", "last=9223372036854775807"),
        (1, "last=1700000101", "last=1700000099"),
        (1, "attempt_rows=1", "attempt_rows=-9223372036854775808"),
        (2, "row=pair", "row=pear"),
        (2, "peer=10.0.0.2", "peer="),
        (2, "protocol=6", "protocol=256"),
        (2, "port=22", "port=65536"),
        (2, "port=22", "port=-1"),
        (2, "first=1700000100", "first=-9223372036854775808"),
        (2, "attempt_rows=1", "attempt_rows=-1"),
    ];
    for (at, right, wrong) in cases {
        let mut rows = rows();
        assert!(rows[at].contains(right));
        rows[at] = rows[at].replace(right, wrong);
        let error = read(&rows, &FOOTER).map(|_| ()).expect_err(wrong);
        assert!(matches!(error, BatchError::Format(_)), "{wrong}: {error}");
    }
}

#[test]
fn too_many_pairs_of_a_host_are_an_error() {
    let mut rows = rows();
    let pair = rows.pop().unwrap();
    rows.extend((0..=HostAggregate::MAX_PAIRS).map(|port| pair.replace("port=22", &format!("port={port}"))));
    assert!(read(&rows, &FOOTER).is_err());
    rows.pop();
    assert!(read(&rows, &FOOTER).is_ok(), "as many as are kept are read");
}

#[test]
fn sketches_of_a_wrong_length_are_an_error() {
    let whole = 4 * weir_domain::distinct::DistinctSketch::REGISTERS;
    for (length, fits) in [(whole, true), (whole - 1, false), (whole + 1, false), (whole / 4, false), (1, false)] {
        let mut rows = rows();
        rows[1] = format!("{} {SKETCHES}={}", rows[1], "\0".repeat(length));
        assert_eq!(read(&rows, &FOOTER).is_ok(), fits, "{length} bytes");
    }
    let mut rows = rows();
    rows[1] = format!("{} {SKETCHES}={}", rows[1], "~".repeat(whole));
    assert!(read(&rows, &FOOTER).is_err(), "registers beyond what hashing can reach");
}

#[test]
fn other_columns_are_an_error() {
    let schemas = [
        "message other { REQUIRED INT64 a; }".to_owned(),
        "message flow_windows { REQUIRED BINARY row (UTF8); }".to_owned(),
        "message flow_windows { OPTIONAL BINARY row (UTF8); OPTIONAL INT64 window; }".to_owned(),
    ];
    for text in schemas {
        let schema: TypePtr = Arc::new(parse_message_type(&text).unwrap());
        if text.contains("OPTIONAL") {
            let file = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
            assert!(matches!(decode(file.into_inner().unwrap()), Err(BatchError::Format(_))), "{text}");
        } else {
            let error = decode(forge(&schema, &rows(), &FOOTER)).map(|_| ()).unwrap_err();
            assert!(matches!(error, BatchError::Format(_)), "{text}: {error}");
        }
    }
}
