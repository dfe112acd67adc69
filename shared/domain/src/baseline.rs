//! What is usual in a network: who talks to whom, over what, how much, and since when.
//!
//! Learned hour by hour and merged in any order to the same value; bounded in size however many addresses are seen. Where
//! an estimator says that a window is unlikely, a baseline says what it is measured against: the backup that runs every
//! night, the health check, the update server that half of the hosts ask.
//!
//! A baseline may be older than what it is compared with (a model trained on last week), or be made of the same logs.
//! What was learned before the time asked about counts as known. In the second case only what began more than a day before
//! does, and in the first day of the logs everything: nobody can say yet what is new.

mod spread;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::aggregate::{PairKey, Service, Span};
use crate::bounded::{BottomK, Merge, Priority};
use crate::distinct::stable_hash;
use crate::time::HOUR_SECONDS;
use crate::window::{Hour, Scope};

pub use spread::Spread;

/// How long something must have been there to count as known, where the baseline is made of the same logs (seconds).
const NEW_FOR: i64 = 24 * HOUR_SECONDS;

/// What a host is called in baselines and models: `account.region/address`.
#[must_use]
pub fn host_name(scope: &Scope, host: IpAddr) -> String {
    format!("{scope}/{host}")
}

/// Since when something is there, and in how many hours it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    /// The first hour, seconds since the epoch.
    pub first: i64,
    /// The last hour.
    pub last: i64,
    /// Hours in which it was.
    pub hours: u32,
}

impl Default for Seen {
    /// Never: the identity of [`Merge`].
    fn default() -> Self {
        Self { first: i64::MAX, last: i64::MIN, hours: 0 }
    }
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.hours = self.hours.saturating_add(other.hours);
    }
}

/// What a host does over one service, or over all, per window in which it does it at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Habit {
    /// Since when.
    pub seen: Seen,
    /// Flows begun.
    pub flows: Spread,
    /// Distinct hosts on the other side.
    pub peers: Spread,
    /// Packets from who begins.
    pub packets: Spread,
    /// Bytes from who begins.
    pub bytes: Spread,
    /// Bytes from who is addressed.
    pub bytes_back: Spread,
    /// Flows begun by, or towards, the one host on the other side with most of them.
    pub busiest: Spread,
    /// Bytes from who is addressed to the one host on the other side that got most.
    pub most_back: Spread,
    /// TCP openings that came to nothing.
    pub half_open: Spread,
}

impl Merge for Habit {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.flows.merge(other.flows);
        self.peers.merge(other.peers);
        self.packets.merge(other.packets);
        self.bytes.merge(other.bytes);
        self.bytes_back.merge(other.bytes_back);
        self.busiest.merge(other.busiest);
        self.most_back.merge(other.most_back);
        self.half_open.merge(other.half_open);
    }
}

/// What a host exchanges with one peer over one service that it began.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PairHabit {
    /// Since when.
    pub seen: Seen,
    /// Flows per window in which there are any.
    pub flows: Spread,
    /// Bytes sent per hour in which there are any.
    pub bytes_sent: Spread,
    /// Bytes received per hour.
    pub bytes_received: Spread,
}

impl Merge for PairHabit {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.flows.merge(other.flows);
        self.bytes_sent.merge(other.bytes_sent);
        self.bytes_received.merge(other.bytes_received);
    }
}

/// How common something is among the monitored hosts: up to so many are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prevalence {
    /// Since when; hours are counted for every host.
    pub seen: Seen,
    /// Hashes of hosts, the lowest.
    hosts: BTreeSet<u64>,
}

impl Prevalence {
    /// Hosts that are told apart.
    pub const MAX_HOSTS: usize = 16;

    /// Notes a host.
    pub fn note(&mut self, host: &str, hour: Hour) {
        self.merge(Self {
            seen: Seen { first: hour.start(), last: hour.start(), hours: 1 },
            hosts: BTreeSet::from([stable_hash(host.as_bytes())]),
        });
    }

    /// Hosts, at most [`Self::MAX_HOSTS`].
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Hosts other than one.
    #[must_use]
    pub fn others(&self, host: &str) -> usize {
        self.hosts.len() - usize::from(self.hosts.contains(&stable_hash(host.as_bytes())))
    }
}

impl Merge for Prevalence {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.hosts.extend(other.hosts);
        while self.hosts.len() > Self::MAX_HOSTS {
            self.hosts.pop_last();
        }
    }
}

/// A network: the first 16 bits of an IPv4 address, the first 32 of an IPv6 one. About what a provider has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Network(u32);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self(u32::from(v4) >> 16),
            IpAddr::V6(v6) => {
                let [a, b, ..] = v6.segments();
                Self(u32::from(a) << 16 | u32::from(b))
            }
        }
    }
}

