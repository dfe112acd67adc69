use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use weir_domain::flow::Sender;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2024-01-01-00-00-00\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n\
    #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n";
const DIRECTIVES: u64 = 8;
const ROW: &str = "1700000000.986539\tCa1\t10.0.0.1\t50000\t10.0.0.2\t443\ttcp\tssl\t2.163820\t301\t5000\tSF\t-\t-\t0\tShADadFf\t9\t781\t8\t5440\t(empty)";

/// What a test compares: who and port, whom and port, packets, bytes, flags.
type Seen = (String, String, u64, u64, Option<u8>);

fn read_as(bytes: &[u8], name: &str) -> Result<(ReadSummary, Vec<Seen>), ReadError> {
    let mut seen = Vec::new();
    let limits = ReadLimits { expanded_bytes: 32 << 20, rejected_share: 1.0 };
    let summary = read(bytes, &ObjectName::new(name), limits, |r| {
        let end = |address: std::net::IpAddr, port| format!("{address} {port}");
        let (from, to) = (end(r.source, r.source_port), end(r.destination, r.destination_port));
        seen.push((from, to, r.packets, r.bytes, r.tcp_flags));
    })?;
    Ok((summary, seen))
}

fn read_text(text: &str) -> (ReadSummary, Vec<Seen>) {
    read_as(text.as_bytes(), "conn.log").unwrap()
}

fn read_row(row: &str) -> (ReadSummary, Vec<Seen>) {
    read_text(&format!("{HEADER}{row}\n"))
}

fn seen(from: &str, to: &str, packets: u64, bytes: u64, flags: Option<u8>) -> Seen {
    (from.to_owned(), to.to_owned(), packets, bytes, flags)
}

#[test]
fn a_connection_is_two_records_with_ports_swapped() {
    let (summary, records) = read_row(ROW);
    assert_eq!(
        records,
        [
            seen("10.0.0.1 50000", "10.0.0.2 443", 9, 781, Some(11)),
            seen("10.0.0.2 443", "10.0.0.1 50000", 8, 5440, Some(27)),
        ]
    );
    assert_eq!((summary.records, summary.rows(), summary.not_rows), (1, 1, DIRECTIVES));
}

#[test]
fn times_action_and_what_is_unknown() {
    let mut count = 0;
    read(format!("{HEADER}{ROW}\n").as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |r| {
        count += 1;
        assert_eq!((r.start, r.end, r.protocol), (1_700_000_000, 1_700_000_003, 6));
        assert_eq!((r.account, r.region, r.interface, r.direction), ("", "", "", None));
        assert_eq!(r.action, weir_domain::flow::Action::Accept);
    })
    .unwrap();
    assert_eq!(count, 2);
}

#[test]
fn json_lines_say_the_same() {
    let dotted = r#"{"ts":1700000000.986539,"uid":"Ca1","id.orig_h":"10.0.0.1","id.orig_p":50000,"id.resp_h":"10.0.0.2","id.resp_p":443,"proto":"tcp","service":"ssl","duration":2.16382,"orig_bytes":301,"resp_bytes":5000,"conn_state":"SF","missed_bytes":0,"history":"ShADadFf","orig_pkts":9,"orig_ip_bytes":781,"resp_pkts":8,"resp_ip_bytes":5440,"tunnel_parents":[{"a":[]}]}"#;
    let whole = dotted.replacen("1700000000.986539", "1700000000", 1);
    let milliseconds = dotted.replacen("1700000000.986539", "1700000000986", 1);
    let iso = dotted.replacen("1700000000.986539", "\"2023-11-14T22:13:20.986539Z\"", 1);
    let escaped = dotted.replacen("\"SF\"", "\"\\u0053F\"", 1).replacen("10.0.0.1", "10\\u002e0.0.1", 1);
    let underscores = dotted.replacen("id.", "id_", 4);
    let (_, expected) = read_row(ROW);
    for line in [dotted, &whole, &milliseconds, &iso, &escaped, &underscores] {
        let (summary, records) = read_text(&format!("{line}\n\n{line}\n"));
        assert_eq!((summary.records, summary.not_rows, summary.rejected_rows()), (2, 1, 0), "{line}");
        assert_eq!(records[..2], expected, "{line}");
    }
    let mut times = Vec::new();
    read(iso.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |r| times.push((r.start, r.end))).unwrap();
    assert_eq!(times, [(1_700_000_000, 1_700_000_003); 2]);
}

