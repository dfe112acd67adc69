use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use weir_domain::flow::Action;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

const MAPPING: &str = r#"
    width = 13
    [columns]
    source = { name = "src", position = 0 }
    source_port = { name = "sport", position = 1 }
    destination = { name = "dst", position = 2 }
    destination_port = { name = "dport", position = 3 }
    protocol = { name = "proto", position = 4 }
    start = { name = "start", position = 5 }
    duration = { name = "ms", position = 6, unit = "milliseconds" }
    packets = { name = "pkts", position = 7 }
    bytes = { name = "payload", position = 8, counts = "payload" }
    reply_packets = { name = "rpkts", position = 9 }
    reply_bytes = { name = "rbytes", position = 10 }
    action = { name = "action", position = 11, accept = ["allow"], reject = ["deny", "drop"] }
    interface = { name = "nic", position = 12 }
    [protocols]
    Arp = 0
"#;
const HEADER: &str = "src,sport,dst,dport,proto,start,ms,pkts,payload,rpkts,rbytes,action,nic";
const ROW: &str = "10.0.0.1,50000,10.0.0.2,443,tcp,1700000000.5,1600,3,100,2,900,allow,eth0";

/// What a test compares: who and port, whom and port, protocol, packets, bytes, start, end.
type Seen = (String, String, u8, u64, u64, i64, i64);

fn read_as(mapping: &Mapping, bytes: &[u8]) -> Result<(ReadSummary, Vec<Seen>), ReadError> {
    let mut seen = Vec::new();
    let limits = ReadLimits { expanded_bytes: 32 << 20, rejected_share: 1.0 };
    let summary = read(bytes, &ObjectName::new("x.csv"), mapping, limits, |r| {
        let end = |address: std::net::IpAddr, port| format!("{address} {port}");
        let (from, to) = (end(r.source, r.source_port), end(r.destination, r.destination_port));
        seen.push((from, to, r.protocol, r.packets, r.bytes, r.start, r.end));
    })?;
    Ok((summary, seen))
}

fn read_text(text: &str) -> (ReadSummary, Vec<Seen>) {
    read_as(&Mapping::parse(MAPPING).unwrap(), text.as_bytes()).unwrap()
}

fn seen(from: &str, to: &str, protocol: u8, counts: (u64, u64), times: (i64, i64)) -> Seen {
    (from.to_owned(), to.to_owned(), protocol, counts.0, counts.1, times.0, times.1)
}

fn both() -> [Seen; 2] {
    let times = (1_700_000_000, 1_700_000_002);
    [
        seen("10.0.0.1 50000", "10.0.0.2 443", 6, (3, 220), times),
        seen("10.0.0.2 443", "10.0.0.1 50000", 6, (2, 900), times),
    ]
}

#[test]
fn a_row_is_two_records_with_ports_swapped() {
    let (summary, records) = read_text(&format!("{HEADER}\n{ROW}\n"));
    assert_eq!(records, both());
    assert_eq!((summary.records, summary.rows(), summary.not_rows), (1, 1, 1));
}

#[test]
fn the_header_decides_the_order_and_without_one_the_positions_do() {
    let reversed = |line: &str| line.rsplit(',').collect::<Vec<_>>().join(",");
    let quoted = ROW.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
    let cases = [
        (format!("{ROW}\n"), 1, 0),
        (format!("\u{feff}{ROW}\r\n"), 1, 0),
        (format!("{}\n{}\n", reversed(HEADER), reversed(ROW)), 1, 1),
        (
            format!(
                "\u{feff} {} \r\n\r\n {} \r\n",
                HEADER.replace(',', " ,\t").to_uppercase(),
                ROW.replace(',', " , ")
            ),
            1,
            2,
        ),
        (format!("other,{HEADER}\nx,{ROW}\n"), 1, 1),
        (format!(",,,\n{HEADER}\n{quoted}\n"), 1, 2),
        (format!("{HEADER}\n,,,,,,,,,,,,\n , \n{ROW}"), 1, 3),
        (format!("{ROW}\n\u{feff}{HEADER}\n{ROW}\n{}\n{}\n", reversed(HEADER), reversed(ROW)), 3, 2),
    ];
    for (text, rows, not_rows) in cases {
        let (summary, records) = read_text(&text);
        assert_eq!((summary.records, summary.not_rows, summary.rejected_rows()), (rows, not_rows, 0), "{text}");
        assert!(records.chunks(2).all(|pair| pair == both()), "{text}");
    }
}

