//! The detections that compare with the baseline: at the threshold, just below, and what looks alike but is typical.

use weir_domain::aggregate::{HostWindows, MonitoredAddresses};
use weir_domain::baseline::{Baseline, Log2Histogram, Occurrence, PairProfile, TrafficProfile, host_name};
use weir_domain::bounded::Merge;
use weir_domain::finding::{Flood, Reason, Reference, Severity};
use weir_domain::flow::{ICMP, UDP};

use super::*;
use crate::flow::{
    ExplainedTraffic, WindowContext, brute_force, connection_burst, denial_of_service, detect_whole_windows,
    exfiltration, lateral_movement, unknown_peer, unusual_protocol,
};

mod against_usual;

/// Both directions of one pair in the window, in rows.
#[derive(Debug, Clone, Copy)]
struct Exchange {
    from: IpAddr,
    to: IpAddr,
    service: Service,
    /// Rows, packets and bytes from who begins.
    asked: (u64, u64, u64),
    /// The same from who is addressed.
    answered: (u64, u64, u64),
    half_open: bool,
    /// Rows that open a connection, where not all do.
    opened: Option<u64>,
    /// Seconds from the beginning of the window.
    after: i64,
    seconds: i64,
}

impl Exchange {
    fn tcp(from: IpAddr, to: IpAddr, port: u16) -> Self {
        let service = Service { protocol: TCP, port };
        Self {
            from,
            to,
            service,
            asked: (1, 10, 2_000),
            answered: (1, 10, 2_000),
            half_open: false,
            opened: None,
            after: 0,
            seconds: 10,
        }
    }

    fn udp(from: IpAddr, to: IpAddr, port: u16) -> Self {
        Self { service: Service { protocol: UDP, port }, ..Self::tcp(from, to, port) }
    }

    fn asked(self, rows: u64, packets: u64, bytes: u64) -> Self {
        Self { asked: (rows, packets, bytes), ..self }
    }

    fn answered(self, rows: u64, packets: u64, bytes: u64) -> Self {
        Self { answered: (rows, packets, bytes), ..self }
    }
}

/// The window of some exchanges, each seen at the interfaces of the monitored ends.
fn window(exchanges: &[Exchange]) -> HourAggregate {
    let mut hour = HourAggregate::new(scope(), Hour::from_time(START), WindowLength::FIVE_MINUTES);
    for exchange in exchanges {
        for own in [exchange.from, exchange.to] {
            let Some(n) = own.to_string().strip_prefix("10.0.0.").map(str::to_owned) else { continue };
            let interface = hour.windows.entry(WindowStart(START)).or_default().interface(&format!("eni-{n}"));
            let (asked, answered) = (exchange.asked, exchange.answered);
            let first = START + exchange.after;
            let span = Span { first, last: first + exchange.seconds };
            for (host, peer, role) in
                [(exchange.from, exchange.to, Role::Initiator), (exchange.to, exchange.from, Role::Responder)]
            {
                let (sent, received) = if role == Role::Initiator { (asked, answered) } else { (answered, asked) };
                let pair = PairTotals {
                    attempt_rows: asked.0,
                    opening_rows: exchange.opened.unwrap_or(asked.0),
                    reply_rows: answered.0,
                    half_open_rows: if exchange.half_open { asked.0 } else { 0 },
                    packets_sent: sent.1,
                    packets_received: received.1,
                    bytes_sent: sent.2,
                    bytes_received: received.2,
                    ..PairTotals::default()
                };
                let totals = HostTotals {
                    attempt_rows: pair.attempt_rows,
                    opening_rows: pair.opening_rows,
                    reply_rows: pair.reply_rows,
                    half_open_rows: pair.half_open_rows,
                    packets_sent: pair.packets_sent,
                    packets_received: pair.packets_received,
                    bytes_sent: pair.bytes_sent,
                    bytes_received: pair.bytes_received,
                    slot_0: 1,
                    ..HostTotals::default()
                };
                let side = if host == own { Side::Internal } else { Side::Remote };
                if let Some(host) = interface.host(HostKey { host, role, side }) {
                    host.fold(PairKey { peer, service: exchange.service }, totals, pair, span);
                }
            }
        }
    }
    hour.prune();
    hour
}

