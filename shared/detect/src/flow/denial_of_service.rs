//! `denial-of-service`: more is sent to a host than it answers, or one of ours sends so.
//!
//! A flood is recognised by what cannot be a conversation, whatever its volume is compared with: answers that nobody asked for,
//! openings that are not gone on with, packets that nobody answers. Then it must be large, and many times what the
//! host is used to. (GuardDuty's `Backdoor:EC2/DenialOfService.*` name the kinds; it publishes no thresholds.)

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{PairTotals, Role, Service, Span};
use weir_domain::bounded::Merge;
use weir_domain::finding::{Facts, Flood, Hit, Kind, Severity, Subject};
use weir_domain::flow::{ICMP, ICMP_V6, TCP, UDP};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence, header_only};
use weir_domain::address::is_public;

/// Services that answer a small question with a large answer, or to anybody: UDP ports from CISA's alert TA14-017A
/// (UDP-based amplification attacks).
const AMPLIFIERS: [u16; 18] =
    [17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 520, 1434, 1900, 3283, 3702, 5353, 11211, 27015];

/// Packets of answers that nobody asked for, in a window of five minutes: 17 a second.
pub const UNSOLICITED_PACKETS: u64 = 5_000;
/// TCP openings towards one service that come to nothing: 3 a second. Also more than went well.
pub const HALF_OPEN: u64 = 1_000;
/// The same where the host has a baseline and such openings are rare there: one every three seconds, and so many times what is
/// usual of them.
pub const HALF_OPEN_WHERE_RARE: f64 = 100.0;
/// Minimum factor over the baseline of openings that come to nothing.
const TIMES_BASELINE_HALF_OPEN: f64 = 8.0;
/// TCP packets without payload either way, towards one service: 67 a second. A conversation carries something.
pub const EMPTY_PACKETS: u64 = 20_000;
/// Packets that the host does not answer: 100 a second.
pub const UNANSWERED_PACKETS: u64 = 30_000;
/// Packets of one of ours that one victim does not answer: 33 a second.
pub const PACKETS_SENT: u64 = 10_000;
/// The same where they come in a rush, that is at least [`RUSH`] a second, as no person and no protocol sends them to whom
/// does not answer.
pub const PACKETS_IN_A_RUSH: u64 = 500;
/// Packets a second of a rush.
pub const RUSH: u64 = 200;
/// Minimum factor over the baseline. Telemetry is not answered either; a peak is rarely more than a few times a typical day.
pub const TIMES_BASELINE: f64 = 4.0;
/// One packet back for so many there is no conversation.
const ONE_BACK_FOR: u64 = 20;

/// Looks at a host's window; what it finds is no longer left to explain.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Vec<(Subject, Hit)> {
    if !traffic.host.monitored {
        return Vec::new();
    }
    let mut found = Vec::new();
    for detect in [amplified, half_open, unanswered_inbound, outbound] {
        if let Some(flood) = detect(traffic, known) {
            let host = traffic.host;
            traffic.explain(&flood.lines);
            // One victim is flooded once, however; the first says it.
            let hit = flood.verdict(host.host).hit(host, context, &flood.lines);
            if found.is_empty() {
                found.push(hit);
            }
        }
    }
    found
}

/// A flood and what it is made of.
struct Found<'a> {
    flood: Flood,
    /// The victim outside, of a flood that one of ours sends.
    target: Option<IpAddr>,
    service: Service,
    packets: u64,
    bytes: u64,
    sources: u64,
    usual_packets: f64,
    over: f64,
    lines: Vec<Line<'a>>,
}

impl Found<'_> {
    /// From one of ours it is an intruder at work: high. Towards one of ours it is high where a service is at stake (ten
    /// times the threshold, and let through), else medium.
    fn verdict(&self, host: IpAddr) -> Verdict {
        let stopped = self.lines.iter().all(|line| line.totals().rejected_rows > 0);
        let severity = match self.target {
            Some(_) => Severity::High,
            None if self.over >= 10.0 && !stopped => Severity::High,
            None => Severity::Medium,
        };
        Verdict {
            kind: Kind::DenialOfService,
            peer: None,
            severity,
            confidence: confidence(self.over, 80, 99),
            facts: Facts::DenialOfService {
                flood: self.flood,
                inbound: self.target.is_none(),
                target: self.target.unwrap_or(host),
                protocol: self.service.protocol,
                port: self.service.port,
                sources: self.sources,
                packets: self.packets,
                bytes: self.bytes,
                usual_packets: self.usual_packets,
            },
        }
    }
}

