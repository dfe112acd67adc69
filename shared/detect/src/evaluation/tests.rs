//! Hand-made findings and a hand-made truth, with known answers.

#![expect(clippy::float_cmp, reason = "exact by construction")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::ocsf::DetectionFinding;

const DAY: i64 = 86_400;

/// Three days, the first to learn from; four hosts.
fn truth_json() -> Value {
    let incident = |id: &str, kind: &str, actor: &str, target: &str, start: i64, end: i64| json!({"id": id, "kind": kind, "actors": [actor], "targets": [target], "start": start, "end": end});
    let with = |mut incident: Value, field: &str, value: Value| {
        incident[field] = value;
        incident
    };
    let d = DAY;
    json!({
        "name": "hand-made", "start": 0, "eval_start": d, "end": 3 * d,
        "monitored_hosts": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9"], "benign_hosts": ["10.0.0.3"],
        "expected": [{"actors": ["10.0.0.9"], "start": d, "end": 2 * d, "note": "weekly scan"}],
        "other_malicious": ["7.7.7.7"], "unlabelled_peers": ["6.6.6.6"],
        "incidents": [
            incident("a", "port-scan", "9.9.9.9", "10.0.0.1", d + 1000, d + 2000),
            with(incident("b", "denial-of-service", "8.8.1.1", "10.0.0.2", d + 5000, d + 6000), "direction", json!("inbound")),
            with(incident("c", "malware-c2", "10.0.0.1", "5.5.5.5", d + 9000, d + 9900), "via", json!(["10.0.0.2"])),
            incident("d", "beacon", "10.0.0.2", "4.4.4.4", 2 * d, 2 * d + 99),
            with(incident("w", "port-scan", "3.3.3.3", "10.0.0.3", d, 3 * d), "weak", json!(true)),
        ],
    })
}

fn truth() -> Truth {
    Truth::from_json(truth_json().to_string().as_bytes()).unwrap()
}

fn finding(kind: &str, source: &str, destination: &str, start: i64, end: i64, time: i64) -> ObservedFinding {
    let addresses = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let (sources, destinations) = (addresses(source), addresses(destination));
    let [start, end, time] = [start, end, time].map(|time| time as f64);
    let uid = format!("{kind} {source} {start} {end}");
    ObservedFinding { uid, kind: kind.to_owned(), sources, destinations, start, end, time, lead: false }
}

#[test]
fn every_bucket_and_measure_by_hand() {
    use Bucket::{Expected, False, Minor, True, Unlabelled, Victim};
    let d = DAY;
    let findings = [
        // Right and typed, after five minutes; then right because it is near, and not typed.
        finding("port-scan", "9.9.9.9", "10.0.0.1", d + 1100, d + 1200, d + 1300),
        finding("anomalous-behaviour", "9.9.9.9", "", d + 2500, d + 2550, d + 2550),
        // A flood from outside, by its target.
        finding("denial-of-service", "1.2.3.4", "10.0.0.2", d + 5100, d + 5200, d + 5600),
        // Behind a translation, together with the target, of a kind that goes by two names.
        finding("unknown-peer", "10.0.0.2", "5.5.5.5", d + 9000, d + 9100, d + 9000),
        finding("beacon", "10.0.0.3", "5.5.5.6", d + 9000, d + 9100, d + 9100),
        finding("port-scan", "10.0.0.9", "", d + 100, d + 200, d + 200),
        finding("port-scan", "7.7.7.7", "10.0.0.1", d + 100, d + 200, d + 200),
        finding("port-scan", "6.6.6.6", "10.0.0.1", d + 100, d + 200, d + 200),
        finding("anomalous-behaviour", "10.0.0.1", "", d + 1500, d + 1600, d + 1600),
        finding("port-scan", "3.3.3.3", "10.0.0.3", d + 100, d + 200, d + 200),
        // The target of a long, weak incident is no excuse.
        finding("beacon", "10.0.0.3", "", 2 * d, 2 * d, 2 * d),
        // Before the evaluation.
        finding("beacon", "10.0.0.3", "", 10, 20, 20),
    ];
    let judgement = judge(&findings, &truth());
    let buckets = [(True, 4), (Expected, 1), (Minor, 2), (Victim, 1), (Unlabelled, 1), (False, 2)];
    assert_eq!(judgement.buckets, BTreeMap::from(buckets));
    assert_eq!(judgement.false_by_kind, BTreeMap::from([("beacon".to_owned(), 2)]));
    assert_eq!((judgement.findings, judgement.ignored_training), (11, 1));
    let all = &judgement.by_kind[Judgement::ALL];
    assert_eq!((all.incidents, all.detected, all.typed, all.located), (4, 3, 3, 3));
    assert_eq!((all.median_minutes, all.findings_per_detected), (Some(5.0), Some(1.3)));
    assert_eq!((judgement.recall, judgement.typed_recall), (Some(0.75), Some(0.75)));
    assert_eq!(judgement.precision, Some(4.0 / 6.0));
    assert_eq!((judgement.host_days, judgement.false_per_100_host_days), (8.0, Some(25.0)));
    assert_eq!(judgement.weak, WeakIncidents { incidents: 1, detected: 1 });
    assert_eq!(
        judgement.by_kind.keys().map(String::as_str).collect::<Vec<_>>(),
        ["ALL", "beacon", "denial-of-service", "malware-c2", "port-scan"]
    );
    let scan = &judgement.by_kind["port-scan"];
    assert_eq!((scan.incidents, scan.findings_per_detected), (1, Some(2.0)));
    let beacon = &judgement.by_kind["beacon"];
    assert_eq!((beacon.detected, beacon.median_minutes, beacon.findings_per_detected), (0, None, None));
    assert!(!judgement.incidents["d"].detected && !judgement.incidents.contains_key("w"));
    assert_eq!(judgement.incidents["b"].minutes, Some(10.0));
}

