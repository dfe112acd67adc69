//! Interfaces, windows and hours: the upper floors of the aggregate.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::InterfaceTotals;
use super::host::{HostAggregate, HostKey, Side};
use crate::bounded::{BottomK, Merge};
use crate::window::{Hour, Scope, WindowLength, WindowStart};

/// What one interface saw in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct InterfaceAggregate {
    /// Everything it logged.
    pub totals: InterfaceTotals,
    /// Hosts that are, or may be, its own: said so by the log, or private addresses where the log is silent.
    pub local: BottomK<HostKey, HostAggregate>,
    /// All other hosts.
    pub remote: BottomK<HostKey, HostAggregate>,
}

impl Default for InterfaceAggregate {
    fn default() -> Self {
        Self {
            totals: InterfaceTotals::default(),
            local: BottomK::new(Self::MAX_LOCAL_HOSTS),
            remote: BottomK::new(Self::MAX_REMOTE_HOSTS),
        }
    }
}

impl InterfaceAggregate {
    /// Entries (host and role) kept per window of hosts that may be the interface's own.
    pub const MAX_LOCAL_HOSTS: usize = 1024;
    /// Entries (host and role) kept per window of its peers; of more, those whose addresses hash lowest. The
    /// interface's own address still counts every pair, up to its own cap, and every row.
    pub const MAX_REMOTE_HOSTS: usize = 4096;

    /// The entry of a host; `None` when it is beyond the cap.
    pub fn host(&mut self, key: HostKey) -> Option<&mut HostAggregate> {
        self.tier(&key).entry(key)
    }

    /// The map that holds a key: decided by the key alone, so that merging finds it in the same place.
    pub fn tier(&mut self, key: &HostKey) -> &mut BottomK<HostKey, HostAggregate> {
        match key.side {
            Side::Own => &mut self.local,
            Side::Unknown if is_private(key.host) => &mut self.local,
            Side::Unknown | Side::Remote => &mut self.remote,
        }
    }

    /// All hosts, in no order.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostKey, &HostAggregate)> {
        self.local.iter().chain(self.remote.iter())
    }

    fn prune(&mut self) {
        for tier in [&mut self.local, &mut self.remote] {
            tier.prune();
            tier.for_each_mut(HostAggregate::prune);
        }
    }
}

impl Merge for InterfaceAggregate {
    fn merge(&mut self, other: Self) {
        self.totals.merge(other.totals);
        self.local.merge(other.local);
        self.remote.merge(other.remote);
    }
}

/// Addresses that networks use inside: RFC 1918, shared (RFC 6598), link-local and unique local ones.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private() || v4.is_link_local() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// What all interfaces of a scope saw in one window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowAggregate {
    /// By interface; `""` where the log names none.
    pub interfaces: BTreeMap<String, InterfaceAggregate>,
}

impl WindowAggregate {
    /// The interface's aggregate, made if absent.
    pub fn interface(&mut self, name: &str) -> &mut InterfaceAggregate {
        self.interfaces.entry(name.to_owned()).or_default()
    }
}

impl Merge for WindowAggregate {
    fn merge(&mut self, other: Self) {
        for (name, theirs) in other.interfaces {
            self.interfaces.entry(name).or_default().merge(theirs);
        }
    }
}

/// The windows of one scope that begin in one hour: what a stored batch holds.
#[derive(Debug, Clone, PartialEq)]
pub struct HourAggregate {
    /// Whose logs.
    pub scope: Scope,
    /// Which hour.
    pub hour: Hour,
    /// The length of its windows; only aggregates of the same length merge.
    pub window_length: WindowLength,
    /// The windows that have records.
    pub windows: BTreeMap<WindowStart, WindowAggregate>,
}

impl HourAggregate {
    /// An hour without windows: the identity of merging.
    #[must_use]
    pub fn new(scope: Scope, hour: Hour, window_length: WindowLength) -> Self {
        Self { scope, hour, window_length, windows: BTreeMap::new() }
    }

    /// Joins windows of the same scope, hour and window length.
    ///
    /// # Errors
    /// When scope, hour or window length differ.
    pub fn merge(&mut self, other: Self) -> Result<(), Mismatch> {
        if (&self.scope, self.hour, self.window_length) != (&other.scope, other.hour, other.window_length) {
            return Err(Mismatch { mine: self.window_length.seconds(), theirs: other.window_length.seconds() });
        }
        for (start, theirs) in other.windows {
            self.windows.entry(start).or_default().merge(theirs);
        }
        Ok(())
    }

    /// The rows of all its windows: of two states of an hour, the one with more knows more.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let interfaces = self.windows.values().flat_map(|w| w.interfaces.values());
        interfaces.fold(0, |rows, interface| rows.saturating_add(interface.totals.rows))
    }

    /// Drops everything beyond the caps. Called before the aggregate is read as a whole or stored.
    pub fn prune(&mut self) {
        self.windows.values_mut().flat_map(|w| w.interfaces.values_mut()).for_each(InterfaceAggregate::prune);
    }
}

/// Aggregates that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("windows of {theirs} s cannot join windows of {mine} s: process all logs of a store with one window length")]
pub struct Mismatch {
    /// Window length in seconds of the aggregate merged into.
    pub mine: i64,
    /// Window length in seconds of the other.
    pub theirs: i64,
}
