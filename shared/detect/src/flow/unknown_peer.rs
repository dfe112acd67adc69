//! `unknown-peer`: a lot is exchanged with somebody on the internet whom no monitored host ever asked for anything.
//!
//! New addresses are usual where a provider has many (object storage, content delivery): what counts there is how much
//! the host exchanges with addresses it meets once. In a network (about a provider) that nobody ever asked, the floor is
//! enough, and no floor is needed where a program stays with a service that nobody here ever used (mining pools, chat servers
//! of bots).

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::baseline::PairHabit;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};

use super::WindowContext;
use super::known::Known;
use super::traffic::{Line, Traffic, Verdict, confidence, is_public};

/// Bytes both ways in a window of five minutes with somebody in a network that nobody asked before: more than a page has (2 to 3 MB,
/// says the HTTP Archive).
pub const BYTES_IN_A_NEW_NETWORK: f64 = 5e6;
/// The same in a network that somebody asked before.
pub const BYTES: f64 = 20e6;
/// The same on a service that nobody used before, towards a network that nobody asked, where a program stays with it.
pub const BYTES_OF_A_NEW_SERVICE: f64 = 2_000.0;
/// Services that everybody uses sooner or later: DNS, web, NTP, DNS over TLS.
const EVERYBODYS: [u16; 5] = [53, 80, 123, 443, 853];
/// From here up systems pick client ports: they name no service.
const FIRST_EPHEMERAL_PORT: u16 = 32768;
/// How many times what is usual with somebody who is met once.
pub const TIMES_USUAL: f64 = 4.0;
/// Hours in which somebody was met, of whom the host then knows little.
const MET_ONCE: u32 = 2;

/// Looks at a host's window; what it finds is no longer left to explain. The peer most was exchanged with is named.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &Known<'_>,
    context: &WindowContext<'_>,
) -> Option<(Subject, Hit)> {
    if !known.is_known_host() {
        return None;
    }
    let mut peers: BTreeMap<IpAddr, Vec<Line<'_>>> = BTreeMap::new();
    for line in traffic.begun.iter().filter(|line| line.pair.attempted() && is_public(line.key.peer)) {
        peers.entry(line.key.peer).or_default().push(*line);
    }
    // One key that is known makes the peer known.
    peers.retain(|_, lines| lines.iter().all(|line| known.is_new_contact(&line.key)));
    let unknown = |(peer, lines): (IpAddr, Vec<Line<'_>>)| {
        let bytes = lines.iter().map(Line::bytes).fold(0, u64::saturating_add);
        let answered = lines.iter().any(|line| line.totals().packets_received > 0);
        let new_network = known.is_new_network(peer);
        let floor = match new_network {
            true if lines.iter().any(|line| stays_with_a_new_service(line, known, context)) => BYTES_OF_A_NEW_SERVICE,
            true => BYTES_IN_A_NEW_NETWORK,
            false => BYTES,
        };
        (answered && bytes as f64 >= floor).then_some((peer, bytes, new_network, floor))
    };
    let candidates: Vec<_> = peers.clone().into_iter().filter_map(unknown).collect();
    if candidates.is_empty() {
        return None;
    }
    let usual = usual_with_somebody_new(known);
    let over = |&(_, bytes, new_network, floor): &(IpAddr, u64, bool, f64)| {
        bytes as f64 / if new_network { floor } else { floor.max(TIMES_USUAL * usual) }
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

/// Whether packets go both ways for most of the window, over a service that no monitored host is known to use.
fn stays_with_a_new_service(line: &Line<'_>, known: &Known<'_>, context: &WindowContext<'_>) -> bool {
    let (service, t, span) = (line.key.service, line.totals(), line.pair.span);
    let names_something =
        service.port > 0 && service.port < FIRST_EPHEMERAL_PORT && !EVERYBODYS.contains(&service.port);
    names_something
        && t.attempt_rows.min(t.reply_rows) >= 3
        && 4 * span.last.saturating_sub(span.first) >= 3 * context.length.seconds()
        && known.is_new_service(service)
}

/// Bytes both ways, an hour, that one in twenty of the public peers exceeds whom the host met once: O(pairs of the host).
fn usual_with_somebody_new(known: &Known<'_>) -> f64 {
    let Some(host) = known.host else { return 0.0 };
    let bytes = |pair: &PairHabit| pair.bytes_sent.most() + pair.bytes_received.most();
    let met = host.pairs.iter().filter(|(key, pair)| is_public(key.peer) && pair.seen.hours <= MET_ONCE);
    let mut met: Vec<f64> = met.map(|(_, pair)| bytes(pair)).collect();
    met.sort_by(f64::total_cmp);
    let at = met.len().saturating_sub(1 + met.len() / 20);
    met.get(at).copied().unwrap_or(0.0)
}

/// Medium: new services are met every day. High where much goes to a network that nobody here ever used.
fn severity(new_network: bool, bytes: u64) -> Severity {
    if new_network && bytes as f64 >= 20.0 * BYTES_IN_A_NEW_NETWORK { Severity::High } else { Severity::Medium }
}