#[test]
fn a_share_of_nothing_is_none() {
    let mut nothing = truth();
    nothing.incidents.clear();
    let judgement = judge(&[], &nothing);
    assert_eq!((judgement.recall, judgement.precision, judgement.f1), (None, None, None));
    assert_eq!(judgement.false_per_100_host_days, Some(0.0));
    nothing.monitored_hosts.clear();
    assert_eq!(judge(&[], &nothing).false_per_100_host_days, None);
    let missed = judge(&[], &truth());
    assert_eq!((missed.recall, missed.precision, missed.f1), (Some(0.0), None, Some(0.0)));
}

#[test]
fn ten_minutes_off_still_overlap() {
    let judged = |start, end| {
        let finding = finding("port-scan", "9.9.9.9", "", start, end, end);
        judge(&[finding], &truth()).by_kind["port-scan"].detected
    };
    assert_eq!(judged(DAY + 2600, DAY + 2700), 1);
    assert_eq!(judged(DAY + 2601, DAY + 2700), 0);
    assert_eq!(judged(DAY + 300, DAY + 400), 1);
    assert_eq!(judged(DAY + 300, DAY + 399), 0);
}

#[test]
fn strangers_are_unlabelled_where_nobody_judged_them() {
    let stranger = [finding("port-scan", "2.2.2.2", "10.0.0.1", DAY + 50_000, DAY + 50_001, DAY + 50_001)];
    let mut truth = truth();
    assert_eq!(judge(&stranger, &truth).buckets, BTreeMap::from([(Bucket::False, 1)]));
    truth.external_unlabelled = true;
    assert_eq!(judge(&stranger, &truth).buckets, BTreeMap::from([(Bucket::Unlabelled, 1)]));
    truth.ipv6.insert("10.0.0.1".to_owned(), "2.2.2.2".to_owned());
    assert_eq!(judge(&stranger, &truth).buckets, BTreeMap::from([(Bucket::False, 1)]));
}

#[test]
fn a_finding_of_any_product_is_read() {
    let read = |line: &Value| ObservedFinding::from_json(line.to_string().as_bytes()).map_err(|e| e.to_string());
    let full = json!({
        "class_uid": 2004, "time": 3500, "finding_info": {
            "uid": "1", "types": ["beacon", "more"], "first_seen_time": 2000, "last_seen_time": 1000},
        "evidences": [
            {"src_endpoint": {"ip": "a"}, "dst_endpoint": null},
            {"src_endpoint": {"ip": ""}, "dst_endpoint": {"ip": "b", "port": 1}},
            {"src_endpoint": {"ip": null}},
        ],
    });
    let expected = ObservedFinding { uid: "1".to_owned(), time: 3.5, ..finding("beacon", "a", "b", 1, 2, 0) };
    assert_eq!(read(&full), Ok(vec![expected]));
    let bare = json!({"class_uid": 2004, "time": 2000, "finding_info": {"types": []}, "evidences": null});
    let expected = ObservedFinding { uid: String::new(), ..finding("?", "", "", 2, 2, 2) };
    assert_eq!(read(&bare), Ok(vec![expected]));
    let other = json!({"class_uid": 2001});
    assert_eq!(read(&other), Err("class_uid is 2001, not 2004 (Detection Finding)".to_owned()));
    assert!(read(&json!({})).unwrap_err().contains("class_uid is missing"));
    assert!(read(&json!({"class_uid": 2004})).unwrap_err().contains("missing field `time`"));
    assert!(ObservedFinding::from_json(b"nonsense").is_err());
}

