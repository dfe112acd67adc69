use std::io::Write;
use std::net::IpAddr;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use weir_domain::flow::{Action, Direction};
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

mod fixtures;
mod orders;
mod transit_gateway;

const V2: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const ROW: &str = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000059 ACCEPT OK";

/// What a test compares: who, whom, port, bytes.
type Seen = (IpAddr, IpAddr, u16, u64);

fn read_as(bytes: &[u8], name: &str) -> Result<(ReadSummary, Vec<Seen>), ReadError> {
    let mut seen = Vec::new();
    let limits = ReadLimits { expanded_bytes: 32 << 20, rejected_share: 1.0 };
    let summary = read(bytes, &ObjectName::new(name), limits, None, |r| {
        seen.push((r.source, r.destination, r.destination_port, r.bytes));
    })?;
    Ok((summary, seen))
}

fn read_text(text: &str) -> (ReadSummary, Vec<Seen>) {
    read_as(text.as_bytes(), "test.log").unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_header_decides_the_order() {
    let text = "bytes dstaddr end srcaddr start dstport\n7 10.0.0.2 1700000001 2001:db8::1 1700000000 53\n";
    let (summary, seen) = read_text(text);
    assert_eq!(seen, [("2001:db8::1".parse().unwrap(), "10.0.0.2".parse().unwrap(), 53, 7)]);
    assert_eq!((summary.records, summary.rows()), (1, 1));
}

#[test]
fn every_field_that_is_read() {
    let header = "account-id version region interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags flow-direction log-status";
    let row =
        "123456789012 5 us-east-1 eni-1 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000059 REJECT 2 egress OK";
    let text = format!("{header}\n{row}\n");
    let mut seen = 0;
    read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), None, |r| {
        seen += 1;
        assert_eq!((r.account, r.region, r.interface), ("123456789012", "us-east-1", "eni-1"));
        assert_eq!((r.source_port, r.destination_port, r.protocol), (50000, 443, 6));
        assert_eq!((r.packets, r.bytes, r.start, r.end), (3, 180, 1_700_000_000, 1_700_000_059));
        assert_eq!((r.action, r.tcp_flags, r.direction), (Action::Reject, Some(2), Some(Direction::Egress)));
    })
    .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn no_data_and_skip_data_are_not_rejects() {
    let text = format!(
        "{V2}\n{ROW}\n2 1 eni-1 - - - - - - - 1431280876 1431280934 - NODATA\n2 1 eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA\n\
         2 1 eni-1 1.2.3.4 5.6.7.8 1 2 6 1 1 1431280876 1431280934 REJECT NODATA\n"
    );
    let (summary, _) = read_text(&text);
    assert_eq!((summary.records, summary.no_data, summary.skip_data, summary.rejected_rows()), (1, 2, 1, 0));
}

#[test]
fn bad_rows_are_rejects_with_line_and_reason() {
    let swap = |from: &str, to: &str| ROW.replacen(from, to, 1);
    let cases = [
        (swap("10.0.0.1", "10.0.0.256"), R::BadAddress),
        (swap("10.0.0.1", "-"), R::BadAddress),
        (swap("50000", "65536"), R::BadPort),
        (swap(" 6 ", " 256 "), R::BadProtocol),
        (swap(" 3 ", " 3.5 "), R::BadCount),
        (swap(" 180 ", " 99999999999999999999 "), R::BadCount),
        (swap("1700000000", "17000000000000"), R::BadTime),
        (swap("1700000059", "1600000000"), R::BadTime),
        (swap("ACCEPT", "accept"), R::BadAction),
        (swap("OK", "FINE"), R::BadStatus),
        (swap("eni-1", "eni\u{1}"), R::BadIdentifier),
        (swap(" OK", ""), R::FieldCount),
        (swap(" OK", " OK more"), R::FieldCount),
        (swap("eni-1", &"x".repeat(70_000)), R::LineTooLong),
    ];
    for (row, reason) in cases {
        let (summary, _) = read_text(&format!("{V2}\n{ROW}\n{row}\n{ROW}\n"));
        assert_eq!(summary.records, 2, "{reason}");
        assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(3, reason)]);
        let excerpt = &summary.rejects[0].excerpt;
        assert!(row.starts_with(excerpt.trim_end_matches('\u{fffd}').get(..10).unwrap()), "{excerpt}");
        assert!(excerpt.chars().count() <= 80 && !excerpt.contains('\u{1}'));
    }
}

#[test]
fn rejects_are_counted_all_and_kept_some() {
    let text = format!("{V2}\n{}", "nonsense\n".repeat(1000));
    let (summary, _) = read_text(&text);
    assert_eq!((summary.rejected_rows(), summary.rejects.len()), (1000, ReadSummary::MAX_KEPT_REJECTS));
}

#[test]
fn an_object_most_of_whose_rows_are_rejected_is_something_else() {
    let text = format!("{V2}\n{}{}", "nonsense\n".repeat(60), format!("{ROW}\n").repeat(40));
    let error = read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), None, |_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "x: 60 of 100 rows cannot be read (mostly: wrong number of fields): it is probably not what it is taken for"
    );
}

#[test]
fn a_header_in_the_middle_governs_what_follows() {
    let text =
        format!("\u{feff}{V2}\n{ROW}\n\u{feff}{V2}\n{ROW}\ndstaddr srcaddr start\n10.0.0.9 10.0.0.8 1700000000\n");
    let (summary, seen) = read_text(&text);
    assert_eq!((summary.records, summary.rejected_rows()), (3, 0));
    assert_eq!(seen[2].0, "10.0.0.8".parse::<IpAddr>().unwrap());
}

