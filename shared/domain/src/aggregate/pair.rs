//! What two hosts exchanged over one service.

use std::net::IpAddr;

use super::PairTotals;
use crate::bounded::{Merge, Priority};
use crate::distinct::stable_hash;

/// A protocol and the responder's port on it (0 where the protocol has none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Service {
    /// IANA protocol number.
    pub protocol: u8,
    /// The responder's port.
    pub port: u16,
}

/// The other end of a pair and the service used between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PairKey {
    /// The other end.
    pub peer: IpAddr,
    /// The service of the responder, whichever end that is.
    pub service: Service,
}

/// An address as 16 bytes, IPv4 mapped into IPv6: the form that is hashed.
pub(super) fn address_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

impl Priority for PairKey {
    fn priority(&self) -> u64 {
        let mut bytes = [0; 19];
        bytes[..16].copy_from_slice(&address_bytes(self.peer));
        bytes[16] = self.service.protocol;
        bytes[17..].copy_from_slice(&self.service.port.to_le_bytes());
        stable_hash(&bytes)
    }
}

/// The time from the first to the last packet of something, seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First packet.
    pub first: i64,
    /// Last packet.
    pub last: i64,
}

impl Default for Span {
    /// The span of nothing: the identity of [`Merge`].
    fn default() -> Self {
        Self { first: i64::MAX, last: i64::MIN }
    }
}

impl Merge for Span {
    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// What is kept of a pair in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairAggregate {
    /// Sums over the pair's rows.
    pub totals: PairTotals,
    /// When its first row began and its last ended.
    pub span: Span,
}

impl Merge for PairAggregate {
    fn merge(&mut self, other: Self) {
        self.totals.merge(other.totals);
        self.span.merge(other.span);
    }
}

impl PairAggregate {
    /// The initiator tried.
    #[must_use]
    pub fn attempted(&self) -> bool {
        self.totals.attempt_rows > 0
    }

    /// The responder answered with more than a refusal.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.totals.reply_rows > 0
    }

    /// An attempt failed: it was stopped, refused or ignored.
    ///
    /// Stopped rows and half-open TCP are facts that more data never takes back. Where rows prove nothing by themselves
    /// (datagrams, logs without TCP flags), an attempt without answer counts as failed until an answer shows.
    #[must_use]
    pub fn failed(&self) -> bool {
        let t = &self.totals;
        self.attempted() && (t.rejected_rows > 0 || t.half_open_rows > 0 || (t.unproven_rows > 0 && !self.answered()))
    }
}