#[test]
fn our_own_findings_are_observed_as_they_are_written() {
    let mut ours = DetectionFinding::test(1_700_000_000_123);
    (ours.finding_info.first_seen_time, ours.finding_info.last_seen_time) = (5_500, 1_500);
    let evidence = json!({
        "src_endpoint": {"ip": "2001:db8::1"}, "dst_endpoint": {"ip": "10.0.0.1"},
        "connection_info": {"protocol_num": 6},
        "data": {"ports": [], "distinct_ports": 0, "attempts": 1, "failed": 0, "bytes_out": 0, "bytes_in": 0},
    });
    ours.evidences = vec![serde_json::from_value(evidence).unwrap()];
    let read = ObservedFinding::from_json(&serde_json::to_vec(&ours).unwrap()).unwrap();
    let [read] = &read[..] else { panic!("one finding: {read:?}") };
    assert_eq!((read.start, read.end, read.time), (1.5, 5.5, ours.time as f64 / 1000.0));
    assert_eq!((&read.uid, read.kind.as_str(), read.lead), (&ours.finding_info.uid, ours.kind(), false));
    let all = |addresses: &BTreeSet<String>| addresses.iter().cloned().collect::<Vec<_>>();
    assert_eq!((all(&read.sources), all(&read.destinations)), (vec!["2001:db8::1".into()], vec!["10.0.0.1".into()]));
}

#[test]
fn a_truth_that_contradicts_itself_is_refused() {
    let read = |change: fn(&mut Value)| {
        let mut truth = truth_json();
        change(&mut truth);
        Truth::from_json(truth.to_string().as_bytes()).map_err(|e| e.to_string())
    };
    assert!(read(|_| ()).is_ok());
    assert!(read(|t| t["more"] = json!("is not minded")).is_ok());
    assert!(read(|t| t["incidents"][1]["id"] = json!("a")).unwrap_err().contains(r#"two incidents are named "a""#));
    assert!(read(|t| t["end"] = json!(5)).unwrap_err().contains("before the evaluation starts at 86400"));
    assert!(read(|t| t["incidents"][0]["actors"] = json!("a")).unwrap_err().contains("not a truth file"));
    let without = Truth::from_json(
        json!({"name": "x", "start": 3, "end": 4, "monitored_hosts": [], "benign_hosts": [], "incidents": []})
            .to_string()
            .as_bytes(),
    );
    assert_eq!(without.unwrap().evaluated_from(), 3.0);
}

#[test]
fn stages_are_judged_by_themselves_and_leads_apart() {
    let d = DAY;
    let case = |finding: ObservedFinding, uid: &str| ObservedFinding { uid: uid.to_owned(), ..finding };
    let stages = [
        case(finding("port-scan", "9.9.9.9", "10.0.0.1", d + 1100, d + 1200, d + 1300), "c"),
        case(finding("beacon", "10.0.0.3", "5.5.5.6", d + 9000, d + 9100, d + 9100), "c"),
        ObservedFinding { lead: true, ..finding("beacon", "10.0.0.3", "", d + 9000, d + 9100, d + 9100) },
        ObservedFinding { lead: true, ..finding("unknown-peer", "10.0.0.2", "5.5.5.5", d + 9000, d + 9100, d + 9000) },
    ];
    let judgement = judge(&stages, &truth());
    assert_eq!(judgement.buckets, BTreeMap::from([(Bucket::True, 1), (Bucket::False, 1)]));
    assert_eq!((judgement.findings, judgement.leads, judgement.false_uids), (1, 2, vec!["c".to_owned()]));
    assert_eq!((judgement.lead_ranks["c"], judgement.lead_ranks["a"]), (Some(2), None));

    let line = json!({
        "class_uid": 2004, "time": 9000, "status_detail": "lead",
        "finding_info": {"uid": "c", "types": ["port-scan", "beacon"], "first_seen_time": 1000, "last_seen_time": 8000},
        "evidences": [
            {"src_endpoint": {"ip": "a"}, "data": {"kind": "port-scan", "first_seen_time": 1000, "last_seen_time": 3000}},
            {"src_endpoint": {"ip": "a"}, "dst_endpoint": {"ip": "b"}, "data": {"kind": "beacon", "first_seen_time": 5000}},
            {"src_endpoint": {"ip": "a"}, "dst_endpoint": {"ip": "c"}, "data": {"kind": "port-scan", "last_seen_time": 4000}},
        ],
    });
    let read = ObservedFinding::from_json(line.to_string().as_bytes()).unwrap();
    let expected = [
        ObservedFinding { uid: "c".into(), lead: true, ..finding("port-scan", "a", "c", 1, 4, 4) },
        ObservedFinding { uid: "c".into(), lead: true, ..finding("beacon", "a", "b", 5, 8, 8) },
    ];
    assert_eq!(read, expected);
}

#[test]
fn a_line_with_a_kind_per_evidence_is_one_finding() {
    let of = |kinds: usize| {
        let evidence = |n: usize| json!({"src_endpoint": {"ip": n.to_string()}, "data": {"kind": n.to_string()}});
        let evidences: Vec<Value> = (0..kinds).map(evidence).collect();
        let line = json!({"class_uid": 2004, "time": 1, "finding_info": {"uid": "c"}, "evidences": evidences});
        ObservedFinding::from_json(line.to_string().as_bytes()).unwrap().len()
    };
    assert_eq!((of(2), of(64), of(65), of(50_000)), (2, 64, 1, 1));
}
