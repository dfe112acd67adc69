//! Reads a merged window host by host and counts each host's traffic once.
//!
//! A conversation inside the VPC is logged at both ends. A monitored host therefore counts from its own interfaces only. All
//! other hosts (the internet, other networks) are summed over the interfaces that logged them.
//!
//! Traffic that a NAT gateway forwards is logged once at the client's interface and twice at the gateway's: from the client to
//! the gateway, with the host outside as the packet's address (`pkt-dstaddr`), and from the gateway to the host outside. The
//! former row says that the interface forwards that host's traffic. What the interface logged of the host is then left out
//! where another interface logged the host by itself. So a host outside that is reached through a gateway both by clients with
//! flow logs and by clients without counts from the former only. Where no client has flow logs, it counts from the gateway.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::host::{HostAggregate, HostKey, Role};
use super::interface::WindowAggregate;
use super::monitored::MonitoredAddresses;
use super::pair::{PairAggregate, PairKey};
use crate::bounded::Merge;
use crate::service::Service;

/// The traffic of one host in one window, over all interfaces that count.
#[derive(Debug, Clone)]
pub struct HostWindow<'a> {
    /// The host.
    pub host: IpAddr,
    /// Whether it is monitored.
    pub monitored: bool,
    /// The interfaces that logged it, ascending.
    pub interfaces: Vec<&'a str>,
    /// The conversations that it opened.
    pub initiator: Cow<'a, HostAggregate>,
    /// The conversations that its peers opened.
    pub responder: Cow<'a, HostAggregate>,
    /// Its pairs that only repeat what it forwarded for other monitored hosts, as a NAT gateway does.
    forwarded: BTreeSet<PairKey>,
    /// Those hosts.
    clients: BTreeSet<IpAddr>,
}

impl HostWindow<'_> {
    /// Whether a pair of the host only repeats what the interface of another monitored host logged already: what a NAT
    /// gateway forwards for its clients.
    #[must_use]
    pub fn is_forwarded(&self, pair: &PairKey) -> bool {
        self.forwarded.contains(pair)
    }

    /// The number of pairs that it forwards.
    #[must_use]
    pub fn forwarded_pairs(&self) -> usize {
        self.forwarded.len()
    }

    /// The monitored hosts whose traffic it forwards.
    #[must_use]
    pub fn clients(&self) -> &BTreeSet<IpAddr> {
        &self.clients
    }

    /// Whether an attempt of this host failed, by the rows of both directions. Where a protocol has no initiator (ICMP, equal
    /// ports), an attempt each way is an answer.
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

impl<'a> HostWindow<'a> {
    fn new(host: IpAddr, monitored: bool) -> Self {
        Self {
            host,
            monitored,
            interfaces: Vec::new(),
            initiator: Cow::Owned(HostAggregate::default()),
            responder: Cow::Owned(HostAggregate::default()),
            forwarded: BTreeSet::new(),
            clients: BTreeSet::new(),
        }
    }

    fn add(&mut self, key: &HostKey, aggregate: &'a HostAggregate) {
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

/// The hosts whose traffic interfaces forward.
#[derive(Default)]
struct ForwardedHosts<'a> {
    by_host: BTreeMap<IpAddr, ForwardedHost<'a>>,
}

#[derive(Default)]
struct ForwardedHost<'a> {
    /// The interfaces that forward its traffic.
    interfaces: BTreeSet<&'a str>,
    /// Whether another interface logged the host by itself.
    is_logged_elsewhere: bool,
}

impl<'a> ForwardedHosts<'a> {
    fn from_window(window: &'a WindowAggregate) -> Self {
        let mut forwarded = Self::default();
        for (name, interface) in &window.interfaces {
            for (key, _) in interface.hosts().filter(|(_, host)| host.totals().forwarded_rows > 0) {
                forwarded.by_host.entry(key.host).or_default().interfaces.insert(name);
            }
        }
        if !forwarded.by_host.is_empty() {
            for (name, interface) in &window.interfaces {
                for (key, _) in interface.hosts().filter(|(_, host)| host.totals().rows() > 0) {
                    if let Some(host) = forwarded.by_host.get_mut(&key.host) {
                        host.is_logged_elsewhere |= !host.interfaces.contains(name.as_str());
                    }
                }
            }
        }
        forwarded
    }

    /// The hosts whose traffic some of these interfaces forward.
    fn forwarded_by(&self, names: &BTreeSet<String>) -> BTreeSet<IpAddr> {
        let by_one_of = |host: &ForwardedHost<'_>| host.interfaces.iter().any(|name| names.contains(*name));
        self.by_host.iter().filter(|(_, host)| by_one_of(host)).map(|(address, _)| *address).collect()
    }

    /// Whether the traffic of a host counts as logged at this interface: not where the interface forwards it and another one
    /// logged it.
    fn counts_at(&self, host: IpAddr, interface: &str) -> bool {
        self.by_host.get(&host).is_none_or(|host| !host.is_logged_elsewhere || !host.interfaces.contains(interface))
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
    pub fn from_window(window: &'a WindowAggregate, monitored: &MonitoredAddresses) -> Self {
        let mut hosts: BTreeMap<IpAddr, HostWindow<'a>> = BTreeMap::new();
        let forwarded = ForwardedHosts::from_window(window);
        for (name, interface) in &window.interfaces {
            // The order of hosts does not matter: merging is commutative.
            for (key, aggregate) in interface.hosts() {
                let has_rows = aggregate.totals().rows() > 0;
                if has_rows && monitored.counts_at(key.host, name) && forwarded.counts_at(key.host, name) {
                    let host = hosts
                        .entry(key.host)
                        .or_insert_with(|| HostWindow::new(key.host, monitored.contains(key.host)));
                    if host.interfaces.last() != Some(&name.as_str()) {
                        host.interfaces.push(name);
                    }
                    host.add(key, aggregate);
                }
            }
        }
        let mut windows = Self { hosts };
        windows.mark_forwarded(&forwarded, monitored);
        windows
    }

    /// Marks, for every host that forwards (a NAT gateway), the pairs that the interfaces of its clients logged as well.
    fn mark_forwarded(&mut self, forwarded: &ForwardedHosts<'_>, monitored: &MonitoredAddresses) {
        if forwarded.by_host.is_empty() {
            return;
        }
        let gateways: BTreeMap<IpAddr, BTreeSet<IpAddr>> = monitored
            .interfaces()
            .map(|(host, interfaces)| (host, forwarded.forwarded_by(interfaces)))
            .filter(|(_, outside)| !outside.is_empty())
            .collect();
        let mut clients: BTreeMap<IpAddr, Vec<(IpAddr, Service)>> = BTreeMap::new();
        for client in self.hosts.values().filter(|host| host.monitored && !gateways.contains_key(&host.host)) {
            let pairs = client.initiator.pairs().iter();
            for (key, _) in pairs.filter(|(key, _)| forwarded.by_host.contains_key(&key.peer)) {
                clients.entry(key.peer).or_default().push((client.host, key.service));
            }
        }
        for (gateway, outside) in gateways {
            let Some(gateway) = self.hosts.get_mut(&gateway) else { continue };
            for peer in outside {
                for (client, service) in clients.get(&peer).into_iter().flatten() {
                    let ends = [peer, *client].map(|peer| PairKey { peer, service: *service });
                    gateway.forwarded.extend(ends);
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
