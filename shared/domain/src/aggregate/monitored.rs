//! Finds the monitored hosts of an hour: the addresses of the interfaces that its flow logs are of.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::host::Side;
use super::interface::HourAggregate;
use crate::address::is_private;

/// The monitored hosts, and the interfaces that each is the address of.
///
/// Logs with `flow-direction` say which address is that of the interface. In logs without it (version 2), the address of an
/// interface is an end of all its rows, and so the one with most rows. Of several with equally many (an interface with a
/// single peer), the one that is no other interface's address is taken, then the private one, then the lower one. Logs
/// without interface-id cannot be resolved so: every private address counts as monitored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonitoredAddresses {
    interfaces_by_host: BTreeMap<IpAddr, BTreeSet<String>>,
}

impl MonitoredAddresses {
    /// The addresses of all interfaces of an hour. O(entries of the hour).
    #[must_use]
    pub fn from_hour(hour: &HourAggregate) -> Self {
        let mut monitored = Self::default();
        let mut candidates: BTreeMap<&str, BTreeMap<IpAddr, u64>> = BTreeMap::new();
        for (name, interface) in hour.windows.values().flat_map(|w| &w.interfaces) {
            for (key, host) in interface.hosts() {
                match key.side {
                    Side::Internal => monitored.add(key.host, name),
                    Side::Unknown => {
                        *candidates.entry(name).or_default().entry(key.host).or_default() += host.totals().rows();
                    }
                    Side::Remote => {}
                }
            }
        }
        let mut undecided = Vec::new();
        for (name, hosts) in candidates {
            if name.is_empty() {
                hosts.into_keys().filter(|h| is_private(*h)).for_each(|host| monitored.add(host, name));
                continue;
            }
            let max_rows = hosts.values().copied().max().unwrap_or(0);
            let best: Vec<IpAddr> =
                hosts.into_iter().filter(|(_, rows)| *rows == max_rows).map(|(host, _)| host).collect();
            match best[..] {
                [only] => monitored.add(only, name),
                _ => undecided.push((name, best)),
            }
        }
        for (name, best) in undecided {
            let rank = |host: &IpAddr| (monitored.contains(*host), !is_private(*host), *host);
            if let Some(host) = best.into_iter().min_by_key(rank) {
                monitored.add(host, name);
            }
        }
        monitored
    }

    fn add(&mut self, host: IpAddr, interface: &str) {
        let interfaces = self.interfaces_by_host.entry(host).or_default();
        if !interfaces.contains(interface) {
            interfaces.insert(interface.to_owned());
        }
    }

    /// Whether a host is monitored: whether it is the address of some interface.
    #[must_use]
    pub fn contains(&self, host: IpAddr) -> bool {
        self.interfaces_by_host.contains_key(&host)
    }

    /// Whether the traffic of a host counts as logged at this interface: a monitored host counts from its own interfaces only.
    pub(super) fn counts_at(&self, host: IpAddr, interface: &str) -> bool {
        self.interfaces_by_host.get(&host).is_none_or(|interfaces| interfaces.contains(interface))
    }

    /// The monitored hosts, ascending.
    pub fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        self.interfaces_by_host.keys().copied()
    }

    /// The monitored hosts and their interfaces, ascending.
    pub(super) fn interfaces(&self) -> impl Iterator<Item = (IpAddr, &BTreeSet<String>)> {
        self.interfaces_by_host.iter().map(|(host, interfaces)| (*host, interfaces))
    }
}
