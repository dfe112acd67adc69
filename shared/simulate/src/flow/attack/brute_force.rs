//! Guessed passwords: many short connections that all end the same way.

use super::{Plot, SERVERS};
use crate::flow::conversation::Party;
use crate::flow::network::Tier;

/// A guess: a connection that carries a handshake and a refusal.
fn guess(plot: &mut Plot<'_>, at: i64, ends: (Party, Party), port: u16) {
    let (asked, answered, length) = match port {
        22 => (1_900, 2_600, 2_400),
        3389 => (1_300, 1_900, 1_100),
        _ => (420, 380, 90),
    };
    let payload = (asked + plot.stream.below(160), answered + plot.stream.below(120));
    let length = length + plot.stream.between(0, length);
    plot.tcp(at, length, ends, port, payload);
}

fn guesses(plot: &mut Plot<'_>, ends: (Party, Party), port: u16) {
    let (tries, minutes) = plot.level([(40, 240), (100, 90), (250, 60), (800, 40), (3_000, 30)]);
    let when = plot.when(minutes);
    for at in plot.spread((when.0, when.1 - 6_000), tries) {
        guess(plot, at, ends, port);
    }
    plot.plan.accept = &["connection-burst"];
    plot.plan.note = format!("{tries} tries in {minutes} min");
}

/// From the internet, SSH at the bastion.
pub(super) fn ssh_external(plot: &mut Plot<'_>) {
    let ends = (plot.attacker(), plot.host(&[Tier::Bastion]));
    guesses(plot, ends, 22);
}

/// From the internet, remote desktop.
pub(super) fn rdp_external(plot: &mut Plot<'_>) {
    let ends = (plot.attacker(), plot.host(&[Tier::DesktopGateway]));
    guesses(plot, ends, 3389);
}

/// From a host that was broken into, SSH at another.
pub(super) fn ssh_internal(plot: &mut Plot<'_>) {
    let from = plot.infected();
    let to = plot.other(from, &SERVERS);
    guesses(plot, (from, to), 22);
}

/// From a host that was broken into, at a database.
pub(super) fn database_internal(plot: &mut Plot<'_>) {
    let from = plot.host(&[Tier::Web, Tier::Worker]);
    let to = plot.host(&[Tier::Database]);
    guesses(plot, (from, to), 5432);
}

/// SSH at the bastion, from many sources that each try a few times.
pub(super) fn ssh_distributed(plot: &mut Plot<'_>) {
    let bastion = plot.host(&[Tier::Bastion]);
    let (sources, tries, minutes) =
        plot.level([(12, 4, 480), (25, 5, 360), (50, 6, 240), (100, 8, 120), (250, 10, 90)]);
    let when = plot.when(minutes);
    for _ in 0..sources {
        let from = plot.source();
        for at in plot.spread((when.0, when.1 - 6_000), tries) {
            guess(plot, at, (from, bastion), 22);
        }
    }
    plot.plan.accept = &["connection-burst"];
    plot.plan.note = format!("{sources} sources, {tries} tries each, in {minutes} min");
}

/// From a host that was broken into, a few tries at each of many hosts.
pub(super) fn spray(plot: &mut Plot<'_>) {
    let from = plot.infected();
    let (hosts, tries, minutes) = plot.level([(10, 1, 240), (15, 2, 120), (20, 2, 60), (28, 3, 20), (34, 5, 10)]);
    let all: Vec<_> = plot.hosts(&SERVERS).into_iter().filter(|&id| Some(id) != from.host).collect();
    let targets = plot.stream.sample(&all, hosts);
    let when = plot.when(minutes);
    let times = plot.spread((when.0, when.1 - 6_000), targets.len() as u64 * tries);
    for (at, &target) in times.into_iter().zip(targets.iter().cycle()) {
        let to = plot.network.party(target);
        guess(plot, at, (from, to), 22);
    }
    plot.plan.accept = &["host-sweep", "password-spray", "lateral-movement"];
    plot.plan.note = format!("{} hosts, {tries} tries each, in {minutes} min", targets.len());
}