#[test]
fn attempts_and_refusals_read_as_such() {
    let row = |state: &str, history: &str, packets: [u64; 2]| {
        let [orig, resp] = packets;
        format!(
            "1700000000\tC\t10.0.0.1\t50000\t10.0.0.2\t22\ttcp\t-\t-\t-\t-\t{state}\t-\t-\t0\t{history}\t{orig}\t{}\t{resp}\t{}\t-",
            orig * 60,
            resp * 40
        )
    };
    // State, history, packets; the initiator's row half-open; the responder's row refuses.
    let cases = [
        ("S0", "S", [3, 0], true, None),
        ("S0", "-", [3, 0], true, None),
        ("REJ", "Sr", [1, 1], true, Some(true)),
        ("REJ", "-", [1, 1], true, Some(true)),
        ("RSTO", "ShR", [2, 1], true, Some(false)),
        ("RSTO", "ShADadR", [5, 4], false, Some(false)),
        ("RSTOS0", "SR", [2, 0], true, None),
        ("RSTR", "ShADr", [3, 2], false, Some(false)),
        ("SF", "-", [4, 4], false, Some(false)),
        ("S1", "ShADad", [4, 4], false, Some(false)),
        ("SH", "SF", [2, 0], false, None),
    ];
    for (state, history, packets, half_open, refuses) in cases {
        let (mut attempts, mut answers) = (Vec::new(), Vec::new());
        let text = format!("{HEADER}{}\n", row(state, history, packets));
        read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |r| match r.sender() {
            Sender::Initiator => attempts.push((r.destination_port, r.half_open())),
            Sender::Responder => answers.push(r.refuses()),
        })
        .unwrap();
        assert_eq!(attempts, [(22, half_open)], "{state} {history}");
        assert_eq!(answers, refuses.into_iter().collect::<Vec<_>>(), "{state} {history}");
    }
    let (_, records) = read_row(&row("RSTRH", "^hr", [0, 2]));
    assert_eq!(records, [seen("10.0.0.2 22", "10.0.0.1 50000", 2, 80, Some(22))], "the originator was never seen");
    let (summary, records) = read_row(&row("OTH", "C", [0, 0]));
    assert_eq!((summary.records, summary.no_data, records.len()), (0, 1, 0), "every packet had a bad checksum");
}

#[test]
fn protocols() {
    let row = |proto: &str, from: &str, to: &str| {
        ROW.replacen("tcp", proto, 1).replacen("10.0.0.1", from, 1).replacen("10.0.0.2", to, 1)
    };
    let icmp = row("icmp", "10.0.0.1", "10.0.0.2").replacen("50000", "8", 1).replacen("443", "0", 1);
    let protocol = |text: String| {
        let mut found = Vec::new();
        read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |r| {
            found.push((r.protocol, r.source_port, r.tcp_flags));
        })
        .unwrap();
        found
    };
    assert_eq!(protocol(format!("{HEADER}{icmp}\n")), [(1, 0, None); 2], "type and code are no ports");
    assert_eq!(protocol(format!("{HEADER}{}\n", row("icmp", "2001:db8::1", "2001:db8::2"))), [(58, 0, None); 2]);
    assert_eq!(
        protocol(format!("{HEADER}{}\n", row("udp", "10.0.0.1", "10.0.0.2"))),
        [(17, 50000, None), (17, 443, None)]
    );
    for unknown in ["unknown_transport", "-", "sctp"] {
        assert_eq!(protocol(format!("{HEADER}{}\n", row(unknown, "10.0.0.1", "10.0.0.2")))[0].0, 0, "{unknown}");
    }
    let with_number = format!(
        "{}\n{}\t47\n",
        HEADER.lines().nth(6).unwrap().to_owned() + "\tip_proto",
        row("unknown_transport", "10.0.0.1", "10.0.0.2")
    );
    assert_eq!(protocol(with_number)[0].0, 47);
}

#[test]
fn bytes_and_packets_that_the_log_does_not_count() {
    let fields = "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_bytes\tresp_bytes\tconn_state";
    let row = "1700000000\t10.0.0.1\t50000\t10.0.0.2\t80\ttcp";
    let cases = [
        ("100\t0\tSF", vec![(1, 140, Some(11)), (1, 40, Some(19))]),
        ("-\t-\tS0", vec![(1, 40, Some(2))]),
        ("0\t0\tSHR", vec![(1, 40, Some(19))]),
        ("-\t-\tOTH", vec![(1, 40, None)]),
        ("-\t9\tOTH", vec![(1, 40, None), (1, 49, None)]),
    ];
    for (rest, expected) in cases {
        let (_, records) = read_text(&format!("{fields}\n{row}\t{rest}\n"));
        assert_eq!(records.iter().map(|r| (r.2, r.3, r.4)).collect::<Vec<_>>(), expected, "{rest}");
    }
    let without_ip_bytes = ROW.replacen("\t781\t", "\t-\t", 1);
    assert_eq!(read_row(&without_ip_bytes).1[0].3, 301 + 9 * 40);
    let most = ROW.replacen("\t781\t", "\t-\t", 1).replacen("\t9\t", "\t9223372036854775807\t", 1);
    assert_eq!(read_row(&most).1[0].3, i64::MAX as u64);
}

