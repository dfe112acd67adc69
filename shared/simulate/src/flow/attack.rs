//! The attacks: one module per kind, each way of attacking at five strengths.
//!
//! A recipe writes one attack as a function of the network, a stream of its own and the strength; it knows nothing of
//! other attacks or of what else goes on.

mod beacon;
mod brute_force;
mod burst;
mod exfiltration;
mod flood;
mod intruder;
mod malware;
mod protocol;
mod scan;
mod sweep;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::address;
use super::calendar::DAY;
use super::conversation::{Conversation, Outcome, Party};
use super::network::{Network, Tier};
use super::parameters::{Intensity, Parameters};
use crate::random::Stream;

/// Kinds of attacks, named as the truth names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One source, many ports of a host.
    PortScan,
    /// One source, many hosts on a port.
    HostSweep,
    /// A service is made useless, here or elsewhere.
    DenialOfService,
    /// Far more connections than usual.
    ConnectionBurst,
    /// Data goes where it should not.
    Exfiltration,
    /// Something calls home.
    Beacon,
    /// Something that calls home does as it is told.
    MalwareC2,
    /// Passwords are guessed.
    BruteForce,
    /// Somebody talks to whom it never talked before.
    UnknownPeer,
    /// A protocol that nobody uses, or one used to hide another.
    UnusualProtocol,
    /// From host to host.
    LateralMovement,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::PortScan,
        Self::HostSweep,
        Self::DenialOfService,
        Self::ConnectionBurst,
        Self::Exfiltration,
        Self::Beacon,
        Self::MalwareC2,
        Self::BruteForce,
        Self::UnknownPeer,
        Self::UnusualProtocol,
        Self::LateralMovement,
    ];

    /// Its name: `port-scan`, `malware-c2`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PortScan => "port-scan",
            Self::HostSweep => "host-sweep",
            Self::DenialOfService => "denial-of-service",
            Self::ConnectionBurst => "connection-burst",
            Self::Exfiltration => "exfiltration",
            Self::Beacon => "beacon",
            Self::MalwareC2 => "malware-c2",
            Self::BruteForce => "brute-force",
            Self::UnknownPeer => "unknown-peer",
            Self::UnusualProtocol => "unusual-protocol",
            Self::LateralMovement => "lateral-movement",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Writes one attack.
type Recipe = fn(&mut Plot<'_>);

/// Every way of attacking, with the name of its stream, which is its subtype where the recipe gives no finer one.
const RECIPES: [(Kind, &str, Recipe); 34] = [
    (Kind::PortScan, "external-fast", scan::external_fast),
    (Kind::PortScan, "external-slow", scan::external_slow),
    (Kind::PortScan, "internal-fast", scan::internal_fast),
    (Kind::PortScan, "internal-slow", scan::internal_slow),
    (Kind::HostSweep, "internal", sweep::internal),
    (Kind::HostSweep, "outbound", sweep::outbound),
    (Kind::DenialOfService, "syn-flood", flood::syn),
    (Kind::DenialOfService, "udp-flood", flood::udp),
    (Kind::DenialOfService, "udp-amplification", flood::amplification),
    (Kind::DenialOfService, "outbound", flood::outbound),
    (Kind::ConnectionBurst, "internal", burst::internal),
    (Kind::ConnectionBurst, "external", burst::external),
    (Kind::Exfiltration, "fast", exfiltration::fast),
    (Kind::Exfiltration, "slow", exfiltration::slow),
    (Kind::Exfiltration, "storage", exfiltration::storage),
    (Kind::Beacon, "https", beacon::https),
    (Kind::Beacon, "varied", beacon::varied),
    (Kind::MalwareC2, "crypto-mining", malware::mining),
    (Kind::MalwareC2, "remote-control", malware::remote_control),
    (Kind::BruteForce, "ssh-external", brute_force::ssh_external),
    (Kind::BruteForce, "ssh-distributed", brute_force::ssh_distributed),
    (Kind::BruteForce, "rdp-external", brute_force::rdp_external),
    (Kind::BruteForce, "ssh-internal", brute_force::ssh_internal),
    (Kind::BruteForce, "database-internal", brute_force::database_internal),
    (Kind::BruteForce, "password-spray", brute_force::spray),
    (Kind::UnknownPeer, "external", intruder::external_peer),
    (Kind::UnknownPeer, "internal", intruder::internal_peer),
    (Kind::UnknownPeer, "inbound", intruder::inbound_peer),
    (Kind::UnusualProtocol, "gre", protocol::gre),
    (Kind::UnusualProtocol, "sctp", protocol::sctp),
    (Kind::UnusualProtocol, "icmp-tunnel", protocol::icmp_tunnel),
    (Kind::UnusualProtocol, "dns-tunnel", protocol::dns_tunnel),
    (Kind::LateralMovement, "fan-out", intruder::fan_out),
    (Kind::LateralMovement, "chain", intruder::chain),
];

/// Attacks of each recipe in a day.
const ROUNDS: u64 = 2;

/// Which attack, how strong, and the how-manieth of its recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    recipe: usize,
    level: u8,
    round: u64,
}

