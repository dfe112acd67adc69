//! What goes on in the network on any day, one module for each part of it.
//!
//! An actor is a function of the network, a window of five minutes and a stream of its own for that window. It keeps no
//! state, so that any window can be made without those before it, and no actor changes what another does.

mod build;
mod edge;
mod people;
mod services;
mod upkeep;
mod web;

use super::conversation::{Conversation, Party, UDP, Volume};
use super::log::FILE;
use super::network::{Network, Tier};
use super::parameters::Parameters;
use crate::random::{Stream, hash};

pub(crate) use edge::SCANNERS;
pub(crate) use upkeep::scans;

/// What an actor does in a window.
type Actor = fn(&mut Scene<'_>);

/// Every actor, with the name of its stream.
const ACTORS: [(&str, Actor); 20] = [
    ("visits", web::visits),
    ("health-checks", web::health_checks),
    ("pools", services::pools),
    ("caches", services::caches),
    ("queues", services::queues),
    ("replication", services::replication),
    ("partners", services::partners),
    ("names", services::names),
    ("clocks", upkeep::clocks),
    ("scrapes", upkeep::scrapes),
    ("log-shipping", upkeep::log_shipping),
    ("telemetry", upkeep::telemetry),
    ("updates", upkeep::updates),
    ("backups", upkeep::backups),
    ("scan", upkeep::scan),
    ("builds", build::builds),
    ("deployments", build::deployments),
    ("administrators", people::administrators),
    ("desktops", people::desktops),
    ("noise", edge::noise),
];

/// A window, as an actor sees it.
pub(crate) struct Scene<'a> {
    /// What was asked for.
    pub(crate) parameters: &'a Parameters,
    /// The network.
    pub(crate) network: &'a Network,
    /// Begin of the window, milliseconds since the epoch.
    pub(crate) start: i64,
    /// Chance.
    pub(crate) stream: Stream,
    /// True in the first window: what is meant to go on already must be begun.
    first: bool,
    out: &'a mut Vec<Conversation>,
}

/// Appends what begins in the window that starts at a time (milliseconds).
pub(crate) fn conversations(parameters: &Parameters, network: &Network, start: i64, out: &mut Vec<Conversation>) {
    let first = start == parameters.start * 1000;
    for (name, actor) in ACTORS {
        let stream = Stream::new(parameters.seed, name, (start / FILE) as u64);
        actor(&mut Scene { parameters, network, start, stream, first, out });
    }
}

impl Scene<'_> {
    /// Seconds since the epoch at the window's start.
    pub(crate) fn seconds(&self) -> i64 {
        self.start / 1000
    }

    /// How many times 60 hosts the network has.
    pub(crate) fn size(&self) -> f64 {
        self.parameters.hosts as f64 / 60.0
    }

    /// The hosts of a tier that run.
    pub(crate) fn tier(&self, tier: Tier) -> Vec<u16> {
        self.network.tier(tier, self.seconds())
    }

    /// One host of a tier.
    pub(crate) fn one(&mut self, tier: Tier) -> Option<Party> {
        let hosts = self.tier(tier);
        self.stream.pick(&hosts).map(|&id| self.network.party(id))
    }

    /// A stable number of a host, for what is its habit.
    pub(crate) fn habit(&self, what: &str, host: u16) -> u64 {
        hash(self.parameters.seed, what, u64::from(host))
    }

    /// Random times in the window, as many as rare things happen of which `mean` are expected; milliseconds.
    pub(crate) fn moments(&mut self, mean: f64) -> Vec<i64> {
        (0..self.stream.poisson(mean)).map(|_| self.start + self.stream.between(0, FILE - 1)).collect()
    }

    /// The times of something regular that fall into the window, milliseconds: `phase` is any time of it.
    pub(crate) fn regularly(&self, period: i64, phase: u64) -> Vec<i64> {
        every(period, (phase % period.max(1) as u64) as i64, self.start, self.start + FILE)
    }

    /// The same, for what goes on until the next time: in the first window with the one that is going on.
    pub(crate) fn generations(&self, period: i64, phase: u64) -> Vec<i64> {
        let from = if self.first { self.start - period } else { self.start };
        every(period, (phase % period.max(1) as u64) as i64, from, self.start + FILE)
    }

    /// Adds a conversation.
    pub(crate) fn add(&mut self, talk: Conversation) {
        self.out.push(talk);
    }

    /// Adds a closed TCP connection from a random port.
    pub(crate) fn tcp(&mut self, at: i64, milliseconds: f64, ends: (Party, Party), port: u16, payload: (f64, f64)) {
        let own = self.stream.ephemeral_port();
        let payload = (payload.0 as u64, payload.1 as u64);
        self.add(Conversation::tcp(at, milliseconds as i64, ends.0, ends.1, (own, port), payload));
    }

    /// Adds a question and its answer, a datagram each.
    pub(crate) fn question(&mut self, at: i64, ends: (Party, Party), ports: (u16, u16), bytes: (u64, u64)) {
        let milliseconds = self.stream.between(1, 60);
        let volume = |bytes| Volume { packets: 1, bytes };
        let (sent, received) = (volume(bytes.0), volume(bytes.1));
        self.add(Conversation::datagrams(at, milliseconds, ends, (UDP, ports.0, ports.1), sent, received));
    }
}

/// The times `phase` + k × `period` from one time on, before another.
fn every(period: i64, phase: i64, from: i64, to: i64) -> Vec<i64> {
    let period = period.max(1);
    let first = phase + (from - phase + period - 1).div_euclid(period) * period;
    (first..to).step_by(period as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_regular_happens_once_a_period_whatever_the_window() {
        let windows = (0..40).flat_map(|w| every(70_000, 12_345, w * FILE, (w + 1) * FILE)).collect::<Vec<_>>();
        assert_eq!(windows, every(70_000, 12_345, 0, 40 * FILE));
        assert_eq!(windows[..2], [12_345, 82_345]);
        assert_eq!(every(10, 5, 5, 16), [5, 15]);
    }

    #[test]
    fn actors_have_streams_of_their_own() {
        let names: std::collections::BTreeSet<_> = ACTORS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), ACTORS.len());
    }
}
