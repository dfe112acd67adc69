//! `connection-burst`, repeated attempts: a stranger tries one port again and again and is never let in.
//!
//! Scanners try a port once or twice and go on. Who tries the same closed port a hundred times in an hour takes it for
//! somebody's: a bot that looks for its server, a client of what ran there before. Nothing is at risk while nobody listens, so
//! it is low, and one source is one finding.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};
use weir_domain::flow::TCP;
use weir_domain::rollup::Slot;

use super::series::{Histories, History};
use weir_domain::address::is_public;

use super::moment::{Measured, Moment};

/// Tries in [`LOOK_BACK`], all of which failed: one every two minutes, several times what a scanner needs to be sure.
const TRIES: u64 = 30;

/// How far is looked back (seconds).
const LOOK_BACK: i64 = 3600;

/// How long it must have gone on (seconds): what is quicker shows in its windows.
const MIN_SECONDS: i64 = 600;

/// Every stranger who insists at a moment, the port it tries most.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    let strangers = |pair: &&History<'_>| !pair.own && pair.peer_own && is_public(pair.host);
    let mut most: BTreeMap<IpAddr, (u64, &History<'_>)> = BTreeMap::new();
    for pair in histories.pairs().filter(strangers).filter(|pair| pair.key.service.protocol == TCP) {
        let Some(tries) = tries(recent(pair, moment)) else { continue };
        let at = most.entry(pair.host).or_insert((tries, pair));
        if at.0 < tries {
            *at = (tries, pair);
        }
    }
    most.into_values().map(|(tries, pair)| hit(tries, pair, moment)).collect()
}

fn recent<'a>(pair: &'a History<'_>, moment: &Moment<'_>) -> &'a [Slot] {
    let slots = pair.until(moment);
    &slots[slots.partition_point(|slot| slot.window.0 < moment.end - LOOK_BACK)..]
}

/// How often was tried, where it is often and always in vain.
fn tries(slots: &[Slot]) -> Option<u64> {
    let in_vain = slots.iter().all(|slot| slot.failed && slot.proven && !slot.answered);
    let tries = slots.iter().map(|slot| slot.openings).fold(0, u64::saturating_add);
    let lasted = slots.last()?.last - slots.first()?.first;
    (in_vain && tries >= TRIES && lasted >= MIN_SECONDS).then_some(tries)
}

fn hit(tries: u64, pair: &History<'_>, moment: &Moment<'_>) -> (Subject, Hit) {
    let slots = recent(pair, moment);
    let hit = moment.hit(Measured {
        first_seen: slots.first().map_or(moment.window.0, |slot| slot.first),
        last_seen: slots.last().map_or(moment.end, |slot| slot.last),
        severity: Severity::Low,
        confidence: (50.0 + 10.0 * tries as f64 / TRIES as f64).min(80.0) as u8,
        interfaces: pair.interfaces.to_vec(),
        facts: Facts::ConnectionBurst {
            flows: tries,
            outbound: true,
            peers: 1,
            protocol: pair.key.service.protocol,
            port: pair.key.service.port,
            usual_flows: 0.0,
        },
        evidence: vec![pair.evidence(slots)],
    });
    (moment.subject(Kind::ConnectionBurst, pair.host, None), hit)
}
