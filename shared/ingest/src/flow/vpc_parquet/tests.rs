use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression as GzipLevel;
use flate2::write::GzEncoder;
use parquet::basic::Encoding;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::flow::vpc_flow_log;

mod forged;
mod writer;

use writer::{Manner, manners, write, write_column};

/// A cell as it would stand in a text log.
type Cell = &'static str;

/// The columns of version 2 as AWS types them.
const V2: &str = "message v2 {
    optional int32 version; optional binary account_id (STRING); optional binary interface_id (STRING);
    optional binary srcaddr (STRING); optional binary dstaddr (STRING); optional int32 srcport; optional int32 dstport;
    optional int32 protocol; optional int64 packets; optional int64 bytes; optional int64 start; optional int64 end;
    optional binary action (STRING); optional binary log_status (STRING);
}";

const ROW: &str = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000059 ACCEPT OK";
const NODATA: &str = "2 123456789012 eni-1 - - - - - - - 1700000000 1700000059 - NODATA";

fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(' ').collect()).collect()
}

const LIMITS: ReadLimits = ReadLimits { expanded_bytes: 64 << 20, rejected_share: 1.0 };

/// Reads; every record as its debug form.
fn read_all(bytes: &[u8]) -> Result<(ReadSummary, Vec<String>), ReadError> {
    let mut seen = Vec::new();
    let summary = read(bytes, &ObjectName::new("x.parquet"), LIMITS, |record| seen.push(format!("{record:?}")))?;
    assert_eq!(summary.records, seen.len() as u64);
    Ok((summary, seen))
}

fn text_of(names: &str, rows: &[Vec<&str>]) -> (ReadSummary, Vec<String>) {
    let mut text = names.to_owned();
    for row in rows {
        let _ = write!(text, "\n{}", row.join(" "));
    }
    let mut seen = Vec::new();
    let name = ObjectName::new("x.log");
    let summary = vpc_flow_log::read(text.as_bytes(), &name, LIMITS, None, |r| seen.push(format!("{r:?}"))).unwrap();
    (summary, seen)
}

fn fails(bytes: &[u8]) -> String {
    read_all(bytes).unwrap_err().to_string()
}

#[test]
fn the_fixture_of_another_writer() {
    // Written by pyarrow: accounts as INT64, ports and counts as text.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vpc_formats/flows.parquet");
    let Ok(bytes) = std::fs::read(path) else {
        eprintln!("SKIPPED: {path} is not there");
        return;
    };
    let (summary, seen) = read_all(&bytes).unwrap();
    assert_eq!((summary.records, summary.no_data, summary.skip_data, summary.rejected_rows()), (1, 2, 0, 0));
    for part in [
        "account: \"123456789010\"",
        "interface: \"eni-102010ab\"",
        "source: 198.51.100.1, destination: 192.0.2.1",
        "packets: 10",
        "start: 1439387263",
    ] {
        assert!(seen[0].contains(part), "{part} in {}", seen[0]);
    }
}

#[test]
fn null_is_what_a_dash_is() {
    let text = format!("{ROW}\n{NODATA}\n{NODATA}\n{}\n{ROW}", ROW.replace("50000", "-"));
    for dictionary in [true, false] {
        let bytes = write(V2, &rows(&text), Manner { dictionary, ..Manner::default() });
        let (summary, seen) = read_all(&bytes).unwrap();
        assert_eq!((summary.records, summary.no_data, summary.rejected_rows(), summary.not_rows), (3, 2, 0, 0));
        assert!(seen[1].contains("source_port: 0"), "{}", seen[1]);
    }
}

#[test]
fn bad_cells_are_rejects_with_the_row_number() {
    let swap = |from: &str, to: &str| ROW.replacen(from, to, 1);
    let cases = [
        (swap("10.0.0.1", "10.0.0.256"), R::BadAddress),
        (swap("10.0.0.1", "-"), R::BadAddress),
        (swap("50000", "65536"), R::BadPort),
        (swap("50000", "-1"), R::BadPort),
        (swap(" 6 ", " 256 "), R::BadProtocol),
        (swap(" 6 ", " - "), R::BadProtocol),
        (swap(" 3 ", " -3 "), R::BadCount),
        (swap("1700000000", "17000000000000"), R::BadTime),
        (swap("1700000059", "1600000000"), R::BadTime),
        (swap("ACCEPT", "accept"), R::BadAction),
        (swap("OK", "-"), R::BadStatus),
        (swap("eni-1", "eni\u{1}"), R::BadIdentifier),
        (swap("eni-1", &"x".repeat(70_000)), R::BadIdentifier),
    ];
    for (row, reason) in cases {
        let (summary, _) = read_all(&write(V2, &rows(&format!("{ROW}\n{row}\n{ROW}")), Manner::default())).unwrap();
        assert_eq!(summary.records, 2, "{reason}");
        assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(2, reason)]);
        let excerpt = &summary.rejects[0].excerpt;
        assert!(excerpt.chars().count() <= 80 && excerpt.contains("10.0.0.2"), "{excerpt}");
    }
}

