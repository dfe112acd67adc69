use super::*;
use crate::testing::{HOUR, finding};

fn parse(text: &str) -> Suppressions {
    Suppressions::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\nin {text}"))
}

/// Whether the first rule of a file keeps a finding from being sent.
fn suppresses(conditions: &str, finding: &DetectionFinding) -> bool {
    parse(&format!("[[suppress]]\nwhy = \"x\"\n{conditions}")).verdict(finding, HOUR).is_some()
}

fn is_expected(conditions: &str, finding: &DetectionFinding) -> bool {
    parse(&format!("[[expected]]\nwhy = \"x\"\n{conditions}")).verdict(finding, HOUR).is_some()
}

/// A beacon of 10.0.3.17 to 198.51.100.7, port 443.
fn beacon() -> DetectionFinding {
    finding("beacon", "10.0.3.17").with("10.0.3.17", "198.51.100.7", &[443])
}

#[test]
fn each_condition_holds_for_what_it_names_and_nothing_else() {
    for (holds, not) in [
        ("entity = '10.0.3.17'", "entity = '10.0.3.18'"),
        ("entity = '::ffff:10.0.3.17'", "entity = '2001:db8::1'"),
        ("cidr = '10.0.3.0/24'", "cidr = '10.0.4.0/24'"),
        ("cidr = '0.0.0.0/0'", "cidr = '::/0'"),
        ("kind = 'beacon'", "kind = 'exfiltration'"),
        ("port = 443", "port = 80"),
        ("peer = '198.51.100.7'", "peer = '10.0.3.17'"),
        ("peer = '198.51.100.0/24'", "peer = '198.51.101.0/24'"),
        ("account = '123456789012'", "account = '12345678901'"),
        ("region = 'eu-west-1'", "region = 'eu-west'"),
    ] {
        assert!(suppresses(holds, &beacon()), "{holds}");
        assert!(!suppresses(not, &beacon()), "{not}");
        let other = if holds.starts_with("kind") { "port = 80" } else { "kind = 'host-sweep'" };
        assert!(!suppresses(&format!("{holds}\n{other}"), &beacon()), "all conditions must hold: {holds}");
    }
}

#[test]
fn a_finding_about_something_else_as_well_is_sent() {
    let two = beacon().with("10.0.3.17", "198.51.100.8", &[443]);
    assert!(suppresses("port = 443", &two) && suppresses("peer = '198.51.100.0/24'", &two));
    assert!(!suppresses("peer = '198.51.100.7'", &two));
    assert!(!suppresses("port = 443", &beacon().with("10.0.3.17", "198.51.100.7", &[444])));
    assert!(!suppresses("port = 443", &beacon().with("10.0.3.17", "198.51.100.7", &[443, 444])));
    assert!(!suppresses("port = 443", &beacon().with("10.0.3.17", "198.51.100.7", &[])));
    let bare = finding("beacon", "10.0.3.17");
    assert!(
        !suppresses("port = 443", &bare) && !suppresses("peer = '0.0.0.0/0'", &bare),
        "without evidence none holds"
    );
}

#[test]
fn the_other_end_of_a_victim_is_who_attacks_it() {
    let flood = finding("denial-of-service", "10.0.0.1").with("203.0.113.9", "10.0.0.1", &[80]);
    assert!(suppresses("entity = '10.0.0.1'\npeer = '203.0.113.9'", &flood));
    assert!(!suppresses("entity = '203.0.113.9'", &flood));
}

#[test]
fn rules_expire_and_a_date_still_counts_itself() {
    // HOUR is 2023-11-14 22:00 UTC.
    for (until, applies) in [
        ("2023-11-14", true),
        ("'2023-11-14'", true),
        ("2023-11-13", false),
        ("2023-11-14T22:00:00Z", false),
        ("2023-11-14T22:00:01Z", true),
        ("'2023-11-14T23:00:01+01:00'", true),
        ("2023-11-14T23:00:00+01:00", false),
        ("2023-11-14T22:00:01", true),
    ] {
        assert_eq!(suppresses(&format!("kind = 'beacon'\nuntil = {until}"), &beacon()), applies, "{until}");
    }
}