/// An attack, written out.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) subtype: String,
    pub(crate) intensity: u8,
    /// By start.
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) accept: &'static [&'static str],
    pub(crate) direction: Option<&'static str>,
    pub(crate) note: String,
}

/// Which attacks there are: of each recipe two for every day but the first, of different strengths that take turns.
pub(crate) fn orders(parameters: &Parameters) -> Vec<Order> {
    if !parameters.attacks {
        return Vec::new();
    }
    let rounds = ROUNDS * u64::from(parameters.days - 1);
    let wanted = |kind| parameters.only.is_empty() || parameters.only.contains(&kind);
    let order = |recipe: usize, round: u64| Order {
        recipe,
        level: match parameters.intensity {
            Intensity::Only(level) => level,
            // Three apart in each round, so that a day has a faint and a strong one.
            Intensity::All => 1 + ((recipe as u64 + 3 * round) % 5) as u8,
        },
        round,
    };
    (0..rounds)
        .flat_map(|round| (0..RECIPES.len()).map(move |recipe| (recipe, round)))
        .filter(|&(recipe, _)| RECIPES.get(recipe).is_some_and(|(kind, ..)| wanted(*kind)))
        .map(|(recipe, round)| order(recipe, round))
        .collect()
}

/// Writes an attack out: the same for the same order.
pub(crate) fn plan(parameters: &Parameters, network: &Network, order: &Order) -> Plan {
    let (kind, name, recipe) = RECIPES.get(order.recipe).copied().unwrap_or(RECIPES[0]);
    // Two attacks a day: those of a round happen on its day, or begin then.
    let day = parameters.attacks_from() + (order.round / ROUNDS) as i64 * DAY;
    let mut plot = Plot {
        network,
        stream: Stream::new(
            parameters.seed,
            &format!("attack {kind} {name}"),
            order.round * 8 + u64::from(order.level),
        ),
        level: usize::from(order.level) - 1,
        span: ((day + 900) * 1000, (parameters.end().min(day + DAY) - 900) * 1000),
        plan: Plan {
            kind,
            subtype: name.to_owned(),
            intensity: order.level,
            conversations: Vec::new(),
            accept: &[],
            direction: None,
            note: String::new(),
        },
    };
    recipe(&mut plot);
    plot.plan.conversations.sort_by_key(|talk| talk.start);
    plot.plan
}

/// An attack being written.
pub(crate) struct Plot<'a> {
    network: &'a Network,
    stream: Stream,
    /// Strength, 0 to 4.
    level: usize,
    /// When it may go on, milliseconds.
    span: (i64, i64),
    plan: Plan,
}

