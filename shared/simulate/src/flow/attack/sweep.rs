//! Sweeps: one source, one port of many hosts.

use std::collections::BTreeSet;

use super::builder::{AttackBuilder, SERVERS};
use crate::flow::network::Tier;

/// A host that was broken into looks through the network, addresses that nobody has included.
pub(super) fn internal(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let port = attack.stream.pick(&[22, 445, 3389, 5985]).copied().unwrap_or(445);
    let (hosts, minutes) = attack.level([(25, 240), (40, 60), (80, 15), (200, 5), (800, 3)]);
    let mut targets = BTreeSet::new();
    let when = attack.when(minutes);
    for at in attack.spread(when, hosts) {
        let other = attack.other(from, &[Tier::App, Tier::Web, Tier::Worker, Tier::Database, Tier::Desktop]);
        let target = if attack.stream.chance(0.3) { other } else { attack.any_address() };
        if target.host == from.host || !targets.insert(target.address) {
            continue;
        }
        // Where the service is, it answers.
        if port == 22 && target.host.is_some() && attack.stream.chance(0.3) {
            attack.tcp(at, 120, (from, target), port, (22, 40));
        } else {
            attack.probe(at, (from, target), port);
        }
    }
    attack.subtype(format!("internal-{port}"));
    attack.plan.accept = &["lateral-movement"];
    attack.plan.note = format!("{} addresses in {minutes} min", targets.len());
}

/// A worm looks through the internet.
pub(super) fn outbound(attack: &mut AttackBuilder<'_>) {
    let from = attack.host(&SERVERS);
    let port = attack.stream.pick(&[23, 445, 6379, 2375]).copied().unwrap_or(23);
    let (hosts, minutes) = attack.level([(30, 180), (60, 60), (150, 20), (500, 10), (2_000, 6)]);
    let when = attack.when(minutes);
    for at in attack.spread(when, hosts) {
        let target = attack.source();
        attack.probe(at, (from, target), port);
    }
    attack.subtype(format!("outbound-{port}"));
    attack.plan.accept = &["connection-burst", "malware-c2"];
    attack.plan.note = format!("{hosts} addresses of the internet in {minutes} min");
}
