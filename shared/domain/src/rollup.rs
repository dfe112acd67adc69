//! An hour's rollup: what the detections that need hours keep of an hour, a small part of what its windows hold.
//!
//! Of every host that began something, the (peer, service) pairs it addressed, and of a pair what it did in each
//! window. A rollup is made of a merged hour and so is the same whatever order the hour's objects came in; it is plain
//! data in a fixed order, made of integers, and bounded: see [`HourRollup::MAX_HOSTS`], [`HourRollup::max_pairs`] and
//! [`HourRollup::max_slots`].

use std::net::IpAddr;

use crate::aggregate::PairKey;
use crate::window::{Hour, WindowStart};

/// What a host did with one peer over one service in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about the attempts, not states of one")]
pub struct Slot {
    /// The window.
    pub window: WindowStart,
    /// Rows of attempts: flows, and one more for each aggregation interval a flow goes on.
    pub attempts: u64,
    /// Of these, those that begin something: see `FlowRecord::opens`.
    pub openings: u64,
    /// Packets from host to peer.
    pub packets_sent: u64,
    /// Bytes from host to peer.
    pub bytes_sent: u64,
    /// Bytes from peer to host.
    pub bytes_received: u64,
    /// When the first row began, seconds since the epoch.
    pub first: i64,
    /// When the last row ended.
    pub last: i64,
    /// An attempt failed (see `HostWindow::failed`).
    pub failed: bool,
    /// A row by itself shows the failure: it was stopped, or left half open.
    pub proven: bool,
    /// Security groups or network ACLs stopped an attempt.
    pub rejected: bool,
    /// The peer answered with more than a refusal.
    pub answered: bool,
}

/// A pair over the windows of an hour.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PairRollup {
    /// The peer and the service.
    pub key: PairKey,
    /// Whether the peer is monitored.
    pub peer_own: bool,
    /// Whether the host's interface passed on what others said to the peer, as a NAT gateway does.
    pub relayed: bool,
    /// What it did per window, ascending; at least one.
    pub slots: Vec<Slot>,
}

/// A host that began something in an hour.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostRollup {
    /// The host.
    pub host: IpAddr,
    /// Whether it is monitored.
    pub own: bool,
    /// Interfaces it was seen at, ascending, at most 10.
    pub interfaces: Vec<String>,
    /// Whom it addressed, ascending by key.
    pub pairs: Vec<PairRollup>,
}

impl HostRollup {
    /// One pair.
    #[must_use]
    pub fn pair(&self, key: &PairKey) -> Option<&PairRollup> {
        self.pairs.binary_search_by_key(key, |pair| pair.key).ok().map(|at| &self.pairs[at])
    }
}

/// An hour of one scope.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HourRollup {
    /// Which hour.
    pub hour: Hour,
    /// The length of its windows, seconds.
    pub window_seconds: i64,
    /// The rows known of the hour.
    pub rows: u64,
    /// The windows that have records, ascending: 12 of 5 minutes.
    pub windows: Vec<WindowStart>,
    /// Hosts that began something, ascending.
    pub hosts: Vec<HostRollup>,
}

impl HourRollup {
    /// Hosts kept: so many monitored ones, and so many strangers; of more, those whose addresses hash lowest.
    pub const MAX_HOSTS: usize = 4096;

    /// Pairs kept of a host per hour; of more, those whose keys hash lowest. A stranger who addresses more than 64 in an
    /// hour is found by the detections on single windows.
    #[must_use]
    pub fn max_pairs(own: bool) -> usize {
        if own { 512 } else { 64 }
    }

    /// Windows of pairs kept in all, of monitored hosts and of strangers: some 30 and 8 MB. Where an hour has more, every
    /// host keeps half as many pairs, and half again, until they fit.
    #[must_use]
    pub fn max_slots(own: bool) -> usize {
        if own { 1 << 18 } else { 1 << 16 }
    }

    /// One host.
    #[must_use]
    pub fn host(&self, host: IpAddr) -> Option<&HostRollup> {
        self.hosts.binary_search_by_key(&host, |rollup| rollup.host).ok().map(|at| &self.hosts[at])
    }
}
