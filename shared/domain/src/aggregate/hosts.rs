//! Reading a merged hour host by host, each host's traffic counted once.
//!
//! A conversation inside the VPC is logged at both ends. A host that is some interface's own address therefore counts
//! from its own interfaces only; all others (the internet, other networks) are summed over the interfaces that saw them.
//!
//! What a NAT gateway passes on is logged at the client's interface and twice at the gateway's: from the client to the
//! gateway, with the host outside as the packet's address (`pkt-dstaddr`), and from the gateway to the host outside. The
//! former says that the interface forwards that host's traffic; what it saw of the host is then left out where another
//! interface saw the host by itself. So a host outside that is reached through a gateway by clients with flow logs and
//! by clients without counts from the former only; where no client has flow logs, it counts from the gateway.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::host::{HostAggregate, HostKey, Role, Side};
use super::interface::{HourAggregate, WindowAggregate, is_private};
use super::pair::{PairAggregate, PairKey, Service};
use crate::bounded::Merge;

/// Which addresses are whose: the monitored hosts.
///
/// Logs with `flow-direction` say it. For those without (version 2), the own address of an interface is the one that
/// is an end of most of its rows, as it is of all in fact; of two alike (an interface with a single peer) the one that
/// is no other interface's own, then the private one, then the lower. Logs without interface-id cannot be resolved so: every private address counts as own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonitoredAddresses {
    by_host: BTreeMap<IpAddr, BTreeSet<String>>,
}

impl MonitoredAddresses {
    /// The own addresses of all interfaces of an hour.
    #[must_use]
    pub fn of(hour: &HourAggregate) -> Self {
        let mut own = Self::default();
        let mut candidates: BTreeMap<&str, BTreeMap<IpAddr, u64>> = BTreeMap::new();
        for (name, interface) in hour.windows.values().flat_map(|w| &w.interfaces) {
            for (key, host) in interface.hosts() {
                match key.side {
                    Side::Own => own.add(key.host, name),
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
                hosts.into_keys().filter(|h| is_private(*h)).for_each(|host| own.add(host, name));
                continue;
            }
            let most = hosts.values().copied().max().unwrap_or(0);
            let best: Vec<IpAddr> = hosts.into_iter().filter(|(_, rows)| *rows == most).map(|(host, _)| host).collect();
            match best[..] {
                [only] => own.add(only, name),
                _ => undecided.push((name, best)),
            }
        }
        for (name, best) in undecided {
            let rank = |host: &IpAddr| (own.contains(*host), !is_private(*host), *host);
            if let Some(host) = best.into_iter().min_by_key(rank) {
                own.add(host, name);
            }
        }
        own
    }

    fn add(&mut self, host: IpAddr, interface: &str) {
        let interfaces = self.by_host.entry(host).or_default();
        if !interfaces.contains(interface) {
            interfaces.insert(interface.to_owned());
        }
    }

    /// Whether a host is monitored: the own address of some interface.
    #[must_use]
    pub fn contains(&self, host: IpAddr) -> bool {
        self.by_host.contains_key(&host)
    }

    /// Whether what an interface saw of a host counts.
    fn counts(&self, host: IpAddr, interface: &str) -> bool {
        self.by_host.get(&host).is_none_or(|own| own.contains(interface))
    }

    /// The monitored hosts, ascending.
    pub fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        self.by_host.keys().copied()
    }
}

/// What one host did in one window, over all interfaces that count.
#[derive(Debug, Clone)]
pub struct HostWindow<'a> {
    /// The host.
    pub host: IpAddr,
    /// Whether it is monitored.
    pub own: bool,
    /// The interfaces it was seen at, ascending.
    pub interfaces: Vec<&'a str>,
    /// What it began.
    pub initiator: Cow<'a, HostAggregate>,
    /// What was begun towards it.
    pub responder: Cow<'a, HostAggregate>,
    /// Its pairs that only repeat what it passed on for other monitored hosts, as a NAT gateway does.
    passed_on: BTreeSet<PairKey>,
    /// Those hosts.
    clients: BTreeSet<IpAddr>,
}

impl HostWindow<'_> {
    /// Whether a pair of the host only repeats what the interface of another monitored host logged already: what a NAT
    /// gateway sends on for its clients, and what it hears from them for others.
    #[must_use]
    pub fn passes_on(&self, pair: &PairKey) -> bool {
        self.passed_on.contains(pair)
    }

    /// Pairs that it passes on.
    #[must_use]
    pub fn passed_on(&self) -> usize {
        self.passed_on.len()
    }

    /// The monitored hosts whose traffic it passes on.
    #[must_use]
    pub fn clients(&self) -> &BTreeSet<IpAddr> {
        &self.clients
    }

    /// Whether an attempt of this host failed, knowing both directions: where a protocol tells no initiator (ICMP,
    /// equal ports), an attempt each way is an answer.
    #[must_use]
    pub fn failed(&self, peer: IpAddr, service: Service) -> bool {
        let key = PairKey { peer, service };
        self.initiator.pairs().get(&key).is_some_and(|pair| {
            let t = &pair.totals;
            let proven = t.rejected_rows > 0 || t.half_open_rows > 0;
            pair.failed() && (proven || !self.responder.pairs().get(&key).is_some_and(PairAggregate::attempted))
        })
    }
}

