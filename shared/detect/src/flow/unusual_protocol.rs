//! `unusual-protocol`: a protocol or service that was never used, or one that carries what it is not made for.
//!
//! Tunnels are recognised by what the protocol is made for, without a baseline: a DNS question is a name of at most 255 bytes
//! (RFC 1035), an echo request is small. Other protocols than TCP, UDP and ICMP are typical where they were used before.
//! New services of TCP and UDP are a matter of whom they are asked of: see `unknown-peer`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{PairTotals, Role, Service};
use weir_domain::bounded::Merge;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};
use weir_domain::flow::{ICMP, ICMP_V6, TCP, UDP};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence};
use weir_domain::address::is_public;

/// The port of DNS.
pub(super) const DNS: u16 = 53;
/// Bytes of a packet that no DNS question has: 255 of name, 16 of the rest of the question and header, 11 to 23 of EDNS,
/// 48 of UDP over IPv6.
const LARGE_QUESTION: u64 = 350;
/// Bytes of a packet that questions rarely have on average: 28 of IP and UDP, 16 of header and type, 11 of EDNS, and a name of
/// some 15 to 50 bytes. Data in names makes it more, where it goes to a server outside that nobody here asked before.
pub(super) const LONG_QUESTION: u64 = 150;
/// Such questions in a window of five minutes.
pub const LONG_QUESTIONS: u64 = 50;
/// Bytes of a packet that an echo request rarely has: 84 by default, up to 300 in monitoring.
pub(super) const LARGE_ECHO: u64 = 500;
/// Packets of such sizes, in a window of five minutes, that are no chance.
pub const LARGE_PACKETS: u64 = 15;
/// Bytes of them.
pub const LARGE_BYTES: u64 = 20_000;
/// Bytes asked of one DNS server over UDP, whatever the size of the packets: some 10,000 questions.
pub const DNS_BYTES: f64 = 1e6;
/// Bytes both ways of a protocol that was never used.
pub const PROTOCOL_BYTES: u64 = 20_000;
/// Minimum factor over the baseline.
pub const TIMES_BASELINE: f64 = 8.0;
/// IGMP, VRRP and the like keep networks together and say little.
const HOUSEKEEPING: [u8; 4] = [2, 89, 103, 112];

/// What was found about some lines.
struct Found<'a> {
    service: Service,
    tunnel: bool,
    new_here: bool,
    over: f64,
    severity: Severity,
    lines: Vec<Line<'a>>,
}

/// Looks at a host's window; what it finds is no longer left to explain. One hit says the strongest.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Option<(Subject, Hit)> {
    let mut peers: BTreeMap<(IpAddr, Service), Vec<Line<'_>>> = BTreeMap::new();
    for line in traffic.lines() {
        // Where a protocol has no ports both ends begin: the two lines of a pair are one exchange. Else the host began it.
        if line.key.service.port == 0 || (line.role == Role::Initiator && line.pair.attempted()) {
            peers.entry((line.key.peer, line.key.service)).or_default().push(*line);
        }
    }
    let found = peers.into_iter().filter_map(|((peer, service), lines)| {
        let totals = lines.iter().fold(PairTotals::default(), |mut sum, line| {
            sum.merge(*line.totals());
            sum
        });
        let found = match service {
            Service { protocol: UDP, port: DNS } => dns(&totals, &lines, known),
            Service { protocol: ICMP | ICMP_V6, .. } => echo(&totals, service),
            Service { protocol: TCP | UDP, .. } => None,
            _ => new_protocol(service, &totals, &lines, traffic, known),
        };
        found.map(|found| (peer, totals, Found { lines, ..found }))
    });
    let (peer, totals, found) = found
        .max_by(|(a, _, x), (b, _, y)| (x.severity).cmp(&y.severity).then(x.over.total_cmp(&y.over)).then(b.cmp(a)))?;
    traffic.explain(&found.lines);
    let verdict = Verdict {
        kind: Kind::UnusualProtocol,
        peer: None,
        severity: found.severity,
        confidence: confidence(found.over, if found.tunnel { 80 } else { 60 }, 95),
        facts: Facts::UnusualProtocol {
            peer,
            protocol: found.service.protocol,
            port: found.service.port,
            packets: totals.packets_sent.saturating_add(totals.packets_received),
            bytes: totals.bytes_sent.saturating_add(totals.bytes_received),
            tunnel: found.tunnel,
            new_here: found.new_here,
        },
    };
    Some(verdict.hit(traffic.host, context, &found.lines))
}

