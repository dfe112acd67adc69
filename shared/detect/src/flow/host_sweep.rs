//! `host-sweep`: one source tries one port on many hosts and fails.
//!
//! The rule is Zeek's (`policy/misc/scan`): 25 distinct hosts on which attempts at one port failed, within one window.
//! Protocols without ports count as one port, so that ping sweeps are found.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{HostWindow, Service};
use weir_domain::finding::{Facts, Hit, Kind, Subject};

use super::context::{WindowContext, interfaces};
use super::failures::{Failure, evidence, failures, sampling, span};
use super::port_scan::severity;

/// Distinct hosts on which attempts at one port failed that make a sweep.
pub const FAILED_HOSTS: usize = 25;

/// Looks at what one host tried in one window.
#[must_use]
pub fn detect(host: &HostWindow<'_>, context: &WindowContext<'_>) -> Option<(Subject, Hit)> {
    if host.initiator.pairs().len() < FAILED_HOSTS {
        return None;
    }
    let failures = failures(host);
    let mut hosts: BTreeMap<Service, Vec<IpAddr>> = BTreeMap::new();
    for failure in &failures {
        hosts.entry(failure.service).or_default().push(failure.peer);
    }
    hosts.retain(|_, failed| failed.len() >= FAILED_HOSTS);
    let (&service, most) = hosts.iter().max_by_key(|&(service, failed)| (failed.len(), std::cmp::Reverse(service)))?;

    let part: Vec<&Failure<'_>> = failures.iter().filter(|f| hosts.contains_key(&f.service)).collect();
    let span = span(part.iter().copied());
    let scale = sampling(host);
    let scaled = |n: u64| (n as f64 * scale).round() as u64;
    let rejected = part.iter().filter(|f| f.pair.totals.rejected_rows > 0).count();
    let facts = Facts::HostSweep {
        protocol: service.protocol,
        port: service.port,
        hosts: scaled(most.len() as u64),
        services: hosts.len() as u64,
        attempts: scaled(part.iter().map(|f| f.pair.totals.attempt_rows).sum()),
        failed: scaled(part.len() as u64),
        rejected: scaled(rejected as u64),
        inside: host.monitored,
    };
    let hit = Hit {
        window: context.start,
        window_end: context.end(),
        first_seen: span.first,
        last_seen: span.last,
        severity: severity(host.monitored, rejected == part.len()),
        confidence: confidence(most.len()),
        rows: context.rows,
        interfaces: interfaces(host),
        facts,
        evidence: evidence(host.host, &part).into(),
    };
    Some((context.subject(Kind::HostSweep, host), hit))
}

/// 75 at the threshold (a client of many dead servers looks alike), 99 from four times it.
fn confidence(failed: usize) -> u8 {
    let over = failed as f64 / FAILED_HOSTS as f64;
    (75.0 + 24.0 * (over - 1.0) / 3.0).clamp(75.0, 99.0) as u8
}