#[test]
fn the_first_that_says_so_is_named_with_its_reason() {
    let rules = parse(
        "[[suppress]]\nkind = 'port-scan'\nwhy = 'a'\n[[suppress]]\nkind = 'beacon'\nwhy = ' b '\n\
         [[expected]]\naddress = '10.0.3.17'\nkinds = ['beacon']\nwhy = 'c'",
    );
    assert_eq!(rules.verdict(&beacon(), HOUR), Some(Verdict { by: "suppression rule 2".into(), why: "b" }));
    let suppressed = rules.apply(beacon(), HOUR);
    assert_eq!((suppressed.status_id, suppressed.status.as_str(), suppressed.is_alert), (3, "Suppressed", false));
    assert_eq!(suppressed.comment.as_deref(), Some("b"));
    assert_eq!(suppressed.status_detail.as_deref(), Some("suppression rule 2"));
    let only_expected = Suppressions { rules: Vec::new(), ..rules.clone() };
    assert_eq!(only_expected.verdict(&beacon(), HOUR).map(|v| v.by), Some("expected actor 1".into()));
    let closed = DetectionFinding { status_id: 4, is_alert: false, ..beacon() };
    assert_eq!(rules.apply(closed.clone(), HOUR), closed);
    let held = rules.apply(beacon().throttled("enough"), HOUR);
    assert!(held.is_suppressed() && !held.is_throttled());
}

#[test]
fn scans_of_an_expected_actor_are_expected_and_nothing_else() {
    let scan = finding("port-scan", "10.0.9.9").with("10.0.9.9", "10.0.0.1", &[1, 2, 3]);
    assert!(is_expected("address = '10.0.9.9'", &scan) && is_expected("address = '10.0.9.0/24'", &scan));
    assert!(!is_expected("address = '10.0.0.1'", &scan), "the victim is not the actor");
    assert!(!is_expected("address = '10.0.9.9'\nkinds = ['host-sweep']", &scan));
    let burst = finding("connection-burst", "10.0.0.1").with("10.0.9.9", "10.0.0.1", &[80]);
    assert!(is_expected("address = '10.0.9.9'", &burst));
    assert!(!is_expected("address = '10.0.9.9'", &burst.with("203.0.113.1", "10.0.0.1", &[80])), "not it alone");
    for kind in ["exfiltration", "beacon", "denial-of-service", "unknown-peer"] {
        let other = finding(kind, "10.0.9.9").with("10.0.9.9", "198.51.100.7", &[443]);
        assert!(!is_expected("address = '10.0.9.9'", &other), "{kind} is not what a scanner does");
        assert!(is_expected(&format!("address = '10.0.9.9'\nkinds = ['{kind}']"), &other));
    }
}

#[test]
fn an_actor_is_expected_at_its_time_only() {
    // Seen from 22:00:00 to 22:10:00.
    let scan = finding("port-scan", "10.0.9.9").with("10.0.9.9", "10.0.0.1", &[1, 2, 3]);
    for (hours, holds) in [
        ("22:00-22:11", true),
        ("22:00-22:10", false),
        ("22:01-23:00", false),
        ("21:00-06:00", true),
        ("23:00-22:05", false),
        ("23:00-22:59", true),
        ("00:00-24:00", true),
        ("06:00-22:00", false),
    ] {
        assert_eq!(is_expected(&format!("address = '10.0.9.9'\nhours = '{hours}'"), &scan), holds, "{hours}");
    }
    let mut long = scan.clone();
    long.finding_info.last_seen_time += 24 * 3_600_000;
    assert!(!is_expected("address = '10.0.9.9'\nhours = '22:00-23:00'", &long), "a day later is another day");
    for (range, holds) in [
        ("from = 2023-11-14", true),
        ("from = 2023-11-15", false),
        ("to = 2023-11-14", true),
        ("to = 2023-11-13", false),
        ("from = 2023-11-01\nto = 2023-11-30", true),
        ("from = 2023-11-14T22:00:01Z", false),
        ("to = 2023-11-14T22:10:00Z", false),
    ] {
        assert_eq!(is_expected(&format!("address = '10.0.9.9'\n{range}"), &scan), holds, "{range}");
    }
}

