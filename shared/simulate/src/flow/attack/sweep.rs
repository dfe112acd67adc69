//! Sweeps: one source, one port of many hosts.

use std::collections::BTreeSet;

use super::{Plot, SERVERS};
use crate::flow::network::Tier;

/// A host that was broken into looks through the network, addresses that nobody has included.
pub(super) fn internal(plot: &mut Plot<'_>) {
    let from = plot.infected();
    let port = plot.stream.pick(&[22, 445, 3389, 5985]).copied().unwrap_or(445);
    let (hosts, minutes) = plot.level([(25, 240), (40, 60), (80, 15), (200, 5), (800, 3)]);
    let mut targets = BTreeSet::new();
    let when = plot.when(minutes);
    for at in plot.spread(when, hosts) {
        let other = plot.other(from, &[Tier::App, Tier::Web, Tier::Worker, Tier::Database, Tier::Desktop]);
        let target = if plot.stream.chance(0.3) { other } else { plot.any_address() };
        if target.host == from.host || !targets.insert(target.address) {
            continue;
        }
        // Where the service is, it answers.
        if port == 22 && target.host.is_some() && plot.stream.chance(0.3) {
            plot.tcp(at, 120, (from, target), port, (22, 40));
        } else {
            plot.probe(at, (from, target), port);
        }
    }
    plot.subtype(format!("internal-{port}"));
    plot.plan.accept = &["lateral-movement"];
    plot.plan.note = format!("{} addresses in {minutes} min", targets.len());
}

/// A worm looks through the internet.
pub(super) fn outbound(plot: &mut Plot<'_>) {
    let from = plot.host(&SERVERS);
    let port = plot.stream.pick(&[23, 445, 6379, 2375]).copied().unwrap_or(23);
    let (hosts, minutes) = plot.level([(30, 180), (60, 60), (150, 20), (500, 10), (2_000, 6)]);
    let when = plot.when(minutes);
    for at in plot.spread(when, hosts) {
        let target = plot.source();
        plot.probe(at, (from, target), port);
    }
    plot.subtype(format!("outbound-{port}"));
    plot.plan.accept = &["connection-burst", "malware-c2"];
    plot.plan.note = format!("{hosts} addresses of the internet in {minutes} min");
}
