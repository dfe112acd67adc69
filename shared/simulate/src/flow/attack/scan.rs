//! Port scans: one source, the ports of one host.

use super::builder::{AttackBuilder, SERVERS};
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;

const PUBLIC: [Tier; 4] = [Tier::LoadBalancer, Tier::NatGateway, Tier::Bastion, Tier::DesktopGateway];

/// Probes so many ports in so many minutes; below 1,024 first of all, as scanners do.
fn scan(attack: &mut AttackBuilder<'_>, ends: (Endpoint, Endpoint), ports: usize, minutes: i64) {
    let highest = if ports > 900 { 65_535 } else { 20_000 };
    let low: Vec<u16> = (1..1024).collect();
    let high: Vec<u16> = (1024..=highest).collect();
    let mut chosen = attack.stream.sample(&low, ports / 3);
    chosen.extend(attack.stream.sample(&high, ports - ports / 3));
    let chosen = attack.stream.sample(&chosen, ports);
    let when = attack.when(minutes);
    let times = attack.spread(when, chosen.len() as u64);
    for (at, port) in times.into_iter().zip(chosen) {
        attack.probe(at, ends, port);
    }
    attack.plan.note = format!("{ports} ports in {minutes} min");
}

/// From the internet, in minutes.
pub(super) fn external_fast(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.attacker(), attack.host(&PUBLIC));
    let (ports, minutes) = attack.level([(60, 20), (150, 10), (400, 10), (1_000, 8), (4_000, 5)]);
    scan(attack, ends, ports, minutes);
}

/// From the internet, over hours.
pub(super) fn external_slow(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.attacker(), attack.host(&PUBLIC));
    let (ports, minutes) = attack.level([(60, 720), (90, 480), (120, 360), (180, 240), (300, 180)]);
    scan(attack, ends, ports, minutes);
}

/// From a host that was broken into, in minutes.
pub(super) fn internal_fast(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let ends = (from, attack.other(from, &[Tier::Database, Tier::Cache, Tier::App, Tier::Desktop]));
    let (ports, minutes) = attack.level([(50, 10), (120, 5), (300, 3), (800, 3), (3_000, 2)]);
    scan(attack, ends, ports, minutes);
}

/// From a host that was broken into, over hours.
pub(super) fn internal_slow(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let ends = (from, attack.other(from, &SERVERS));
    let (ports, minutes) = attack.level([(50, 720), (80, 480), (120, 360), (180, 240), (240, 180)]);
    scan(attack, ends, ports, minutes);
}
