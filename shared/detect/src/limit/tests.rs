use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::testing::{HOUR, finding};

/// A finding number `n`: one of two kinds and three neighbourhoods, of a severity, at a time in one of two hours.
fn numbered(n: usize, severity: u8, minute: i64) -> DetectionFinding {
    let kind = ["port-scan", "host-sweep"][n % 2];
    let entity = ["203.0.113.7", "203.0.113.250", "198.51.100.1", "2001:db8::1", "2001:db8::ffff"][n % 5];
    let mut finding = finding(kind, entity);
    finding.finding_info.uid = format!("f{n}");
    finding.severity_id = severity;
    finding.time = HOUR + minute * 60_000;
    finding.with(entity, "10.0.0.1", &[22])
}

/// `n` findings of one group, of severity 2.
fn alike(n: usize) -> Vec<DetectionFinding> {
    (0..n).map(|i| DetectionFinding { time: HOUR + i as i64, ..numbered(i * 10, 2, 0) }).collect()
}

fn hourly(per_hour: usize) -> AlertLimits {
    AlertLimits { per_hour, learned: 1, hosts: 0 }
}

fn sent(findings: &[DetectionFinding]) -> BTreeSet<&str> {
    findings
        .iter()
        .filter(|f| f.is_alert && Group::for_finding(f).is_some())
        .map(|f| f.finding_info.uid.as_str())
        .collect()
}

#[test]
fn beyond_the_limit_the_earliest_are_sent_and_one_summary_speaks_for_the_rest() {
    let limited = limit(alike(47), hourly(10), HOUR);
    assert_eq!(limited.len(), 48);
    assert!(limited[..10].iter().all(|f| f.is_alert) && limited[10..47].iter().all(DetectionFinding::is_throttled));
    assert_eq!(
        limited[46].comment.as_deref(),
        Some("not sent: more than 10 port-scan findings about 203.0.113.0/24 in an hour")
    );
    let summary = &limited[47];
    assert_eq!(
        summary.message,
        "And 37 more port-scan findings about 203.0.113.0/24 between 22:00 and 23:00 UTC on 2023-11-14 are kept and not \
         sent, since 10 alerts an hour are enough. The most severe of them is Low."
    );
    assert_eq!(summary.finding_info.title, "More than 10 port-scan findings about 203.0.113.0/24 in an hour");
    assert_eq!((summary.kind(), summary.count, summary.severity_id, summary.is_alert), ("port-scan", 37, 2, true));
    assert_eq!(summary.cloud.account.uid, "123456789012");
    assert_eq!((summary.entity(), Group::for_finding(summary)), (None, None), "a summary is never held back itself");
    assert_eq!(summary.evidences.len(), 37, "it names those it stands for");
    assert_eq!(limit(alike(99), hourly(10), HOUR)[99].evidences.len(), 50, "as many as a finding holds");
    assert_eq!(limit(alike(10), hourly(10), HOUR), alike(10));
    assert_eq!(limit(alike(47), hourly(0), HOUR), alike(47), "no limit");
}

#[test]
fn the_severe_is_not_held_back_by_what_is_less_and_counts_first() {
    let mut findings = alike(20);
    findings[19].severity_id = 4;
    let limited = limit(findings, hourly(3), HOUR);
    assert_eq!(sent(&limited), BTreeSet::from(["f0", "f10", "f190"]));

    let mut hour = HourOfGroup::default();
    let admitted: Vec<_> = ["a", "b", "c"].map(|uid| hour.admit(uid, 2, 2)).into();
    assert_eq!(admitted, [Admission::Send, Admission::Send, Admission::Hold]);
    assert_eq!(hour.admit("d", 4, 2), Admission::Send);
    assert_eq!(hour.admit("c", 2, 2), Admission::Hold, "asking again changes nothing");
    assert_eq!(hour.admit("a", 2, 2), Admission::Send, "what was sent keeps its place");
    assert_eq!(hour.admit("c", 3, 2), Admission::Send, "it rose above those that were sent");
    assert_eq!(hour.admit("b", 3, 2), Admission::Hold, "d and c are as severe");
}

#[test]
fn kinds_networks_accounts_and_hours_have_limits_of_their_own() {
    let one = finding("port-scan", "203.0.113.7");
    let group = |change: fn(&mut DetectionFinding)| {
        let mut other = one.clone();
        change(&mut other);
        Group::for_finding(&other)
    };
    assert_eq!(group(|f| f.observables[0].value = "203.0.113.250".to_owned()), Group::for_finding(&one));
    assert_eq!(group(|f| f.observables[0].value = "::ffff:203.0.113.250".to_owned()), Group::for_finding(&one));
    assert_eq!(group(|f| f.cloud.region = "eu-west-2".into()), Group::for_finding(&one));
    for change in [
        (|f| f.observables[0].value = "203.0.112.7".to_owned()) as fn(&mut DetectionFinding),
        |f| f.finding_info.types = vec!["host-sweep".into()],
        |f| f.cloud.account.uid = "210987654321".into(),
        |f| f.time += 3_600_000,
    ] {
        assert_ne!(group(change), Group::for_finding(&one));
    }
    let v6 = |ip: &str| Group::for_finding(&finding("port-scan", ip));
    assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:0:0:1"));
    assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
}

