use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

const HEADER: &str =
    "user_id,timestamp,ip_address,geo_location,device_id,login_hour,is_new_device,bytes_in,bytes_out,success,label";
const ROW: &str =
    r#"ada,2023-09-25T00:01:45.820Z,55.153.44.111,"Los Angeles, California, US",9e8c,0,true,6115,39943,true,0"#;
const JSON: &str = r#"{"user_id": "ada", "timestamp": "2023-09-25T00:01:45.820Z", "ip_address": "55.153.44.111", "geo_location": "Los Angeles, California, US", "device_id": "9e8c", "login_hour": 0, "is_new_device": true, "bytes_in": 6115, "bytes_out": 39943, "success": true, "label": 0}"#;

fn ada() -> LoginEvent<'static> {
    LoginEvent {
        source_ip: Some([55, 153, 44, 111].into()),
        city: "Los Angeles",
        region: "California",
        country: "US",
        device_id: "9e8c",
        bytes_in: Some(6115),
        bytes_out: Some(39943),
        labels: Labels { attack: Some(false), ..Labels::default() },
        ..LoginEvent::new(1_695_600_105_820, "ada", LoginKind::Unknown, Outcome::Success)
    }
}

fn read_each(bytes: &[u8], each: impl FnMut(&LoginEvent<'_>)) -> Result<ReadSummary, ReadError> {
    read(bytes, &ObjectName::new("test"), ReadLimits { rejected_share: 1.0, ..ReadLimits::default() }, each)
}

/// The records and rejects of a text, as counts and reasons.
fn outcome_of(bytes: &[u8]) -> (u64, Vec<(u64, R)>) {
    let summary = read_each(bytes, |_| {}).unwrap();
    (summary.records, summary.rejects.iter().map(|r| (r.line, r.reason)).collect())
}

#[test]
fn both_shapes_say_the_same() {
    for text in [
        format!("{HEADER}\n{ROW}\n"),
        format!("\u{feff}{HEADER}\r\n{ROW}"),
        format!("{JSON}\n"),
        format!("\u{feff}{JSON}\r\n\r\n"),
    ] {
        let mut seen = 0;
        let summary = read_each(text.as_bytes(), |login| {
            seen += 1;
            assert_eq!(*login, ada());
        });
        assert_eq!((summary.unwrap().records, seen), (1, 1), "{text}");
    }
}

#[test]
fn columns_in_any_order_only_some_and_others_besides() {
    let bare = LoginEvent::new(1_695_600_105_000, "7", LoginKind::Unknown, Outcome::Success);
    let json = r#"{"more": {"deep": [1, {"user_id": 3}]}, "USER_ID": 7, "device_id": null, "timestamp": 1695600105}"#;
    for text in ["timestamp,more,User_Id\n1695600105,x,7\n", json] {
        let summary = read_each(text.as_bytes(), |login| assert_eq!(*login, bare)).unwrap();
        assert_eq!(summary.records, 1, "{text}");
    }
}

#[test]
fn places() {
    let cases = [
        ("Los Angeles, US", ("Los Angeles", "", "US")),
        ("Paris,Île-de-France,  FR", ("Paris", "Île-de-France", "FR")),
        ("US", ("", "", "US")),
        ("48.85, 2.35", ("", "", "")),
        ("", ("", "", "")),
        (",", ("", "", "")),
    ];
    for (cell, expected) in cases {
        assert_eq!(place(cell), expected, "{cell}");
    }
}

#[test]
fn bad_rows_of_csv() {
    let swap = |from: &str, to: &str| ROW.replacen(from, to, 1).into_bytes();
    let cases = [
        (swap("ada", ""), R::MissingValue),
        (swap("2023-09-25T00:01:45.820Z", ""), R::MissingValue),
        (swap("2023-09-25T00:01:45.820Z", "soon"), R::BadTime),
        (swap("55.153.44.111", "55.153.44.1111"), R::BadAddress),
        (swap("6115", "-6115"), R::BadNumber),
        (swap("39943", "1e3"), R::BadNumber),
        (swap("39943,true", "39943,"), R::MissingValue),
        (swap("39943,true", "39943,maybe"), R::BadWord),
        (swap("true,0", "true,unclear"), R::BadWord),
        (swap("US\"", "US"), R::BadStructure),
        (swap(",9e8c", ""), R::FieldCount),
        ([b"\xff", ROW.as_bytes()].concat(), R::BadIdentifier),
        (swap("9e8c", &"x".repeat(70_000)), R::LineTooLong),
    ];
    for (row, reason) in cases {
        let text = [HEADER.as_bytes(), b"\n", ROW.as_bytes(), b"\n", &row, b"\n", ROW.as_bytes()].concat();
        assert_eq!(outcome_of(&text), (2, vec![(3, reason)]));
    }
}

#[test]
fn bad_rows_of_json() {
    let swap = |from: &str, to: &str| JSON.replacen(from, to, 1).into_bytes();
    let deep = format!("{}{}", r#"{"more":"#.repeat(6000), "}".repeat(5999));
    let cases = [
        (swap("\"ada\"", "null"), R::MissingValue),
        (swap("\"ada\"", "[\"ada\"]"), R::BadJson),
        (swap("\"ada\"", "{}"), R::BadJson),
        (swap("\"user_id\"", "\"other\""), R::MissingValue),
        (swap("\"label\"", "\"user_id\""), R::BadJson),
        (swap("\"success\": true", "\"success\": null"), R::MissingValue),
        (swap("6115", "6115.5"), R::BadNumber),
        (swap("}", ""), R::BadJson),
        (swap("}", "} x"), R::BadJson),
        (swap("{", "[{"), R::BadJson),
        (deep.into_bytes(), R::BadJson),
        (b"\xff".to_vec(), R::BadJson),
        (ROW.into(), R::BadJson),
    ];
    for (row, reason) in cases {
        let text = [JSON.as_bytes(), b"\n", &row, b"\n", JSON.as_bytes()].concat();
        assert_eq!(outcome_of(&text), (2, vec![(2, reason)]), "{:.100}", String::from_utf8_lossy(&row));
    }
}

#[test]
fn a_header_further_down_governs_what_follows() {
    let text = format!("{HEADER}\n{ROW}\n\u{feff}timestamp,user_id\n1695600105,ada\n");
    let summary = read_each(text.as_bytes(), |_| {}).unwrap();
    assert_eq!((summary.records, summary.not_rows, summary.rejected_rows()), (2, 2, 0));
}

#[test]
fn objects_that_are_something_else() {
    let mostly = format!("{JSON}\n{}", "{}\n".repeat(30));
    let cases = [
        ("a,b,c", "no login table: the header line names no timestamp, user_id"),
        ("timestamp,user_id,timestamp", "the header names timestamp twice"),
        (&"x".repeat(70_000), "no login table: there is neither a header line nor a line of JSON"),
        (&mostly, "30 of 31 rows cannot be read (mostly: missing value)"),
    ];
    for (text, message) in cases {
        let error = read(text.as_bytes(), &ObjectName::new("test"), ReadLimits::default(), |_| {}).unwrap_err();
        assert!(error.to_string().starts_with(&format!("test: {message}")), "{error}");
    }
    assert_eq!(read_each(b"", |_| {}).unwrap(), ReadSummary::default());
}

/// The simulated logins of the shared data, where they are at hand: as JSON lines, and the same as CSV.
#[test]
fn the_shared_logins_are_read_to_the_last() {
    for (set, logins) in [("easy", 36_637), ("medium", 81_019)] {
        let path = format!("{}/../../../shared/data/logins/{set}/logins.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
        if !Path::new(&path).exists() {
            eprintln!("SKIPPED: no {path}");
            continue;
        }
        let (mut csv, mut sums) = ("timestamp,bytes_in,bytes_out,label,user_id,success\n".to_owned(), [0; 3]);
        let mut sum = |login: &LoginEvent<'_>, sign: i64| {
            let attack = login.labels.attack.unwrap();
            for (sum, n) in sums.iter_mut().zip([login.time, login.bytes_out.unwrap() as i64, attack.into()]) {
                *sum += sign * n;
            }
        };
        let file = std::fs::File::open(&path).unwrap();
        let summary = read(file, &ObjectName::new(&path), ReadLimits::default(), |login| {
            assert!(login.source_ip.is_some() && !login.country.is_empty());
            assert!(!login.device_id.is_empty() && login.labels.attack_ip.is_none());
            let (bytes_in, bytes_out) = (login.bytes_in.unwrap(), login.bytes_out.unwrap());
            let (label, success) = (login.labels.attack.unwrap(), login.succeeded());
            writeln!(csv, "{},{bytes_in},{bytes_out},{label},{},{success}", login.time, login.user).unwrap();
            sum(login, 1);
        })
        .unwrap();
        assert_eq!((summary.records, summary.rejected_rows(), summary.not_rows), (logins, 0, 0), "{set}");
        let summary = read_each(csv.as_bytes(), |login| sum(login, -1)).unwrap();
        assert_eq!((summary.records, summary.rejected_rows(), sums), (logins, 0, [0; 3]), "{set}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), head in 0..3) {
        let head = [&b""[..], b"user_id,timestamp\n", b"{"][head as usize];
        let (bytes, mut seen) = ([head, &bytes].concat(), 0);
        if let Ok(summary) = read_each(&bytes, |_| seen += 1) {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert_eq!(summary.records, seen);
        }
    }

    #[test]
    fn lines_of_mangled_text_are_all_accounted_for(
        csv in any::<bool>(),
        text in "([a-c0-9,\":{}]{0,12}\n|ada,1\n|\\{\"user_id\":1,\"timestamp\":2\\}\n){0,20}",
    ) {
        let head = if csv { "user_id,timestamp\n" } else { "{}\n" };
        let mut seen = 0;
        let summary = read_each(format!("{head}{text}").as_bytes(), |_| seen += 1).unwrap();
        prop_assert_eq!(summary.rows() + summary.not_rows, text.matches('\n').count() as u64 + 1);
        prop_assert_eq!(summary.records, seen);
    }
}
