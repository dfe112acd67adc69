//! `port-scan`: one source tries many ports of a host and fails.
//!
//! The rule is Zeek's (`policy/misc/scan`): 15 distinct ports of one host on which attempts failed, within one window;
//! 10 where the source is neither monitored nor in a private network.
//! What failed means is in `PairAggregate::failed`; stopped and half-open attempts stay failed whatever comes later, so
//! the detection may fire on a window that is still filling.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{HostWindow, is_private};
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};

use super::context::{WindowContext, interfaces};
use super::failures::{Failure, evidence, failures, sampling, span};

/// Distinct failed ports of one host that make a scan by a host inside: it has reasons to fail on a few (service
/// discovery, passive FTP, a service that is down).
///
/// Inside are monitored hosts and private addresses. That an address is monitored may be known late, with the first
/// object of its own interface, and must not take a finding back; on AWS it is private from the first row on.
pub const FAILED_PORTS_INSIDE: usize = 15;

/// The same for everybody else: a stranger has no business on many ports of a host.
pub const FAILED_PORTS_OUTSIDE: usize = 10;

/// Looks at what one host tried in one window.
#[must_use]
pub fn detect(host: &HostWindow<'_>, context: &WindowContext<'_>) -> Option<(Subject, Hit)> {
    let threshold = if host.monitored || is_private(host.host) { FAILED_PORTS_INSIDE } else { FAILED_PORTS_OUTSIDE };
    if host.initiator.pairs().len() < threshold {
        return None;
    }
    let failures = failures(host);
    let mut ports: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for failure in failures.iter().filter(|f| f.service.port > 0) {
        *ports.entry(failure.peer).or_default() += 1;
    }
    ports.retain(|_, failed| *failed >= threshold);
    let (&target, &most) = ports.iter().max_by_key(|&(host, failed)| (failed, std::cmp::Reverse(host)))?;

    let part: Vec<&Failure<'_>> =
        failures.iter().filter(|f| f.service.port > 0 && ports.contains_key(&f.peer)).collect();
    let span = span(part.iter().copied());
    let scale = sampling(host);
    let scaled = |n: u64| (n as f64 * scale).round() as u64;
    let rejected = part.iter().filter(|f| f.pair.totals.rejected_rows > 0).count() as u64;
    let failed = part.len() as u64;
    let facts = Facts::PortScan {
        target,
        targets: ports.len() as u64,
        ports: scaled(most as u64),
        attempts: scaled(part.iter().map(|f| f.pair.totals.attempt_rows).sum()),
        failed: scaled(failed),
        rejected: scaled(rejected),
        inside: host.monitored,
    };
    let hit = Hit {
        window: context.start,
        window_end: context.end(),
        first_seen: span.first,
        last_seen: span.last,
        severity: severity(host.monitored, rejected == failed),
        confidence: confidence(most, threshold),
        rows: context.rows,
        interfaces: interfaces(host),
        facts,
        evidence: evidence(host.host, &part).into(),
    };
    Some((context.subject(Kind::PortScan, host), hit))
}

/// From inside it is an intruder at work: high. From outside it is the weather: low when every attempt was stopped at
/// the border, medium when some got through to a host.
pub(super) fn severity(inside: bool, all_rejected: bool) -> Severity {
    match (inside, all_rejected) {
        (true, _) => Severity::High,
        (false, false) => Severity::Medium,
        (false, true) => Severity::Low,
    }
}

/// 80 at the threshold, 99 from five times it: chance and broken clients rarely fail so widely.
fn confidence(failed: usize, threshold: usize) -> u8 {
    let over = failed as f64 / threshold as f64;
    (80.0 + 19.0 * (over - 1.0) / 4.0).clamp(80.0, 99.0) as u8
}