#[test]
fn compression_is_recognised_by_content_over_all_parts() {
    let (one, two) = (format!("{V2}\n{ROW}\n"), format!("{ROW}\n{ROW}\n"));
    let mut members = gzip(one.as_bytes());
    members.extend(gzip(two.as_bytes()));
    for name in ["x.log.gz", "x.log", "x"] {
        assert_eq!(read_as(&members, name).unwrap().0.records, 3, "{name}");
    }
    for name in ["x.log.zst", "x.log.gz", "x"] {
        let frames = [zstd::encode_all(one.as_bytes(), 3).unwrap(), zstd::encode_all(two.as_bytes(), 3).unwrap()];
        assert_eq!(read_as(&frames.concat(), name).unwrap().0.records, 3, "{name}");
    }
    assert_eq!(read_as(one.as_bytes(), "named.gz").unwrap().0.records, 1, "text is text, whatever its name");
}

#[test]
fn nothing_to_read_is_zero_records() {
    for text in ["", "\n", V2, &format!("{V2}\n"), &format!("{V2}\r\n\r\n")] {
        assert_eq!(read_text(text).0.rows(), 0, "{text:?}");
        assert_eq!(read_as(&gzip(text.as_bytes()), "x.gz").unwrap().0.rows(), 0);
    }
}

#[test]
fn line_ends_of_windows() {
    assert_eq!(read_text(&format!("{V2}\r\n{ROW}\r\n{ROW}\r\n")).0.records, 2);
}

#[test]
fn bad_objects_are_errors_that_say_what_and_where() {
    let whole = gzip(format!("{V2}\n{}", format!("{ROW}\n").repeat(500)).as_bytes());
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0xff;
    let mut trailing = whole.clone();
    trailing.extend_from_slice(b"trailing");
    let bomb = gzip(&vec![0; 33 << 20]);
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let long = [V2.as_bytes(), b"\n", &vec![b'x'; 10 << 20][..]].concat();
    let cases: [(&str, &[u8], &str); 13] = [
        ("cut.gz", &whole[..whole.len() - 20], "cut.gz: the gzip stream ends early"),
        ("damaged.gz", &damaged, "damaged.gz: the gzip stream is damaged"),
        ("trailing.gz", &trailing, "trailing.gz: the gzip stream"),
        ("bomb.gz", &bomb, "bomb.gz: expands to more than 33554432 bytes"),
        ("bomb.zst", &zstd(&vec![0; 33 << 20]), "bomb.zst: expands to more than 33554432 bytes"),
        ("lines.zst", &zstd(&vec![b'\n'; 33 << 20]), "lines.zst: expands to more than 33554432 bytes"),
        ("cut.zst", &zstd(&whole)[..100], "cut.zst: the zstd stream ends early"),
        ("plain.gz", b"\x00\x01\x02", "plain.gz: named .gz, but"),
        ("binary", b"\x7fELF\x00\x01\n\x02", "binary: the first line is no flow-log header"),
        ("noheader.log", ROW.as_bytes(), "noheader.log: the first line is no flow-log header"),
        ("later.log", b"srcaddr dstaddr start\ndstaddr end start\n", "later.log: the header names no srcaddr"),
        ("nosrc.log", b"version dstaddr start end\n", "nosrc.log: the header names no srcaddr"),
        ("twice.log", b"srcaddr dstaddr start srcaddr\n", "twice.log: the header names srcaddr twice"),
    ];
    for (name, bytes, message) in cases {
        let error = read_as(bytes, name).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let (summary, _) = read_as(&long, "long.log").unwrap();
    assert_eq!((summary.records, summary.rejected.get(&R::LineTooLong)), (0, Some(&1)));
}

#[test]
fn expansion_stops_at_the_limit() {
    let text = format!("{V2}\n{}", format!("{ROW}\n").repeat(1000));
    let exactly = ReadLimits { expanded_bytes: text.len() as u64, ..ReadLimits::default() };
    let less = ReadLimits { expanded_bytes: text.len() as u64 - 1, ..ReadLimits::default() };
    let name = ObjectName::new("big.gz");
    assert_eq!(read(&gzip(text.as_bytes())[..], &name, exactly, None, |_| {}).unwrap().records, 1000);
    let error = read(&gzip(text.as_bytes())[..], &name, less, None, |_| {}).unwrap_err();
    assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
}

#[test]
fn names_cannot_forge_log_lines() {
    assert_eq!(ObjectName::new("a\nb\u{1b}[2J").to_string(), "a\\nb\\u{1b}[2J");
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..400), gz in any::<bool>(), head in any::<bool>()) {
        if head {
            bytes = [V2.as_bytes(), b"\n", &bytes].concat();
        }
        if gz {
            bytes = [&[0x1f, 0x8b, 8, 0][..], &bytes].concat();
        }
        if let Ok((summary, records)) = read_as(&bytes, "any") {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert_eq!(summary.records, records.len() as u64);
        }
    }

    #[test]
    fn rows_from_mangled_text_are_all_accounted_for(text in "([0-9.: -]{0,40}\n){0,20}") {
        let (summary, seen) = read_text(&format!("srcaddr dstaddr start\n{text}"));
        prop_assert_eq!(summary.rows() + summary.not_rows, text.lines().count() as u64 + 1);
        prop_assert_eq!(summary.records, seen.len() as u64);
    }
}
