//! What people and programs read: sentences and the public format, whole.

use weir_domain::finding::Incident;
use weir_domain::flow::ICMP;

use super::behaviour::{Measured, judge};
use super::*;
use crate::flow::anomalous_behaviour::Thresholds;
use crate::incidents::IncidentLog;
use crate::message;
use crate::ocsf::DetectionFinding;

/// The incident of some hits, written at a fixed time.
fn incident(hits: Vec<(Subject, Hit)>) -> (Subject, Incident) {
    let subject = hits[0].0.clone();
    let mut log = IncidentLog::default();
    log.observe(&subject, hits.into_iter().map(|(_, hit)| hit), 1_545_402_000_000);
    assert_eq!(log.incidents.len(), 1);
    (subject, log.incidents.remove(0))
}

fn sentence(contacts: &[Contact], kind: Kind) -> String {
    let (subject, incident) = incident(found(contacts, kind));
    wrapped(&message::message(&subject.entity, &incident))
}

/// Text in lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.len() + word.len() >= 100 {
            lines.push(word.to_owned());
        } else {
            *line = format!("{line}{}{word}", if line.is_empty() { "" } else { " " });
        }
    }
    lines.join("\n")
}

#[test]
fn a_scan_from_inside() {
    let mut contacts = ports(inside(1), inside(2), 1200, How::HalfOpen);
    contacts[0].at = 0;
    contacts[1].at = 280;
    insta::assert_snapshot!(sentence(&contacts, Kind::PortScan), @r"
    10.0.0.1, one of your hosts, tried up to 1,200 ports of 10.0.0.2 within 5 minutes on 2018-12-21
    between 14:05 and 14:09 UTC: 1,200 attempts in all, none stopped by security groups, all refused,
    ignored or left half open. A client rarely fails on more than a few ports of one host.
    ");
}

#[test]
fn a_scan_from_outside_over_two_windows_and_hosts() {
    let mut contacts = ports(outside(1), inside(2), 40, How::Stopped);
    contacts.extend(ports(outside(1), inside(3), 11, How::Stopped));
    contacts.extend(ports(outside(1), inside(4), 11, How::HalfOpen));
    contacts.extend(ports(outside(1), inside(4), 10, How::Stopped).iter().map(|c| Contact { at: 900, ..*c }));
    insta::assert_snapshot!(sentence(&contacts, Kind::PortScan), @r"
    203.0.113.1 tried up to 40 ports of 10.0.0.2 (and 2 other hosts) within 5 minutes on 2018-12-21
    between 14:06 and 14:20 UTC: 72 attempts in all, 61 of 72 stopped by security groups, the rest
    refused, ignored or left half open. A client rarely fails on more than a few ports of one host.
    ");
    let (subject, incident) = incident(found(&contacts, Kind::PortScan));
    insta::assert_snapshot!(message::title(&subject.entity, &incident), @"Port scan by 203.0.113.1");
}

/// What is said of all attempts must hold for those of every window and port, not only where it was strongest.
#[test]
fn all_stopped_is_said_only_where_all_were() {
    let mut contacts = ports(outside(1), inside(2), 40, How::Stopped);
    contacts.extend(ports(outside(1), inside(2), 12, How::HalfOpenAnswered).iter().map(|c| Contact { at: 900, ..*c }));
    insta::assert_snapshot!(sentence(&contacts, Kind::PortScan), @r"
    203.0.113.1 tried up to 40 ports of 10.0.0.2 within 5 minutes on 2018-12-21 between 14:06 and 14:20
    UTC: 52 attempts in all, 40 of 52 stopped by security groups, the rest refused, ignored or left half
    open. A client rarely fails on more than a few ports of one host.
    ");

    let mut contacts: Vec<_> = (1..=40).map(|n| contact(outside(1), inside(n), 22, How::Stopped)).collect();
    contacts.extend((1..=30).map(|n| contact(outside(1), inside(n), 3389, How::HalfOpen)));
    insta::assert_snapshot!(sentence(&contacts, Kind::HostSweep), @r"
    203.0.113.1 tried 22/tcp (and another port) on up to 40 hosts within 5 minutes on 2018-12-21 at
    14:06 UTC: 70 attempts in all, 40 of 70 stopped by security groups, the rest refused, ignored or
    left half open. A client rarely fails on more than a few hosts at one port.
    ");
}

#[test]
fn a_sweep_of_two_ports() {
    let mut contacts: Vec<_> = (1..=25).map(|n| contact(outside(1), inside(n), 22, How::Stopped)).collect();
    contacts.extend((1..=30).map(|n| contact(outside(1), inside(n), 3389, How::Stopped)));
    insta::assert_snapshot!(sentence(&contacts, Kind::HostSweep), @r"
    203.0.113.1 tried 3389/tcp (and another port) on up to 30 hosts within 5 minutes on 2018-12-21 at
    14:06 UTC: 55 attempts in all, all stopped by security groups. A client rarely fails on more than a
    few hosts at one port.
    ");
}

#[test]
fn a_ping_sweep_over_midnight() {
    // 2018-12-21 23:59:30 UTC, into the next window of the same hour and the first of the next day.
    let ping = |n, at| Contact {
        service: Service { protocol: ICMP, port: 0 },
        at,
        ..contact(inside(1), outside(n), 0, How::Silent)
    };
    let before: Vec<_> = (1..=26).map(|n| ping(n, 35_670)).collect();
    let after: Vec<_> = (1..=60).map(|n| ping(n, 35_710)).collect();
    let hits = [before, after].iter().flat_map(|part| found(part, Kind::HostSweep)).collect();
    let (subject, incident) = incident(hits);
    insta::assert_snapshot!(wrapped(&message::message(&subject.entity, &incident)), @r"
    10.0.0.1, one of your hosts, tried ICMP on up to 60 hosts within 5 minutes from 2018-12-21 23:59 to
    2018-12-22 00:00 UTC: 86 attempts in all, none stopped by security groups, all refused, ignored or
    left half open. A client rarely fails on more than a few hosts at one port.
    ");
    insta::assert_snapshot!(message::title(&subject.entity, &incident), @"Host sweep by 10.0.0.1");
}

#[test]
fn unusual_behaviour() {
    let measured = |name, unit, value, usual, amount| Measured { name, unit, value, usual, amount };
    let measured = [
        measured("payload_sent", "B", 80.5e6, (12e3, 300e3), 0.8),
        measured("peers_contacted", "", 512.0, (3.0, 5.4), 0.4),
        measured("mean_duration", "s", 9.0, (1.0, 2.0), 0.2),
    ];
    let hit = judge(&measured, 0.0004, &Thresholds::default());
    let (subject, incident) = incident(hit.into_iter().collect());
    insta::assert_snapshot!(wrapped(&message::message(&subject.entity, &incident)), @r"
    10.0.0.1 behaved unlike its baseline on 2018-12-21 between 14:05 and 14:09 UTC. In 5 minutes: 80.5
    MB payload sent (typically 12.0 kB, rarely above 300 kB); 512 peers contacted (typically 3, rarely
    above 5.4). Mostly with 203.0.113.8 on 53/tcp (40 flows, 80.0 kB sent, 80.0 kB received) and
    203.0.113.7 on 443/tcp (1 flow, 80.0 MB sent, 80.0 MB received). Fewer than 0.040 % of normal
    windows are as unusual.
    ");
    insta::assert_snapshot!(message::title(&subject.entity, &incident), @"10.0.0.1 behaves unlike its baseline");
}

#[test]
fn closed_findings_say_so() {
    let (subject, incident) = incident(found(&ports(outside(1), inside(2), 10, How::Stopped), Kind::PortScan));
    let closed = Incident { closed: true, ..incident };
    insta::assert_snapshot!(wrapped(&message::message(&subject.entity, &closed)), @r"
    203.0.113.1 tried up to 10 ports of 10.0.0.2 within 5 minutes on 2018-12-21 at 14:06 UTC: 10
    attempts in all, all stopped by security groups. A client rarely fails on more than a few ports of
    one host. Continued in an older finding.
    ");
    let nothing_left = Incident { hits: std::collections::BTreeMap::new(), ..closed };
    let nothing = message::message(&subject.entity, &nothing_left);
    assert_eq!(nothing, "Nothing is left of this finding about 203.0.113.1: its windows belong to an older one.");
    insta::assert_snapshot!(message::title(&subject.entity, &nothing_left), @"Closed finding about 203.0.113.1");
}

/// The whole object, so that no field of the public format changes unseen. Times are milliseconds.
#[test]
fn a_finding_in_the_public_format() {
    let mut contacts = ports(inside(1), inside(2), 15, How::HalfOpen);
    contacts.extend(ports(inside(1), inside(3), 1, How::Stopped));
    contacts[0].at = 7;
    let (subject, incident) = incident(found(&contacts, Kind::PortScan));
    let mut finding = DetectionFinding::from_incident(&subject, &incident, 1_545_402_001_234);
    assert_eq!(
        (finding.class_uid, finding.category_uid, finding.type_uid),
        (2004, 2, 200_402),
        "written after it was created"
    );
    assert_eq!(finding.time, (START + 300) * 1000, "the end of the window that made it detectable");
    assert_eq!(finding.finding_info.first_seen_time, (START + 7) * 1000);
    assert_eq!(finding.finding_info.last_seen_time, (START + 70) * 1000);
    assert_eq!(
        (finding.finding_info.created_time, finding.finding_info.modified_time),
        (1_545_402_000_000, 1_545_402_001_234)
    );

    assert_eq!(finding.metadata.product.version, env!("CARGO_PKG_VERSION"));
    finding.metadata.product.version = "VERSION".to_owned();
    insta::assert_snapshot!("finding.ocsf", serde_json::to_string_pretty(&finding).unwrap());
}

#[test]
fn a_finding_reads_back_as_it_was_written() {
    let (subject, incident) = incident(found(&ports(inside(1), inside(2), 15, How::HalfOpen), Kind::PortScan));
    let finding = DetectionFinding::from_incident(&subject, &incident, 1);
    let text = serde_json::to_string(&finding).unwrap();
    assert_eq!(serde_json::from_str::<DetectionFinding>(&text).unwrap(), finding);
    assert!(!text.contains('\n'), "one finding, one line");
}

#[test]
fn activity_and_status_follow_the_incident() {
    let one = ports(outside(1), inside(2), 10, How::Stopped);
    let two: Vec<_> = one.iter().flat_map(|c| [*c, Contact { at: 600, ..*c }]).collect();
    let finding = |contacts: &[Contact], closed, later| {
        let (subject, incident) = incident(found(contacts, Kind::PortScan));
        let now = incident.created + later;
        DetectionFinding::from_incident(&subject, &Incident { closed, ..incident }, now)
    };
    let of = |contacts: &[Contact], closed, later| {
        let f = finding(contacts, closed, later);
        (f.activity_id, f.type_uid, f.status_id, f.is_alert, f.count)
    };
    assert_eq!(of(&one, false, 0), (1, 200_401, 1, true, 1));
    assert_eq!(of(&two, false, 0), (1, 200_401, 1, true, 2), "however many windows it has at first");
    assert_eq!(of(&two, false, 1), (2, 200_402, 1, true, 2));
    assert_eq!(of(&two, true, 0), (3, 200_403, 4, false, 2));
    assert!(finding(&two, false, 1).has_same_content(&finding(&two, false, 0)), "writing it again changes nothing");
    assert!(!finding(&two, true, 1).has_same_content(&finding(&two, false, 0)), "closing it does");
}
