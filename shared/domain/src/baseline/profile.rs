//! The traffic of one host in a baseline: over all services, per service, and per pair.

use super::histogram::Log2Histogram;
use crate::aggregate::PairKey;
use crate::bounded::{BottomK, Merge};
use crate::service::Service;
use crate::time::WEEK_HOURS;

/// When something was first and last observed, and in how many hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Occurrence {
    /// The start of the first hour, seconds since the epoch.
    pub first: i64,
    /// The start of the last hour.
    pub last: i64,
    /// The number of hours.
    pub hours: u32,
}

impl Default for Occurrence {
    /// Never observed, the identity of [`Merge`].
    fn default() -> Self {
        Self { first: i64::MAX, last: i64::MIN, hours: 0 }
    }
}

impl Merge for Occurrence {
    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.hours = self.hours.saturating_add(other.hours);
    }
}

/// The traffic of a host in one role, over one service or over all: histograms over the windows that have any such traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrafficProfile {
    /// When it was observed.
    pub seen: Occurrence,
    /// Connections opened.
    pub flows: Log2Histogram,
    /// Distinct peers.
    pub peers: Log2Histogram,
    /// Packets from the initiator.
    pub packets: Log2Histogram,
    /// Bytes from the initiator.
    pub bytes: Log2Histogram,
    /// Bytes from the responder.
    #[serde(rename = "bytes_back")]
    pub response_bytes: Log2Histogram,
    /// Connections opened with the peer that has most of them.
    #[serde(rename = "busiest")]
    pub max_peer_flows: Log2Histogram,
    /// Bytes from the responder with the peer that has most of them.
    #[serde(rename = "most_back")]
    pub max_peer_response_bytes: Log2Histogram,
    /// Half-open TCP connections.
    pub half_open: Log2Histogram,
}

impl Merge for TrafficProfile {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.flows.merge(other.flows);
        self.peers.merge(other.peers);
        self.packets.merge(other.packets);
        self.bytes.merge(other.bytes);
        self.response_bytes.merge(other.response_bytes);
        self.max_peer_flows.merge(other.max_peer_flows);
        self.max_peer_response_bytes.merge(other.max_peer_response_bytes);
        self.half_open.merge(other.half_open);
    }
}

/// The traffic of a host with one peer over one service, in connections that the host opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PairProfile {
    /// When it was observed.
    pub seen: Occurrence,
    /// Connections opened, per window that has any.
    pub flows: Log2Histogram,
    /// Bytes sent, per hour that has any.
    pub bytes_sent: Log2Histogram,
    /// Bytes received, per hour that has any.
    pub bytes_received: Log2Histogram,
}

impl Merge for PairProfile {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.flows.merge(other.flows);
        self.bytes_sent.merge(other.bytes_sent);
        self.bytes_received.merge(other.bytes_received);
    }
}

/// The baseline of one host.
#[derive(Debug, Clone)]
pub struct HostBaseline {
    /// When the host was observed.
    pub seen: Occurrence,
    /// Connections that it opens, over all services.
    pub initiated: TrafficProfile,
    /// Connections that are opened to it, over all services.
    pub served: TrafficProfile,
    /// Bytes it sends on connections it opened, by hour of the week (0 is Monday, 00:00 UTC): the maximum over windows, as the
    /// number of its bits.
    pub sent_by_hour_of_week: Vec<u8>,
    /// Connections that it opens, by service.
    pub initiated_by_service: BottomK<Service, TrafficProfile>,
    /// Connections that are opened to it, by service.
    pub served_by_service: BottomK<Service, TrafficProfile>,
    /// Connections that it opens, by peer and service.
    pub pairs: BottomK<PairKey, PairProfile>,
}

impl HostBaseline {
    /// The maximum number of services kept per host and role.
    pub const MAX_SERVICES: usize = 256;
    /// The maximum number of pairs kept per host.
    pub const MAX_PAIRS: usize = 1024;
}

impl Default for HostBaseline {
    fn default() -> Self {
        Self {
            seen: Occurrence::default(),
            initiated: TrafficProfile::default(),
            served: TrafficProfile::default(),
            sent_by_hour_of_week: vec![0; WEEK_HOURS],
            initiated_by_service: BottomK::new(Self::MAX_SERVICES),
            served_by_service: BottomK::new(Self::MAX_SERVICES),
            pairs: BottomK::new(Self::MAX_PAIRS),
        }
    }
}

impl Merge for HostBaseline {
    fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.initiated.merge(other.initiated);
        self.served.merge(other.served);
        for (mine, theirs) in self.sent_by_hour_of_week.iter_mut().zip(other.sent_by_hour_of_week) {
            *mine = (*mine).max(theirs);
        }
        self.initiated_by_service.merge(other.initiated_by_service);
        self.served_by_service.merge(other.served_by_service);
        self.pairs.merge(other.pairs);
    }
}
