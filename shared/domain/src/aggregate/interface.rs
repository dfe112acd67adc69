//! The aggregates of interfaces, windows and hours.

use std::collections::BTreeMap;

use super::InterfaceTotals;
use super::host::{HostAggregate, HostKey, Side};
use crate::address::is_private;
use crate::bounded::{BottomK, Merge};
use crate::window::{Hour, Scope, WindowLength, WindowStart};

/// The traffic that one interface logged in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct InterfaceAggregate {
    /// Sums over everything it logged.
    pub totals: InterfaceTotals,
    /// Hosts that are, or may be, the address of the interface: by the flow-direction of the log, or private addresses where
    /// the log has none.
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
    /// The maximum number of entries (host and role) kept per window in [`local`](Self::local).
    pub const MAX_LOCAL_HOSTS: usize = 1024;
    /// The maximum number of entries (host and role) kept per window in [`remote`](Self::remote). Beyond, those whose
    /// addresses hash lowest are kept. The address of the interface still counts every row, and every pair up to its own cap.
    pub const MAX_REMOTE_HOSTS: usize = 4096;

    /// The entry of a host, added if absent; `None` when it is beyond the cap.
    pub fn host(&mut self, key: HostKey) -> Option<&mut HostAggregate> {
        self.tier(&key).entry(key)
    }

    /// The map that a key belongs to. The key alone decides, so that merging finds it in the same map.
    pub fn tier(&mut self, key: &HostKey) -> &mut BottomK<HostKey, HostAggregate> {
        match key.side {
            Side::Internal => &mut self.local,
            Side::Unknown if is_private(key.host) => &mut self.local,
            Side::Unknown | Side::Remote => &mut self.remote,
        }
    }

    /// All hosts, in no particular order.
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

/// The traffic that all interfaces of a scope logged in one window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowAggregate {
    /// The aggregates by interface; the key is `""` where the log names no interface.
    pub interfaces: BTreeMap<String, InterfaceAggregate>,
}

impl WindowAggregate {
    /// The aggregate of an interface, added if absent.
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

/// The windows of one scope that start in one hour: the content of a stored batch.
#[derive(Debug, Clone, PartialEq)]
pub struct HourAggregate {
    /// The account and region.
    pub scope: Scope,
    /// The hour.
    pub hour: Hour,
    /// The length of its windows. Only aggregates of the same length merge.
    pub window_length: WindowLength,
    /// The windows that have records.
    pub windows: BTreeMap<WindowStart, WindowAggregate>,
}

impl HourAggregate {
    /// An hour without windows, the identity of merging.
    #[must_use]
    pub fn new(scope: Scope, hour: Hour, window_length: WindowLength) -> Self {
        Self { scope, hour, window_length, windows: BTreeMap::new() }
    }

    /// Merges the windows of an aggregate of the same scope, hour and window length.
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

    /// The number of rows of all its windows. Of two states of an hour, the one with more rows is more complete.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let interfaces = self.windows.values().flat_map(|w| w.interfaces.values());
        interfaces.fold(0, |rows, interface| rows.saturating_add(interface.totals.rows))
    }

    /// Drops everything beyond the caps. To be called before the aggregate is read as a whole or stored.
    pub fn prune(&mut self) {
        self.windows.values_mut().flat_map(|w| w.interfaces.values_mut()).for_each(InterfaceAggregate::prune);
    }
}

/// Two aggregates of different scope, hour or window length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("windows of {theirs} s cannot join windows of {mine} s: process all logs of a store with one window length")]
pub struct Mismatch {
    /// Window length in seconds of the aggregate merged into.
    pub mine: i64,
    /// Window length in seconds of the other.
    pub theirs: i64,
}
