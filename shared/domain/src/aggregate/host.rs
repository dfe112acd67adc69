//! The aggregate of one host in one role at one interface: exact totals, its pairs up to a cap, sketches beyond.

use std::net::IpAddr;

use super::pair::{PairAggregate, PairKey, Span, address_bytes};
use super::{HostTotals, PairTotals};
use crate::bounded::{BottomK, Merge, Priority};
use crate::distinct::{DistinctSketch, stable_hash};

/// The role of a host in its conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It opens them.
    Initiator,
    /// Its peers open them.
    Responder,
}

/// Whether a host is the address of the interface or a peer of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The address of the interface.
    Internal,
    /// A peer of the interface.
    Remote,
    /// The log has no flow-direction: [`MonitoredAddresses`](super::MonitoredAddresses) resolves it when the hour is read.
    Unknown,
}

/// The key of a host at an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostKey {
    /// The host.
    pub host: IpAddr,
    /// Its role in the traffic that the entry counts.
    pub role: Role,
    /// Its side of the interface.
    pub side: Side,
}

impl Priority for HostKey {
    /// Hashes the address alone, so that a host is kept or dropped at all interfaces and in both roles alike.
    fn priority(&self) -> u64 {
        stable_hash(&address_bytes(self.host))
    }
}

/// Sketches of the peers and services of a host, made when its pairs overflow their cap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostSketches {
    /// Distinct peers.
    pub peers: DistinctSketch,
    /// Distinct (protocol, port).
    pub services: DistinctSketch,
    /// Distinct (peer, protocol, port) attempted.
    pub attempted: DistinctSketch,
    /// Distinct (peer, protocol, port) answered.
    pub answered: DistinctSketch,
}

impl HostSketches {
    fn insert(&mut self, key: &PairKey, attempted: bool, answered: bool) {
        self.peers.insert(stable_hash(&address_bytes(key.peer)));
        let port = key.service.port.to_le_bytes();
        self.services.insert(stable_hash(&[key.service.protocol, port[0], port[1]]));
        let pair = key.priority();
        if attempted {
            self.attempted.insert(pair);
        }
        if answered {
            self.answered.insert(pair);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.peers.merge(&other.peers);
        self.services.merge(&other.services);
        self.attempted.merge(&other.attempted);
        self.answered.merge(&other.answered);
    }
}

/// The aggregate of a host in a role: exact totals, and its pairs up to a cap, sketched beyond.
#[derive(Debug, Clone, PartialEq)]
pub struct HostAggregate {
    totals: HostTotals,
    span: Span,
    pairs: BottomK<PairKey, PairAggregate>,
    sketches: Option<Box<HostSketches>>,
}

impl Default for HostAggregate {
    fn default() -> Self {
        Self {
            totals: HostTotals::default(),
            span: Span::default(),
            pairs: BottomK::new(Self::MAX_PAIRS),
            sketches: None,
        }
    }
}

impl HostAggregate {
    /// The maximum number of pairs kept per host, role, interface and window. Beyond, those whose keys hash lowest are kept.
    pub const MAX_PAIRS: usize = 4096;

    /// Adds one row: its sums to the totals of the host, and its exchange to the totals of the pair.
    pub fn fold(&mut self, key: PairKey, totals: HostTotals, exchange: PairTotals, span: Span) {
        self.totals.merge(totals);
        self.span.merge(span);
        if let Some(pair) = self.pairs.entry(key) {
            pair.merge(PairAggregate { totals: exchange, span });
        }
        if let Some(sketches) = &mut self.sketches {
            sketches.insert(&key, exchange.attempt_rows > 0, exchange.reply_rows > 0);
        } else if self.pairs.overflowed() {
            self.sketches = Some(Box::new(self.to_sketches()));
        }
    }

    /// Counts a row in which the interface forwarded traffic between this host and another one.
    pub fn record_forwarded(&mut self, span: Span) {
        self.span.merge(span);
        self.totals.merge(HostTotals { forwarded_rows: 1, ..HostTotals::default() });
    }

    /// Restores the stored form: totals, the pairs that were kept, and sketches where pairs were dropped.
    #[must_use]
    pub fn restore(
        totals: HostTotals,
        span: Span,
        pairs: impl IntoIterator<Item = (PairKey, PairAggregate)>,
        sketches: Option<HostSketches>,
    ) -> Self {
        let mut host = Self { totals, span, ..Self::default() };
        for (key, pair) in pairs {
            if let Some(mine) = host.pairs.entry(key) {
                mine.merge(pair);
            }
        }
        if let Some(sketches) = sketches {
            host.pairs.restore_overflow();
            host.sketches = Some(Box::new(sketches));
        }
        host
    }

    /// The sketches, computed from the pairs where there are none yet.
    fn to_sketches(&self) -> HostSketches {
        if let Some(sketches) = &self.sketches {
            return HostSketches::clone(sketches);
        }
        let mut sketches = HostSketches::default();
        for (key, pair) in self.pairs.iter() {
            sketches.insert(key, pair.attempted(), pair.answered());
        }
        sketches
    }

    /// Sums over all rows.
    #[must_use]
    pub fn totals(&self) -> &HostTotals {
        &self.totals
    }

    /// The time from the start of the first row to the end of the last.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The pairs kept.
    #[must_use]
    pub fn pairs(&self) -> &BottomK<PairKey, PairAggregate> {
        &self.pairs
    }

    /// The sketches, once pairs overflowed.
    #[must_use]
    pub fn sketches(&self) -> Option<&HostSketches> {
        self.sketches.as_deref()
    }

    /// Drops pairs beyond the cap. Folding and merging do so only from time to time.
    pub fn prune(&mut self) {
        self.pairs.prune();
    }

    /// The number of distinct peers: exact up to the cap, an estimate beyond.
    #[must_use]
    pub fn distinct_peers(&self) -> u64 {
        self.distinct(|s| &s.peers, |k| k.peer)
    }

    /// The number of distinct (protocol, port): exact up to the cap, an estimate beyond.
    #[must_use]
    pub fn distinct_services(&self) -> u64 {
        self.distinct(|s| &s.services, |k| k.service)
    }

    /// The number of distinct (peer, protocol, port): exact up to the cap, an estimate beyond.
    #[must_use]
    pub fn distinct_pairs(&self) -> u64 {
        match &self.sketches {
            Some(s) => s.attempted.estimate().max(s.answered.estimate()).max(self.pairs.len() as u64),
            None => self.pairs.len() as u64,
        }
    }

    fn distinct<T: Ord>(&self, sketch: impl Fn(&HostSketches) -> &DistinctSketch, part: impl Fn(&PairKey) -> T) -> u64 {
        if let Some(s) = &self.sketches {
            return sketch(s).estimate();
        }
        let mut parts: Vec<T> = self.pairs.iter().map(|(k, _)| part(k)).collect();
        parts.sort_unstable();
        parts.dedup();
        parts.len() as u64
    }
}

impl Merge for HostAggregate {
    fn merge(&mut self, other: Self) {
        // Merging may drop pairs, so the sketches are computed before, and kept only if the union overflows.
        let may_overflow = self.sketches.is_some()
            || other.sketches.is_some()
            || self.pairs.len() + other.pairs.len() > Self::MAX_PAIRS;
        let sketches = may_overflow.then(|| {
            let mut union = self.to_sketches();
            union.merge(&other.to_sketches());
            Box::new(union)
        });
        self.totals.merge(other.totals);
        self.span.merge(other.span);
        self.pairs.merge(other.pairs);
        self.sketches = sketches.filter(|_| self.pairs.overflowed());
    }
}
