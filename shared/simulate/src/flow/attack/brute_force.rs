//! Guessed passwords: many short connections that all end the same way.

use super::builder::{AttackBuilder, SERVERS};
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;

/// A guess: a connection that carries a handshake and a refusal.
fn guess(attack: &mut AttackBuilder<'_>, at: i64, ends: (Endpoint, Endpoint), port: u16) {
    let (asked, answered, length) = match port {
        22 => (1_900, 2_600, 2_400),
        3389 => (1_300, 1_900, 1_100),
        _ => (420, 380, 90),
    };
    let payload = (asked + attack.stream.below(160), answered + attack.stream.below(120));
    let length = length + attack.stream.between(0, length);
    attack.tcp(at, length, ends, port, payload);
}

fn guesses(attack: &mut AttackBuilder<'_>, ends: (Endpoint, Endpoint), port: u16) {
    let (tries, minutes) = attack.level([(40, 240), (100, 90), (250, 60), (800, 40), (3_000, 30)]);
    let when = attack.when(minutes);
    for at in attack.spread((when.0, when.1 - 6_000), tries) {
        guess(attack, at, ends, port);
    }
    attack.plan.accept = &["connection-burst"];
    attack.plan.note = format!("{tries} tries in {minutes} min");
}

/// From the internet, SSH at the bastion.
pub(super) fn ssh_external(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.attacker(), attack.host(&[Tier::Bastion]));
    guesses(attack, ends, 22);
}

/// From the internet, remote desktop.
pub(super) fn rdp_external(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.attacker(), attack.host(&[Tier::DesktopGateway]));
    guesses(attack, ends, 3389);
}

/// From a host that was broken into, SSH at another.
pub(super) fn ssh_internal(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let to = attack.other(from, &SERVERS);
    guesses(attack, (from, to), 22);
}

/// From a host that was broken into, at a database.
pub(super) fn database_internal(attack: &mut AttackBuilder<'_>) {
    let from = attack.host(&[Tier::Web, Tier::Worker]);
    let to = attack.host(&[Tier::Database]);
    guesses(attack, (from, to), 5432);
}

/// SSH at the bastion, from many sources that each try a few times.
pub(super) fn ssh_distributed(attack: &mut AttackBuilder<'_>) {
    let bastion = attack.host(&[Tier::Bastion]);
    let (sources, tries, minutes) =
        attack.level([(12, 4, 480), (25, 5, 360), (50, 6, 240), (100, 8, 120), (250, 10, 90)]);
    let when = attack.when(minutes);
    for _ in 0..sources {
        let from = attack.source();
        for at in attack.spread((when.0, when.1 - 6_000), tries) {
            guess(attack, at, (from, bastion), 22);
        }
    }
    attack.plan.accept = &["connection-burst"];
    attack.plan.note = format!("{sources} sources, {tries} tries each, in {minutes} min");
}

/// From a host that was broken into, a few tries at each of many hosts.
pub(super) fn spray(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let (hosts, tries, minutes) = attack.level([(10, 1, 240), (15, 2, 120), (20, 2, 60), (28, 3, 20), (34, 5, 10)]);
    let all: Vec<_> = attack.hosts(&SERVERS).into_iter().filter(|&id| Some(id) != from.host).collect();
    let targets = attack.stream.sample(&all, hosts);
    let when = attack.when(minutes);
    let times = attack.spread((when.0, when.1 - 6_000), targets.len() as u64 * tries);
    for (at, &target) in times.into_iter().zip(targets.iter().cycle()) {
        let to = attack.network.endpoint(target);
        guess(attack, at, (from, to), 22);
    }
    attack.plan.accept = &["host-sweep", "password-spray", "lateral-movement"];
    attack.plan.note = format!("{} hosts, {tries} tries each, in {minutes} min", targets.len());
}