fn spread(value: u64) -> Log2Histogram {
    let mut spread = Log2Histogram::default();
    (0..100).for_each(|_| spread.observe(value));
    spread
}

/// What a host usually does over a service with some peers: flows and bytes per window.
struct Usual {
    host: IpAddr,
    service: Service,
    peers: Vec<IpAddr>,
    flows: u64,
    bytes: u64,
}

fn usually(host: IpAddr, port: u16, peers: &[IpAddr], flows: u64, bytes: u64) -> Usual {
    Usual { host, service: Service { protocol: TCP, port }, peers: peers.to_vec(), flows, bytes }
}

/// A day before the window in which monitored hosts 1 to 9 were there, and did what is given.
fn day_before(usual: &[Usual]) -> Baseline {
    let mut baseline = Baseline::default();
    let first = Hour::from_time(START - 24 * 3600);
    for n in 0..24 {
        let hour = Hour::from_time(first.start() + n * 3600);
        baseline.add_hour(hour, Span { first: hour.start(), last: hour.start() + 3600 });
    }
    let seen = Occurrence { first: first.start(), last: START - 3600, hours: 24 };
    for n in 1..10 {
        let host = baseline.host_mut(&host_name(&scope(), inside(n))).unwrap();
        host.seen.merge(seen);
    }
    for u in usual {
        let name = host_name(&scope(), u.host);
        let host = baseline.host_mut(&name).unwrap();
        let habit = TrafficProfile {
            seen,
            flows: spread(u.flows),
            peers: spread(u.peers.len() as u64),
            packets: spread(u.flows * 10),
            bytes: spread(u.bytes),
            response_bytes: spread(u.bytes),
            max_peer_flows: spread(u.flows / u.peers.len().max(1) as u64),
            max_peer_response_bytes: spread(u.bytes / u.peers.len().max(1) as u64),
            half_open: spread(0),
        };
        host.initiated.merge(habit.clone());
        host.initiated_by_service.entry(u.service).unwrap().merge(habit);
        for peer in &u.peers {
            let each = u.peers.len() as u64;
            host.pairs.entry(PairKey { peer: *peer, service: u.service }).unwrap().merge(PairProfile {
                seen,
                flows: spread(u.flows / each),
                bytes_sent: spread(u.bytes / each),
                bytes_received: spread(u.bytes / each),
            });
        }
        for peer in &u.peers {
            baseline.record_contact(&name, PairKey { peer: *peer, service: u.service }, first);
        }
    }
    baseline
}

/// What is found in a window.
fn known(exchanges: &[Exchange], baseline: &Baseline) -> Vec<(Subject, Hit)> {
    let hour = window(exchanges);
    let scope = scope();
    let context =
        WindowContext { scope: &scope, start: WindowStart(START), length: WindowLength::FIVE_MINUTES, rows: 1 };
    detect_whole_windows(
        &HostWindows::from_window(&hour.windows[&WindowStart(START)], &MonitoredAddresses::from_hour(&hour)),
        &context,
        baseline,
    )
}

fn kinds(exchanges: &[Exchange], baseline: &Baseline) -> Vec<Kind> {
    known(exchanges, baseline).into_iter().map(|(subject, _)| subject.kind).collect()
}

