//! `exfiltration`, slowly: a host sends much to one place over hours, never much at a time.
//!
//! The destination is on the internet and new: neither it nor its network were talked to before by anybody here (backups and
//! telemetry go to networks in the baseline, though to new addresses every day). To a destination in the baseline, the bytes
//! of a day are compared with what the pair sends in its busiest hour.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::baseline::host_name;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};
use weir_domain::rollup::Slot;

use super::series::{Histories, History};
use weir_domain::address::is_public;

use super::moment::{Measured, Moment};

/// Bytes in a day to a place that is new: a fifth of what Slips allows to one place in an hour, and in more hours.
const MAX_TO_NEW_PEER: u64 = 100_000_000;

/// Bytes in a day to a new address in a network of the baseline, and to an address of the baseline: what Slips allows in an hour.
const MAX_TO_BASELINE_PEER: u64 = 500_000_000;

/// How many times what the pair sends in its busiest hour, for each hour in which it sent.
const TIMES_BASELINE: f64 = 4.0;

/// Sent bytes for each received one: downloads send acknowledgements, exchanges are even.
const SENT_BY_RECEIVED: u64 = 4;

/// How long it must have gone on (seconds): what is quicker shows in its windows.
const MIN_SECONDS: i64 = 3600;

/// How long after the last bytes it is still going on (seconds).
const PAUSE: i64 = 3600;

/// Every slow transfer that goes on at a moment.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    let mut by_peer: BTreeMap<(IpAddr, IpAddr), Vec<&History<'_>>> = BTreeMap::new();
    for history in histories.pairs() {
        if history.own && !history.peer_own && is_public(history.key.peer) {
            by_peer.entry((history.host, history.key.peer)).or_default().push(history);
        }
    }
    by_peer.into_values().filter_map(|of_peer| look(&of_peer, histories, moment)).collect()
}

fn look(of_peer: &[&History<'_>], histories: &Histories<'_>, moment: &Moment<'_>) -> Option<(Subject, Hit)> {
    let sum = |history: &History<'_>, of: fn(&Slot) -> u64| {
        history.until(moment).iter().map(of).fold(0u64, u64::saturating_add)
    };
    let sent = of_peer.iter().map(|history| sum(history, |slot| slot.bytes_sent)).fold(0u64, u64::saturating_add);
    let received = of_peer.iter().map(|history| sum(history, |slot| slot.bytes_received)).fold(0, u64::saturating_add);
    if sent < MAX_TO_NEW_PEER || sent < received.saturating_mul(SENT_BY_RECEIVED) {
        return None;
    }
    let slots = || of_peer.iter().flat_map(|history| history.until(moment));
    let (first, last) = (slots().map(|slot| slot.first).min()?, slots().map(|slot| slot.last).max()?);
    if last - first < MIN_SECONDS || moment.end - last > PAUSE {
        return None;
    }
    let main = of_peer.iter().max_by_key(|history| (sum(history, |slot| slot.bytes_sent), history.key))?;
    let hours = slots().map(|slot| slot.window.hour()).collect::<std::collections::BTreeSet<_>>().len();
    let usual = Usual::new(of_peer, hours, moment)?;
    if (sent as f64) < usual.bytes || histories.company(main, moment).relays {
        return None;
    }
    let hit = moment.hit(Measured {
        first_seen: first,
        last_seen: last,
        severity: if usual.first_contact { Severity::High } else { Severity::Medium },
        confidence: if usual.first_contact && !usual.network_known { 85 } else { 65 },
        interfaces: main.interfaces.to_vec(),
        facts: Facts::Exfiltration {
            peer: main.key.peer,
            protocol: main.key.service.protocol,
            port: main.key.service.port,
            bytes: sent,
            seconds: last - first,
            usual_bytes: usual.bytes,
            first_contact: usual.first_contact,
        },
        evidence: of_peer.iter().map(|history| history.evidence(history.until(moment))).take(20).collect(),
    });
    Some((moment.subject(Kind::Exfiltration, main.host, Some(main.key.peer)), hit))
}

/// What a pair is measured against.
struct Usual {
    /// Bytes in the time it took so far.
    bytes: f64,
    first_contact: bool,
    network_known: bool,
}

impl Usual {
    /// `None` where there is no baseline yet.
    fn new(of_peer: &[&History<'_>], hours: usize, moment: &Moment<'_>) -> Option<Self> {
        let first = of_peer.first()?;
        let baseline = moment.day.baseline?;
        let network_known = moment.knows_network(first.key.peer);
        if of_peer.iter().all(|history| moment.is_new(&history.key)) {
            // Where its network is known, a new address of it is measured like those known before: by the busiest one.
            if !network_known {
                return Some(Self { bytes: MAX_TO_NEW_PEER as f64, first_contact: true, network_known });
            }
        }
        if !baseline.can_judge_novelty(moment.window.0) {
            return None;
        }
        let name = host_name(moment.day.scope, first.host);
        let host = baseline.host(&name)?;
        let network = weir_domain::baseline::Network::from_address(first.key.peer);
        let alike =
            host.pairs.iter().filter(|(key, _)| weir_domain::baseline::Network::from_address(key.peer) == network);
        let busiest = alike.map(|(_, habit)| habit.bytes_sent.max()).fold(0.0, f64::max);
        if busiest == 0.0 {
            // Others use the network, this host never did.
            return Some(Self { bytes: MAX_TO_BASELINE_PEER as f64, first_contact: true, network_known });
        }
        let bytes = (TIMES_BASELINE * busiest * hours as f64).max(MAX_TO_BASELINE_PEER as f64);
        Some(Self { bytes, first_contact: false, network_known })
    }
}