#[test]
fn bad_rows_are_rejects_with_line_and_reason() {
    let swap = |from: &str, to: &str| ROW.replacen(from, to, 1);
    let cases = [
        (swap("10.0.0.1", "10.0.0.256"), R::BadAddress),
        (swap("10.0.0.1", "-"), R::MissingValue),
        (swap("10.0.0.2", "-"), R::MissingValue),
        (swap("1700000000.986539", "-"), R::MissingValue),
        (swap("1700000000.986539", "nan"), R::BadTime),
        (swap("1700000000.986539", "-1"), R::BadTime),
        (swap("1700000000.986539", "2023-11-14T99:13:20Z"), R::BadTime),
        (swap("2.163820", "inf"), R::BadTime),
        (swap("2.163820", "-2"), R::BadTime),
        (swap("2.163820", "1e300"), R::BadTime),
        (swap("50000", "65536"), R::BadPort),
        (swap("\t9\t", "\t9.5\t"), R::BadCount),
        (swap("\t5000\t", "\t-5\t"), R::BadCount),
        (swap("\t(empty)", ""), R::FieldCount),
        (swap("\t(empty)", "\t-\t-"), R::FieldCount),
        (swap("Ca1", &"x".repeat(70_000)), R::LineTooLong),
        ("{}".to_owned(), R::FieldCount),
    ];
    for (row, reason) in cases {
        let (summary, _) = read_text(&format!("{HEADER}{ROW}\n{row}\n{ROW}\n"));
        assert_eq!(summary.records, 2, "{row}");
        let rejects: Vec<_> = summary.rejects.iter().map(|r| (r.line, r.reason)).collect();
        assert_eq!(rejects, [(DIRECTIVES + 2, reason)], "{row}");
    }
}

#[test]
fn bad_json_lines_are_rejects() {
    let good = r#"{"ts":1,"id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","conn_state":"S0","proto":"tcp"}"#;
    let swap = |from: &str, to: &str| good.replacen(from, to, 1);
    let cases = [
        ("{".to_owned(), R::BadJson),
        (format!("{good}{good}"), R::BadJson),
        (format!("[{good}]"), R::BadJson),
        ("#fields".to_owned(), R::BadJson),
        (swap("\"ts\":1", "\"ts\":NaN"), R::BadJson),
        (swap("\"ts\":1", "\"ts\":1e999"), R::BadJson),
        (swap("\"ts\":1", "\"ts\":[1]"), R::BadJson),
        (swap("\"ts\":1", "\"ts\":1,\"ts\":2"), R::BadJson),
        (swap("\"ts\":1", &format!("\"ts\":1,\"x\":{}", "[".repeat(60_000))), R::BadJson),
        (swap("\"ts\":1", "\"ts\":null"), R::MissingValue),
        (swap("\"ts\":1", "\"ts\":-1"), R::BadTime),
        (swap("\"ts\":1", "\"ts\":\"soon\""), R::BadTime),
        (swap("\"10.0.0.1\"", "1"), R::BadAddress),
        (swap(",\"conn_state\":\"S0\"", ""), R::MissingValue),
        (swap("\"S0\"", "\"S0\",\"orig_pkts\":1.5"), R::BadCount),
        (swap("\"S0\"", "\"S0\",\"orig_pkts\":18446744073709551615"), R::BadCount),
        (swap("\"S0\"", "\"S0\",\"id.orig_p\":-1"), R::BadPort),
        (swap("\"tcp\"", "\"x\",\"ip_proto\":256"), R::BadProtocol),
        (swap("\"tcp\"", "\"x\",\"ip_proto\":-1"), R::BadProtocol),
    ];
    for (row, reason) in cases {
        let (summary, _) = read_text(&format!("{good}\n{row}\n{good}\n"));
        assert_eq!(summary.records, 2, "{row}");
        assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(2, reason)], "{row}");
    }
}

#[test]
fn directives_in_the_middle_govern_what_follows() {
    let other = "#separator ,\n#unset_field,NONE\n#fields,id.resp_h,conn_state,ts,id.orig_h\n10.0.0.9,S0,1700000000,10.0.0.8\n10.0.0.9,S0,NONE,10.0.0.8\n";
    let (summary, records) = read_text(&format!("{HEADER}{ROW}\n#close\t2024\n\u{feff}{HEADER}{ROW}\n{other}"));
    assert_eq!((summary.records, records[4].0.as_str()), (3, "10.0.0.8 0"));
    assert_eq!(summary.rejects.iter().map(|r| r.reason).collect::<Vec<_>>(), [R::MissingValue]);

    let foreign = "#fields\tts\tid.orig_h\tid.resp_h\tquery\n1\t10.0.0.1\t10.0.0.2\tx\n";
    let (summary, _) = read_text(&format!("{HEADER}{ROW}\n{foreign}{HEADER}{ROW}\n"));
    assert_eq!((summary.records, summary.rejected.get(&R::BadStructure)), (2, Some(&1)));
}

