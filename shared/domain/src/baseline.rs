//! The baseline of a network: which hosts talk to which, over which services, how much, and since when.
//!
//! A baseline is learned hour by hour and merges in any order to the same value. Its size is bounded however many addresses
//! occur. An estimator says that a window is unlikely; the baseline gives the value that it is compared with, such as that of
//! the backup of every night, the health check, or the update server that half of the hosts contact.
//!
//! A baseline is either older than the logs it is compared with (a model trained on last week), or learned from the same
//! logs. In the first case everything in it is established. In the second only what was first observed more than a day before
//! is, and in the first day of the logs everything, because nothing can be called new yet.

mod histogram;
mod prevalence;
mod profile;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::aggregate::{PairKey, Span};
use crate::bounded::{BottomK, Merge};
use crate::service::Service;
use crate::time::DAY_SECONDS;
use crate::window::{Hour, Scope};

pub use histogram::Log2Histogram;
pub use prevalence::{Network, Prevalence};
pub use profile::{HostBaseline, Occurrence, PairProfile, TrafficProfile};

/// How long something must have been observed to count as established, where the baseline is learned from the same logs
/// (seconds).
const NOVELTY_SECONDS: i64 = DAY_SECONDS;

/// The name of a host in baselines and models: `account.region/address`.
#[must_use]
pub fn host_name(scope: &Scope, host: IpAddr) -> String {
    format!("{scope}/{host}")
}

/// The baseline of a network of monitored hosts.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The hours learned from.
    hours: BTreeSet<Hour>,
    /// From the start of the first window learned from to the end of the last, seconds since the epoch.
    span: Span,
    /// The baselines of hosts, by [`host_name`].
    hosts: BTreeMap<String, HostBaseline>,
    /// How many hosts contact a peer over a service.
    contacts: BottomK<PairKey, Prevalence>,
    /// How many hosts contact a network.
    networks: BottomK<Network, Prevalence>,
    /// How many hosts use a service.
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
    /// The maximum number of hosts kept: those whose names sort first.
    pub const MAX_HOSTS: usize = 50_000;
    /// The maximum number of (peer, service) kept over all hosts.
    pub const MAX_CONTACTS: usize = 100_000;
    /// The maximum number of networks kept.
    pub const MAX_NETWORKS: usize = 65_536;
    /// The maximum number of services kept over all hosts.
    pub const MAX_SERVICES: usize = 4096;

    /// Adds an hour of which the windows of this span are learned. An hour is learned once, so what is recorded for it must be
    /// complete.
    pub fn add_hour(&mut self, hour: Hour, windows: Span) {
        self.hours.insert(hour);
        self.span.merge(windows);
    }

    /// The baseline of a host, added if absent; `None` beyond [`Self::MAX_HOSTS`].
    pub fn host_mut(&mut self, host: &str) -> Option<&mut HostBaseline> {
        if self.hosts.len() >= Self::MAX_HOSTS && !self.hosts.contains_key(host) {
            return None;
        }
        Some(self.hosts.entry(host.to_owned()).or_default())
    }

    /// Records that a host opens a connection to a peer over a service.
    pub fn record_contact(&mut self, host: &str, contact: PairKey, hour: Hour) {
        if let Some(contact) = self.contacts.entry(contact) {
            contact.record(host, hour);
        }
        if let Some(network) = self.networks.entry(Network::from_address(contact.peer)) {
            network.record(host, hour);
        }
        self.record_service(host, contact.service, hour);
    }

    /// Records that a host uses a service, in either role.
    pub fn record_service(&mut self, host: &str, service: Service, hour: Hour) {
        if let Some(service) = self.services.entry(service) {
            service.record(host, hour);
        }
    }

    /// The baseline of a host, if it has one.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<&HostBaseline> {
        self.hosts.get(host)
    }

    /// The traffic of all hosts but this one with a peer over a service. O(hosts · log pairs).
    pub fn pairs_of_others<'a>(&'a self, host: &'a str, key: &'a PairKey) -> impl Iterator<Item = &'a PairProfile> {
        self.hosts.iter().filter(move |(name, _)| *name != host).filter_map(|(_, other)| other.pairs.get(key))
    }

    /// Whether something was observed in at least half of the hours learned from.
    #[must_use]
    pub fn is_all_day(&self, seen: Occurrence) -> bool {
        2 * u64::from(seen.hours) >= self.hours.len() as u64
    }

    /// The number of hours learned from.
    #[must_use]
    pub fn hours(&self) -> usize {
        self.hours.len()
    }

    /// The number of hosts that have a baseline.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How many hosts contact a peer over a service, if any does.
    #[must_use]
    pub fn contact(&self, contact: &PairKey) -> Option<&Prevalence> {
        self.contacts.get(contact)
    }

    /// How many hosts contact the network of an address, if any does.
    #[must_use]
    pub fn network(&self, address: IpAddr) -> Option<&Prevalence> {
        self.networks.get(&Network::from_address(address))
    }

    /// How many hosts use a service, if any does.
    #[must_use]
    pub fn service(&self, service: Service) -> Option<&Prevalence> {
        self.services.get(&service)
    }

    /// Whether everything was learned before a time.
    #[must_use]
    pub fn is_older(&self, at: i64) -> bool {
        !self.hours.is_empty() && self.span.last <= at
    }

    /// Whether something counts as established at a time: observed before, where the baseline is older than that time or is in
    /// its first day, else observed for more than a day.
    #[must_use]
    pub fn is_established(&self, seen: Occurrence, at: i64) -> bool {
        !self.hours.is_empty()
            && (self.is_older(at)
                || seen.first < at - NOVELTY_SECONDS
                || at < self.span.first.saturating_add(NOVELTY_SECONDS))
    }

    /// The upper end of what is typical: the value that 1 window in 500 exceeds, so that the nightly backup of one window is
    /// typical. Where the baseline is learned from the same logs it is 1 in 50, so that an attack in them does not hide itself.
    #[must_use]
    pub fn typical(&self, histogram: &Log2Histogram, at: i64) -> f64 {
        histogram.exceeded_by_share(self.rare_share(at))
    }

    /// As [`typical`](Self::typical), of something that a host does only from time to time: the share is taken of all of this
    /// many windows, so that what was observed once only does not become typical.
    #[must_use]
    pub fn typical_over(&self, histogram: &Log2Histogram, windows: u64, at: i64) -> f64 {
        histogram.exceeded_by_count((windows as f64 * self.rare_share(at)).floor() as u64)
    }

    fn rare_share(&self, at: i64) -> f64 {
        if self.is_older(at) { 0.002 } else { 0.02 }
    }

    /// Whether something that the baseline lacks is new: the baseline has at least six hours, all from before this time, or it
    /// started a day before.
    #[must_use]
    pub fn can_judge_novelty(&self, at: i64) -> bool {
        if self.is_older(at) { self.hours.len() >= 6 } else { at >= self.span.first.saturating_add(NOVELTY_SECONDS) }
    }

    /// Drops what is beyond the caps. To be called when all hours are learned.
    pub fn prune(&mut self) {
        self.contacts.prune();
        self.networks.prune();
        self.services.prune();
        for host in self.hosts.values_mut() {
            host.initiated_by_service.prune();
            host.served_by_service.prune();
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

#[cfg(test)]
mod tests;
