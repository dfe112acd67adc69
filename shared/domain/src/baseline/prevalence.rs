//! How common a peer, network or service is among the monitored hosts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::profile::Occurrence;
use crate::bounded::{Merge, Priority};
use crate::distinct::stable_hash;
use crate::window::Hour;

/// How many of the monitored hosts do something, exact up to [`Prevalence::MAX_HOSTS`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prevalence {
    /// When it was observed; hours are counted once per host.
    pub seen: Occurrence,
    /// The lowest hashes of the hosts.
    hosts: BTreeSet<u64>,
}

impl Prevalence {
    /// The maximum number of hosts that are counted.
    pub const MAX_HOSTS: usize = 16;

    /// Counts a host.
    pub fn record(&mut self, host: &str, hour: Hour) {
        self.merge(Self {
            seen: Occurrence { first: hour.start(), last: hour.start(), hours: 1 },
            hosts: BTreeSet::from([stable_hash(host.as_bytes())]),
        });
    }

    /// The number of hosts, at most [`Self::MAX_HOSTS`].
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// The number of hosts other than this one.
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

/// A network: the first 16 bits of an IPv4 address, the first 32 of an IPv6 address. About the size of a provider's block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Network(u32);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn from_address(address: IpAddr) -> Self {
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