#[test]
fn what_cannot_be_meant_says_the_line_and_what_to_do() {
    for (text, line, says) in [
        ("[[suppress]]\nkind = 'scan'\nwhy = 'x'", 2, "port-scan"),
        ("[[suppress]]\nentity = '10.0.0.0/8'\nwhy = 'x'", 2, "write it as `cidr`"),
        ("[[suppress]]\nentity = '10.0.0'\nwhy = 'x'", 2, "no IP address"),
        ("[[suppress]]\nentity = ' '\nwhy = 'x'", 2, "a name of at most"),
        ("[[suppress]]\nwhy = 'x'\ncidr = '10.0.0.5/24'", 3, "10.0.0.0/24"),
        ("[[suppress]]\nwhy = 'x'\npeer = 'host'", 3, "10.0.0.0/8"),
        ("\n\n[[suppress]]\nwhy = 'x'", 3, "would suppress everything"),
        ("[[suppress]]\nport = 1\nwhy = ' '", 3, "in a year"),
        ("[[suppress]]\nport = 1", 1, "why"),
        ("[[suppress]]\nport = 70000\nwhy = 'x'", 2, "u16"),
        ("[[suppress]]\nport = 1\nuntil = 'soon'\nwhy = 'x'", 3, "2027-01-31"),
        ("[[suppress]]\nport = 1\nuntil = 5\nwhy = 'x'", 3, "2027-01-31"),
        ("[[suppress]]\nport = 1\nprot = 2\nwhy = 'x'", 3, "prot"),
        ("[[suppress]]\naccount = 123\nwhy = 'x'", 2, "string"),
        ("[[expected]]\naddress = '10.0.0.1'\nhours = '25:00-26:00'\nwhy = 'x'", 3, "22:00-06:00"),
        ("[[expected]]\naddress = '10.0.0.1'\nhours = '10:00-10:00'\nwhy = 'x'", 3, "22:00-06:00"),
        ("[[expected]]\naddress = '10.0.0.1'\nfrom = 2027-02-01\nto = 2027-01-01\nwhy = 'x'", 1, "swap"),
        ("alerts_per_hour = -1", 1, "u16"),
        ("[[supress]]\nport = 1\nwhy = 'x'", 1, "supress"),
        ("not toml", 1, "expected"),
    ] {
        let error = Suppressions::parse(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(&format!("line {line}: ")) && error.contains(says), "{text}\n{error}");
    }
    assert_eq!(Suppressions::parse(b"\xff"), Err(BadSuppressions::NotText));
}

#[test]
fn files_have_a_largest_size_and_number_of_rules() {
    let rule = "[[suppress]]\nport=1\nwhy='x'\n";
    let too_many = rule.repeat(Suppressions::MAX_RULES + 1);
    let rules = Suppressions::MAX_RULES + 1;
    assert_eq!(Suppressions::parse(too_many.as_bytes()), Err(BadSuppressions::TooMany { rules }));
    let too_large = vec![b'#'; Suppressions::MAX_FILE_BYTES + 1];
    assert_eq!(Suppressions::parse(&too_large), Err(BadSuppressions::TooLarge));
    assert_eq!(Suppressions::parse(&too_large[1..]), Ok(Suppressions::default()));
    assert_eq!(parse("alerts_per_hour = 3").alerts_per_hour, 3);
}

