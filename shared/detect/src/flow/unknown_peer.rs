//! `unknown-peer`: a lot is exchanged with somebody whom no monitored host ever asked for anything.
//!
//! New addresses on the internet are typical where a provider has many (object storage, content delivery): what counts there is
//! how much the host exchanges with addresses it meets once. In a network (about a provider) that nobody ever asked, the floor
//! is enough; it is lower for a service that nobody here ever used, and none is needed where a program stays with one (mining
//! pools, chat servers of bots). Who browses meets somebody new all day long, and gets much from some of them: of such a host
//! only what it sends counts.
//!
//! Inside, somebody new is typical for a host that goes to others over the service already (a server was added), so there it is
//! the service that must be new to the host.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{Service, is_private};
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence};
use weir_domain::address::is_public;

/// Bytes both ways in a window of five minutes with somebody in a network that nobody asked before: more than a page has (2 to 3 MB,
/// says the HTTP Archive).
pub const BYTES_IN_A_NEW_NETWORK: f64 = 5e6;
/// The same in a network that somebody asked before.
pub const BYTES: f64 = 20e6;
/// The same on a service that nobody used before, towards a network that nobody asked, where a program stays with it.
pub const BYTES_OF_A_NEW_SERVICE: f64 = 2_000.0;
/// The same where it is one exchange of a connection or a few.
pub const BYTES_ONCE_OF_A_NEW_SERVICE: f64 = 1e6;
/// The same with somebody inside whom nobody here ever asked for that service, by a host that never used it: a page, a report.
pub const BYTES_INSIDE: f64 = 500e3;
/// Public hosts met once over a service, in the time learned from, from which on somebody new is nothing new: who browses.
const BROWSES: usize = 20;
/// Services that everybody uses sooner or later: DNS, web, NTP, DNS over TLS.
const EVERYBODYS: [u16; 5] = [53, 80, 123, 443, 853];
/// From here up systems pick client ports: they name no service.
const FIRST_EPHEMERAL_PORT: u16 = 32768;
/// Minimum factor over the baseline with somebody who is met once.
pub const TIMES_BASELINE: f64 = 4.0;
/// Hours in which somebody was met, of whom the host then knows little.
const MET_ONCE: u32 = 2;

/// Looks at a host's window; what it finds is no longer left to explain. The peer most was exchanged with is named.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Option<(Subject, Hit)> {
    if !known.is_established_host() {
        return None;
    }
    outside(traffic, known, context).or_else(|| inside(traffic, known, context))
}

/// Somebody on the internet.
fn outside(traffic: &mut Traffic<'_>, known: &BaselineView<'_>, context: &WindowContext<'_>) -> Option<(Subject, Hit)> {
    let mut peers: BTreeMap<IpAddr, Vec<Line<'_>>> = BTreeMap::new();
    for line in traffic.begun.iter().filter(|line| line.pair.attempted() && is_public(line.key.peer)) {
        peers.entry(line.key.peer).or_default().push(*line);
    }
    // One key that is known makes the peer known.
    peers.retain(|_, lines| lines.iter().all(|line| known.is_new_contact(&line.key)));
    let met = MetOnce::from_baseline(known);
    let unknown = |(peer, lines): (IpAddr, Vec<Line<'_>>)| {
        let browses = lines.iter().all(|line| met.browses(line.key.service));
        let counted = |line: &Line<'_>| if browses { line.totals().bytes_sent } else { line.bytes() };
        let bytes = lines.iter().map(counted).fold(0, u64::saturating_add);
        let answered = lines.iter().any(|line| line.totals().packets_received > 0);
        let new_network = known.is_new_network(peer) && !browses;
        let new_service = |line: &Line<'_>| names_something(line.key.service) && known.is_new_service(line.key.service);
        let floor = match new_network {
            true if lines.iter().any(|line| stays_with_a_new_service(line, known, context)) => BYTES_OF_A_NEW_SERVICE,
            true if lines.iter().all(new_service) => BYTES_ONCE_OF_A_NEW_SERVICE,
            true => BYTES_IN_A_NEW_NETWORK,
            false if browses => BYTES.max(TIMES_BASELINE * met.most_sent),
            false => BYTES,
        };
        (answered && bytes as f64 >= floor).then_some((peer, bytes, new_network, floor))
    };
    let candidates: Vec<_> = peers.clone().into_iter().filter_map(unknown).collect();
    if candidates.is_empty() {
        return None;
    }
    let usual = met.usual;
    let over = |&(_, bytes, new_network, floor): &(IpAddr, u64, bool, f64)| {
        bytes as f64 / if new_network { floor } else { floor.max(TIMES_BASELINE * usual) }
    };
    let found: Vec<_> = candidates.into_iter().filter(|candidate| over(candidate) >= 1.0).collect();
    let strongest = *found.iter().max_by(|a, b| over(a).total_cmp(&over(b)).then(b.0.cmp(&a.0)))?;
    let (peer, bytes, new_network, _) = strongest;
    let lines: Vec<Line<'_>> = found.iter().filter_map(|(peer, ..)| peers.get(peer)).flatten().copied().collect();
    let most = peers.get(&peer)?.iter().max_by_key(|line| (line.bytes(), std::cmp::Reverse(line.key)))?.key;
    traffic.explain(&lines);
    let verdict = Verdict {
        kind: Kind::UnknownPeer,
        peer: None,
        severity: severity(new_network, bytes),
        confidence: confidence(over(&strongest), if new_network { 65 } else { 55 }, 90),
        facts: Facts::UnknownPeer {
            peer,
            protocol: most.service.protocol,
            port: most.service.port,
            bytes,
            usual_bytes: if new_network { 0.0 } else { usual },
        },
    };
    Some(verdict.hit(traffic.host, context, &lines))
}

