//! How events are found in an object, and in all of the shared data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::error::Problem;

#[test]
fn objects_one_after_the_other() {
    let good = console_login(json!({}));
    let text = format!(
        "{{\"Records\":[{good},{good}]}}\n{{\"Records\":[]}}{{\"Records\":[{good}],\"x\":{{\"y\":[1]}}}}\n{good}"
    );
    assert_eq!(logins(text.as_bytes(), |_| {}).unwrap().records, 4);
    assert_eq!(logins(format!("{good}\n\n \n{good}").as_bytes(), |_| {}).unwrap().not_rows, 2);
    for empty in ["", "\n", "{\"Records\":[]}", "{\"Records\": [ ] }\n"] {
        assert_eq!(logins(empty.as_bytes(), |_| {}).unwrap(), ReadSummary::default(), "{empty:?}");
    }
}

/// Hands out at most so many bytes a read.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(self.0.len()).min(buffer.len());
        buffer[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

#[test]
fn events_are_whole_wherever_the_buffer_ends() {
    let users = 6_000;
    let event = |n: usize| {
        let filler = if n % 1000 == 500 { "\\\"{[".repeat(MAX_EVENT_BYTES / 2) } else { "\\\"}".repeat(n % 97) };
        console_login(json!({"userIdentity": {"type": "IAMUser", "userName": n.to_string()}, "other": filler}))
    };
    let events: Vec<_> = (0..users).map(event).collect();
    for text in [events.join("\n"), format!("{{\"Records\":[{}]}}", events.join(",\n"))] {
        for step in [997, 60_000] {
            let mut next = 0;
            let summary = read(Drip(text.as_bytes(), step), &ObjectName::new("x"), LIMITS, |login| {
                next += usize::from(next % 1000 == 500);
                assert_eq!(login.user, next.to_string());
                next += 1;
            })
            .unwrap();
            assert_eq!((summary.records, summary.rejected), (users as u64 - 6, [(R::LineTooLong, 6)].into()));
            assert!(summary.rejects.iter().all(|reject| reject.excerpt.starts_with('{')), "{:?}", summary.rejects);
        }
    }
}

#[test]
fn objects_that_are_something_else() {
    let good = console_login(json!({}));
    let whole = format!("{{\"Records\":[{good},{good}]}}");
    let cases = [
        ("version account-id\n", "it is no JSON object, and neither lines of them"),
        ("[1]", "it is no JSON object, and neither lines of them"),
        ("{\n", "its JSON ends early"),
        ("{\"Records\"", "its JSON ends early"),
        (&whole[..whole.len() - 1], "its JSON ends early"),
        (&whole[..whole.len() - 2], "its JSON ends early"),
        (&whole[..whole.len() - 3], "its JSON ends early"),
        (&whole[..whole.len() - 200], "its JSON ends early"),
        ("{\"Records\":[}]}", "its JSON is malformed outside of the events"),
        ("{\"Records\":[:]}", "its JSON is malformed outside of the events"),
        ("{\"Records\":[]]}", "its JSON is malformed outside of the events"),
        ("{\n5}", "its JSON is malformed outside of the events"),
        ("{\"Records\":]}", "its JSON is malformed outside of the events"),
    ];
    for (text, message) in cases {
        let error = logins(text.as_bytes(), |_| {}).unwrap_err().to_string();
        assert!(error.starts_with(&format!("trail.json: no CloudTrail log: {message}")), "{text}: {error}");
    }
    let small = ReadLimits { expanded_bytes: whole.len() as u64 - 1, ..LIMITS };
    let exact = ReadLimits { expanded_bytes: whole.len() as u64, ..LIMITS };
    assert_eq!(read(whole.as_bytes(), &ObjectName::new("x"), exact, |_| {}).unwrap().records, 2);
    let error = read(whole.as_bytes(), &ObjectName::new("x"), small, |_| {}).unwrap_err();
    assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
    let error = logins(b"\x1f\x8b\x08\0", |_| {}).unwrap_err();
    assert!(matches!(error.problem, Problem::Truncated { .. }), "{error}");
}

#[test]
fn other_events_count_as_read_when_an_object_is_judged() {
    let judge = |others: usize| {
        let others = vec![console_login(json!({"eventName": "Other"})); others];
        let text = [others.join("\n"), "\n{}".repeat(30)].concat();
        read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), |_| {})
    };
    assert_eq!(judge(100).unwrap().rejected_rows(), 30);
    assert!(matches!(judge(1).unwrap_err().problem, Problem::MostlyRejected { rejected: 30, rows: 31, .. }));
}

