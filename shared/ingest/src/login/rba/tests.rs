use std::path::Path;

use proptest::prelude::*;
use weir_domain::login::Outcome;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

const HEADER: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover";
const ROW: &str = r#"7,2020-02-03 12:43:30.772,-4324475583306591935,49,10.0.65.171,NO,-,Oslo,29695,"Mozilla/5.0 (iPhone; ""x"", like Mac)",Firefox 20.0,iOS 13.4,mobile,True,False,True"#;

fn read_as(bytes: &[u8], rejected_share: f64) -> Result<(ReadSummary, Vec<String>), ReadError> {
    let limits = ReadLimits { rejected_share, ..ReadLimits::default() };
    let mut users = Vec::new();
    let summary = read(bytes, &ObjectName::new("test.csv"), limits, |login| users.push(login.user.to_owned()))?;
    Ok((summary, users))
}

fn read_text(text: &str) -> (ReadSummary, Vec<String>) {
    read_as(text.as_bytes(), 1.0).unwrap()
}

#[test]
fn every_column() {
    let mut seen = 0;
    let text = format!("{HEADER}\r\n{ROW}\r\n");
    read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |login| {
        seen += 1;
        let expected = LoginEvent {
            source_ip: Some([10, 0, 65, 171].into()),
            country: "NO",
            region: "",
            city: "Oslo",
            asn: Some(29695),
            user_agent: r#"Mozilla/5.0 (iPhone; "x", like Mac)"#,
            browser: "Firefox 20.0",
            os: "iOS 13.4",
            device_type: "mobile",
            round_trip_ms: Some(49.0),
            labels: Labels { attack_ip: Some(false), account_takeover: Some(true), attack: None },
            ..LoginEvent::new(1_580_733_810_772, "-4324475583306591935", LoginKind::Password, Outcome::Success)
        };
        assert_eq!(*login, expected);
    })
    .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn columns_in_any_order_and_only_some() {
    let text = "login successful,more,User ID,Login Timestamp\nfalse,x,ada,1580733810\n,,,\n";
    let (summary, users) = read_text(text);
    assert_eq!((summary.records, users, summary.rejected_rows()), (1, vec!["ada".to_owned()], 1));
    let expected = LoginEvent::new(1_580_733_810_000, "ada", LoginKind::Password, Outcome::Failure);
    read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |login| assert_eq!(*login, expected)).unwrap();
}

#[test]
fn bad_rows_are_rejects_with_line_and_reason() {
    let swap = |from: &str, to: &str| ROW.replacen(from, to, 1);
    let cases = [
        (swap("2020-02-03 12:43:30.772", "yesterday"), R::BadTime),
        (swap("2020-02-03 12:43:30.772", ""), R::MissingValue),
        (swap("-4324475583306591935", ""), R::MissingValue),
        (swap("True,False", ",False"), R::MissingValue),
        (swap("True,False", "perhaps,False"), R::BadWord),
        (swap("False,True", "False,never"), R::BadWord),
        (swap("10.0.65.171", "10.0.65"), R::BadAddress),
        (swap(",49,", ",NaN,"), R::BadNumber),
        (swap("29695", "4294967296"), R::BadNumber),
        (swap(",True", ""), R::FieldCount),
        (format!("{ROW},more"), R::FieldCount),
        (swap("like Mac)\"", "like Mac)"), R::BadStructure),
        (swap("iOS", &"x".repeat(70_000)), R::LineTooLong),
    ];
    for (row, reason) in cases {
        let (summary, users) = read_text(&format!("{HEADER}\n{ROW}\n{row}\n{ROW}\n"));
        assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(3, reason)], "{row:.200}");
        assert_eq!((summary.records, users.len()), (2, 2), "{reason}");
        assert!(row.starts_with(&summary.rejects[0].excerpt[..2]));
    }
    let latin1 = [HEADER.as_bytes(), b"\n", &ROW.as_bytes().replace_first(b"Oslo", b"M\xfcnchen")].concat();
    let (summary, _) = read_as(&latin1, 1.0).unwrap();
    assert_eq!(summary.rejected, [(R::BadIdentifier, 1)].into());
}