#[test]
fn who_sent_decides_what_records_there_are() {
    let counts = |counts: &str| read_text(&ROW.replacen("3,100,2,900", counts, 1)).1;
    assert_eq!(counts("3,100,0,0"), [both()[0].clone()]);
    assert_eq!(counts("0,0,2,900"), [both()[1].clone()]);
    assert_eq!(counts("0,0,0,0").len(), 1, "a row that counts nothing is still an attempt");
    assert_eq!(counts("1,9223372036854775807,0,0")[0].4, i64::MAX as u64);
}

#[test]
fn what_is_read_beside_counts() {
    let row = ROW.replacen("allow", "DENY", 1).replacen("tcp", "ARP", 1).replacen("50000", "-", 1);
    let mapping = Mapping::parse(MAPPING).unwrap();
    let mut found = Vec::new();
    read(row.as_bytes(), &ObjectName::new("x"), &mapping, ReadLimits::default(), |r| {
        found.push((r.action, r.protocol, r.source_port.min(r.destination_port), r.interface.to_owned()));
        assert_eq!((r.account, r.region, r.tcp_flags, r.direction), ("", "", None, None));
    })
    .unwrap();
    assert_eq!(found, vec![(Action::Reject, 0, 0, "eth0".to_owned()); 2]);

    let icmp = ROW.replacen("tcp", "1", 1).replacen("443", "0x0303", 1);
    let (_, records) = read_text(&icmp);
    assert_eq!(
        (records[0].0.as_str(), records[0].1.as_str()),
        ("10.0.0.1 0", "10.0.0.2 0"),
        "type and code are no ports"
    );
    assert_eq!(read_text(&ROW.replacen("443", "0x01bb", 1)).1[0].1, "10.0.0.2 443");
    assert_eq!(read_text(&ROW.replacen("allow", "", 1)).0.records, 1, "no action is ACCEPT");
}

#[test]
fn least_mapping() {
    let mapping = Mapping::parse("[columns]\nsource = 2\ndestination = 1\nstart = 0\n").unwrap();
    let (summary, records) = read_as(&mapping, b"1700000000,10.0.0.2,10.0.0.1,more\n1700000000,10.0.0.2\n").unwrap();
    assert_eq!(records, [seen("10.0.0.1 0", "10.0.0.2 0", 0, (0, 0), (1_700_000_000, 1_700_000_000))]);
    assert_eq!(summary.rejected.get(&R::FieldCount), Some(&1));
}