impl Priority for Network {
    fn priority(&self) -> u64 {
        stable_hash(&self.0.to_le_bytes())
    }
}

impl Priority for Service {
    fn priority(&self) -> u64 {
        let [a, b] = self.port.to_le_bytes();
        stable_hash(&[self.protocol, a, b])
    }
}

/// What is usual for one host.
#[derive(Debug, Clone)]
pub struct HostBaseline {
    /// Since when it is there.
    pub seen: Seen,
    /// What it begins, over all services.
    pub begins: Habit,
    /// What is begun towards it.
    pub serves: Habit,
    /// Bytes it sends on flows it began, the most of any window by hour of the week (0 is Monday, 00:00 UTC), as the
    /// place of the highest bit.
    pub sent_by_hour_of_week: Vec<u8>,
    /// By service: what it begins.
    pub begins_by_service: BottomK<Service, Habit>,
    /// By service: what is begun towards it.
    pub serves_by_service: BottomK<Service, Habit>,
    /// With whom it begins what.
    pub pairs: BottomK<PairKey, PairHabit>,
}

impl HostBaseline {
    /// Services kept per host and direction.
    pub const MAX_SERVICES: usize = 256;
    /// Pairs kept per host.
    pub const MAX_PAIRS: usize = 1024;
    /// Hours of a week.
    pub const WEEK: usize = 168;
}

impl Default for HostBaseline {
    fn default() -> Self {
        Self {
            seen: Seen::default(),
            begins: Habit::default(),
            serves: Habit::default(),
            sent_by_hour_of_week: vec![0; Self::WEEK],
            begins_by_service: BottomK::new(Self::MAX_SERVICES),
            serves_by_service: BottomK::new(Self::MAX_SERVICES),
            pairs: BottomK::new(Self::MAX_PAIRS),
        }
    }
}

impl Merge for HostBaseline {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.begins.merge(other.begins);
        self.serves.merge(other.serves);
        for (mine, theirs) in self.sent_by_hour_of_week.iter_mut().zip(other.sent_by_hour_of_week) {
            *mine = (*mine).max(theirs);
        }
        self.begins_by_service.merge(other.begins_by_service);
        self.serves_by_service.merge(other.serves_by_service);
        self.pairs.merge(other.pairs);
    }
}

/// What is usual in a network of monitored hosts.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredBaseline", into = "stored::StoredBaseline")]
pub struct Baseline {
    /// The hours learned from.
    hours: BTreeSet<Hour>,
    /// When the first window learned from begins and the last one ends, seconds since the epoch.
    span: Span,
    /// By name of the host (`account.region/address`).
    hosts: BTreeMap<String, HostBaseline>,
    /// Who is asked for what, and by how many.
    contacts: BottomK<PairKey, Prevalence>,
    /// Which networks are asked, and by how many.
    networks: BottomK<Network, Prevalence>,
    /// Which services are used at all, and by how many.
    services: BottomK<Service, Prevalence>,
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            hours: BTreeSet::new(),
            span: Span::default(),
            hosts: BTreeMap::new(),
            contacts: BottomK::new(Self::MAX_CONTACTS),
            networks: BottomK::new(Self::MAX_NETWORKS),
            services: BottomK::new(Self::MAX_SERVICES),
        }
    }
}

impl Baseline {
    /// Hosts kept: those of the first names.
    pub const MAX_HOSTS: usize = 50_000;
    /// (Peer, service) kept over all hosts.
    pub const MAX_CONTACTS: usize = 100_000;
    /// Networks kept.
    pub const MAX_NETWORKS: usize = 65_536;
    /// Services kept over all hosts.
    pub const MAX_SERVICES: usize = 4096;

    /// Begins an hour, of which windows from a time to another are learned. An hour is learned once: what is added for it must
    /// be complete.
    pub fn begin(&mut self, hour: Hour, windows: Span) {
        self.hours.insert(hour);
        self.span.merge(windows);
    }

    /// The baseline of a host, made if absent; `None` once there are too many.
    pub fn host_mut(&mut self, host: &str) -> Option<&mut HostBaseline> {
        if self.hosts.len() >= Self::MAX_HOSTS && !self.hosts.contains_key(host) {
            return None;
        }
        Some(self.hosts.entry(host.to_owned()).or_default())
    }

