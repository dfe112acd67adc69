//! `exfiltration`: far more leaves a host, within one window, for one place on the internet than it ever sends so.
//!
//! Compared with what the host sends to that place in an hour and over that service in a window. (Slips reports 500 MB to
//! one destination in an hour, whoever sends; Panther's z-scores are per host, egress, to public addresses only.)

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence};
use weir_domain::address::is_public;

/// Bytes sent to one place in a window of five minutes: what Slips' 500 MB an hour are in that time, about.
pub const BYTES: f64 = 50e6;
/// Minimum factor over the baseline, to the next power of two: data grow, and a backup is rarely four times yesterday's.
pub const TIMES_BASELINE: f64 = 4.0;
/// Minimum factor over the baseline of the service, where nobody ever asked anybody in the destination's network.
pub const TIMES_BASELINE_IN_A_NEW_NETWORK: f64 = 2.0;
/// How many times the floor, where the host itself is new.
const TIMES_FLOOR_WITHOUT_BASELINE: f64 = 10.0;
/// The same where several others send there as well.
const TIMES_FLOOR_IF_SHARED: f64 = 4.0;
/// Bytes that somebody from outside takes out in a window over a service where one logs in. A person reads some kilobytes;
/// screens of remote desktops are compared with the baseline of the service.
pub const BYTES_TAKEN: f64 = 5e6;
/// Sent rather than exchanged: so many times what comes back.
const ONE_WAY: u64 = 3;

/// Looks at a host's window; what it finds is no longer left to explain. One hit per destination.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Vec<(Subject, Hit)> {
    let mut peers: BTreeMap<IpAddr, Vec<Line<'_>>> = BTreeMap::new();
    for line in traffic.begun.iter().filter(|line| line.pair.attempted() && is_public(line.key.peer)) {
        peers.entry(line.key.peer).or_default().push(*line);
    }
    let mut found = Vec::new();
    for (peer, lines) in peers {
        if let Some(verdict) = leaves(peer, &lines, known) {
            traffic.explain(&lines);
            found.push(verdict.hit(traffic.host, context, &lines));
        }
    }
    let taken: Vec<Line<'_>> =
        traffic.served.iter().filter(|line| is_login(line) && !traffic.is_own(line.key.peer)).copied().collect();
    for line in taken {
        if let Some(verdict) = taken_by(&line, known) {
            traffic.explain(&[line]);
            found.push(verdict.hit(traffic.host, context, &[line]));
        }
    }
    found
}

fn is_login(line: &Line<'_>) -> bool {
    line.key.service.is_interactive_login() && is_public(line.key.peer)
}

/// What somebody from outside who logged in takes out.
fn taken_by(line: &Line<'_>, known: &BaselineView<'_>) -> Option<Verdict> {
    let (service, t) = (line.key.service, line.totals());
    let usual = known.usual(known.serves(service).map(|habit| &habit.max_peer_response_bytes));
    let over = t.bytes_sent as f64 / (TIMES_BASELINE * usual).max(BYTES_TAKEN);
    let one_way = t.bytes_sent >= t.bytes_received.saturating_mul(ONE_WAY);
    (known.is_established_host() && one_way && over >= 1.0).then(|| Verdict {
        kind: Kind::Exfiltration,
        peer: Some(line.key.peer),
        severity: Severity::Medium,
        confidence: confidence(over, 60, 90),
        facts: Facts::Exfiltration {
            peer: line.key.peer,
            protocol: service.protocol,
            port: service.port,
            bytes: t.bytes_sent,
            seconds: line.pair.span.last.saturating_sub(line.pair.span.first).max(1),
            usual_bytes: usual,
            first_contact: false,
        },
    })
}

fn leaves(peer: IpAddr, lines: &[Line<'_>], known: &BaselineView<'_>) -> Option<Verdict> {
    let sum = |of: fn(&Line<'_>) -> u64| lines.iter().map(of).fold(0, u64::saturating_add);
    let (sent, received) = (sum(|line| line.totals().bytes_sent), sum(|line| line.totals().bytes_received));
    if (sent as f64) < BYTES || sent < received.saturating_mul(ONE_WAY) {
        return None;
    }
    let most = lines.iter().max_by_key(|line| (line.totals().bytes_sent, std::cmp::Reverse(line.key)))?.key;
    let to_peer = known.usual(known.pair(&most).map(|pair| &pair.bytes_sent));
    let by_service = known.usual(known.begins(most.service).map(|habit| &habit.bytes));
    let usual = to_peer.max(by_service);
    let new_network = known.is_established_host() && known.is_new_network(peer);
    let times = if new_network { TIMES_BASELINE_IN_A_NEW_NETWORK } else { TIMES_BASELINE };
    let shared = known.others(&most) >= 2;
    let floor = match (known.host, shared) {
        (None, _) => TIMES_FLOOR_WITHOUT_BASELINE * BYTES,
        (Some(_), true) => TIMES_FLOOR_IF_SHARED * BYTES,
        (Some(_), false) => BYTES,
    };
    let over = sent as f64 / (times * usual).max(floor);
    if over < 1.0 {
        return None;
    }
    let first_contact = known.is_established_host() && known.is_new_contact(&most);
    let span = |of: fn(&Line<'_>) -> i64| lines.iter().map(of);
    let (first, last) = (span(|l| l.pair.span.first).min()?, span(|l| l.pair.span.last).max()?);
    Some(Verdict {
        kind: Kind::Exfiltration,
        peer: Some(peer),
        severity: severity(first_contact, sent),
        confidence: confidence(over, if first_contact { 75 } else { 60 }, 95),
        facts: Facts::Exfiltration {
            peer,
            protocol: most.service.protocol,
            port: most.service.port,
            bytes: sent,
            seconds: last.saturating_sub(first).max(1),
            usual_bytes: usual,
            first_contact,
        },
    })
}

/// High: what left is gone. Critical where ten times the floor goes where nobody here ever went. Medium where the
/// destination is in the baseline: an upload that grew.
fn severity(first_contact: bool, sent: u64) -> Severity {
    match first_contact {
        true if sent as f64 >= 10.0 * BYTES => Severity::Critical,
        true => Severity::High,
        false => Severity::Medium,
    }
}