#[test]
fn bad_rows_are_rejects_with_line_and_reason() {
    let swap = |from: &str, to: &str| ROW.replacen(from, to, 1);
    let cases = [
        (swap("10.0.0.1", "10.0.0.256"), R::BadAddress),
        (swap("10.0.0.1", "\"10\"\"0.0.1\""), R::BadAddress),
        (swap("10.0.0.1", ""), R::MissingValue),
        (swap("10.0.0.2", "-"), R::MissingValue),
        (swap("1700000000.5", ""), R::MissingValue),
        (swap("tcp", ""), R::MissingValue),
        (swap("900", ""), R::MissingValue),
        (swap("443", "65536"), R::BadPort),
        (swap("443", "https"), R::BadPort),
        (swap("tcp", "256"), R::BadProtocol),
        (swap("tcp", "unheard-of"), R::BadProtocol),
        (swap("tcp", "\u{fffd}"), R::BadProtocol),
        (swap("900", "NaN"), R::BadCount),
        (swap("900", "-900"), R::BadCount),
        (swap("900", "900.5"), R::BadCount),
        (swap("1700000000.5", "inf"), R::BadTime),
        (swap("1700000000.5", "-1"), R::BadTime),
        (swap("1700000000.5", "17000000000"), R::BadTime),
        (swap("1600", "-1"), R::BadTime),
        (swap("1600", "nan"), R::BadTime),
        (swap("1600", "1e300"), R::BadTime),
        (swap("allow", "perhaps"), R::BadAction),
        (swap("eth0", "eth 0"), R::BadIdentifier),
        (swap("eth0", &"x".repeat(200)), R::BadIdentifier),
        (swap("eth0", &"x".repeat(70_000)), R::LineTooLong),
        (swap(",eth0", ""), R::FieldCount),
        (swap(",eth0", ",eth0,"), R::FieldCount),
        (swap("eth0", "\"eth0"), R::BadStructure),
        (swap("eth0", "\"eth0\"1"), R::BadStructure),
        (swap("10.0.0.1", "src"), R::BadAddress),
    ];
    for (row, reason) in cases {
        for head in [HEADER, ROW] {
            let (summary, _) = read_text(&format!("{head}\n{row}\n{ROW}\n"));
            let rejects: Vec<_> = summary.rejects.iter().map(|r| (r.line, r.reason)).collect();
            assert_eq!(rejects, [(2, reason)], "{row}");
            assert_eq!(summary.records + summary.not_rows, 2, "{row}");
        }
    }
    let (summary, _) = read_text(&format!("{HEADER}\n{}\n{ROW}\n", ROW.replacen("eth0", "\"eth\n0\"", 1)));
    assert_eq!(
        summary.rejects.iter().map(|r| r.reason).collect::<Vec<_>>(),
        [R::BadStructure, R::FieldCount],
        "a quoted line break"
    );
}

#[test]
fn bad_objects_are_errors_that_say_what() {
    let by_name = Mapping::parse("[columns]\nsource = \"a\"\ndestination = \"b\"\nstart = \"c\"\n").unwrap();
    let long = [&vec![b'x'; 1 << 20][..], b"\n"].concat();
    let cases: [(&[u8], &str); 5] = [
        (b"1,2,3\n", "x.csv: no CSV that the mapping describes: the first line is no header, which would name a, b, c"),
        (b"a,d\n", "x.csv: no CSV that the mapping describes: the header names no b, c"),
        (b"a,b,c,A\n", "x.csv: no CSV that the mapping describes: the header names column `a` twice"),
        (b"\"a,b,c\n", "x.csv: no CSV that the mapping describes: the first line is no header"),
        (&long, "x.csv: no CSV that the mapping describes: no line is short enough"),
    ];
    for (bytes, message) in cases {
        let error = read_as(&by_name, bytes).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    for nothing in [&b""[..], b"\n\n", b",,\n", b"a,b,c", b"\xef\xbb\xbfa,b,c\r\n"] {
        assert_eq!(read_as(&by_name, nothing).unwrap().0.rows(), 0);
    }
}

#[test]
fn a_file_most_of_whose_rows_are_rejected_is_something_else() {
    let text = format!("{HEADER}\n{}", "x\n".repeat(30));
    let mapping = Mapping::parse(MAPPING).unwrap();
    let error = read(text.as_bytes(), &ObjectName::new("x"), &mapping, ReadLimits::default(), |_| {}).unwrap_err();
    assert!(matches!(error.problem, Problem::MostlyRejected { rejected: 30, .. }), "{error}");
}

#[test]
fn gzip_is_expanded() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(format!("{HEADER}\n{ROW}\n").as_bytes()).unwrap();
    assert_eq!(read_as(&Mapping::parse(MAPPING).unwrap(), &encoder.finish().unwrap()).unwrap().0.records, 1);
}