#[test]
fn columns_by_name_in_any_order_and_type() {
    let schema =
        "message m { required int64 END (INTEGER(64,false)); required binary pkt-dstaddr; required int64 extra;
        required int32 dstport (INTEGER(16,false)); required binary dstaddr (STRING); required binary start;
        required int64 account-id; required binary srcaddr; required int32 protocol (INTEGER(32,false));
        required int32 tcp_flags (INT_8); required binary flow-direction (ENUM); required int64 bytes (UINT_64); }";
    let row = "1700000009 10.0.0.3 7 443 2001:db8::2 1700000000 42 10.0.0.1 17 2 egress 9223372036854775807";
    let (summary, seen) = read_all(&write(schema, &rows(row), Manner::default())).unwrap();
    assert_eq!(summary.records, 1);
    for part in [
        "account: \"000000000042\"",
        "source: 10.0.0.1",
        "destination: 2001:db8::2",
        "destination_port: 443",
        "protocol: 17",
        "bytes: 9223372036854775807",
        "start: 1700000000, end: 1700000009",
        "direction: Some(Egress)",
        "packet_source: None, packet_destination: Some(10.0.0.3)",
    ] {
        assert!(seen[0].contains(part), "{part} in {}", seen[0]);
    }
    for (from, to, reason) in
        [("9223372036854775807", "9223372036854775808", R::BadCount), (" 17 ", " 4294967295 ", R::BadProtocol)]
    {
        let (summary, _) = read_all(&write(schema, &rows(&row.replace(from, to)), Manner::default())).unwrap();
        assert_eq!(summary.rejected.get(&reason), Some(&1));
        assert!(summary.rejects[0].excerpt.contains(to.trim()), "{}", summary.rejects[0].excerpt);
    }
}

#[test]
fn a_transit_gateways_rows() {
    let schema = "message m { required binary tgw_attachment_id; required binary tgw_id; required binary srcaddr;
        required binary dstaddr; required int64 start; required int32 tcp_flags; required int64 packets;
        required binary flow_direction; }";
    let row = "tgw-attach-1 tgw-1 10.0.0.1 10.1.0.1 1700000000 26 9 ingress";
    let (_, seen) = read_all(&write(schema, &rows(row), Manner::default())).unwrap();
    for part in ["interface: \"tgw-attach-1\"", "tcp_flags: None", "direction: Some(Egress)"] {
        assert!(seen[0].contains(part), "{part} in {}", seen[0]);
    }
}