#[test]
fn labelled_logs_of_malware_collections() {
    // IoT-23 appends its labels behind blanks, in the names as in the rows.
    let header = HEADER.replacen("\ttunnel_parents\n", "\ttunnel_parents   label   detailed-label\n", 1);
    let row = ROW.replacen("\t(empty)", "\t(empty)   Malicious   PartOfAHorizontalPortScan", 1);
    assert_eq!(read_text(&format!("{header}{row}\n")).0.records, 1);
}

#[test]
fn nothing_to_read_is_zero_records() {
    for text in ["", "\n", HEADER, &HEADER.replace('\n', "\r\n"), &format!("\u{feff}{HEADER}")] {
        assert_eq!(read_text(text).0.rows(), 0, "{text:?}");
    }
    assert_eq!(read_text(&format!("\u{feff}{}{ROW}\r\n", HEADER.replace('\n', "\r\n"))).0.records, 1);
}

#[test]
fn bad_objects_are_errors_that_say_what() {
    let long_name = format!("#separator {}\n", "x".repeat(40));
    let many = format!("#fields\t{}\n", "a\t".repeat(300));
    let long = [&vec![b'x'; 1 << 20][..], b"\n"].concat();
    let cases: [(&[u8], &str); 9] = [
        (b"\x7fELF\x00", "x: no Zeek connection log: the first line is neither"),
        (b"a,b\n", "x: no Zeek connection log: the first line is neither"),
        (b"#open\t1\n1\t2\n", "x: no Zeek connection log: a row comes before any #fields"),
        (b"#fields\tts\tid.orig_h\tconn_state\n", "x: no Zeek connection log: #fields names no id.resp_h"),
        (b"#fields\tts\tts\n", "x: no Zeek connection log: #fields names ts twice"),
        (b"#fields\tts\tid.orig_h\tid.resp_h\tquery\n", "x: no Zeek connection log: #fields are those of another"),
        (long_name.as_bytes(), "x: no Zeek connection log: the #separator is empty or too long"),
        (many.as_bytes(), "x: no Zeek connection log: #fields names more than 256"),
        (&long, "x: no Zeek connection log: no line is"),
    ];
    for (bytes, message) in cases {
        let error = read_as(bytes, "x").unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn another_log_as_json_is_recognised_by_its_rejects() {
    let dns = "{\"ts\":1,\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.2\",\"query\":\"x\"}\n".repeat(30);
    let error = read(dns.as_bytes(), &ObjectName::new("dns.log"), ReadLimits::default(), |_| {}).unwrap_err();
    assert!(matches!(error.problem, Problem::MostlyRejected { rejected: 30, .. }), "{error}");
}

#[test]
fn gzip_is_expanded() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(format!("{HEADER}{ROW}\n").as_bytes()).unwrap();
    assert_eq!(read_as(&encoder.finish().unwrap(), "conn.00:00:00-01:00:00.log.gz").unwrap().0.records, 1);
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..400), head in 0..3) {
        bytes = match head {
            0 => bytes,
            1 => [HEADER.as_bytes(), &bytes].concat(),
            _ => [b"{\"ts\":", &bytes[..]].concat(),
        };
        if let Ok((summary, records)) = read_as(&bytes, "any") {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert!((summary.records..=2 * summary.records).contains(&(records.len() as u64)));
        }
    }

    #[test]
    fn tsv_lines_are_all_accounted_for(text in "(#(fields|separator|unset_field|x)?[ \tx-]{0,4}|[0-9.:SFtcp\t-]{0,40}\n|10\t10.0.0.1\t::2\tSF\n){0,20}") {
        let text = format!("#fields\tts\tid.orig_h\tid.resp_h\tconn_state\n{text}");
        let (summary, records) = read_text(&text);
        prop_assert_eq!(summary.rows() + summary.not_rows, text.lines().count() as u64);
        prop_assert!(summary.records <= records.len() as u64 && records.len() as u64 <= 2 * summary.records);
    }

    #[test]
    fn json_lines_are_all_accounted_for(rows in prop::collection::vec("\\{(\"(ts|id.orig_h|conn_state|orig_pkts)\":(1|\"::1\"|null|\\{\\}|1.5),?){0,5}\\}", 1..20)) {
        let (summary, records) = read_text(&rows.join("\n"));
        prop_assert_eq!(summary.rows() + summary.not_rows, rows.len() as u64);
        prop_assert!(records.len() as u64 <= 2 * summary.records);
    }
}
