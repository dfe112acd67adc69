//! An intruder: contacts that were never there before, and the way from host to host.

use super::builder::{AttackBuilder, SERVERS, odd_port, volume};
use crate::flow::network::Tier;

/// A server talks to a new address on the internet.
pub(super) fn external_peer(attack: &mut AttackBuilder<'_>) {
    let (from, to) = (attack.infected(), attack.attacker());
    let port = odd_port(&mut attack.stream);
    let (out, back, minutes) = attack.level([
        (2_000_000_u64, 5_000_000_u64, 60),
        (8_000_000, 40_000_000, 60),
        (30_000_000, 100_000_000, 40),
        (90_000_000, 300_000_000, 30),
        (250_000_000, 900_000_000, 30),
    ]);
    let when = attack.when(minutes);
    for at in attack.spread((when.0, when.1 - 40_000), 5) {
        attack.tcp(at, 30_000, (from, to), port, (out / 5, back / 5));
    }
    attack.plan.accept = &["exfiltration"];
    attack.plan.note = format!("{} out, {} in, port {port}", volume(out), volume(back));
}

/// A server talks to an internal server that it has no business with.
pub(super) fn internal_peer(attack: &mut AttackBuilder<'_>) {
    let from = attack.host(&[Tier::Web, Tier::Cache]);
    let to = attack.other(from, &[Tier::Database, Tier::Desktop, Tier::Runner]);
    let port = attack.stream.pick(&[5432, 445, 3389, 8000]).copied().unwrap_or(445);
    let (conversations, bytes) =
        attack.level([(2, 500_000_u64), (4, 3_000_000), (8, 20_000_000), (15, 80_000_000), (30, 400_000_000)]);
    let when = attack.when(60);
    for at in attack.spread((when.0, when.1 - 20_000), conversations) {
        attack.tcp(at, 15_000, (from, to), port, (bytes / conversations / 50, bytes / conversations));
    }
    attack.plan.accept = &["lateral-movement"];
    attack.plan.note = format!("{conversations} connections, {} back, port {port}", volume(bytes));
}

/// Somebody new comes in by SSH or remote desktop, with a password that is right.
pub(super) fn inbound_peer(attack: &mut AttackBuilder<'_>) {
    let from = attack.attacker();
    let (tier, port) = if attack.stream.chance(0.5) { (Tier::Bastion, 22) } else { (Tier::DesktopGateway, 3389) };
    let to = attack.host(&[tier]);
    let (minutes, back) =
        attack.level([(4, 200_000), (10, 2_000_000), (25, 30_000_000), (60, 300_000_000), (120, 2_000_000_000)]);
    let (start, length) = attack.when(minutes);
    attack.tcp(start, length, (from, to), port, (back / 20 + 4_000, back));
    attack.plan.accept = &["exfiltration", "anomalous-behaviour"];
    attack.plan.note = format!("a session of {minutes} min, {} back", volume(back));
}

const WAYS: [u16; 4] = [22, 445, 3389, 5985];

/// A session on another host: a tool goes over, and something comes back.
fn session(attack: &mut AttackBuilder<'_>, at: i64, ends: (crate::flow::Endpoint, crate::flow::Endpoint), port: u16) {
    let tool = attack.stream.between(30_000, 3_000_000) as u64;
    let found = attack.stream.between(8_000, 400_000) as u64;
    let length = attack.stream.between(20_000, 240_000);
    attack.tcp(at, length, ends, port, (tool, found));
}

/// From one host to many, one after the other.
pub(super) fn fan_out(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let (hosts, minutes) = attack.level([(3, 120), (5, 60), (8, 40), (14, 30), (25, 20)]);
    let all: Vec<_> = attack
        .hosts(&[Tier::Web, Tier::App, Tier::Worker, Tier::Desktop, Tier::Database])
        .into_iter()
        .filter(|&id| Some(id) != from.host)
        .collect();
    let targets = attack.stream.sample(&all, hosts);
    let when = attack.when(minutes);
    let times = attack.spread((when.0, when.1 - 250_000), targets.len() as u64);
    let port = attack.stream.pick(&WAYS).copied().unwrap_or(22);
    for (at, target) in times.into_iter().zip(targets) {
        let to = attack.network.endpoint(target);
        session(attack, at, (from, to), port);
    }
    attack.plan.accept = &["host-sweep", "unknown-peer", "connection-burst"];
    attack.plan.note = format!("{hosts} hosts in {minutes} min");
}

/// From host to host to host.
pub(super) fn chain(attack: &mut AttackBuilder<'_>) {
    let (hops, minutes) = attack.level([(2, 240), (3, 180), (4, 120), (6, 60), (10, 40)]);
    let all = attack.hosts(&SERVERS);
    let way = attack.stream.sample(&all, hops + 1);
    let when = attack.when(minutes);
    let times = attack.spread((when.0, when.1 - 250_000), hops as u64);
    for (at, hop) in times.into_iter().zip(way.windows(2)) {
        let &[from, to] = hop else { continue };
        let port = attack.stream.pick(&WAYS).copied().unwrap_or(22);
        let ends = (attack.network.endpoint(from), attack.network.endpoint(to));
        session(attack, at, ends, port);
        // It asks the next ones whether they are there.
        for _ in 0..attack.stream.between(1, 4) {
            let asked = attack.other(ends.1, &SERVERS);
            let at = at + attack.stream.between(5_000, 60_000);
            if asked.host != ends.1.host {
                attack.probe(at, (ends.1, asked), port);
            }
        }
    }
    attack.plan.accept = &["host-sweep", "unknown-peer"];
    attack.plan.note = format!("{hops} hops in {minutes} min");
}