impl Plot<'_> {
    /// The value for the attack's strength, of those for 1 to 5.
    fn level<T: Copy>(&self, values: [T; 5]) -> T {
        values[self.level.min(4)]
    }

    /// When an attack of some minutes begins, and its length in milliseconds (less where the day is shorter).
    fn when(&mut self, minutes: i64) -> (i64, i64) {
        let length = (minutes * 60_000).min(self.span.1 - self.span.0);
        (self.stream.between(self.span.0, self.span.1 - length), length)
    }

    /// So many times within a length from a start, in order: about evenly, but not regularly.
    fn spread(&mut self, (start, length): (i64, i64), count: u64) -> Vec<i64> {
        let count = count.max(1);
        (0..count).map(|n| start + ((n as f64 + self.stream.unit()) / count as f64 * length as f64) as i64).collect()
    }

    /// A host of one of some tiers that has run since the first day.
    fn host(&mut self, tiers: &[Tier]) -> Party {
        let hosts = self.hosts(tiers);
        let id = self.stream.pick(&hosts).copied().unwrap_or(0);
        self.network.party(id)
    }

    /// All hosts of some tiers that have run since the first day.
    fn hosts(&self, tiers: &[Tier]) -> Vec<u16> {
        self.network.running(i64::MIN).filter(|(_, host)| tiers.contains(&host.tier)).map(|(id, _)| id).collect()
    }

    /// Another host of some tiers than one.
    fn other(&mut self, than: Party, tiers: &[Tier]) -> Party {
        let hosts: Vec<_> = self.hosts(tiers).into_iter().filter(|&id| Some(id) != than.host).collect();
        let id = self.stream.pick(&hosts).copied().unwrap_or(0);
        self.network.party(id)
    }

    /// A server that could have been broken into.
    fn infected(&mut self) -> Party {
        self.host(&SERVERS)
    }

    /// Somebody on the internet who was never seen before.
    fn attacker(&mut self) -> Party {
        Party::nobody(address::attacker(self.stream.below(u64::MAX)))
    }

    /// One of the many sources of a distributed attack.
    fn source(&mut self) -> Party {
        Party::nobody(address::spoofed(self.stream.below(u64::MAX)))
    }

    /// Any address of the network's subnets, taken or not.
    fn any_address(&mut self) -> Party {
        let (subnet, number) = (self.stream.below(12) as u8, self.stream.between(10, 250) as u8);
        self.network.at([10, 60, 4 * subnet, number].into())
    }

    fn add(&mut self, talk: Conversation) {
        self.plan.conversations.push(talk);
    }

    /// A closed TCP connection.
    fn tcp(&mut self, at: i64, milliseconds: i64, ends: (Party, Party), port: u16, payload: (u64, u64)) {
        let own = self.stream.ephemeral_port();
        self.add(Conversation::tcp(at, milliseconds, ends.0, ends.1, (own, port), payload));
    }

    /// A TCP attempt that comes to nothing, if the other end is a host: stopped by its security group, or refused; nobody
    /// answers at an address that nobody has.
    fn probe(&mut self, at: i64, ends: (Party, Party), port: u16) {
        let own = self.stream.ephemeral_port();
        let outcome = match ends.1.host {
            None => Outcome::Unanswered,
            Some(_) if ends.0.host.is_none() || self.stream.chance(0.6) => Outcome::Rejected,
            Some(_) => Outcome::Refused,
        };
        self.add(Conversation::attempt(at, ends.0, ends.1, (own, port), outcome, 1));
    }

    fn subtype(&mut self, subtype: String) {
        self.plan.subtype = subtype;
    }
}

/// Tiers of ordinary servers.
const SERVERS: [Tier; 3] = [Tier::Web, Tier::App, Tier::Worker];

/// `1.5 GB`.
fn volume(bytes: u64) -> String {
    if bytes >= 1_000_000_000 { format!("{:.1} GB", bytes as f64 / 1e9) } else { format!("{} MB", bytes / 1_000_000) }
}

/// A port that nobody uses here.
fn odd_port(stream: &mut Stream) -> u16 {
    stream.pick(&[4444, 8081, 8444, 9443, 1337, 6667, 2222, 10_443]).copied().unwrap_or(4444)
}

#[cfg(test)]
mod tests;
