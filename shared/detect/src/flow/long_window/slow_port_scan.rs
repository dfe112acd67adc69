//! `port-scan`, slowly: one source tries many ports of a host over hours and fails.
//!
//! The likelihood ratio of the threshold random walk (Jung, Paxson, Berger, Balakrishnan 2004), over distinct contacts in 24
//! hours: a contact fails with .2 where a host is benign and with .8 where it scans, so each failure multiplies the ratio by
//! 4 and each success divides it by 4. The walk has no absorbing state: the ratio of a set does not depend on the order
//! it is walked in. As a benign host walks once for every host it talks to, every day, the bound is not the paper's 99 but
//! one in a million; and on the internet's side, where scanners are the weather, only much within a few hours counts.
//!
//! Windows that are a scan by themselves ([`port_scan`](crate::flow::port_scan)) are reported there and do not count here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::address::is_private;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Subject};
use weir_domain::rollup::Slot;
use weir_domain::window::WindowStart;

use super::moment::{Measured, Moment};
use super::series::{Histories, History};
use crate::flow::failures::FIRST_EPHEMERAL_PORT;
use crate::flow::port_scan::{FAILED_PORTS_INSIDE, FAILED_PORTS_OUTSIDE, severity};

/// Distinct failed ports of one host in [`OUTSIDE_SECONDS`] that make a scan by a stranger: ten an hour. Who tries fewer is
/// one of dozens that every public address sees all day long.
pub const SLOWLY_FAILED_PORTS_OUTSIDE: usize = 40;

/// How far is looked back at a stranger (seconds).
pub const OUTSIDE_SECONDS: i64 = 4 * 3600;

/// The bound of the likelihood ratio: the chance of detection, .99, by that of a false alarm, 1e-6.
const RATIO: f64 = 0.99e6;

/// How long after its last failure a scan is still going on (seconds).
const PAUSE: i64 = 2 * 3600;

/// The likelihood ratio's logarithm for failures and successes among first contacts.
pub(super) fn log_ratio(failed: usize, succeeded: usize) -> f64 {
    // ln(.8 / .2)
    (failed as f64 - succeeded as f64) * 4f64.ln()
}

/// Whether so many failures and successes are those of a scanner.
pub(super) fn scans(failed: usize, succeeded: usize) -> bool {
    log_ratio(failed, succeeded) >= RATIO.ln()
}

/// A contact's windows in which it failed, for certain. A datagram that nobody on the internet answered proves nothing: time
/// servers come and go, and a client tries dozens of them in a day.
pub(super) fn failures<'a>(history: &'a History<'_>, moment: &'a Moment<'_>) -> impl Iterator<Item = &'a Slot> {
    let near = history.peer_own || is_private(history.key.peer);
    let silence_counts = near && history.key.service.port < FIRST_EPHEMERAL_PORT;
    history.until(moment).iter().filter(move |slot| slot.failed && (slot.proven || silence_counts))
}

/// Whether a contact ever went well.
pub(super) fn succeeded(history: &History<'_>, moment: &Moment<'_>) -> bool {
    history.until(moment).iter().any(|slot| slot.answered && !slot.failed)
}

/// Every slow scan that goes on at a moment.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    histories.hosts().filter_map(|pairs| of_host(pairs, moment)).collect()
}

/// What a host did with one other.
#[derive(Default)]
struct Target<'a> {
    failed: Vec<(&'a History<'a>, Vec<Slot>)>,
    succeeded: usize,
}