trait ReplaceFirst {
    fn replace_first(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl ReplaceFirst for [u8] {
    fn replace_first(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = self.windows(from.len()).position(|window| window == from).unwrap();
        [&self[..at], to, &self[at + from.len()..]].concat()
    }
}

#[test]
fn a_quoted_line_break_costs_its_row_and_no_more() {
    let broken = ROW.replacen("like", "\nlike", 1);
    let (summary, _) = read_text(&format!("{HEADER}\n{broken}\n{ROW}\n"));
    assert_eq!((summary.records, summary.rejected_rows()), (1, 2));
}

#[test]
fn tables_concatenated_with_their_headers() {
    let (summary, users) = read_text(&format!(
        "{HEADER}\n{ROW}\n\n{HEADER}\n{ROW}\n\u{feff}User ID,Login Successful,Login Timestamp\nada,1,1580733810\n"
    ));
    assert_eq!((summary.records, summary.not_rows, summary.rejected_rows()), (3, 4, 0));
    assert_eq!(users[2], "ada");
}

#[test]
fn objects_that_are_something_else() {
    let mostly = format!("{HEADER}\n{}", "1,2,3\n".repeat(30));
    let cases = [
        (
            "user_id,timestamp",
            "no login table with the RBA columns: the header line names no Login Timestamp, User ID, Login Successful",
        ),
        ("User ID,Login Timestamp,User ID,Login Successful", "the header names User ID twice"),
        ("\u{1}\u{2}", "no login table with the RBA columns: the header line names no"),
        (&"x".repeat(70_000), "no login table with the RBA columns: there is no header line"),
        (&mostly, "30 of 30 rows cannot be read"),
    ];
    for (text, message) in cases {
        let error = read_as(text.as_bytes(), 0.5).unwrap_err().to_string();
        assert!(error.starts_with(&format!("test.csv: {message}")), "{error}");
    }
    assert_eq!(read_text("").0, ReadSummary::default());
}

/// The simulated logins of the shared data, where they are at hand.
#[test]
fn the_shared_logins_are_read_to_the_last() {
    for (set, logins) in [("easy", 36_637), ("medium", 81_019)] {
        let path = format!("{}/../../../shared/data/logins/{set}/logins.csv.gz", env!("CARGO_MANIFEST_DIR"));
        if !Path::new(&path).exists() {
            eprintln!("SKIPPED: no {path}");
            continue;
        }
        let (mut times, mut failures) = (Vec::new(), 0);
        let file = std::fs::File::open(&path).unwrap();
        let summary = read(file, &ObjectName::new(&path), ReadLimits::default(), |login| {
            times.push(login.time);
            failures += u32::from(!login.succeeded());
            assert!(login.source_ip.is_some() && login.asn.is_some() && login.labels.attack_ip.is_some());
            assert!(!login.user.is_empty() && !login.country.is_empty() && !login.user_agent.is_empty());
        })
        .unwrap();
        assert_eq!((summary.records, summary.rejected_rows(), summary.not_rows), (logins, 0, 1), "{set}");
        assert!(times.is_sorted() && failures > 1000, "{set}: {failures} failures");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), head in any::<bool>()) {
        let bytes = if head { [HEADER.as_bytes(), b"\n", &bytes].concat() } else { bytes };
        if let Ok((summary, users)) = read_as(&bytes, 1.0) {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert_eq!(summary.records, users.len() as u64);
        }
    }

    #[test]
    fn lines_of_mangled_text_are_all_accounted_for(text in "(([a-c0-9]{0,3}[,\"\\r]?){0,5}\n|ada,1580733810,1\n){0,20}") {
        let (summary, users) = read_text(&format!("User ID,Login Timestamp,Login Successful\n{text}"));
        prop_assert_eq!(summary.rows() + summary.not_rows, text.matches('\n').count() as u64 + 1);
        prop_assert_eq!(summary.records, users.len() as u64);
    }
}
