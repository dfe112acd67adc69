//! An attack while a recipe writes it: random times, hosts and connections at the attack's strength.

use super::kind::Kind;
use crate::flow::address;
use crate::flow::conversation::{Conversation, Endpoint, Outcome};
use crate::flow::network::{Network, Tier};
use crate::random::Stream;

/// An attack, written out.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) subtype: String,
    pub(crate) intensity: u8,
    /// Ordered by start.
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) accept: &'static [&'static str],
    pub(crate) direction: Option<&'static str>,
    pub(crate) note: String,
}

/// An attack being written.
pub(crate) struct AttackBuilder<'a> {
    pub(super) network: &'a Network,
    pub(super) stream: Stream,
    /// Strength, 0 to 4.
    pub(super) level: usize,
    /// Earliest start and latest end, milliseconds since the epoch.
    pub(super) span: (i64, i64),
    pub(super) plan: Plan,
}

impl AttackBuilder<'_> {
    /// The value for the attack's strength, of those for 1 to 5.
    pub(super) fn level<T: Copy>(&self, values: [T; 5]) -> T {
        values[self.level.min(4)]
    }

    /// When an attack of some minutes begins, and its length in milliseconds (less where the day is shorter).
    pub(super) fn when(&mut self, minutes: i64) -> (i64, i64) {
        let length = (minutes * 60_000).min(self.span.1 - self.span.0);
        (self.stream.between(self.span.0, self.span.1 - length), length)
    }

    /// `count` times within a span, in order: about evenly, with jitter.
    pub(super) fn spread(&mut self, (start, length): (i64, i64), count: u64) -> Vec<i64> {
        let count = count.max(1);
        (0..count).map(|n| start + ((n as f64 + self.stream.unit()) / count as f64 * length as f64) as i64).collect()
    }

    /// A host of one of some tiers that has run since the first day.
    pub(super) fn host(&mut self, tiers: &[Tier]) -> Endpoint {
        let hosts = self.hosts(tiers);
        let id = self.stream.pick(&hosts).copied().unwrap_or(0);
        self.network.endpoint(id)
    }

    /// All hosts of some tiers that have run since the first day.
    pub(super) fn hosts(&self, tiers: &[Tier]) -> Vec<u16> {
        self.network.running(i64::MIN).filter(|(_, host)| tiers.contains(&host.tier)).map(|(id, _)| id).collect()
    }

    /// A host of some tiers other than the given one.
    pub(super) fn other(&mut self, than: Endpoint, tiers: &[Tier]) -> Endpoint {
        let hosts: Vec<_> = self.hosts(tiers).into_iter().filter(|&id| Some(id) != than.host).collect();
        let id = self.stream.pick(&hosts).copied().unwrap_or(0);
        self.network.endpoint(id)
    }

    /// A server that could have been broken into.
    pub(super) fn infected(&mut self) -> Endpoint {
        self.host(&SERVERS)
    }

    /// An internet address that appears nowhere else in the logs.
    pub(super) fn attacker(&mut self) -> Endpoint {
        Endpoint::external(address::attacker(self.stream.below(u64::MAX)))
    }

    /// One of the many sources of a distributed attack.
    pub(super) fn source(&mut self) -> Endpoint {
        Endpoint::external(address::spoofed(self.stream.below(u64::MAX)))
    }

    /// Any address of the network's subnets, with or without a host.
    pub(super) fn any_address(&mut self) -> Endpoint {
        let (subnet, number) = (self.stream.below(12) as u8, self.stream.between(10, 250) as u8);
        self.network.at([10, 60, 4 * subnet, number].into())
    }

    pub(super) fn add(&mut self, conversation: Conversation) {
        self.plan.conversations.push(conversation);
    }

    /// A closed TCP connection.
    pub(super) fn tcp(
        &mut self,
        at: i64,
        milliseconds: i64,
        ends: (Endpoint, Endpoint),
        port: u16,
        payload: (u64, u64),
    ) {
        let own = self.stream.ephemeral_port();
        self.add(Conversation::tcp(at, milliseconds, ends.0, ends.1, (own, port), payload));
    }

    /// A failed TCP attempt: rejected by the security group or refused by the host, or unanswered where the address has no host.
    pub(super) fn probe(&mut self, at: i64, ends: (Endpoint, Endpoint), port: u16) {
        let own = self.stream.ephemeral_port();
        let outcome = match ends.1.host {
            None => Outcome::Unanswered,
            Some(_) if ends.0.host.is_none() || self.stream.chance(0.6) => Outcome::Rejected,
            Some(_) => Outcome::Refused,
        };
        self.add(Conversation::attempt(at, ends.0, ends.1, (own, port), outcome, 1));
    }

    pub(super) fn subtype(&mut self, subtype: String) {
        self.plan.subtype = subtype;
    }
}

/// Tiers of ordinary servers.
pub(super) const SERVERS: [Tier; 3] = [Tier::Web, Tier::App, Tier::Worker];

/// `1.5 GB`.
pub(super) fn volume(bytes: u64) -> String {
    if bytes >= 1_000_000_000 { format!("{:.1} GB", bytes as f64 / 1e9) } else { format!("{} MB", bytes / 1_000_000) }
}

/// A port that no service of the network uses.
pub(super) fn odd_port(stream: &mut Stream) -> u16 {
    stream.pick(&[4444, 8081, 8444, 9443, 1337, 6667, 2222, 10_443]).copied().unwrap_or(4444)
}