/// Which interfaces forward whose traffic.
#[derive(Default)]
struct Forwarded<'a> {
    /// Hosts whose traffic some interface forwards, with those interfaces, and whether another one saw them by itself.
    hosts: BTreeMap<IpAddr, (BTreeSet<&'a str>, bool)>,
}

impl<'a> Forwarded<'a> {
    fn of(window: &'a WindowAggregate) -> Self {
        let mut forwarded = Self::default();
        for (name, interface) in &window.interfaces {
            for (key, _) in interface.hosts().filter(|(_, host)| host.totals().forwarded_rows > 0) {
                forwarded.hosts.entry(key.host).or_default().0.insert(name);
            }
        }
        if !forwarded.hosts.is_empty() {
            for (name, interface) in &window.interfaces {
                for (key, _) in interface.hosts().filter(|(_, host)| host.totals().rows() > 0) {
                    if let Some((interfaces, elsewhere)) = forwarded.hosts.get_mut(&key.host) {
                        *elsewhere |= !interfaces.contains(name.as_str());
                    }
                }
            }
        }
        forwarded
    }

    /// The hosts whose traffic some interfaces forward.
    fn by(&self, names: &BTreeSet<String>) -> BTreeSet<IpAddr> {
        let by_one_of = |interfaces: &BTreeSet<&str>| interfaces.iter().any(|name| names.contains(*name));
        self.hosts.iter().filter(|(_, (interfaces, _))| by_one_of(interfaces)).map(|(host, _)| *host).collect()
    }

    /// Whether what an interface saw of a host is not seen elsewhere as well.
    fn counts(&self, host: IpAddr, interface: &str) -> bool {
        self.hosts.get(&host).is_none_or(|(interfaces, elsewhere)| !elsewhere || !interfaces.contains(interface))
    }
}

/// All hosts of a window.
#[derive(Debug, Clone, Default)]
pub struct HostWindows<'a> {
    hosts: BTreeMap<IpAddr, HostWindow<'a>>,
}

impl<'a> HostWindows<'a> {
    /// Reads a window. O(entries of the window).
    #[must_use]
    pub fn of(window: &'a WindowAggregate, own: &MonitoredAddresses) -> Self {
        let mut hosts: BTreeMap<IpAddr, HostWindow<'a>> = BTreeMap::new();
        let forwarded = Forwarded::of(window);
        for (name, interface) in &window.interfaces {
            // In the order of keys: merging is commutative, what borrows first is not seen.
            for (key, aggregate) in interface.hosts() {
                let seen = aggregate.totals().rows() > 0;
                if seen && own.counts(key.host, name) && forwarded.counts(key.host, name) {
                    let host = hosts.entry(key.host).or_insert_with(|| HostWindow {
                        host: key.host,
                        own: own.contains(key.host),
                        interfaces: Vec::new(),
                        initiator: Cow::Owned(HostAggregate::default()),
                        responder: Cow::Owned(HostAggregate::default()),
                        passed_on: BTreeSet::new(),
                        clients: BTreeSet::new(),
                    });
                    if host.interfaces.last() != Some(&name.as_str()) {
                        host.interfaces.push(name);
                    }
                    host.absorb(key, aggregate);
                }
            }
        }
        let mut windows = Self { hosts };
        windows.note_passed_on(&forwarded, own);
        windows
    }

    /// Notes for every host that forwards (a NAT gateway) which of its pairs its clients' own interfaces logged as well.
    fn note_passed_on(&mut self, forwarded: &Forwarded<'_>, own: &MonitoredAddresses) {
        if forwarded.hosts.is_empty() {
            return;
        }
        let gateways: BTreeMap<IpAddr, BTreeSet<IpAddr>> = own
            .by_host
            .iter()
            .map(|(host, interfaces)| (*host, forwarded.by(interfaces)))
            .filter(|(_, passed_on)| !passed_on.is_empty())
            .collect();
        let mut clients: BTreeMap<IpAddr, Vec<(IpAddr, Service)>> = BTreeMap::new();
        for client in self.hosts.values().filter(|host| host.own && !gateways.contains_key(&host.host)) {
            for (key, _) in client.initiator.pairs().iter().filter(|(key, _)| forwarded.hosts.contains_key(&key.peer)) {
                clients.entry(key.peer).or_default().push((client.host, key.service));
            }
        }
        for (gateway, outside) in gateways {
            let Some(gateway) = self.hosts.get_mut(&gateway) else { continue };
            for peer in outside {
                for (client, service) in clients.get(&peer).into_iter().flatten() {
                    let ends = [peer, *client].map(|peer| PairKey { peer, service: *service });
                    gateway.passed_on.extend(ends);
                    gateway.clients.insert(*client);
                }
            }
        }
    }

    /// One host.
    #[must_use]
    pub fn get(&self, host: IpAddr) -> Option<&HostWindow<'a>> {
        self.hosts.get(&host)
    }

    /// The hosts, by ascending address.
    pub fn iter(&self) -> impl Iterator<Item = &HostWindow<'a>> {
        self.hosts.values()
    }
}

impl<'a> HostWindow<'a> {
    fn absorb(&mut self, key: &HostKey, aggregate: &'a HostAggregate) {
        let mine = match key.role {
            Role::Initiator => &mut self.initiator,
            Role::Responder => &mut self.responder,
        };
        if mine.totals().rows() == 0 {
            *mine = Cow::Borrowed(aggregate);
        } else {
            let merged = mine.to_mut();
            merged.merge(aggregate.clone());
            merged.prune();
        }
    }
}
