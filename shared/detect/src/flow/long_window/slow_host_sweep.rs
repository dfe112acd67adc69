//! `host-sweep`, slowly: one source tries one port on many hosts over hours and fails.
//!
//! The likelihood ratio is that of [`slow_port_scan`](super::slow_port_scan), over the hosts that were tried on a service;
//! so many as Zeek counts in a window must have failed in a day. Windows that are a sweep by themselves are recognised by
//! [`host_sweep`](crate::flow::host_sweep) and do not count here.

use std::collections::BTreeMap;

use weir_domain::aggregate::{Service, is_private};
use weir_domain::finding::{Facts, Hit, Kind, Subject};
use weir_domain::flow::{ICMP, ICMP_V6};
use weir_domain::rollup::Slot;
use weir_domain::window::WindowStart;

use super::moment::{Measured, Moment};
use super::series::{Histories, History};
use super::slow_port_scan::{Contacts, failures, scans, succeeded};
use crate::flow::host_sweep::FAILED_HOSTS;
use crate::flow::port_scan::{FAILED_PORTS_INSIDE, severity};

/// Hosts in a day on which one inside failed at one port, and at hardly any did not: as many as ports of one host
/// ([`FAILED_PORTS_INSIDE`]). A stranger is one of many that every public address sees.
const FAILED_HOSTS_INSIDE: usize = FAILED_PORTS_INSIDE;

/// How long after its last failure a sweep is still going on (seconds).
const PAUSE: i64 = 2 * 3600;

/// Every slow sweep that goes on at a moment.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    histories.hosts().filter_map(|pairs| of_host(pairs, histories, moment)).collect()
}

/// What a host did on one service.
#[derive(Default)]
struct Swept<'a> {
    failed: Vec<(&'a History<'a>, Vec<Slot>)>,
    succeeded: usize,
}

fn of_host(pairs: &[History<'_>], histories: &Histories<'_>, moment: &Moment<'_>) -> Option<(Subject, Hit)> {
    let first = pairs.first()?;
    let enough = if first.own || is_private(first.host) { FAILED_HOSTS_INSIDE } else { FAILED_HOSTS };
    if pairs.len() < enough {
        return None;
    }
    let mut by_window: BTreeMap<(Service, WindowStart), usize> = BTreeMap::new();
    for pair in pairs {
        for slot in failures(pair, moment) {
            *by_window.entry((pair.key.service, slot.window)).or_default() += 1;
        }
    }
    let reported =
        |service: Service, slot: &Slot| by_window.get(&(service, slot.window)).is_some_and(|n| *n >= FAILED_HOSTS);
    let mut services: BTreeMap<Service, Swept<'_>> = BTreeMap::new();
    // An ICMP message to somebody who began something here is an answer to that: that a port is closed, most often.
    let answers = |pair: &History<'_>| {
        matches!(pair.key.service.protocol, ICMP | ICMP_V6) && histories.addressed(pair.key.peer, pair.host)
    };
    for pair in pairs.iter().filter(|pair| !answers(pair)) {
        let swept = services.entry(pair.key.service).or_default();
        if succeeded(pair, moment) {
            swept.succeeded += 1;
            continue;
        }
        let slots: Vec<Slot> =
            failures(pair, moment).filter(|slot| !reported(pair.key.service, slot)).copied().collect();
        if !slots.is_empty() {
            swept.failed.push((pair, slots));
        }
    }
    services.retain(|_, swept| swept.failed.len() >= enough && scans(swept.failed.len(), swept.succeeded));
    let (&service, most) =
        services.iter().max_by_key(|(service, swept)| (swept.failed.len(), std::cmp::Reverse(**service)))?;
    let most = most.failed.len();
    let measured = Contacts::from_failures(services.values().flat_map(|swept| &swept.failed));
    if moment.end - measured.last > PAUSE {
        return None;
    }
    let hit = moment.hit(Measured {
        first_seen: measured.first,
        last_seen: measured.last,
        severity: severity(first.own, measured.rejected == measured.failed),
        confidence: (70.0 + 20.0 * (most as f64 / enough as f64 - 1.0)).clamp(70.0, 95.0) as u8,
        interfaces: first.interfaces.to_vec(),
        facts: Facts::HostSweep {
            protocol: service.protocol,
            port: service.port,
            hosts: most as u64,
            services: services.len() as u64,
            attempts: measured.attempts,
            failed: measured.failed,
            rejected: measured.rejected,
            inside: first.own,
        },
        evidence: measured.evidence,
    });
    Some((moment.subject(Kind::HostSweep, first.host, None), hit))
}
