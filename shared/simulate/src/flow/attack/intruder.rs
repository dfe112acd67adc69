//! An intruder: contacts that were never there before, and the way from host to host.

use super::{Plot, SERVERS, odd_port, volume};
use crate::flow::network::Tier;

/// A server talks to somebody new on the internet.
pub(super) fn external_peer(plot: &mut Plot<'_>) {
    let (from, to) = (plot.infected(), plot.attacker());
    let port = odd_port(&mut plot.stream);
    let (out, back, minutes) = plot.level([
        (2_000_000_u64, 5_000_000_u64, 60),
        (8_000_000, 40_000_000, 60),
        (30_000_000, 100_000_000, 40),
        (90_000_000, 300_000_000, 30),
        (250_000_000, 900_000_000, 30),
    ]);
    let when = plot.when(minutes);
    for at in plot.spread((when.0, when.1 - 40_000), 5) {
        plot.tcp(at, 30_000, (from, to), port, (out / 5, back / 5));
    }
    plot.plan.accept = &["exfiltration"];
    plot.plan.note = format!("{} out, {} in, port {port}", volume(out), volume(back));
}

/// A server talks to one of ours that it has no business with.
pub(super) fn internal_peer(plot: &mut Plot<'_>) {
    let from = plot.host(&[Tier::Web, Tier::Cache]);
    let to = plot.other(from, &[Tier::Database, Tier::Desktop, Tier::Runner]);
    let port = plot.stream.pick(&[5432, 445, 3389, 8000]).copied().unwrap_or(445);
    let (talks, bytes) =
        plot.level([(2, 500_000_u64), (4, 3_000_000), (8, 20_000_000), (15, 80_000_000), (30, 400_000_000)]);
    let when = plot.when(60);
    for at in plot.spread((when.0, when.1 - 20_000), talks) {
        plot.tcp(at, 15_000, (from, to), port, (bytes / talks / 50, bytes / talks));
    }
    plot.plan.accept = &["lateral-movement"];
    plot.plan.note = format!("{talks} connections, {} back, port {port}", volume(bytes));
}

/// Somebody new comes in by SSH or remote desktop, with a password that is right.
pub(super) fn inbound_peer(plot: &mut Plot<'_>) {
    let from = plot.attacker();
    let (tier, port) = if plot.stream.chance(0.5) { (Tier::Bastion, 22) } else { (Tier::DesktopGateway, 3389) };
    let to = plot.host(&[tier]);
    let (minutes, back) =
        plot.level([(4, 200_000), (10, 2_000_000), (25, 30_000_000), (60, 300_000_000), (120, 2_000_000_000)]);
    let (start, length) = plot.when(minutes);
    plot.tcp(start, length, (from, to), port, (back / 20 + 4_000, back));
    plot.plan.accept = &["exfiltration", "anomalous-behaviour"];
    plot.plan.note = format!("a session of {minutes} min, {} back", volume(back));
}

const WAYS: [u16; 4] = [22, 445, 3389, 5985];

/// A session on another host: a tool goes over, and something comes back.
fn session(plot: &mut Plot<'_>, at: i64, ends: (crate::flow::Party, crate::flow::Party), port: u16) {
    let tool = plot.stream.between(30_000, 3_000_000) as u64;
    let found = plot.stream.between(8_000, 400_000) as u64;
    let length = plot.stream.between(20_000, 240_000);
    plot.tcp(at, length, ends, port, (tool, found));
}

/// From one host to many, one after the other.
pub(super) fn fan_out(plot: &mut Plot<'_>) {
    let from = plot.infected();
    let (hosts, minutes) = plot.level([(3, 120), (5, 60), (8, 40), (14, 30), (25, 20)]);
    let all: Vec<_> = plot
        .hosts(&[Tier::Web, Tier::App, Tier::Worker, Tier::Desktop, Tier::Database])
        .into_iter()
        .filter(|&id| Some(id) != from.host)
        .collect();
    let targets = plot.stream.sample(&all, hosts);
    let when = plot.when(minutes);
    let times = plot.spread((when.0, when.1 - 250_000), targets.len() as u64);
    let port = plot.stream.pick(&WAYS).copied().unwrap_or(22);
    for (at, target) in times.into_iter().zip(targets) {
        let to = plot.network.party(target);
        session(plot, at, (from, to), port);
    }
    plot.plan.accept = &["host-sweep", "unknown-peer", "connection-burst"];
    plot.plan.note = format!("{hosts} hosts in {minutes} min");
}

/// From host to host to host.
pub(super) fn chain(plot: &mut Plot<'_>) {
    let (hops, minutes) = plot.level([(2, 240), (3, 180), (4, 120), (6, 60), (10, 40)]);
    let all = plot.hosts(&SERVERS);
    let way = plot.stream.sample(&all, hops + 1);
    let when = plot.when(minutes);
    let times = plot.spread((when.0, when.1 - 250_000), hops as u64);
    for (at, hop) in times.into_iter().zip(way.windows(2)) {
        let &[from, to] = hop else { continue };
        let port = plot.stream.pick(&WAYS).copied().unwrap_or(22);
        let ends = (plot.network.party(from), plot.network.party(to));
        session(plot, at, ends, port);
        // It asks the next ones whether they are there.
        for _ in 0..plot.stream.between(1, 4) {
            let asked = plot.other(ends.1, &SERVERS);
            let at = at + plot.stream.between(5_000, 60_000);
            if asked.host != ends.1.host {
                plot.probe(at, (ends.1, asked), port);
            }
        }
    }
    plot.plan.accept = &["host-sweep", "unknown-peer"];
    plot.plan.note = format!("{hops} hops in {minutes} min");
}