/// Whether packets go both ways for most of the window, over a service that no monitored host used.
fn stays_with_a_new_service(line: &Line<'_>, known: &BaselineView<'_>, context: &WindowContext<'_>) -> bool {
    let (service, t, span) = (line.key.service, line.totals(), line.pair.span);
    names_something(service)
        && t.attempt_rows.min(t.reply_rows) >= 3
        && 4 * span.last.saturating_sub(span.first) >= 3 * context.length.seconds()
        && known.is_new_service(service)
}

/// Whether a port names a service, and one that not everybody uses sooner or later.
pub(super) fn names_something(service: Service) -> bool {
    service.port > 0 && service.port < FIRST_EPHEMERAL_PORT && !EVERYBODYS.contains(&service.port)
}

/// The public peers whom the host met once.
#[derive(Default)]
struct MetOnce {
    by_service: BTreeMap<Service, usize>,
    /// Bytes both ways, an hour, that one in twenty of them exceeds.
    usual: f64,
    /// The most bytes sent to one of them in an hour.
    most_sent: f64,
}

impl MetOnce {
    /// O(pairs of the host).
    fn from_baseline(known: &BaselineView<'_>) -> Self {
        let Some(host) = known.host else { return Self::default() };
        let mut met = Self::default();
        let mut bytes = Vec::new();
        for (key, pair) in host.pairs.iter().filter(|(key, pair)| is_public(key.peer) && pair.seen.hours <= MET_ONCE) {
            // What is looked at is not what it is compared with.
            if known.baseline.is_established(pair.seen, known.at) {
                *met.by_service.entry(key.service).or_default() += 1;
                met.most_sent = met.most_sent.max(pair.bytes_sent.max());
            }
            bytes.push(pair.bytes_sent.max() + pair.bytes_received.max());
        }
        bytes.sort_by(f64::total_cmp);
        met.usual = bytes.get(bytes.len().saturating_sub(1 + bytes.len() / 20)).copied().unwrap_or(0.0);
        met
    }

    fn browses(&self, service: Service) -> bool {
        self.by_service.get(&service).is_some_and(|met| *met >= BROWSES)
    }
}

/// Somebody inside, over a service that the host never used and nobody asks that one for.
fn inside(traffic: &mut Traffic<'_>, known: &BaselineView<'_>, context: &WindowContext<'_>) -> Option<(Subject, Hit)> {
    let is_new = |line: &&Line<'_>| {
        let key = &line.key;
        line.pair.attempted()
            && line.pair.answered()
            && (traffic.is_own(key.peer) || is_private(key.peer))
            && names_something(key.service)
            && line.bytes() as f64 >= BYTES_INSIDE
            && known.begins(key.service).is_none()
            && known.is_new_contact(key)
    };
    let lines: Vec<Line<'_>> = traffic.begun.iter().filter(is_new).copied().collect();
    let most = lines.iter().max_by_key(|line| (line.bytes(), std::cmp::Reverse(line.key)))?;
    let verdict = Verdict {
        kind: Kind::UnknownPeer,
        peer: None,
        severity: Severity::Medium,
        confidence: confidence(most.bytes() as f64 / BYTES_INSIDE, 55, 85),
        facts: Facts::UnknownPeer {
            peer: most.key.peer,
            protocol: most.key.service.protocol,
            port: most.key.service.port,
            bytes: most.bytes(),
            usual_bytes: 0.0,
        },
    };
    traffic.explain(&lines);
    Some(verdict.hit(traffic.host, context, &lines))
}

/// Medium: new services are met every day. High where much goes to a network that nobody here ever used.
fn severity(new_network: bool, bytes: u64) -> Severity {
    if new_network && bytes as f64 >= 20.0 * BYTES_IN_A_NEW_NETWORK { Severity::High } else { Severity::Medium }
}