#[test]
fn openings_that_come_to_nothing_are_a_flood() {
    let openings = |n: u64| -> Vec<Exchange> {
        (0..n)
            .map(|i| {
                let from = Ipv4Addr::from(0x0900_0000 + i as u32).into();
                Exchange { half_open: true, ..Exchange::tcp(from, inside(1), 443).asked(1, 1, 60).answered(0, 0, 0) }
            })
            .collect()
    };
    let found = known(&openings(denial_of_service::HALF_OPEN), &day_before(&[]));
    let [(subject, hit)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((subject.kind, subject.entity.clone()), (Kind::DenialOfService, inside(1).into()));
    let sources = denial_of_service::HALF_OPEN;
    assert!(
        matches!(&hit.facts, Facts::DenialOfService { flood: Flood::Syn, inbound: true, sources: s, .. } if *s == sources)
    );
    assert!(kinds(&openings(denial_of_service::HALF_OPEN - 1), &day_before(&[])).is_empty());
    // As many that go on beside them: a service whose clients are slow.
    let mut busy = openings(denial_of_service::HALF_OPEN);
    busy.push(
        Exchange::tcp(outside(1), inside(1), 443).asked(1001, 20_000, 9_000_000).answered(1001, 20_000, 90_000_000),
    );
    assert!(kinds(&busy, &day_before(&[])).is_empty());
}

#[test]
fn answers_that_nobody_asked_for_are_a_flood() {
    let answers = |packets: u64| {
        let all = (1..=50).map(|n| {
            Exchange::udp(inside(1), outside(n), 123).asked(0, 0, 0).answered(1, packets / 50, packets / 50 * 468)
        });
        all.collect::<Vec<_>>()
    };
    let found = known(&answers(denial_of_service::UNSOLICITED_PACKETS), &day_before(&[]));
    let [(_, hit)] = &found[..] else { panic!("{found:?}") };
    assert!(matches!(hit.facts, Facts::DenialOfService { flood: Flood::Amplification, sources: 50, port: 123, .. }));
    assert!(hit.evidence.traffic().iter().all(|line| line.destination == inside(1)), "the servers are who sends");
    assert!(kinds(&answers(denial_of_service::UNSOLICITED_PACKETS - 50), &day_before(&[])).is_empty());
    let asked: Vec<_> = answers(50_000).into_iter().map(|e| e.asked(1, 10_000, 500_000)).collect();
    assert!(kinds(&asked, &day_before(&[])).is_empty(), "a download over UDP is answered");
}

#[test]
fn packets_that_nobody_answers_are_a_flood_unless_usual() {
    let sent =
        |packets| [Exchange::udp(inside(1), outside(1), 5514).asked(1, packets, packets * 100).answered(0, 0, 0)];
    let slowly = |packets| sent(packets).map(|exchange| Exchange { seconds: 290, ..exchange });
    let threshold = denial_of_service::PACKETS_SENT;
    assert!(kinds(&slowly(threshold - 1), &day_before(&[])).is_empty());
    assert_eq!(kinds(&sent(threshold), &day_before(&[])), [Kind::DenialOfService]);
    let telemetry =
        Usual { service: Service { protocol: UDP, port: 5514 }, ..usually(inside(1), 0, &[outside(1)], 500, 1) };
    assert!(kinds(&sent(threshold), &day_before(&[telemetry])).is_empty(), "4,095 packets are usual");
    let others = Usual { service: Service { protocol: UDP, port: 5514 }, ..usually(inside(2), 0, &[outside(1)], 5, 1) };
    assert!(kinds(&sent(threshold), &day_before(&[others])).is_empty(), "others log there, too");
    // The end of a window may hide the answer of what begins in its first minute.
    assert!(kinds(&sent(threshold - 1), &day_before(&[])).is_empty(), "at the beginning of the window");
    let rush = |packets| sent(packets).map(|exchange| Exchange { after: 100, seconds: 2, ..exchange });
    assert_eq!(kinds(&rush(3 * denial_of_service::RUSH), &day_before(&[])), [Kind::DenialOfService]);
    assert!(kinds(&rush(3 * denial_of_service::RUSH - 1), &day_before(&[])).is_empty(), "fewer a second");
}

#[test]
fn many_short_tries_at_a_login_are_brute_force() {
    let tries =
        |from, n| [Exchange::tcp(from, inside(1), 22).asked(n, 15 * n, 2_000 * n).answered(n, 15 * n, 2_500 * n)];
    let threshold = brute_force::TRIES;
    for from in [outside(1), inside(2)] {
        let found = known(&tries(from, threshold), &day_before(&[]));
        let brute: Vec<_> = found.iter().filter(|(subject, _)| subject.kind == Kind::BruteForce).collect();
        let [(subject, hit)] = &brute[..] else { panic!("{found:?}") };
        assert_eq!(subject.entity, from.into());
        assert_eq!(hit.severity, if from == inside(2) { Severity::High } else { Severity::Medium });
        assert!(!kinds(&tries(from, threshold - 1), &day_before(&[])).contains(&Kind::BruteForce));
    }
    let usual = usually(inside(2), 22, &[inside(1)], threshold, 1);
    assert!(kinds(&tries(inside(2), threshold), &day_before(&[usual])).is_empty(), "a job that runs every minute");
    let checks = [Exchange::tcp(outside(1), inside(1), 22).asked(90, 360, 18_720).answered(90, 270, 14_040)];
    assert!(kinds(&checks, &day_before(&[])).is_empty(), "a health check opens and closes");
    let sessions =
        [Exchange::tcp(outside(1), inside(1), 22).asked(20, 90_000, 9_000_000).answered(20, 90_000, 9_000_000)];
    assert!(kinds(&sessions, &day_before(&[])).is_empty(), "people work");
}

#[test]
fn tries_that_many_hosts_share_are_brute_force_at_the_victim() {
    let tries = |sources: u8| -> Vec<_> {
        (1..=sources)
            .map(|n| Exchange::tcp(outside(n), inside(1), 3389).asked(3, 45, 6_000).answered(3, 45, 6_000))
            .collect()
    };
    let sources = brute_force::SHARED_SOURCES as u8;
    let found = known(&tries(sources), &day_before(&[]));
    let [(subject, hit)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((subject.kind, subject.entity.clone()), (Kind::BruteForce, inside(1).into()));
    assert!(matches!(hit.facts, Facts::BruteForce { sources: 20, attempts: 60, .. }));
    assert!(kinds(&tries(sources - 1), &day_before(&[])).is_empty());
}

#[test]
fn a_burst_is_many_times_what_is_usual() {
    let flows = |n| [Exchange::tcp(inside(1), inside(2), 6000).asked(n, 10 * n, 900 * n).answered(n, 10 * n, 900 * n)];
    let floor = connection_burst::BEGUN as u64;
    let usual = |n| day_before(&[usually(inside(1), 6000, &[inside(2)], n, 1)]);
    assert_eq!(kinds(&flows(floor), &usual(20)), [Kind::ConnectionBurst]);
    assert!(kinds(&flows(floor - 1), &usual(20)).is_empty());
    assert!(kinds(&flows(floor), &usual(100)).is_empty(), "a peak");
    assert!(kinds(&flows(floor), &Baseline::default()).is_empty(), "a host of which nothing is known");
    let refused = [flows(floor)[0].answered(0, 0, 0)];
    assert!(kinds(&refused, &usual(20)).is_empty(), "what fails is no burst");
}

#[test]
fn data_that_never_left_so_is_exfiltration() {
    let upload =
        |bytes: u64| [Exchange::tcp(inside(1), outside(1), 443).asked(5, bytes / 1400, bytes).answered(5, 900, 40_000)];
    let floor = exfiltration::BYTES as u64;
    let found = known(&upload(floor), &day_before(&[]));
    let [(subject, hit)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((subject.kind, subject.peer), (Kind::Exfiltration, Some(outside(1))));
    assert!(matches!(hit.facts, Facts::Exfiltration { first_contact: true, .. }));
    assert!(!kinds(&upload(floor - 1400), &day_before(&[])).contains(&Kind::Exfiltration));
    let backup = usually(inside(1), 443, &[outside(2)], 5, floor);
    assert!(!kinds(&upload(floor), &day_before(&[backup])).contains(&Kind::Exfiltration), "the backup, elsewhere");
    let shared = [usually(inside(2), 443, &[outside(1)], 5, 1), usually(inside(3), 443, &[outside(1)], 5, 1)];
    assert!(kinds(&upload(floor), &day_before(&shared)).is_empty(), "where others send, too");
    let inward = [Exchange { to: inside(2), ..upload(10 * floor)[0] }];
    assert!(!kinds(&inward, &day_before(&[])).contains(&Kind::Exfiltration), "nothing left");
}

#[test]
fn much_with_somebody_nobody_knew() {
    let download =
        |to, bytes: u64| [Exchange::tcp(inside(1), to, 443).asked(5, 900, 40_000).answered(5, 9_000, bytes - 40_000)];
    let floor = unknown_peer::BYTES_IN_A_NEW_NETWORK as u64;
    assert_eq!(kinds(&download(outside(1), floor), &day_before(&[])), [Kind::UnknownPeer]);
    assert!(kinds(&download(outside(1), floor - 1), &day_before(&[])).is_empty());
    let elsewhere = || day_before(&[usually(inside(2), 443, &[outside(9)], 5, 1)]);
    assert!(kinds(&download(outside(1), floor), &elsewhere()).is_empty(), "in a network somebody knows");
    assert_eq!(kinds(&download(outside(1), unknown_peer::BYTES as u64), &elsewhere()), [Kind::UnknownPeer]);
    let updates = usually(inside(1), 443, &[outside(9)], 5, 1);
    assert!(kinds(&download(outside(9), 10 * floor), &day_before(&[updates])).is_empty(), "whom one asks every day");
    assert!(kinds(&download(outside(1), 10 * floor), &Baseline::default()).is_empty(), "nobody can tell what is new");
    let stays = |seconds| {
        [Exchange { seconds, ..Exchange::tcp(inside(1), outside(1), 3333).asked(5, 5, 1_500).answered(5, 5, 1_500) }]
    };
    assert_eq!(kinds(&stays(225), &day_before(&[])), [Kind::UnknownPeer], "a miner asks little and stays");
    assert!(kinds(&stays(224), &day_before(&[])).is_empty());
}

#[test]
fn tunnels_carry_what_the_protocol_is_not_made_for() {
    let ask = |n, size| [Exchange::udp(inside(1), outside(1), 53).asked(n, n, n * size).answered(n, n, n * 120)];
    assert_eq!(kinds(&ask(60, 350), &day_before(&[])), [Kind::UnusualProtocol]);
    assert!(kinds(&ask(20, 349), &day_before(&[])).is_empty(), "a long name");
    assert_eq!(kinds(&ask(50, 150), &day_before(&[])), [Kind::UnusualProtocol], "many, to a server that is new");
    assert!(kinds(&ask(50, 149), &day_before(&[])).is_empty());
    let forwarder =
        Usual { service: Service { protocol: UDP, port: 53 }, ..usually(inside(2), 53, &[outside(1)], 9, 9) };
    assert!(kinds(&ask(50, 150), &day_before(&[forwarder])).is_empty(), "a server that somebody asks");
    let dns = Service { protocol: UDP, port: 53 };
    let resolver = Usual { service: dns, ..usually(inside(1), 53, &[outside(1)], 600, 48_000) };
    assert!(kinds(&ask(2_000, 80), &day_before(&[resolver])).is_empty(), "a resolver");
    let echo = |n, size| {
        let icmp = Service { protocol: ICMP, port: 0 };
        [Exchange { service: icmp, ..Exchange::udp(inside(1), outside(1), 0) }.asked(n, n, n * size).answered(
            n,
            n,
            n * size,
        )]
    };
    assert_eq!(kinds(&echo(150, 1_400), &day_before(&[])), [Kind::UnusualProtocol]);
    assert!(kinds(&echo(300, 84), &day_before(&[])).is_empty(), "ping");
    assert!(kinds(&echo(30, 1_400), &day_before(&[])).is_empty(), "somebody tries what size gets through");
}

#[test]
fn a_protocol_never_used_is_unusual() {
    let gre = Service { protocol: 47, port: 0 };
    let tunnel = |bytes| {
        [Exchange { service: gre, ..Exchange::udp(inside(1), outside(1), 0) }.asked(1, 100, bytes).answered(0, 0, 0)]
    };
    assert_eq!(kinds(&tunnel(unusual_protocol::PROTOCOL_BYTES), &day_before(&[])), [Kind::UnusualProtocol]);
    assert!(kinds(&tunnel(unusual_protocol::PROTOCOL_BYTES - 1), &day_before(&[])).is_empty());
    let vpn = Usual { service: gre, ..usually(inside(1), 0, &[outside(2)], 1, 1) };
    assert!(kinds(&tunnel(1_000_000), &day_before(&[vpn])).is_empty(), "the gateway of a VPN");
}

#[test]
fn new_ways_inside_are_lateral_movement_unless_a_role() {
    let way = [Exchange::tcp(inside(1), inside(2), 22)];
    assert_eq!(kinds(&way, &day_before(&[])), [Kind::LateralMovement]);
    let role = [usually(inside(3), 22, &[inside(2)], 1, 1), usually(inside(4), 22, &[inside(2)], 1, 1)];
    assert!(kinds(&way, &day_before(&role)).is_empty(), "as several others do");
    assert_eq!(kinds(&way, &day_before(&role[..1])), [Kind::LateralMovement]);
    let many: Vec<_> = (3..3 + lateral_movement::ADMINISTRATOR as u8).map(inside).collect();
    assert!(kinds(&way, &day_before(&[usually(inside(1), 22, &many, 1, 1)])).is_empty(), "an administrator");
    let checks = [Exchange::tcp(inside(1), inside(2), 22).asked(1, 4, 208).answered(1, 3, 156)];
    assert!(kinds(&checks, &day_before(&[])).is_empty(), "a health check");
    let new_host = [Exchange::tcp(inside(20), inside(2), 22)];
    assert!(kinds(&new_host, &day_before(&[])).is_empty(), "all is new to a host that is new");
}

/// A hit of the learned detection for some features, all at 1,000.
fn learned(host: IpAddr, features: &[&str]) -> (Subject, Hit) {
    let reason = |feature: &&str| Reason {
        feature: (*feature).to_owned(),
        label: String::new(),
        unit: String::new(),
        value: 1_000.0,
        usual: 1.0,
        usual_high: 2.0,
        reference: Reference::Itself,
        share: 0.5,
    };
    let (_, hit) = known(&[Exchange::tcp(inside(1), inside(2), 22)], &day_before(&[])).remove(0);
    let facts = Facts::Behaviour { score: 0.9, p_value: 0.01, reasons: features.iter().map(reason).collect() };
    let subject = Subject { kind: Kind::AnomalousBehaviour, scope: scope(), entity: host.into(), peer: None };
    (subject, Hit { facts, ..hit })
}

#[test]
fn what_has_a_name_is_not_told_again() {
    let exchanges = [Exchange::tcp(outside(1), inside(1), 22).asked(30, 450, 60_000).answered(30, 450, 60_000)];
    let (hour, scope) = (window(&exchanges), scope());
    let hosts = HostWindows::from_window(&hour.windows[&WindowStart(START)], &MonitoredAddresses::from_hour(&hour));
    let context =
        WindowContext { scope: &scope, start: WindowStart(START), length: WindowLength::FIVE_MINUTES, rows: 1 };
    let baseline = day_before(&[usually(inside(3), 443, &[outside(9)], 600, 1)]);
    let found = detect_whole_windows(&hosts, &context, &baseline);
    assert_eq!(found.len(), 1);
    let explained = ExplainedTraffic::new(&hosts, &context, &found);
    let rest = |hit| explained.rest(vec![hit], &context, &baseline).len();
    assert_eq!(rest(learned(outside(1), &["flows_begun"])), 0, "who tries is reported");
    assert_eq!(rest(learned(inside(1), &["flows_served", "rejected"])), 0, "what is done to the victim");
    assert_eq!(rest(learned(inside(1), &["flows_served", "payload_sent"])), 1, "the victim acts");
    assert_eq!(rest(learned(inside(2), &["flows_begun"])), 1, "somebody else");
    assert_eq!(rest(learned(inside(3), &["flows_begun"])), 0, "1,000 flows, and 600 before");
    let left = explained.rest(vec![learned(inside(3), &["flows_begun", "payload_sent"])], &context, &baseline);
    assert!(matches!(&left[0].1.facts, Facts::Behaviour { reasons, .. } if reasons.len() == 1));
}
