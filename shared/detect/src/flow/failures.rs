//! The failed contacts of a host: what scans and sweeps are made of.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{HostWindow, PairAggregate, PairKey, Service, Span};
use weir_domain::bounded::Merge;
use weir_domain::finding::Evidence;

/// From here up, Linux and others pick client ports. A datagram that nobody answered and that goes to such a port is as
/// likely an answer whose question was not logged (or a traceroute) as an attempt.
pub(super) const FIRST_EPHEMERAL_PORT: u16 = 32768;

/// One failed contact.
pub(super) struct Failure<'a> {
    pub(super) peer: IpAddr,
    pub(super) service: Service,
    pub(super) pair: &'a PairAggregate,
}

/// All failed contacts of a host in a window.
pub(super) fn failures<'a>(host: &'a HostWindow<'_>) -> Vec<Failure<'a>> {
    let counts = |key: &PairKey, pair: &PairAggregate| {
        let proven = pair.totals.rejected_rows > 0 || pair.totals.half_open_rows > 0;
        host.failed(key.peer, key.service) && (proven || key.service.port < FIRST_EPHEMERAL_PORT)
    };
    let pairs = host.initiator.pairs().sorted().into_iter();
    pairs
        .filter(|(key, pair)| counts(key, pair))
        .map(|(key, pair)| Failure { peer: key.peer, service: key.service, pair })
        .collect()
}

/// How many contacts each kept one stands for: more than one where a host had more pairs than are kept.
pub(super) fn sampling(host: &HostWindow<'_>) -> f64 {
    host.initiator.distinct_pairs() as f64 / host.initiator.pairs().len().max(1) as f64
}

/// When the first of some failures began and the last ended.
pub(super) fn span<'a>(failures: impl IntoIterator<Item = &'a Failure<'a>>) -> Span {
    failures.into_iter().fold(Span::default(), |mut span, failure| {
        span.merge(failure.pair.span);
        span
    })
}

/// One line of evidence per peer and protocol, those with most failed ports first.
pub(super) fn evidence(source: IpAddr, failures: &[&Failure<'_>]) -> Vec<Evidence> {
    let mut lines: BTreeMap<(IpAddr, u8), Evidence> = BTreeMap::new();
    for failure in failures {
        let line = lines.entry((failure.peer, failure.service.protocol)).or_insert_with(|| Evidence {
            source,
            destination: failure.peer,
            protocol: failure.service.protocol,
            ports: Vec::new(),
            distinct_ports: 0,
            attempts: 0,
            failed: 0,
            bytes_out: 0,
            bytes_in: 0,
        });
        let totals = &failure.pair.totals;
        line.failed += 1;
        line.attempts += totals.attempt_rows;
        line.bytes_out = line.bytes_out.saturating_add(totals.bytes_sent);
        line.bytes_in = line.bytes_in.saturating_add(totals.bytes_received);
        if failure.service.port > 0 {
            line.distinct_ports += 1;
            // Failures come in the order of their keys: the lowest ports are listed.
            if line.ports.len() < Evidence::MAX_PORTS {
                line.ports.push(failure.service.port);
            }
        }
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    lines.sort_by(|a, b| b.failed.cmp(&a.failed).then(a.destination.cmp(&b.destination)));
    lines.truncate(Evidence::MAX_PER_HIT);
    lines
}