#[test]
fn a_rule_about_a_finding_is_narrow_and_holds_for_it() {
    let rule = Rule::about(&beacon(), "our \"agent\"\\", HOUR, Some(HOUR + 1)).unwrap();
    let text = rule.to_toml();
    assert_eq!(parse(&text).rules, [rule], "it reads back:\n{text}");
    let rules = parse(&text);
    assert!(rules.verdict(&beacon(), HOUR).is_some() && rules.verdict(&beacon(), HOUR + 1).is_none());
    let other_port = finding("beacon", "10.0.3.17").with("10.0.3.17", "198.51.100.7", &[80]);
    let other_peer = finding("beacon", "10.0.3.17").with("10.0.3.17", "198.51.100.8", &[443]);
    let mut other_account = beacon();
    other_account.cloud.account.uid = "unknown".into();
    for other in [other_port, other_peer, other_account, finding("exfiltration", "10.0.3.17")] {
        assert!(rules.verdict(&other, HOUR).is_none(), "{other:?}");
    }
    let scan =
        finding("port-scan", "10.0.9.9").with("10.0.9.9", "10.0.0.1", &[1, 2]).with("10.0.9.9", "10.0.0.2", &[1]);
    let rule = Rule::about(&scan, "x", HOUR, None).unwrap();
    assert_eq!((rule.port, rule.peer, rule.until), (None, None, None));
    let mut unknown = scan.clone();
    unknown.cloud.account.uid = "unknown".into();
    assert_eq!(Rule::about(&unknown, "x", HOUR, None).unwrap().account, None);
    let mut summary = scan;
    (summary.observables, summary.evidences) = (Vec::new(), Vec::new());
    assert_eq!(Rule::about(&summary, "x", HOUR, None), Err(NoRule::NoEntity));
}

#[test]
fn rules_are_written_and_taken_back_and_the_rest_stays_as_it_was() {
    let mine = "# ours\nalerts_per_hour = 5 # few\n\n[[suppress]] \nport = 1\nwhy = 'x' # y\n\n# scanners\n[[expected]]\naddress = '10.0.9.9'\nwhy = 'z'\n";
    let about = |uid: &str, why: &str| {
        let mut finding = beacon();
        finding.finding_info.uid = uid.to_owned();
        Rule::about(&finding, why, HOUR, None).unwrap()
    };
    let one = Suppressions::write_rule(mine, &about("u1", "one")).unwrap();
    assert!(one.starts_with(mine), "{one}");
    let two = Suppressions::write_rule(&one, &about("u2", "two")).unwrap();
    assert_eq!(parse(&two).rules.len(), 3);
    let again = Suppressions::write_rule(&two, &about("u1", "other")).unwrap();
    let whys: Vec<_> = parse(&again).rules.into_iter().map(|r| r.why).collect();
    assert_eq!(whys, ["x", "two", "other"], "in place of the one before");
    let back = Suppressions::take_back(&two, "u1").unwrap().unwrap();
    let back = Suppressions::take_back(&back, "u2").unwrap().unwrap();
    assert_eq!(back.trim_end(), mine.trim_end());
    assert_eq!(Suppressions::take_back(&back, "u1").unwrap(), None);
    assert_eq!(Suppressions::write_rule("", &about("u1", "one")).unwrap(), about("u1", "one").to_toml());
}

#[test]
fn what_cannot_be_told_apart_is_left_to_its_author() {
    let inline = "suppress = [{ port = 1, why = 'x', finding = 'u1' }]\n";
    assert!(matches!(Suppressions::take_back(inline, "u1"), Err(CannotEdit::Edited { .. })));
    let rule = Rule::about(&beacon(), "x", HOUR, None).unwrap();
    assert!(matches!(Suppressions::write_rule(inline, &rule), Err(CannotEdit::Bad(_))), "an array cannot be added to");
    let split = "[[suppress]]\nport = 1\n\nwhy = 'x'\nfinding = 'u1'\n[[suppress]]\nport = 2\nwhy = 'y'\n";
    assert!(Suppressions::take_back(split, "u1").is_err());
}