fn found<'a>(service: Service, over: f64, severity: Severity) -> Found<'a> {
    Found { service, tunnel: true, new_here: false, over, severity, lines: Vec::new() }
}

/// Whether packets are many and larger than a protocol is made for.
fn large(packets: u64, bytes: u64, size: u64) -> Option<f64> {
    let is_large = packets >= LARGE_PACKETS && bytes >= LARGE_BYTES.max(packets.saturating_mul(size));
    is_large.then(|| bytes as f64 / LARGE_BYTES as f64)
}

/// Questions that are larger than names, or far more than this host ever asks.
fn dns<'a>(t: &PairTotals, lines: &[Line<'a>], known: &BaselineView<'_>) -> Option<Found<'a>> {
    let key = lines.first()?.key;
    if let Some(over) = large(t.packets_sent, t.bytes_sent, LARGE_QUESTION) {
        return Some(found(key.service, over, Severity::High));
    }
    let long = t.packets_sent >= LONG_QUESTIONS && t.bytes_sent >= t.packets_sent.saturating_mul(LONG_QUESTION);
    if long && is_public(key.peer) && known.is_established_host() && known.is_new_contact(&key) {
        return Some(found(key.service, t.packets_sent as f64 / LONG_QUESTIONS as f64, Severity::High));
    }
    // A resolver asks for all of its clients: the baseline of all of DNS is what to compare with.
    let usual = known.usual(known.begins(key.service).map(|habit| &habit.bytes));
    let over = t.bytes_sent as f64 / (TIMES_BASELINE * usual).max(DNS_BYTES);
    let several = known.others(&key) >= 2;
    (over >= 1.0 && !several && known.is_established_host()).then(|| found(key.service, over, Severity::Medium))
}

/// Echoes, both ways, that are larger than any monitoring sends. Unanswered ones are a flood or a sweep, if anything.
fn echo<'a>(t: &PairTotals, service: Service) -> Option<Found<'a>> {
    let (packets, bytes) =
        (t.packets_sent.saturating_add(t.packets_received), t.bytes_sent.saturating_add(t.bytes_received));
    let both_ways = t.packets_sent.min(t.packets_received) >= LARGE_PACKETS;
    let over = large(packets, bytes, LARGE_ECHO).filter(|_| both_ways)?;
    // A person who tries what size of packet gets through sends one a second for a while.
    (bytes >= 10 * LARGE_BYTES).then(|| found(service, over / 10.0, Severity::High))
}

/// A protocol beside TCP, UDP and ICMP that this host never used.
fn new_protocol<'a>(
    service: Service,
    t: &PairTotals,
    lines: &[Line<'a>],
    traffic: &Traffic<'_>,
    known: &BaselineView<'_>,
) -> Option<Found<'a>> {
    let bytes = t.bytes_sent.saturating_add(t.bytes_received);
    let began =
        t.packets_sent > 0 && lines.iter().any(|line| !traffic.is_own(line.key.peer) || line.role == Role::Initiator);
    if !known.is_established_host() || HOUSEKEEPING.contains(&service.protocol) || !began || bytes < PROTOCOL_BYTES {
        return None;
    }
    let is_established = known.begins(service).or_else(|| known.serves(service)).is_some();
    let several = lines.iter().any(|line| known.others(&line.key) >= 2);
    (!is_established && !several).then(|| Found {
        // GRE, IP in IP and the like are tunnels by nature; what matters is that it is new.
        tunnel: false,
        new_here: known.is_new_service(service),
        ..found(service, bytes as f64 / PROTOCOL_BYTES as f64, Severity::High)
    })
}