/// The files of a folder of the shared data, none where it is not at hand.
fn shared(folder: &str) -> Vec<PathBuf> {
    let path = format!("{}/../../../shared/data/{folder}", env!("CARGO_MANIFEST_DIR"));
    if !Path::new(&path).exists() {
        eprintln!("SKIPPED: no {path}");
        return Vec::new();
    }
    let (mut folders, mut files) = (vec![PathBuf::from(path)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "gz") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read_shared(folder: &str) -> Option<(ReadSummary, ReadSummary, BTreeMap<LoginKind, u64>)> {
    let (mut all, mut logins, mut kinds) = (ReadSummary::default(), ReadSummary::default(), BTreeMap::new());
    let files = shared(folder);
    for path in &files {
        let name = ObjectName::new(&path.display().to_string());
        let open = || std::fs::File::open(path).unwrap();
        let activity = read_activity(open(), &name, ReadLimits::default(), |activity| {
            assert!(!activity.principal.is_empty() && !activity.service.contains('.'), "{activity:?}");
        });
        let login = read(open(), &name, ReadLimits::default(), |login| *kinds.entry(login.kind).or_default() += 1);
        for (sum, summary) in [(&mut all, activity.unwrap()), (&mut logins, login.unwrap())] {
            sum.records += summary.records;
            sum.not_rows += summary.not_rows;
            assert_eq!(summary.rejected_rows(), 0, "{name}");
        }
    }
    (!files.is_empty()).then_some((all, logins, kinds))
}

#[test]
fn the_shared_trail_of_an_attack_is_read_to_the_last() {
    let Some((all, logins, kinds)) = read_shared("cloudtrail/invictus") else { return };
    assert_eq!((all.records, all.not_rows), (2900, 0));
    assert_eq!((logins.records, logins.not_rows), (51, 2849));
    assert_eq!(kinds, [(LoginKind::ConsoleLogin, 2), (LoginKind::AssumeRole, 49)].into());
}

#[test]
fn the_shared_simulated_trail_is_read_to_the_last() {
    let Some((all, _, kinds)) = read_shared("logins/easy/cloudtrail") else { return };
    assert_eq!(kinds, [(LoginKind::ConsoleLogin, all.records)].into());
}

#[test]
fn the_shared_pretty_printed_sample() {
    for path in shared("cloudtrail").iter().filter(|path| path.ends_with("promtail-sample.json.gz")) {
        let (mut actions, mut users) = (Vec::new(), Vec::new());
        let open = || std::fs::File::open(path).unwrap();
        let name = ObjectName::new("promtail-sample.json.gz");
        read_activity(open(), &name, LIMITS, |activity| actions.push(activity.action.to_owned())).unwrap();
        read(open(), &name, LIMITS, |login| users.push((login.user.to_owned(), login.source_ip))).unwrap();
        assert_eq!(actions, ["AssumeRole", "BatchGetImage"]);
        assert_eq!(users, [("ec2.amazonaws.com".to_owned(), None)]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), head in 0..4) {
        let head = [&b""[..], b"{\"Records\":[", b"{\"a\":1}\n", b"{\n"][head as usize];
        let _ = logins(&[head, &bytes].concat(), |_| {});
    }

    #[test]
    fn lines_of_mangled_json_are_all_accounted_for(text in "([\\[\\]{}\",: a1\\\\]{0,20}\n){0,20}") {
        let summary = logins(format!("{{\"a\":1}}\n{text}").as_bytes(), |_| {}).unwrap();
        prop_assert_eq!(summary.rows() + summary.not_rows, text.lines().count() as u64 + 1);
    }

    #[test]
    fn records_are_found_however_they_are_written(
        events in prop::collection::vec("[\\[\\]{}\",\\\\:é]{0,20}", 0..8),
        pretty in any::<bool>(),
    ) {
        let records: Vec<_> = events.iter().map(|user| json!({"eventTime": 1_688_991_795, "eventSource": "x",
            "eventName": "y", "userIdentity": {"userName": user}, "z": [[user], {"Records": [user]}]})).collect();
        let trail = json!({"Records": records});
        let text = if pretty { serde_json::to_string_pretty(&trail) } else { serde_json::to_string(&trail) }.unwrap();
        let mut seen = Vec::new();
        let summary = activity(text.as_bytes(), |activity| seen.push(activity.principal.to_owned())).unwrap();
        prop_assert_eq!((summary.records, seen), (events.len() as u64, events));
    }
}
