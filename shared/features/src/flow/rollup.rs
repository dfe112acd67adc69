//! Computes the rollup of a merged hour.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::{HostWindow, HostWindows, HourAggregate, MonitoredAddresses, PairKey};
use weir_domain::bounded::{BottomK, Merge};
use weir_domain::distinct::stable_hash;
use weir_domain::rollup::{HostRollup, HourRollup, PairRollup, Slot};
use weir_domain::window::WindowStart;

/// The maximum number of interfaces named per host.
const MAX_INTERFACES: usize = 10;

/// The rollup of a merged hour. O(entries of the hour).
#[must_use]
pub fn roll_up(hour: &HourAggregate) -> HourRollup {
    let monitored = MonitoredAddresses::from_hour(hour);
    let mut hosts: BTreeMap<IpAddr, HostHour> = BTreeMap::new();
    let mut relayed: BTreeSet<(String, IpAddr)> = BTreeSet::new();
    for (start, window) in &hour.windows {
        for (name, interface) in &window.interfaces {
            let forwarded = interface.hosts().filter(|(_, host)| host.totals().forwarded_rows > 0);
            relayed.extend(forwarded.map(|(key, _)| (name.clone(), key.host)));
        }
        for host in
            HostWindows::from_window(window, &monitored).iter().filter(|host| host.initiator.totals().attempt_rows > 0)
        {
            hosts.entry(host.host).or_insert_with(|| HostHour::new(host.monitored)).add_window(host, *start);
        }
    }
    apply_caps(&mut hosts);
    HourRollup {
        hour: hour.hour,
        window_seconds: hour.window_length.seconds(),
        rows: hour.rows(),
        windows: hour.windows.keys().copied().collect(),
        hosts: hosts.into_iter().map(|(host, of_hour)| of_hour.into_rollup(host, &monitored, &relayed)).collect(),
    }
}

/// Drops the hosts and the pairs beyond their caps. Monitored and external hosts have separate caps, because an attacker can
/// forge any number of external addresses.
fn apply_caps(hosts: &mut BTreeMap<IpAddr, HostHour>) {
    for monitored in [true, false] {
        let mut order: Vec<(u64, IpAddr)> = hosts
            .iter()
            .filter(|(_, of_hour)| of_hour.monitored == monitored)
            .map(|(host, _)| (stable_hash(host.to_string().as_bytes()), *host))
            .collect();
        order.sort_unstable();
        for (_, host) in order.iter().skip(HourRollup::MAX_HOSTS) {
            hosts.remove(host);
        }
        let mut pairs = HourRollup::max_pairs(monitored);
        while slots(hosts, monitored) > HourRollup::max_slots(monitored) && pairs > 1 {
            pairs /= 2;
            hosts
                .values_mut()
                .filter(|of_hour| of_hour.monitored == monitored)
                .for_each(|of_hour| of_hour.pairs.shrink_to(pairs));
        }
    }
}

/// The number of slots over all pairs of the monitored or the external hosts.
fn slots(hosts: &BTreeMap<IpAddr, HostHour>, monitored: bool) -> usize {
    let slots_of_host = |of_hour: &HostHour| of_hour.pairs.iter().map(|(_, slots)| slots.0.len()).sum::<usize>();
    hosts.values().filter(|of_hour| of_hour.monitored == monitored).map(slots_of_host).sum()
}

/// The connections that a host opened in an hour.
struct HostHour {
    monitored: bool,
    interfaces: BTreeSet<String>,
    pairs: BottomK<PairKey, Slots>,
}

/// The slots of a pair.
#[derive(Debug, Clone, Default, PartialEq)]
struct Slots(Vec<Slot>);

impl Merge for Slots {
    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl HostHour {
    fn new(monitored: bool) -> Self {
        Self { monitored, interfaces: BTreeSet::new(), pairs: BottomK::new(HourRollup::max_pairs(monitored)) }
    }

    /// Adds one window. Windows must come in ascending order.
    fn add_window(&mut self, host: &HostWindow<'_>, window: WindowStart) {
        for name in host.interfaces.iter().filter(|name| !name.is_empty()) {
            if self.interfaces.len() < MAX_INTERFACES {
                self.interfaces.insert((*name).to_owned());
            }
        }
        for (key, pair) in host.initiator.pairs().iter().filter(|(_, pair)| pair.attempted()) {
            let totals = &pair.totals;
            let slot = Slot {
                window,
                attempts: totals.attempt_rows,
                openings: totals.opening_rows,
                packets_sent: totals.packets_sent,
                bytes_sent: totals.bytes_sent,
                bytes_received: totals.bytes_received,
                first: pair.span.first,
                last: pair.span.last,
                failed: host.failed(key.peer, key.service),
                proven: totals.rejected_rows > 0 || totals.half_open_rows > 0,
                rejected: totals.rejected_rows > 0,
                answered: pair.answered(),
            };
            if let Some(slots) = self.pairs.entry(*key) {
                slots.0.push(slot);
            }
        }
    }

    fn into_rollup(
        mut self,
        host: IpAddr,
        addresses: &MonitoredAddresses,
        relayed: &BTreeSet<(String, IpAddr)>,
    ) -> HostRollup {
        self.pairs.prune();
        let mut pairs: Vec<PairRollup> = self
            .pairs
            .into_entries()
            .map(|(key, slots)| PairRollup {
                key,
                peer_monitored: addresses.contains(key.peer),
                relayed: self.monitored
                    && self.interfaces.iter().any(|name| relayed.contains(&(name.clone(), key.peer))),
                slots: slots.0,
            })
            .collect();
        pairs.sort_unstable_by_key(|pair| pair.key);
        HostRollup { host, monitored: self.monitored, interfaces: self.interfaces.into_iter().collect(), pairs }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use weir_domain::aggregate::Service;

    use super::*;

    const SLOT: Slot = Slot {
        window: WindowStart(0),
        attempts: 1,
        openings: 1,
        packets_sent: 1,
        bytes_sent: 40,
        bytes_received: 0,
        first: 0,
        last: 0,
        failed: true,
        proven: true,
        rejected: true,
        answered: false,
    };

    fn host(monitored: bool, peers: u32, windows: usize) -> HostHour {
        let mut host = HostHour::new(monitored);
        for peer in 0..peers {
            let peer = Ipv4Addr::from(0x0a00_0000 + peer).into();
            let key = PairKey { peer, service: Service { protocol: 6, port: 22 } };
            if let Some(slots) = host.pairs.entry(key) {
                slots.0 = vec![SLOT; windows];
            }
        }
        host.pairs.prune();
        host
    }

    #[test]
    fn external_hosts_share_a_cap() {
        let address = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        let mut hosts: BTreeMap<IpAddr, HostHour> = (0..2_000).map(|n| (address(n), host(false, 64, 2))).collect();
        hosts.insert(address(9_999), host(true, 300, 12));
        apply_caps(&mut hosts);
        assert_eq!(hosts.len(), 2_001, "the pairs of one host displace no other host");
        assert_eq!(hosts[&address(9_999)].pairs.len(), 300, "monitored hosts have a separate cap");
        let kept: Vec<usize> = (0..2_000).map(|n| hosts[&address(n)].pairs.len()).collect();
        assert!(kept.iter().all(|pairs| *pairs == 16), "65,536 slots hold a quarter of 256,000");
    }
}