#[test]
fn learned_findings_have_a_ceiling_over_hosts_and_days() {
    let learned = |day: i64, host: u8, severity_id: u8| {
        let mut finding = finding("anomalous-behaviour", &format!("10.0.{host}.1"));
        finding.finding_info.uid = format!("d{day}h{host}");
        DetectionFinding { time: day * 86_400_000, severity_id, ..finding }
    };
    let sent_of = |hosts, learned, findings: &[DetectionFinding]| {
        let limited = limit(findings.to_vec(), AlertLimits { per_hour: 10, learned, hosts }, 86_400_000_000);
        sent(&limited).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    // 50 hosts: one in two days, the most severe of them, whoever it is about.
    let findings = [learned(100, 1, 3), learned(101, 2, 4), learned(101, 3, 3), learned(102, 4, 3)];
    assert_eq!(sent_of(50, 1, &findings), ["d101h2", "d102h4"]);
    assert_eq!(sent_of(50, 2, &findings), ["d100h1", "d101h2", "d102h4"], "one a day");
    assert_eq!(sent_of(200, 1, &findings), ["d100h1", "d101h2", "d101h3", "d102h4"], "two a day");
    assert_eq!(sent_of(0, 1, &findings), ["d101h2"], "one in 100 days of one host");
    assert_eq!(sent_of(50, 0, &findings).len(), 4, "no ceiling");

    let limited = limit(findings.to_vec(), AlertLimits { per_hour: 0, learned: 1, hosts: 50 }, 86_400_000_000);
    assert_eq!(limited.len(), 4, "a summary would be one more");
    assert_eq!(
        limited[2].comment.as_deref(),
        Some("not sent: more than 1 anomalous-behaviour finding about hosts in 2 days")
    );
}

#[test]
fn more_than_can_be_remembered_is_said_to_be_more() {
    let mut hour = HourOfGroup::default();
    for n in 0..HourOfGroup::MAX_LISTED + 3 {
        hour.admit(&n.to_string(), 2, 1);
    }
    assert_eq!(hour.held.len(), HourOfGroup::MAX_LISTED);
    let group = Group::for_finding(&finding("port-scan", "203.0.113.7")).unwrap();
    assert!(hour.summary(&group, 1, None, HOUR).message.starts_with("And more than 10,000 more"));
}

proptest! {
    #[test]
    fn the_outcome_is_a_function_of_the_set(
        drawn in prop::collection::vec((1u8..=5, 0i64..120), 0..60),
        most in 0usize..5,
        order in any::<u64>(),
    ) {
        let findings: Vec<_> = drawn.iter().enumerate().map(|(n, (s, m))| numbered(n, *s, *m)).collect();
        let mut shuffled = findings.clone();
        shuffled.sort_by_key(|f| uuid::Uuid::new_v5(&NAMESPACE, format!("{order}{}", f.finding_info.uid).as_bytes()));
        let by_uid = |findings| {
            let mut limited = limit(findings, hourly(most), HOUR);
            limited.sort_by(|a, b| a.finding_info.uid.cmp(&b.finding_info.uid));
            limited
        };
        let limited = by_uid(findings.clone());
        prop_assert_eq!(&limited, &by_uid(shuffled), "whatever their order");

        let mut groups: BTreeMap<Group, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
        for finding in &limited {
            if let Some(group) = Group::for_finding(finding) {
                let (sent, held) = groups.entry(group).or_default();
                if finding.is_alert { sent.push(finding.severity_id) } else { held.push(finding.severity_id) }
            }
        }
        let total: u64 = limited.iter().filter(|f| Group::for_finding(f).is_none()).map(|f| f.count).sum();
        prop_assert_eq!(total, groups.values().map(|(_, held)| held.len() as u64).sum::<u64>(), "nothing is lost");
        for (sent, held) in groups.values().filter(|_| most > 0) {
            prop_assert_eq!(sent.len(), most.min(sent.len() + held.len()));
            prop_assert!(sent.iter().min() >= held.iter().max() || held.is_empty());
        }
    }

    #[test]
    fn one_by_one_nothing_is_held_unless_enough_as_severe_was_sent(
        severities in prop::collection::vec(1u8..=5, 0..60),
        most in 1usize..5,
    ) {
        let mut hour = HourOfGroup::default();
        for (n, severity) in severities.iter().enumerate() {
            let admission = hour.admit(&n.to_string(), *severity, most);
            prop_assert_eq!(hour.admit(&n.to_string(), *severity, most), admission);
        }
        prop_assert_eq!(hour.sent.len() + hour.held.len(), severities.len());
        for severity in 1..=5 {
            let of = |map: &BTreeMap<String, u8>| map.values().filter(|s| **s == severity).count();
            let above = hour.sent.values().filter(|s| **s >= severity).count();
            prop_assert!(of(&hour.sent) <= most);
            prop_assert!(of(&hour.held) == 0 || above >= most);
        }
        if severities.iter().all(|s| *s == severities[0]) {
            prop_assert_eq!(hour.sent.len(), most.min(severities.len()));
        }
    }
}