    /// Notes that a host begins a contact.
    pub fn note(&mut self, host: &str, contact: PairKey, hour: Hour) {
        if let Some(contact) = self.contacts.entry(contact) {
            contact.note(host, hour);
        }
        if let Some(network) = self.networks.entry(Network::of(contact.peer)) {
            network.note(host, hour);
        }
        self.note_service(host, contact.service, hour);
    }

    /// Notes that a host uses a service, either way.
    pub fn note_service(&mut self, host: &str, service: Service, hour: Hour) {
        if let Some(service) = self.services.entry(service) {
            service.note(host, hour);
        }
    }

    /// What is usual for a host, if it is known.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<&HostBaseline> {
        self.hosts.get(host)
    }

    /// What other hosts than one exchange with a peer over a service. O(hosts · log pairs).
    pub fn pairs_of_others<'a>(&'a self, host: &'a str, key: &'a PairKey) -> impl Iterator<Item = &'a PairHabit> {
        self.hosts.iter().filter(move |(name, _)| *name != host).filter_map(|(_, other)| other.pairs.get(key))
    }

    /// Whether something happened all day long: in at least half of the hours learned from.
    #[must_use]
    pub fn is_all_day(&self, seen: Seen) -> bool {
        2 * u64::from(seen.hours) >= self.hours.len() as u64
    }

    /// Hours that were learned from.
    #[must_use]
    pub fn hours(&self) -> usize {
        self.hours.len()
    }

    /// Hosts that are known.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Who asks a peer for a service.
    #[must_use]
    pub fn contact(&self, contact: &PairKey) -> Option<&Prevalence> {
        self.contacts.get(contact)
    }

    /// Who asks somebody in the network of an address.
    #[must_use]
    pub fn network(&self, address: IpAddr) -> Option<&Prevalence> {
        self.networks.get(&Network::of(address))
    }

    /// Who uses a service.
    #[must_use]
    pub fn service(&self, service: Service) -> Option<&Prevalence> {
        self.services.get(&service)
    }

    /// Whether all of it is from before a time.
    #[must_use]
    pub fn is_older(&self, at: i64) -> bool {
        !self.hours.is_empty() && self.span.last <= at
    }

    /// Whether something that is there since a time counts as known at another.
    #[must_use]
    pub fn is_established(&self, seen: Seen, at: i64) -> bool {
        !self.hours.is_empty()
            && (self.is_older(at) || seen.first < at - NEW_FOR || at < self.span.first.saturating_add(NEW_FOR))
    }

    /// What is usual at most, of what was observed: what 1 window in 500 exceeds (the nightly backup of one window is
    /// usual), and where the baseline is made of the same logs 1 in 50, so that an attack in them does not hide itself.
    #[must_use]
    pub fn usual(&self, spread: &Spread, at: i64) -> f64 {
        spread.rarely_exceeded(self.rare(at))
    }

    /// The same of something a host does now and then, measured against all of so many windows: what was there once only
    /// does not make itself usual.
    #[must_use]
    pub fn typical_of(&self, spread: &Spread, windows: u64, at: i64) -> f64 {
        spread.exceeded_at_most((windows as f64 * self.rare(at)).floor() as u64)
    }

    fn rare(&self, at: i64) -> f64 {
        if self.is_older(at) { 0.002 } else { 0.02 }
    }

    /// Whether the baseline is old enough for what it does not know to be new: it holds a day, or all it holds is
    /// from before the time asked about and at least six hours.
    #[must_use]
    pub fn can_judge_novelty(&self, at: i64) -> bool {
        if self.is_older(at) { self.hours.len() >= 6 } else { at >= self.span.first.saturating_add(NEW_FOR) }
    }

    /// Drops what is beyond the caps. To be called when all hours are learned.
    pub fn prune(&mut self) {
        self.contacts.prune();
        self.networks.prune();
        self.services.prune();
        for host in self.hosts.values_mut() {
            host.begins_by_service.prune();
            host.serves_by_service.prune();
            host.pairs.prune();
        }
    }
}

impl Merge for Baseline {
    fn merge(&mut self, other: Self) {
        self.hours.extend(other.hours);
        self.span.merge(other.span);
        for (name, theirs) in other.hosts {
            self.hosts.entry(name).or_default().merge(theirs);
        }
        while self.hosts.len() > Self::MAX_HOSTS {
            self.hosts.pop_last();
        }
        self.contacts.merge(other.contacts);
        self.networks.merge(other.networks);
        self.services.merge(other.services);
        self.prune();
    }
}

impl PartialEq for Baseline {
    fn eq(&self, other: &Self) -> bool {
        stored::StoredBaseline::from(self.clone()) == stored::StoredBaseline::from(other.clone())
    }
}

#[cfg(test)]
mod tests;
