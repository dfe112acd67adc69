//! What of a host's window is left to be explained.
//!
//! The detections that compare with the baseline go from the most particular to the most general, and each takes away
//! the pairs it reports: what is a flood is not reported as a burst of connections as well.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::{HostAggregate, HostWindow, HostWindows, PairAggregate, PairKey, PairTotals, Role, Span};
use weir_domain::bounded::Merge;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Severity, Subject};
use weir_domain::flow::HEADER_ONLY_BYTES;

use super::context::{WindowContext, interfaces};

/// One pair of a host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) role: Role,
    pub(super) key: PairKey,
    pub(super) pair: &'a PairAggregate,
}

impl Line<'_> {
    pub(super) fn totals(&self) -> &PairTotals {
        &self.pair.totals
    }

    /// Packets and bytes of the end that began.
    pub(super) fn asked(&self) -> (u64, u64) {
        let t = self.totals();
        match self.role {
            Role::Initiator => (t.packets_sent, t.bytes_sent),
            Role::Responder => (t.packets_received, t.bytes_received),
        }
    }

    /// Bytes both ways.
    pub(super) fn bytes(&self) -> u64 {
        self.totals().bytes_sent.saturating_add(self.totals().bytes_received)
    }
}

/// Whether packets carry headers only, as far as their number and size say.
pub(super) fn header_only(packets: u64, bytes: u64) -> bool {
    bytes <= packets.saturating_mul(HEADER_ONLY_BYTES)
}

/// A window of a host: its pairs that no detection explained yet, in the order of their keys. What a gateway passes on
/// for other monitored hosts is theirs and left out.
pub(super) struct Traffic<'a> {
    pub(super) host: &'a HostWindow<'a>,
    hosts: &'a HostWindows<'a>,
    /// What it began, or is answered without having asked.
    pub(super) begun: Vec<Line<'a>>,
    /// What was begun towards it.
    pub(super) served: Vec<Line<'a>>,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(host: &'a HostWindow<'a>, hosts: &'a HostWindows<'a>) -> Self {
        let lines = |role: Role, aggregate: &'a HostAggregate| {
            let pairs = aggregate.pairs().sorted().into_iter();
            pairs.filter(|(key, _)| !host.is_forwarded(key)).map(|(key, pair)| Line { role, key: *key, pair }).collect()
        };
        Self {
            host,
            hosts,
            begun: lines(Role::Initiator, &host.initiator),
            served: lines(Role::Responder, &host.responder),
        }
    }

    /// Whether a peer is one of the monitored hosts: what it began is reported as its own.
    pub(super) fn is_own(&self, peer: IpAddr) -> bool {
        self.hosts.get(peer).is_some_and(|host| host.monitored)
    }

    /// All lines of both roles.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line<'a>> {
        self.begun.iter().chain(&self.served)
    }

    /// How many pairs each kept one stands for: more than one where a host had more pairs than are kept.
    pub(super) fn sampling(&self, role: Role) -> f64 {
        let aggregate = if role == Role::Initiator { &self.host.initiator } else { &self.host.responder };
        aggregate.distinct_pairs() as f64 / aggregate.pairs().len().max(1) as f64
    }

    /// Takes away the pairs that exchanged less than some bytes both ways.
    pub(super) fn leave_out_less_than(&mut self, bytes: u64) {
        for left in [&mut self.begun, &mut self.served] {
            left.retain(|line| line.bytes() >= bytes);
        }
    }

    /// Takes away what a detection explains.
    pub(super) fn explain(&mut self, lines: &[Line<'_>]) {
        let explained: BTreeSet<(Role, PairKey)> = lines.iter().map(|line| (line.role, line.key)).collect();
        for left in [&mut self.begun, &mut self.served] {
            left.retain(|line| !explained.contains(&(line.role, line.key)));
        }
    }
}

/// What a detection says of some pairs of a host.
pub(super) struct Verdict {
    pub(super) kind: Kind,
    pub(super) peer: Option<IpAddr>,
    pub(super) severity: Severity,
    pub(super) confidence: u8,
    pub(super) facts: Facts,
}

impl Verdict {
    /// The hit that it makes of the pairs it rests on.
    pub(super) fn hit(self, host: &HostWindow<'_>, context: &WindowContext<'_>, lines: &[Line<'_>]) -> (Subject, Hit) {
        let span = lines.iter().fold(Span::default(), |mut span, line| {
            span.merge(line.pair.span);
            span
        });
        let hit = Hit {
            window: context.start,
            window_end: context.end(),
            first_seen: span.first,
            last_seen: span.last,
            severity: self.severity,
            confidence: self.confidence,
            rows: context.rows,
            interfaces: interfaces(host),
            facts: self.facts,
            evidence: evidence(host.host, lines).into(),
        };
        (Subject { peer: self.peer, ..context.subject(self.kind, host) }, hit)
    }
}

/// Confidence between two marks, by how far over its threshold something is: the first at the threshold, the second from
/// ten times it.
pub(super) fn confidence(over: f64, least: u8, most: u8) -> u8 {
    let share = over.max(1.0).log10().min(1.0);
    (f64::from(least) + share * f64::from(most.saturating_sub(least))).round() as u8
}

/// One line of evidence per source, destination and protocol; those with most packets first, then those with most bytes.
fn evidence(host: IpAddr, lines: &[Line<'_>]) -> Vec<Evidence> {
    let mut made: BTreeMap<(IpAddr, IpAddr, u8), (u64, Evidence)> = BTreeMap::new();
    for line in lines {
        let (t, peer, service) = (line.totals(), line.key.peer, line.key.service);
        // Answers that nobody asked for are what their sender does.
        let outward = line.role == Role::Initiator && (t.attempt_rows > 0 || t.packets_sent > 0);
        let (source, destination) = if outward { (host, peer) } else { (peer, host) };
        let (packets, evidence) = made.entry((source, destination, service.protocol)).or_insert_with(|| {
            let evidence = Evidence {
                source,
                destination,
                protocol: service.protocol,
                ports: Vec::new(),
                distinct_ports: 0,
                attempts: 0,
                failed: 0,
                bytes_out: 0,
                bytes_in: 0,
            };
            (0, evidence)
        });
        let (out, back) = if outward { (t.bytes_sent, t.bytes_received) } else { (t.bytes_received, t.bytes_sent) };
        *packets = packets.saturating_add(t.packets_sent).saturating_add(t.packets_received);
        evidence.attempts = evidence.attempts.saturating_add(t.attempt_rows);
        evidence.failed += u64::from(line.pair.failed());
        evidence.bytes_out = evidence.bytes_out.saturating_add(out);
        evidence.bytes_in = evidence.bytes_in.saturating_add(back);
        if service.port > 0 && !evidence.ports.contains(&service.port) {
            evidence.distinct_ports += 1;
            if evidence.ports.len() < Evidence::MAX_PORTS {
                evidence.ports.push(service.port);
            }
        }
    }
    let mut lines: Vec<_> = made.into_values().collect();
    let volume = |e: &Evidence| e.bytes_out.saturating_add(e.bytes_in);
    lines.sort_by(|(m, a), (n, b)| {
        (n, volume(b)).cmp(&(m, volume(a))).then((a.source, a.destination).cmp(&(b.source, b.destination)))
    });
    lines.truncate(Evidence::MAX_PER_HIT);
    lines.into_iter().map(|(_, evidence)| evidence).collect()
}
