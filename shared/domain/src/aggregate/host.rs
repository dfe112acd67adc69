//! What one host did in one role, as one interface saw it.

use std::net::IpAddr;

use super::pair::{PairAggregate, PairKey, Span, address_bytes};
use super::{HostTotals, PairTotals};
use crate::bounded::{BottomK, Merge, Priority};
use crate::distinct::{DistinctSketch, stable_hash};

/// Which part a host plays in its conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It begins them.
    Initiator,
    /// It is addressed.
    Responder,
}

/// Whether a host is the interface's own address, where the log says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The interface's own address.
    Own,
    /// A peer of the interface.
    Remote,
    /// The log has no flow-direction: resolved when read.
    Unknown,
}

/// A host at an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostKey {
    /// The host.
    pub host: IpAddr,
    /// Its part in what the entry counts.
    pub role: Role,
    /// Which side of the interface it is on.
    pub side: Side,
}

impl Priority for HostKey {
    /// By the address alone, so that a host is kept or dropped at all interfaces and in both roles alike.
    fn priority(&self) -> u64 {
        stable_hash(&address_bytes(self.host))
    }
}

/// Sketches of what a host touched, made when its pairs overflow their cap.
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

/// What is kept of a host in a role: exact totals, and its pairs up to a cap, sketched beyond.
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
    /// Pairs kept per host, role, interface and window; of more, those whose keys hash lowest.
    pub const MAX_PAIRS: usize = 4096;

    /// Folds one row in: its sums into the host's totals, its exchange into the pair's.
    pub fn fold(&mut self, key: PairKey, totals: HostTotals, exchange: PairTotals, span: Span) {
        self.totals.merge(totals);
        self.span.merge(span);
        if let Some(pair) = self.pairs.entry(key) {
            pair.merge(PairAggregate { totals: exchange, span });
        }
        if let Some(sketches) = &mut self.sketches {
            sketches.insert(&key, exchange.attempt_rows > 0, exchange.reply_rows > 0);
        } else if self.pairs.overflowed() {
            self.sketches = Some(Box::new(self.sketched()));
        }
    }

    /// Notes a row in which the interface passed on what this host said to, or heard from, somebody else.
    pub fn note_forwarded(&mut self, span: Span) {
        self.span.merge(span);
        self.totals.merge(HostTotals { forwarded_rows: 1, ..HostTotals::default() });
    }

    /// From the stored form: totals, the kept pairs, and sketches where pairs were dropped.
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

    /// The sketches of everything this host touched, made from its pairs where there are none yet.
    fn sketched(&self) -> HostSketches {
        if let Some(sketches) = &self.sketches {
            return (**sketches).clone();
        }
        let mut made = HostSketches::default();
        for (key, pair) in self.pairs.iter() {
            made.insert(key, pair.attempted(), pair.answered());
        }
        made
    }

    /// Sums over all rows.
    #[must_use]
    pub fn totals(&self) -> &HostTotals {
        &self.totals
    }

    /// When the host's first row began and its last ended.
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

    /// Drops pairs beyond the cap, which folding and merging only do now and then.
    pub fn prune(&mut self) {
        self.pairs.prune();
    }

    /// Distinct peers: exact up to the cap, an estimate beyond.
    #[must_use]
    pub fn distinct_peers(&self) -> u64 {
        self.distinct(|s| &s.peers, |k| k.peer)
    }

    /// Distinct (protocol, port): exact up to the cap, an estimate beyond.
    #[must_use]
    pub fn distinct_services(&self) -> u64 {
        self.distinct(|s| &s.services, |k| k.service)
    }

    /// Distinct (peer, protocol, port): exact up to the cap, an estimate beyond.
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
        // Sketches are made before merging drops pairs, and kept only if the union overflows.
        let may_overflow = self.sketches.is_some()
            || other.sketches.is_some()
            || self.pairs.len() + other.pairs.len() > Self::MAX_PAIRS;
        let sketches = may_overflow.then(|| {
            let mut union = self.sketched();
            union.merge(&other.sketched());
            Box::new(union)
        });
        self.totals.merge(other.totals);
        self.span.merge(other.span);
        self.pairs.merge(other.pairs);
        self.sketches = sketches.filter(|_| self.pairs.overflowed());
    }
}