#[test]
fn files_that_are_no_flow_logs_say_why() {
    let column = |column: &str| format!("message m {{ required binary dstaddr; required int64 start; {column} }}");
    for (schema, row, message) in [
        (column(""), "10.0.0.1 1", "x.parquet: the header names no srcaddr"),
        (column("required int32 srcaddr;"), "10.0.0.1 1 1", "x.parquet: the column srcaddr holds numbers"),
        (column("required int64 end (TIMESTAMP(MILLIS,true));"), "10.0.0.1 1 1", "x.parquet: the column end is of a"),
        (column("required int64 end (DECIMAL(9,2));"), "10.0.0.1 1 1", "x.parquet: the column end is of a type"),
        (
            column("required binary dst-addr; required binary DSTADDR;"),
            "a 1 a a",
            "x.parquet: the header names dstaddr",
        ),
    ] {
        let error = fails(&write(&schema, &rows(row), Manner::default()));
        assert!(error.starts_with(message), "{error}");
    }
    let nested = Arc::new(
        parse_message_type("message m { required binary srcaddr; required group more { required int64 start; } }")
            .unwrap(),
    );
    let repeated =
        Arc::new(parse_message_type("message m { required binary srcaddr; repeated int64 start; }").unwrap());
    for (schema, column) in [(nested, "more"), (repeated, "start")] {
        let bytes = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap().into_inner().unwrap();
        assert!(fails(&bytes).starts_with(&format!("x.parquet: the column {column} holds columns or lists")));
    }
    let whole = write(V2, &rows(ROW), Manner::default());
    for (bytes, message) in [
        (&b""[..], "x.parquet: no flow log in Parquet: its last bytes are no Parquet footer"),
        (b"version srcaddr dstaddr start\n", "x.parquet: no flow log in Parquet: its first bytes"),
        (&whole[..whole.len() - 1], "x.parquet: no flow log in Parquet: its last bytes are no Parquet footer"),
    ] {
        let error = fails(bytes);
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn encodings_that_are_not_read_are_named() {
    let schema_text = "message m { required binary srcaddr; required binary dstaddr; required binary start; }";
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_encoding(Encoding::DELTA_BYTE_ARRAY);
    let schema = Arc::new(parse_message_type(schema_text).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for cell in ["10.0.0.1", "10.0.0.2", "1700000000"] {
        write_column(group.next_column().unwrap().unwrap(), false, &[cell]);
    }
    group.close().unwrap();
    let error = fails(&writer.into_inner().unwrap());
    assert_eq!(error, "x.parquet: the column srcaddr is encoded as DELTA: plain values and dictionaries are read");
}

#[test]
fn sizes_and_shares_are_limited() {
    let text = [ROW; 1000].join("\n");
    let bytes = write(V2, &rows(&text), Manner::default());
    let read_with = |bytes: &[u8], expanded_bytes| {
        let limits = ReadLimits { expanded_bytes, ..ReadLimits::default() };
        read(bytes, &ObjectName::new("x"), limits, |_| {})
    };
    assert_eq!(read_with(&bytes, 1000 * ROW_BYTES).unwrap().records, 1000);
    for limit in [bytes.len() as u64 - 1, 1000 * ROW_BYTES - 1] {
        assert!(matches!(read_with(&bytes, limit).unwrap_err().problem, Problem::TooLarge { .. }));
    }
    let bad = [ROW.replace("10.0.0.1", "x").as_str(); 100].join("\n");
    let error = read_with(&write(V2, &rows(&bad), Manner::default()), 1 << 20).unwrap_err();
    assert!(matches!(error.problem, Problem::MostlyRejected { rejected: 100, .. }));
}

#[test]
fn a_compressed_file_is_expanded_first() {
    let bytes = write(V2, &rows(ROW), Manner::default());
    let mut encoder = GzEncoder::new(Vec::new(), GzipLevel::fast());
    encoder.write_all(&bytes).unwrap();
    let gzip = encoder.finish().unwrap();
    assert_eq!(read_all(&gzip).unwrap().0.records, 1);
    assert_eq!(fails(&gzip[..gzip.len() - 9]).split(':').nth(1), Some(" the gzip stream ends early"));
}

/// Cells of every kind by column of [`V2`]: ordinary, odd and wrong.
fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let one_of = |cells: &'static [Cell]| prop::sample::select(cells);
    let address =
        || one_of(&["10.0.0.1", "10.0.0.1", "172.16.0.9", "2001:db8::1", "::ffff:1.2.3.4", "-", "10.0.0.01", ""]);
    let port = || one_of(&["443", "0", "50000", "65535", "65536", "-1", "-"]);
    let count = || one_of(&["1", "180", "0", "9223372036854775807", "-5", "-"]);
    let time = || one_of(&["1700000000", "1700000059", "0", "4102444800", "-1", "-"]);
    let head =
        (one_of(&["2", "-"]), one_of(&["123456789012", "unknown", "-"]), one_of(&["eni-1", "eni-2", "-", "\u{e9}"]));
    let ends = (address(), address(), port(), port(), one_of(&["6", "17", "255", "256", "-"]));
    let tail = (count(), count(), time(), time());
    let words =
        (one_of(&["ACCEPT", "REJECT", "-", "accept"]), one_of(&["OK", "OK", "OK", "NODATA", "SKIPDATA", "-", "ok"]));
    (head, ends, tail, words)
        .prop_map(|((a, b, c), (d, e, f, g, h), (i, j, k, l), (m, n))| vec![a, b, c, d, e, f, g, h, i, j, k, l, m, n])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parquet_says_what_text_says(rows in prop::collection::vec(cells(), 0..60), manner in manners()) {
        let names = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                     action log-status";
        let (summary, seen) = read_all(&write(V2, &rows, manner)).unwrap();
        let (mut expected, expected_seen) = text_of(names, &rows);
        // Text has a header line.
        expected.not_rows -= 1;
        for reject in &mut expected.rejects {
            reject.line -= 1;
        }
        prop_assert_eq!(seen, expected_seen);
        prop_assert_eq!(summary.rows(), rows.len() as u64);
        let rejects = |summary: &ReadSummary| summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>();
        prop_assert_eq!(rejects(&summary), rejects(&expected));
        prop_assert_eq!((summary.no_data, summary.skip_data), (expected.no_data, expected.skip_data));
        prop_assert_eq!((summary.not_rows, summary.rejected), (expected.not_rows, expected.rejected));
    }

    #[test]
    fn any_damage_is_an_error_or_other_rows(
        rows in prop::collection::vec(cells(), 1..40),
        manner in manners(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = write(V2, &rows, manner);
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        if let Some(cut) = cut {
            // The footer stays: what it points to moves.
            let at = cut.index(bytes.len());
            bytes.remove(at);
        }
        if let Ok((summary, _)) = read_all(&bytes) {
            prop_assert_eq!(summary.not_rows, 0);
        }
    }

    #[test]
    fn any_footer_is_an_error_or_a_schema(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let length = (bytes.len() as u32).to_le_bytes();
        // A footer without pages has no rows.
        if let Ok((summary, _)) = read_all(&[b"PAR1", &bytes[..], &length, b"PAR1"].concat()) {
            prop_assert_eq!(summary.rows(), 0);
        }
    }
}