/// Distinct peers of some lines, scaled to all pairs.
fn peers(lines: &[Line<'_>], scale: f64) -> u64 {
    let mut peers: Vec<IpAddr> = lines.iter().map(|line| line.key.peer).collect();
    peers.sort_unstable();
    peers.dedup();
    scaled(peers.len() as u64, scale)
}

fn scaled(count: u64, scale: f64) -> u64 {
    (count as f64 * scale).round() as u64
}

fn sum(lines: &[Line<'_>]) -> PairTotals {
    lines.iter().fold(PairTotals::default(), |mut sum, line| {
        sum.merge(*line.totals());
        sum
    })
}

/// The service most of some lines' packets are of.
fn leading(lines: &[Line<'_>]) -> Service {
    let mut packets: BTreeMap<Service, u64> = BTreeMap::new();
    for line in lines {
        let most = line.totals().packets_received.max(line.totals().packets_sent);
        let sum = packets.entry(line.key.service).or_default();
        *sum = sum.saturating_add(most);
    }
    let first = packets.into_iter().max_by_key(|(service, n)| (*n, std::cmp::Reverse(*service)));
    first.map_or(Service { protocol: 0, port: 0 }, |(service, _)| service)
}

/// Answers to questions that somebody else asked in the host's name.
fn amplified<'a>(traffic: &Traffic<'a>, _: &BaselineView<'_>) -> Option<Found<'a>> {
    let unasked = |line: &&Line<'_>| {
        let (service, t) = (line.key.service, line.totals());
        service.protocol == UDP && AMPLIFIERS.contains(&service.port) && t.attempt_rows == 0 && t.packets_sent == 0
    };
    let lines: Vec<Line<'a>> = traffic.begun.iter().filter(unasked).copied().collect();
    let (scale, sum) = (traffic.sampling(Role::Initiator), sum(&lines));
    let packets = scaled(sum.packets_received, scale);
    (packets >= UNSOLICITED_PACKETS).then(|| Found {
        flood: Flood::Amplification,
        target: None,
        service: leading(&lines),
        packets,
        bytes: scaled(sum.bytes_received, scale),
        sources: peers(&lines, scale),
        usual_packets: 0.0,
        over: packets as f64 / UNSOLICITED_PACKETS as f64,
        lines,
    })
}

/// TCP towards one service that carries nothing: openings that come to nothing, or packets without payload.
fn half_open<'a>(traffic: &Traffic<'a>, known: &BaselineView<'_>) -> Option<Found<'a>> {
    let scale = traffic.sampling(Role::Responder);
    let mut services: BTreeMap<Service, (u64, Vec<Line<'a>>)> = BTreeMap::new();
    for line in traffic.served.iter().filter(|line| line.key.service.protocol == TCP) {
        let (t, (flows, empty)) = (line.totals(), services.entry(line.key.service).or_default());
        *flows += t.opening_rows;
        // What one of ours does is reported as its own.
        let nothing = header_only(t.packets_received, t.bytes_received) && header_only(t.packets_sent, t.bytes_sent);
        if nothing && t.attempt_rows > 0 && !traffic.is_own(line.key.peer) {
            empty.push(*line);
        }
    }
    let flood = |(service, (flows, lines)): (Service, (u64, Vec<Line<'a>>))| {
        let sum = sum(&lines);
        let usual = known.serves(service);
        let (openings, packets) = (scaled(sum.half_open_rows, scale), scaled(sum.packets_received, scale));
        let by_openings =
            openings as f64 / (TIMES_BASELINE * known.typical_of_all(usual.map(|u| &u.flows))).max(HALF_OPEN as f64);
        // Openings that come to nothing are unusual by themselves: a typical day's number of flows is enough to compare with.
        let usual_half_open = known.usual(usual.map(|u| &u.half_open));
        let rare = (TIMES_BASELINE_HALF_OPEN * usual_half_open).max(HALF_OPEN_WHERE_RARE);
        // At a port that serves nobody nothing is at stake: that is the scan of a botnet.
        let at_stake = known.is_established_host() && usual.is_some();
        let enough = if at_stake { rare.min(HALF_OPEN as f64) } else { HALF_OPEN as f64 };
        let openings_count = openings as f64 >= enough && 2 * sum.half_open_rows >= flows;
        let by_packets = packets as f64 / EMPTY_PACKETS as f64;
        let over = if openings_count { by_openings.max(by_packets).max(1.0) } else { by_packets };
        (over >= 1.0).then(|| Found {
            flood: Flood::Syn,
            target: None,
            service,
            packets,
            bytes: scaled(sum.bytes_received, scale),
            sources: peers(&lines, scale),
            usual_packets: known.typical_of_all(usual.map(|u| &u.packets)),
            over,
            lines,
        })
    };
    services.into_iter().filter_map(flood).max_by_key(|found| found.packets)
}

/// Datagrams that the host does not answer.
fn unanswered_inbound<'a>(traffic: &Traffic<'a>, known: &BaselineView<'_>) -> Option<Found<'a>> {
    let mut protocols: BTreeMap<u8, Vec<Line<'a>>> = BTreeMap::new();
    // Where a protocol has no ports both ends begin, and what goes back is another line.
    let mut back: BTreeMap<(IpAddr, Service), u64> = BTreeMap::new();
    for line in traffic.lines().filter(|line| line.key.service.port == 0) {
        let sent = back.entry((line.key.peer, line.key.service)).or_default();
        *sent = sent.saturating_add(line.totals().packets_sent);
    }
    for line in traffic.lines().filter(|line| line.key.service.protocol != TCP && !traffic.is_own(line.key.peer)) {
        let t = line.totals();
        let sent = back.get(&(line.key.peer, line.key.service)).copied().unwrap_or(t.packets_sent);
        if t.packets_received > sent.saturating_mul(ONE_BACK_FOR) {
            protocols.entry(line.key.service.protocol).or_default().push(*line);
        }
    }
    let flood = |(protocol, lines): (u8, Vec<Line<'a>>)| {
        let scale = traffic.sampling(Role::Responder);
        let (sum, service) = (sum(&lines), leading(&lines));
        let packets = scaled(sum.packets_received, scale);
        let usual = known.typical_of_all(known.host.map(|host| &host.served.packets));
        let over = packets as f64 / (TIMES_BASELINE * usual).max(UNANSWERED_PACKETS as f64);
        (over >= 1.0).then(|| Found {
            flood: flood_of(protocol),
            target: None,
            service,
            packets,
            bytes: scaled(sum.bytes_received, scale),
            sources: peers(&lines, scale),
            usual_packets: usual,
            over,
            lines,
        })
    };
    protocols.into_iter().filter_map(flood).max_by_key(|found| found.packets)
}

/// Packets of the host that somebody does not answer.
fn outbound<'a>(traffic: &Traffic<'a>, known: &BaselineView<'_>) -> Option<Found<'a>> {
    let mut victims: BTreeMap<(IpAddr, u8), Vec<Line<'a>>> = BTreeMap::new();
    for line in traffic.lines() {
        victims.entry((line.key.peer, line.key.service.protocol)).or_default().push(*line);
    }
    let flood = |((peer, protocol), lines): ((IpAddr, u8), Vec<Line<'a>>)| {
        let (sum, service) = (sum(&lines), leading(&lines));
        let unanswered = sum.packets_sent > sum.packets_received.saturating_mul(ONE_BACK_FOR);
        let empty =
            header_only(sum.packets_sent, sum.bytes_sent) && header_only(sum.packets_received, sum.bytes_received);
        let is_flood = if protocol == TCP { empty && sum.attempt_rows > 0 } else { unanswered };
        // Telemetry (syslog, statsd, NetFlow) is sent in datagrams that nobody answers: where others of ours send it,
        // too, it is typical.
        let key = lines.first()?.key;
        if !is_flood || peer.is_multicast() || (protocol == UDP && known.others(&key) > 0) {
            return None;
        }
        // The baseline over a service of TCP carries payload: it does not apply to new peers.
        let comparable = protocol != TCP || lines.iter().any(|line| known.pair(&line.key).is_some());
        let usual = known.typical_of_all(known.begins(service).filter(|_| comparable).map(|habit| &habit.packets));
        let rush = sum.packets_received == 0 && is_rush(sum.packets_sent, &lines, known.at) && is_public(peer);
        let floor = if rush { PACKETS_IN_A_RUSH } else { PACKETS_SENT };
        let over = sum.packets_sent as f64 / (TIMES_BASELINE * usual).max(floor as f64);
        (over >= 1.0).then(|| Found {
            flood: flood_of(protocol),
            target: Some(peer),
            service,
            packets: sum.packets_sent,
            bytes: sum.bytes_sent,
            sources: 1,
            usual_packets: usual,
            over,
            lines,
        })
    };
    victims.into_iter().filter_map(flood).max_by_key(|found| found.packets)
}

/// Whether packets came at once: so many a second from the first of them to the last. Not near the ends of a window, where an
/// answer may be logged in the one before or after.
fn is_rush(packets: u64, lines: &[Line<'_>], window: i64) -> bool {
    let span = lines.iter().fold(Span::default(), |mut span, line| {
        span.merge(line.pair.span);
        span
    });
    let within = span.first >= window + 60 && span.last < window + 300;
    within && packets / RUSH > span.last.saturating_sub(span.first).unsigned_abs()
}

fn flood_of(protocol: u8) -> Flood {
    match protocol {
        TCP => Flood::Syn,
        UDP => Flood::Udp,
        ICMP | ICMP_V6 => Flood::Icmp,
        _ => Flood::Other,
    }
}