fn of_host(pairs: &[History<'_>], moment: &Moment<'_>) -> Option<(Subject, Hit)> {
    let first = pairs.first()?;
    let (host, own) = (first.host, first.own);
    let inside = own || is_private(host);
    let (a_window, enough) = if inside {
        (FAILED_PORTS_INSIDE, FAILED_PORTS_INSIDE)
    } else {
        (FAILED_PORTS_OUTSIDE, SLOWLY_FAILED_PORTS_OUTSIDE)
    };
    if pairs.len() < enough {
        return None;
    }
    let mut by_window: BTreeMap<(IpAddr, WindowStart), usize> = BTreeMap::new();
    let with_ports = || pairs.iter().filter(|pair| pair.key.service.port > 0);
    for pair in with_ports() {
        for slot in failures(pair, moment) {
            *by_window.entry((pair.key.peer, slot.window)).or_default() += 1;
        }
    }
    let reported =
        |peer: IpAddr, slot: &Slot| by_window.get(&(peer, slot.window)).is_some_and(|ports| *ports >= a_window);
    let mut targets: BTreeMap<IpAddr, Target<'_>> = BTreeMap::new();
    for pair in with_ports() {
        let target = targets.entry(pair.key.peer).or_default();
        if succeeded(pair, moment) {
            target.succeeded += 1;
            continue;
        }
        let recent = |slot: &Slot| inside || slot.window.0 >= moment.end - OUTSIDE_SECONDS;
        let counts = |slot: &&Slot| recent(slot) && !reported(pair.key.peer, slot);
        let slots: Vec<Slot> = failures(pair, moment).filter(counts).copied().collect();
        if !slots.is_empty() {
            target.failed.push((pair, slots));
        }
    }
    targets.retain(|_, target| target.failed.len() >= enough && scans(target.failed.len(), target.succeeded));
    let (&target, most) =
        targets.iter().max_by_key(|(host, target)| (target.failed.len(), std::cmp::Reverse(**host)))?;
    let most = most.failed.len();
    let measured = Contacts::from_failures(targets.values().flat_map(|target| &target.failed));
    if moment.end - measured.last > PAUSE {
        return None;
    }
    let hit = moment.hit(Measured {
        first_seen: measured.first,
        last_seen: measured.last,
        severity: severity(own, measured.rejected == measured.failed),
        confidence: (70.0 + 20.0 * (most as f64 / enough as f64 - 1.0)).clamp(70.0, 95.0) as u8,
        interfaces: first.interfaces.to_vec(),
        facts: Facts::PortScan {
            target,
            targets: targets.len() as u64,
            ports: most as u64,
            attempts: measured.attempts,
            failed: measured.failed,
            rejected: measured.rejected,
            inside: own,
        },
        evidence: measured.evidence,
    });
    Some((moment.subject(Kind::PortScan, host, None), hit))
}

/// Failed contacts, counted.
pub(super) struct Contacts {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) attempts: u64,
    pub(super) failed: u64,
    pub(super) rejected: u64,
    pub(super) evidence: Vec<Evidence>,
}

impl Contacts {
    pub(super) fn from_failures<'a>(failed: impl Iterator<Item = &'a (&'a History<'a>, Vec<Slot>)>) -> Self {
        let mut all =
            Self { first: i64::MAX, last: i64::MIN, attempts: 0, failed: 0, rejected: 0, evidence: Vec::new() };
        let mut lines: BTreeMap<(IpAddr, u8), (Evidence, BTreeSet<u16>)> = BTreeMap::new();
        for (pair, slots) in failed {
            all.first = all.first.min(slots.iter().map(|slot| slot.first).min().unwrap_or(i64::MAX));
            all.last = all.last.max(slots.iter().map(|slot| slot.last).max().unwrap_or(i64::MIN));
            all.failed += 1;
            all.rejected += u64::from(slots.iter().any(|slot| slot.rejected));
            let of_pair = pair.evidence(slots);
            all.attempts = all.attempts.saturating_add(of_pair.attempts);
            let (line, ports) = lines.entry((of_pair.destination, of_pair.protocol)).or_insert_with(|| {
                (Evidence { attempts: 0, failed: 0, bytes_out: 0, bytes_in: 0, ..of_pair.clone() }, BTreeSet::new())
            });
            line.failed += 1;
            line.attempts = line.attempts.saturating_add(of_pair.attempts);
            line.bytes_out = line.bytes_out.saturating_add(of_pair.bytes_out);
            line.bytes_in = line.bytes_in.saturating_add(of_pair.bytes_in);
            ports.extend(of_pair.ports);
        }
        all.evidence = lines
            .into_values()
            .map(|(line, ports)| Evidence {
                distinct_ports: ports.len() as u64,
                ports: ports.into_iter().take(Evidence::MAX_PORTS).collect(),
                ..line
            })
            .collect();
        all.evidence.sort_by(|a, b| b.failed.cmp(&a.failed).then(a.destination.cmp(&b.destination)));
        all.evidence.truncate(Evidence::MAX_PER_HIT);
        all
    }
}
