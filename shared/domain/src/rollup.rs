//! The rollup of an hour: the small part of its windows that the detections over long windows need.
//!
//! A rollup has every host that opened a connection, its (peer, service) pairs, and the traffic of each pair per window. It is
//! computed from a merged hour, so it does not depend on the order in which the objects of the hour arrived. It holds integers
//! in a fixed order and is bounded: see [`HourRollup::MAX_HOSTS`], [`HourRollup::max_pairs`] and
//! [`HourRollup::max_slots`].

use std::net::IpAddr;

use crate::aggregate::PairKey;
use crate::window::{Hour, WindowStart};

/// The traffic of a host with one peer over one service in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about the attempts, not states of one")]
pub struct Slot {
    /// The window.
    pub window: WindowStart,
    /// Attempt rows: one per connection and aggregation interval.
    pub attempts: u64,
    /// Attempt rows that open a connection: see `FlowRecord::opens`.
    pub openings: u64,
    /// Packets from host to peer.
    pub packets_sent: u64,
    /// Bytes from host to peer.
    pub bytes_sent: u64,
    /// Bytes from peer to host.
    pub bytes_received: u64,
    /// The start of the first row, seconds since the epoch.
    pub first: i64,
    /// The end of the last row, seconds since the epoch.
    pub last: i64,
    /// Whether an attempt failed (see `HostWindow::failed`).
    pub failed: bool,
    /// Whether a row proves the failure by itself: it was rejected, or left half open.
    pub proven: bool,
    /// Whether security groups or network ACLs rejected an attempt.
    pub rejected: bool,
    /// Whether the peer answered with more than a refusal.
    pub answered: bool,
}

/// The traffic of a pair over the windows of an hour.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PairRollup {
    /// The peer and the service.
    pub key: PairKey,
    /// Whether the peer is monitored.
    #[serde(rename = "peer_own")]
    pub peer_monitored: bool,
    /// Whether the host's interface forwarded traffic of other hosts to the peer, as a NAT gateway does.
    pub relayed: bool,
    /// The traffic per window, ascending; at least one.
    pub slots: Vec<Slot>,
}

/// A host that opened connections in an hour.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostRollup {
    /// The host.
    pub host: IpAddr,
    /// Whether it is monitored.
    #[serde(rename = "own")]
    pub monitored: bool,
    /// The interfaces that logged it, ascending, at most 10.
    pub interfaces: Vec<String>,
    /// The peers and services that it contacted, ascending by key.
    pub pairs: Vec<PairRollup>,
}

impl HostRollup {
    /// One pair.
    #[must_use]
    pub fn pair(&self, key: &PairKey) -> Option<&PairRollup> {
        self.pairs.binary_search_by_key(key, |pair| pair.key).ok().map(|at| &self.pairs[at])
    }
}

/// The rollup of an hour of one scope.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HourRollup {
    /// The hour.
    pub hour: Hour,
    /// The length of its windows, seconds.
    pub window_seconds: i64,
    /// The number of rows of the hour that were read.
    pub rows: u64,
    /// The windows that have records, ascending: 12 of 5 minutes.
    pub windows: Vec<WindowStart>,
    /// The hosts that opened connections, ascending.
    pub hosts: Vec<HostRollup>,
}

impl HourRollup {
    /// The maximum number of hosts kept, of monitored hosts and of external hosts each. Beyond, those whose addresses hash
    /// lowest are kept.
    pub const MAX_HOSTS: usize = 4096;

    /// The maximum number of pairs kept of a host per hour. Beyond, those whose keys hash lowest are kept. The detections of
    /// single windows find an external host that contacts more than 64 in an hour.
    #[must_use]
    pub fn max_pairs(monitored: bool) -> usize {
        if monitored { 512 } else { 64 }
    }

    /// The maximum number of slots kept in total, of monitored hosts (some 30 MB) and of external hosts (8 MB). If an hour
    /// has more, the pairs kept of every host are halved until they fit.
    #[must_use]
    pub fn max_slots(monitored: bool) -> usize {
        if monitored { 1 << 18 } else { 1 << 16 }
    }

    /// One host.
    #[must_use]
    pub fn host(&self, host: IpAddr) -> Option<&HostRollup> {
        self.hosts.binary_search_by_key(&host, |rollup| rollup.host).ok().map(|at| &self.hosts[at])
    }
}
