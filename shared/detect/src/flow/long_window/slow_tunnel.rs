//! `unusual-protocol`, slowly: a tunnel through DNS or echo requests that carries little at a time, for hours.
//!
//! What the protocol is made for says how large its packets are (see [`unusual_protocol`](crate::flow::unusual_protocol));
//! what is large for minutes may be a person who tries what gets through, what is large for an hour is not. Questions of DNS
//! are rarely longer than 100 bytes; those that carry data are, and go to one server outside that nobody here asked before.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::PairKey;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};
use weir_domain::flow::{ICMP, ICMP_V6, UDP};
use weir_domain::rollup::Slot;

use super::series::{Histories, History};
use weir_domain::address::is_public;

use super::moment::{Measured, Moment};
use crate::flow::unusual_protocol::{DNS, LARGE_ECHO, LONG_QUESTION};

/// How long it must have gone on (seconds).
const MIN_SECONDS: i64 = 3600;

/// How long after the last packet it is still going on (seconds).
const PAUSE: i64 = 3600;

/// Questions that make a tunnel.
const QUESTIONS: u64 = 100;

/// Echoes that do, each way.
const ECHOES: u64 = 50;

/// Every slow tunnel that is open at a moment.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    let outward = |pair: &&History<'_>| pair.own && !pair.peer_own && is_public(pair.key.peer);
    let tunnels = histories.pairs().filter(outward).filter_map(|pair| {
        let carried = match (pair.key.service.protocol, pair.key.service.port) {
            (UDP, DNS) => questions(pair, histories, moment),
            (ICMP | ICMP_V6, _) => echoes(pair, histories, moment),
            _ => None,
        }?;
        lasts(carried.slots, moment).then(|| carried.hit(pair, moment))
    });
    // One name per host: that which carries most speaks.
    let mut by_host: BTreeMap<IpAddr, (u64, (Subject, Hit))> = BTreeMap::new();
    for (host, bytes, found) in tunnels {
        if by_host.get(&host).is_none_or(|(most, _)| *most < bytes) {
            by_host.insert(host, (bytes, found));
        }
    }
    by_host.into_values().map(|(_, found)| found).collect()
}

/// What goes through a tunnel.
struct Carried<'a> {
    slots: &'a [Slot],
    packets: u64,
    bytes: u64,
}

impl Carried<'_> {
    fn hit(&self, pair: &History<'_>, moment: &Moment<'_>) -> (IpAddr, u64, (Subject, Hit)) {
        let hit = moment.hit(Measured {
            first_seen: self.slots.first().map_or(moment.window.0, |slot| slot.first),
            last_seen: self.slots.last().map_or(moment.end, |slot| slot.last),
            severity: Severity::High,
            confidence: 80,
            interfaces: pair.interfaces.to_vec(),
            facts: Facts::UnusualProtocol {
                peer: pair.key.peer,
                protocol: pair.key.service.protocol,
                port: pair.key.service.port,
                packets: self.packets,
                bytes: self.bytes,
                tunnel: true,
                new_here: false,
            },
            evidence: vec![pair.evidence(self.slots)],
        });
        (pair.host, self.bytes, (moment.subject(Kind::UnusualProtocol, pair.host, None), hit))
    }
}

fn lasts(slots: &[Slot], moment: &Moment<'_>) -> bool {
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return false };
    last.last - first.first >= MIN_SECONDS && moment.end - last.last <= PAUSE
}

fn sum(slots: &[Slot], of: fn(&Slot) -> u64) -> u64 {
    slots.iter().map(of).fold(0, u64::saturating_add)
}

/// Long questions to a server that is new here.
fn questions<'a>(pair: &'a History<'a>, histories: &Histories<'_>, moment: &Moment<'_>) -> Option<Carried<'a>> {
    let slots = pair.until(moment);
    let (asked, answered) = (sum(slots, |slot| slot.bytes_sent), sum(slots, |slot| slot.bytes_received));
    let packets = sum(slots, |slot| slot.packets_sent);
    if packets < QUESTIONS || asked < packets.saturating_mul(LONG_QUESTION) || !moment.is_new(&pair.key) {
        return None;
    }
    let company = histories.company(pair, moment);
    let alone = company.others <= 1 && !company.relays;
    alone.then_some(Carried { slots, packets, bytes: asked.saturating_add(answered) })
}

/// Large echoes, both ways: of ICMP both ends begin.
fn echoes<'a>(pair: &'a History<'a>, histories: &Histories<'_>, moment: &Moment<'_>) -> Option<Carried<'a>> {
    let slots = pair.until(moment);
    let back = histories.pair(pair.key.peer, &PairKey { peer: pair.host, service: pair.key.service })?.until(moment);
    let [there, back] = [slots, back].map(|slots| (sum(slots, |s| s.packets_sent), sum(slots, |s| s.bytes_sent)));
    let (packets, bytes) = (there.0.saturating_add(back.0), there.1.saturating_add(back.1));
    let both_ways = there.0.min(back.0) >= ECHOES;
    (both_ways && bytes >= packets.saturating_mul(LARGE_ECHO)).then_some(Carried { slots, packets, bytes })
}