fn faults(text: &str) -> Vec<String> {
    Mapping::parse(text).map_or_else(|e| e.faults.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[test]
fn all_faults_of_a_mapping_are_listed() {
    let text = r#"
        delimiter = ";;"
        width = 5
        speed = 1
        [columns]
        source = "a"
        destination = " A "
        sauce = "b"
        protocol = { name = "p", unit = "seconds" }
        packets = 7
        bytes = { counts = "bits" }
        start = { name = "s", unit = "days", format = "%H", afternoon_below = 13 }
        [protocols]
        arp = 256
    "#;
    assert_eq!(
        faults(text),
        [
            "`columns.bytes.counts` must be ip or payload",
            "`columns.bytes` needs `name`, `position` or both",
            "`columns.protocol.unit` is unknown; known are name, position",
            "`columns.sauce` is unknown; known are source, destination, source_port, destination_port, protocol, start, end, \
             duration, packets, bytes, reply_packets, reply_bytes, action, account, region, interface, label",
            "`columns.start.afternoon_below` must be an hour from 1 to 12",
            "`columns.start.format` must be a strptime pattern with a date, as %Y-%m-%d %H:%M:%S, or several",
            "`columns.start.unit` must be one of seconds, milliseconds, microseconds",
            "`columns.start` has both `unit` and `format`: give one",
            "`delimiter` must be one ASCII character, and no quote",
            "`protocols.arp` must be a number from 0 to 255",
            "`speed` is unknown; known are description, delimiter, width, columns, protocols",
            "column `A` is named twice, for `source` and `destination`",
            "`columns` must have names all, or positions all: packets have no name",
            "`width` is 5, and the position of `packets` is not below",
        ]
    );
}

#[test]
fn every_other_fault_of_a_mapping() {
    let least = "[columns]\nsource = 0\ndestination = 1\nstart = 2\n";
    assert_eq!(faults(least), Vec::<String>::new());
    let cases = [
        ("", "`columns.start` is missing: say which column holds it"),
        ("[columns", "line 1: "),
        ("[columns]\nsource = 0\nsource = 1\n", "line 3: "),
        ("columns = 1", "`columns` must be a table"),
        ("description = 1", "`description` must be text"),
        ("width = -1", "`width` must be a number of columns below 4096"),
        (&format!("{least}end = 2"), "column 2 is named twice, for `start` and `end`"),
        (&format!("{least}end = 3\nduration = 4"), "`columns` has both `end` and `duration`: give one"),
        (&format!("{least}end = 4096"), "`columns.end` must be a position from 0 to 4095"),
        (
            &format!("{least}end = 1.5"),
            "`columns.end` must be a column's name, its position from 0, or a table of keys",
        ),
        (&format!("{least}end = \" \""), "`columns.end` is an empty name"),
        (&format!("{least}end = {{ name = 1 }}"), "`columns.end.name` must be text"),
        (
            &format!("{least}end = {{ position = 3, afternoon_below = 8 }}"),
            "`columns.end` has `afternoon_below` without `format`",
        ),
        (&format!("{least}end = {{ position = 3, format = [] }}"), "`columns.end.format` must be a strptime pattern"),
        (
            &format!("{least}bytes = {{ position = 3, counts = \"payload\" }}"),
            "`columns.bytes.counts` is payload, which needs `packets`",
        ),
        (
            &format!("{least}action = {{ position = 3, accept = [1] }}"),
            "`columns.action.accept` must be a word or a list",
        ),
    ];
    for (text, message) in cases {
        assert!(faults(text).iter().any(|fault| fault.starts_with(message)), "{text}: {:?}", faults(text));
    }
    let error = Mapping::parse("width = 1").unwrap_err().to_string();
    assert!(
        error.starts_with("the mapping cannot be used: `columns.source` is missing: say which column holds it; "),
        "{error}"
    );
}

#[test]
fn shipped_mappings() {
    for name in Mapping::shipped_names() {
        let mapping = Mapping::shipped(name).unwrap();
        assert!(!mapping.description().is_empty() && mapping.label().is_some(), "{name}");
    }
    assert_eq!(Mapping::shipped("kdd99"), None);
    let label = Mapping::shipped("unsw-nb15-raw").unwrap().label().cloned();
    assert_eq!(label, Some(Column { name: Some("label".to_owned()), position: Some(48) }));
}

#[test]
fn cicids2017_as_its_files_have_it() {
    // The names of the first columns and the last, with their blanks; the values of rows of Friday and Monday.
    let header = "Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration, Total Fwd Packets, Total Backward Packets,Total Length of Fwd Packets, Total Length of Bwd Packets,Flow Bytes/s, Label";
    let row = "192.168.10.5-104.16.207.165-54865-443-6,104.16.207.165,443,192.168.10.5,54865,6,7/7/2017 3:30,3000003,2,1,12,6,Infinity,Web Attack";
    let monday = row.replacen("7/7/2017 3:30", "03/07/2017 08:55:58", 1);
    let empty = ",".repeat(13);
    let mut text = format!("{header}\r\n{row}").into_bytes();
    text.extend_from_slice(b" \x96 XSS\r\n");
    write!(text, "{monday}\r\n{empty}\r\n{}\r\n", row.replacen("3000003", "-1", 1)).unwrap();
    let (summary, records) = read_as(&Mapping::shipped("cicids2017").unwrap(), &text).unwrap();
    let (outside, inside) = ("104.16.207.165 443", "192.168.10.5 54865");
    assert_eq!(
        records,
        [
            seen(outside, inside, 6, (2, 92), (1_499_441_400, 1_499_441_403)),
            seen(inside, outside, 6, (1, 46), (1_499_441_400, 1_499_441_403)),
            seen(outside, inside, 6, (2, 92), (1_499_072_158, 1_499_072_161)),
            seen(inside, outside, 6, (1, 46), (1_499_072_158, 1_499_072_161)),
        ]
    );
    assert_eq!((summary.records, summary.not_rows, summary.rejected.get(&R::BadTime)), (2, 2, Some(&1)));
}

#[test]
fn unsw_nb15_raw_sample_with_and_without_its_header() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/tables/unsw_nb15_raw_first3500.csv");
    let Ok(with_header) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there", path.display());
        return;
    };
    let mapping = Mapping::shipped("unsw-nb15-raw").unwrap();
    let (summary, records) = read_as(&mapping, &with_header).unwrap();
    assert_eq!((summary.records, summary.not_rows, summary.rejected_rows()), (3500, 1, 0), "{:?}", summary.rejects);
    assert_eq!(records.len(), 3500 + 3455, "45 rows without reply");
    let count = |protocol| records.iter().filter(|r| r.2 == protocol).count();
    assert_eq!([count(6), count(17), count(1), count(89), count(0)], [2 * 2695, 2 * 773 - 23, 6, 8, 2 * 18 - 8]);
    let first = &records[0];
    assert_eq!(*first, seen("59.166.0.0 1390", "149.171.126.6 53", 17, (2, 132), (1_421_927_414, 1_421_927_414)));

    let end_of_header = with_header.iter().position(|&b| b == b'\n').unwrap() + 1;
    let (without, same) = read_as(&mapping, &with_header[end_of_header..]).unwrap();
    assert_eq!((without.records, without.not_rows), (3500, 0));
    assert!(same == records);
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), head in any::<bool>()) {
        let bytes = if head { [HEADER.as_bytes(), b"\n", &bytes].concat() } else { bytes };
        if let Ok((summary, records)) = read_as(&Mapping::parse(MAPPING).unwrap(), &bytes) {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert!((summary.records..=2 * summary.records).contains(&(records.len() as u64)));
        }
    }

    #[test]
    fn rows_from_mangled_text_are_all_accounted_for(rows in prop::collection::vec((any::<u8>(), "[0-9.,\"a-]{0,30}"), 0..30)) {
        let mut text = String::new();
        for (kind, noise) in rows {
            match kind % 4 {
                0 => writeln!(text, "{HEADER}").unwrap(),
                1 => writeln!(text, "{ROW}").unwrap(),
                2 => writeln!(text, "{}{noise}", &ROW[..noise.len()]).unwrap(),
                _ => writeln!(text, "{noise}").unwrap(),
            }
        }
        let (summary, records) = read_text(&text);
        prop_assert_eq!(summary.rows() + summary.not_rows, text.lines().count() as u64);
        prop_assert!((summary.records..=2 * summary.records).contains(&(records.len() as u64)));
    }

    #[test]
    fn any_text_is_a_mapping_or_has_faults(text in "(\\[?(columns|protocols)\\]?\n|(source|start|end|width|action) = ([0-9]|\"[a-z]\"|\\{ (name|unit|format|accept) = (\"[%Y]\"|[0-9]) \\})\n|[ -~\n]{0,3}){0,8}") {
        if let Err(error) = Mapping::parse(&text) {
            prop_assert!(!error.faults.is_empty());
        }
    }
}
