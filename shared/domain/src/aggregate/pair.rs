//! The aggregate of two hosts and one service.

use std::net::IpAddr;

use super::PairTotals;
use crate::bounded::{Merge, Priority};
use crate::distinct::stable_hash;
use crate::service::Service;

/// The key of a pair: the peer, and the service used between the two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PairKey {
    /// The peer.
    pub peer: IpAddr,
    /// The service of the responder, whichever end that is.
    pub service: Service,
}

/// An address as 16 bytes, with IPv4 mapped into IPv6: the form that is hashed.
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

/// The time from a first to a last packet, seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First packet.
    pub first: i64,
    /// Last packet.
    pub last: i64,
}

impl Default for Span {
    /// The empty span, the identity of [`Merge`].
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

/// The aggregate of a pair in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairAggregate {
    /// Sums over the pair's rows.
    pub totals: PairTotals,
    /// The time from the start of its first row to the end of its last.
    pub span: Span,
}

impl Merge for PairAggregate {
    fn merge(&mut self, other: Self) {
        self.totals.merge(other.totals);
        self.span.merge(other.span);
    }
}

impl PairAggregate {
    /// Whether the initiator sent anything.
    #[must_use]
    pub fn attempted(&self) -> bool {
        self.totals.attempt_rows > 0
    }

    /// Whether the responder answered with more than a refusal.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.totals.reply_rows > 0
    }

    /// Whether an attempt failed: it was rejected, refused or not answered.
    ///
    /// More data never takes back a rejected row or a half-open TCP connection. Where rows prove nothing by themselves
    /// (datagrams, logs without TCP flags), an attempt without an answer counts as failed until an answer arrives.
    #[must_use]
    pub fn failed(&self) -> bool {
        let t = &self.totals;
        self.attempted() && (t.rejected_rows > 0 || t.half_open_rows > 0 || (t.unproven_rows > 0 && !self.answered()))
    }
}
