//! Detections over hours on rollups made by hand.
//!
//! Hosts 10.0.0.n are monitored, all others are strangers. The hours looked at begin at [`START`]; the baseline, where there
//! is one, is of the day before.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use weir_domain::aggregate::{PairKey, Service, Span};
use weir_domain::baseline::{Baseline, Occurrence, PairProfile, host_name};
use weir_domain::finding::{Facts, Hit, Kind, Subject};
use weir_domain::flow::{ICMP, TCP, UDP};
use weir_domain::rollup::{HostRollup, HourRollup, PairRollup, Slot};
use weir_domain::window::{Hour, Scope, WindowStart};

use super::{Day, detect, quarters};
use crate::incidents::IncidentLog;

/// 2018-12-21 00:00 UTC.
const START: i64 = 1_545_350_400;

/// A flow of a minute or less.
#[derive(Debug, Clone, Copy)]
struct Flow {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    port: u16,
    /// Seconds from [`START`].
    at: i64,
    bytes: u64,
    fails: bool,
}

fn inside(n: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, n).into()
}

fn outside(n: u8) -> IpAddr {
    Ipv4Addr::new(203, 0, 113, n).into()
}

fn flow(from: IpAddr, to: IpAddr, port: u16, at: i64) -> Flow {
    Flow { from, to, protocol: TCP, port, at, bytes: 600, fails: false }
}

fn scope() -> Scope {
    Scope::new("1", "r")
}

type Hosts = BTreeMap<IpAddr, BTreeMap<PairKey, BTreeMap<i64, Slot>>>;

fn rollups(flows: &[Flow]) -> Vec<HourRollup> {
    let mut hours: BTreeMap<Hour, Hosts> = BTreeMap::new();
    for flow in flows {
        let (time, key) =
            (START + flow.at, PairKey { peer: flow.to, service: Service { protocol: flow.protocol, port: flow.port } });
        let window = time.div_euclid(300) * 300;
        let hosts = hours.entry(Hour::from_time(time)).or_default();
        let slots = hosts.entry(flow.from).or_default().entry(key).or_default();
        let slot = slots.entry(window).or_insert(Slot {
            window: WindowStart(window),
            attempts: 0,
            openings: 0,
            packets_sent: 0,
            bytes_sent: 0,
            bytes_received: 0,
            first: i64::MAX,
            last: i64::MIN,
            failed: false,
            proven: false,
            rejected: false,
            answered: false,
        });
        slot.attempts += 1;
        slot.openings += 1;
        slot.packets_sent += 1 + flow.bytes / 1500;
        slot.bytes_sent += flow.bytes;
        slot.bytes_received += if flow.fails { 0 } else { 500 };
        (slot.first, slot.last) = (slot.first.min(time), slot.last.max(time + 1));
        slot.failed |= flow.fails;
        slot.proven |= flow.fails;
        slot.answered |= !flow.fails;
    }
    let own = |host: IpAddr| host.to_string().starts_with("10.0.0.");
    let pair = |(key, slots): (PairKey, BTreeMap<i64, Slot>)| PairRollup {
        key,
        peer_monitored: own(key.peer),
        relayed: false,
        slots: slots.into_values().collect(),
    };
    let host = |(host, pairs): (IpAddr, BTreeMap<_, _>)| HostRollup {
        host,
        monitored: own(host),
        interfaces: Vec::new(),
        pairs: pairs.into_iter().map(pair).collect(),
    };
    hours
        .into_iter()
        .map(|(hour, hosts)| HourRollup {
            hour,
            window_seconds: 300,
            rows: flows.len() as u64,
            windows: Vec::new(),
            hosts: hosts.into_iter().map(host).collect(),
        })
        .collect()
}

fn service(port: u16) -> Service {
    Service { protocol: TCP, port }
}

/// What the day before taught: these contacts.
fn baseline(contacts: &[(IpAddr, IpAddr, u16, u64)]) -> Baseline {
    let mut baseline = Baseline::default();
    for hour in 1..=24 {
        let hour = Hour::from_time(START - hour * 3600);
        baseline.add_hour(hour, Span { first: hour.start(), last: hour.start() + 3600 });
        for (from, to, port, bytes) in contacts {
            let (name, key) = (host_name(&scope(), *from), PairKey { peer: *to, service: service(*port) });
            baseline.record_contact(&name, key, hour);
            let mut habit = PairProfile {
                seen: Occurrence { first: hour.start(), last: hour.start(), hours: 1 },
                ..PairProfile::default()
            };
            habit.bytes_sent.observe(*bytes);
            let pairs = &mut baseline.host_mut(&name).unwrap().pairs;
            weir_domain::bounded::Merge::merge(pairs.entry(key).unwrap(), habit);
        }
    }
    baseline
}

/// Everything found in every hour.
fn found(flows: &[Flow], baseline: Option<&Baseline>) -> Vec<(Subject, Hit)> {
    let (hours, scope) = (rollups(flows), scope());
    let day = |last: usize| Day { scope: &scope, hours: &hours[last.saturating_sub(23)..=last], baseline };
    (0..hours.len()).flat_map(|last| detect(&day(last), |_| true)).collect()
}

fn kinds(flows: &[Flow], baseline: Option<&Baseline>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = found(flows, baseline).into_iter().map(|(subject, _)| subject.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Calls every so many seconds, off by up to a share of that, as a fixed sequence says.
fn calls(from: IpAddr, to: IpAddr, every: i64, jitter: f64, hours: i64) -> Vec<Flow> {
    let mut chance: u64 = 7;
    let mut at = 100;
    let mut flows = Vec::new();
    while at < hours * 3600 {
        flows.push(flow(from, to, 443, at));
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let off = (chance >> 33) as f64 / f64::from(1u32 << 31) * 2.0 - 1.0;
        at += (every as f64 * (1.0 + jitter * off)).round().max(1.0) as i64;
    }
    flows
}

#[test]
fn an_hour_is_looked_at_four_times_whatever_its_windows() {
    let of = |window_seconds| {
        let hour = HourRollup { hour: Hour::from_time(START), window_seconds, rows: 0, windows: vec![], hosts: vec![] };
        quarters(&hour).iter().map(|w| (w.0 - START + window_seconds) / 60).collect::<Vec<_>>()
    };
    assert_eq!(of(300), [15, 30, 45, 60]);
    assert_eq!(of(600), [20, 30, 50, 60]);
    assert_eq!(of(3600), [60]);
}

#[test]
fn a_beacon_to_a_new_place_is_found_at_any_interval_with_jitter() {
    let known = baseline(&[(inside(1), outside(200), 443, 100)]);
    for (every, jitter, hours) in
        [(60, 0.0, 5), (120, 0.1, 4), (300, 0.1, 4), (600, 0.2, 6), (900, 0.4, 8), (3600, 0.05, 16)]
    {
        let hits = found(&calls(inside(1), Ipv4Addr::new(198, 51, 100, 1).into(), every, jitter, hours), Some(&known));
        let Some((subject, hit)) = hits.last() else { panic!("every {every} s ± {jitter}: not found") };
        assert_eq!((subject.kind, subject.peer), (Kind::Beacon, Some(Ipv4Addr::new(198, 51, 100, 1).into())));
        let Facts::Beacon { interval, .. } = hit.facts else { panic!() };
        assert!((interval / every as f64 - 1.0).abs() < 0.2, "every {every} s, measured {interval}");
    }
}

#[test]
fn hits_of_a_beacon_are_one_incident() {
    let known = baseline(&[(inside(1), outside(200), 443, 100)]);
    let hits = found(&calls(inside(1), Ipv4Addr::new(198, 51, 100, 1).into(), 900, 0.2, 20), Some(&known));
    let mut log = IncidentLog::default();
    log.observe(&hits[0].0, hits.iter().map(|(_, hit)| hit.clone()), 0);
    assert_eq!(log.incidents.len(), 1);
    assert!(hits.len() > 40);
}

#[test]
fn what_looks_like_a_beacon_and_is_none() {
    let place: IpAddr = Ipv4Addr::new(198, 51, 100, 1).into();
    let nothing = baseline(&[(inside(1), outside(200), 443, 100)]);
    let regular = calls(inside(1), place, 300, 0.1, 6);
    assert_eq!(kinds(&regular, Some(&nothing)), [Kind::Beacon]);
    assert_eq!(kinds(&regular, None), [], "nobody can say what is new");
    assert_eq!(kinds(&regular, Some(&baseline(&[(inside(1), place, 443, 100)]))), [], "it always called there");
    assert_eq!(kinds(&regular, Some(&baseline(&[(inside(9), place, 443, 100)]))), [], "another one did");
    let fleet: Vec<Flow> = (1..=3)
        .flat_map(|n| {
            let mut calls = calls(inside(n), place, 300, 0.1, 6);
            for call in &mut calls {
                call.at += i64::from(n) * 40;
            }
            calls
        })
        .collect();
    assert_eq!(kinds(&fleet, Some(&nothing)), [], "three hosts do: an agent that was rolled out");
    assert_eq!(kinds(&calls(inside(1), inside(2), 300, 0.1, 6), Some(&nothing)), [], "a health check inside");
    assert_eq!(kinds(&calls(inside(1), place, 300, 0.1, 1), Some(&nothing)), [], "an hour is too short");
    assert_eq!(kinds(&calls(inside(1), place, 600, 1.0, 12), Some(&nothing)), [], "intervals from 0 to 20 minutes");
    let heavy: Vec<Flow> = regular.iter().map(|call| Flow { bytes: 200_000, ..*call }).collect();
    assert!(!kinds(&heavy, Some(&nothing)).contains(&Kind::Beacon), "transfers");
}

#[test]
fn a_command_server_that_never_answers_need_not_be_new() {
    let dead: Vec<Flow> =
        calls(inside(1), outside(1), 80, 0.1, 8).into_iter().map(|call| Flow { fails: true, ..call }).collect();
    assert_eq!(kinds(&dead, None), [Kind::Beacon]);
    assert_eq!(kinds(&dead[..dead.len() / 2], None), [], "four hours are too few");
}

#[test]
fn a_stranger_who_calls_all_day_is_found_but_not_a_monitoring_service() {
    let one = calls(outside(1), inside(1), 275, 0.27, 20);
    assert_eq!(kinds(&one, None), [Kind::Beacon]);
    let service: Vec<Flow> = (1..=3).flat_map(|n| calls(outside(n), inside(1), 275, 0.27, 20)).collect();
    assert_eq!(kinds(&service, None), []);
}

/// Failures at ports 1, 2, … every so many seconds.
fn scan(from: IpAddr, ports: u16, every: i64) -> Vec<Flow> {
    (0..ports).map(|n| Flow { fails: true, ..flow(from, inside(2), n + 1, i64::from(n) * every) }).collect()
}

#[test]
fn slow_scans_count_from_the_threshold_on() {
    assert_eq!(kinds(&scan(inside(1), 15, 480), None), [Kind::PortScan]);
    assert_eq!(kinds(&scan(inside(1), 14, 480), None), []);
    assert_eq!(kinds(&scan(outside(1), 40, 300), None), [Kind::PortScan]);
    assert_eq!(kinds(&scan(outside(1), 39, 300), None), []);
    assert_eq!(kinds(&scan(outside(1), 100, 600), None), [], "six an hour are the internet's weather");
    let mut served = scan(inside(1), 15, 480);
    served.extend((0..6).map(|n| flow(inside(1), inside(2), 1000 + n, 60)));
    assert_eq!(kinds(&served, None), [], "15 failures against 6 successes are no walk of a scanner");
    let fast: Vec<Flow> = scan(inside(1), 15, 1);
    assert_eq!(kinds(&fast, None), [], "reported by its window");
}

#[test]
fn slow_sweeps_count_from_the_threshold_on() {
    let sweep = |hosts: u8| -> Vec<Flow> {
        (1..=hosts).map(|n| Flow { fails: true, ..flow(inside(1), inside(n + 1), 22, i64::from(n) * 120) }).collect()
    };
    assert_eq!(kinds(&sweep(15), None), [Kind::HostSweep]);
    assert_eq!(kinds(&sweep(14), None), []);
}

#[test]
fn slow_transfers_to_a_new_network_are_found() {
    let place: IpAddr = Ipv4Addr::new(198, 51, 100, 1).into();
    let trickle = |bytes: u64| -> Vec<Flow> {
        (0..40).map(|n| Flow { bytes, ..flow(inside(1), place, 443, n * (400 + n % 3 * 150)) }).collect()
    };
    let nothing = baseline(&[(inside(1), outside(200), 443, 100)]);
    assert_eq!(kinds(&trickle(2_600_000), Some(&nothing)), [Kind::Exfiltration]);
    assert_eq!(kinds(&trickle(2_400_000), Some(&nothing)), [], "96 MB in all");
    assert_eq!(kinds(&trickle(2_600_000), None), [], "nobody can say what is new");
    let backup = baseline(&[(inside(1), Ipv4Addr::new(198, 51, 7, 7).into(), 443, 50_000_000)]);
    assert_eq!(kinds(&trickle(2_600_000), Some(&backup)), [], "its network is known");
}

#[test]
fn slow_tries_are_found_but_not_an_administrator() {
    let known = baseline(&[(inside(9), inside(2), 22, 1000)]);
    let tries = |from: IpAddr, n: i64| -> Vec<Flow> {
        (0..n).map(|n| Flow { bytes: 2000 + n as u64 % 5 * 20, ..flow(from, inside(2), 22, n * 180) }).collect()
    };
    assert_eq!(kinds(&tries(inside(1), 24), Some(&known)), [Kind::BruteForce]);
    assert_eq!(kinds(&tries(inside(1), 23), Some(&known)), []);
    assert_eq!(kinds(&tries(outside(1), 24), Some(&known)), [Kind::BruteForce]);
    assert_eq!(kinds(&tries(inside(9), 60), Some(&known)), [], "it always goes there");
    let session: Vec<Flow> =
        tries(inside(1), 60).into_iter().enumerate().map(|(n, f)| Flow { bytes: 600 + n as u64 * 70, ..f }).collect();
    assert_eq!(kinds(&session, Some(&known)), [], "sessions differ in size");
    let spray: Vec<Flow> =
        (0..24).map(|n| Flow { bytes: 2000, ..flow(inside(1), inside(n % 12 + 20), 22, i64::from(n) * 600) }).collect();
    assert_eq!(kinds(&spray, Some(&known)), [Kind::BruteForce]);
}

#[test]
fn tries_that_many_strangers_share_stand_out_where_none_try() {
    // Twelve sources, four tries each, over six hours at the end of a day.
    let late = 16 * 3600;
    let tries = |at: i64| -> Vec<Flow> {
        let source = |n: i64| Flow { bytes: 2000, ..flow(outside((n % 12) as u8), inside(2), 22, at + n * 450) };
        (0..48).map(source).collect()
    };
    let quiet = |more: &[Flow]| [vec![flow(inside(2), inside(3), 443, 60)], more.to_vec()].concat();
    assert_eq!(kinds(&quiet(&tries(late)), None), [Kind::BruteForce]);
    assert_eq!(kinds(&quiet(&tries(late)[..29]), None), [], "29 tries");
    let few: Vec<Flow> = tries(late).into_iter().filter(|f| f.from != outside(1) && f.from < outside(10)).collect();
    assert_eq!(kinds(&quiet(&few), None), [], "nine sources");
    let all_day = |n: i64| Flow { bytes: 2000, ..flow(outside((n % 200 + 20) as u8), inside(2), 22, n * 240) };
    let noise: Vec<Flow> = (0..360).map(all_day).chain(tries(late)).collect();
    assert_eq!(kinds(&quiet(&noise), None), [], "the weather at an open port");
    let sessions: Vec<Flow> =
        tries(late).into_iter().enumerate().map(|(n, f)| Flow { bytes: 600 + n as u64 * 90, ..f }).collect();
    assert_eq!(kinds(&quiet(&sessions), None), [], "people's sessions differ in size");
}

#[test]
fn a_stranger_who_insists_on_one_port_is_told() {
    let knocks = |n: i64, fails: bool| -> Vec<Flow> {
        (0..n).map(|n| Flow { fails, bytes: 60, ..flow(outside(1), inside(2), 1337, n * 60) }).collect()
    };
    assert_eq!(kinds(&knocks(30, true), None), [Kind::ConnectionBurst]);
    assert_eq!(kinds(&knocks(29, true), None), []);
    assert_eq!(kinds(&knocks(30, false), None), [], "it is let in");
}

#[test]
fn a_dead_command_server_is_called_again_and_again() {
    let calls = |every: i64, minutes: i64, port: u16| -> Vec<Flow> {
        let call = |n: i64| Flow { fails: true, bytes: 152, ..flow(inside(1), outside(1), port, n * every) };
        (0..minutes * 60 / every).map(call).collect()
    };
    assert_eq!(kinds(&calls(20, 45, 1177), None), [Kind::Beacon]);
    assert_eq!(kinds(&calls(20, 45, 443), None), [], "a service that everybody uses");
    assert_eq!(kinds(&calls(60, 45, 1177), None), [], "forty times");
}

#[test]
fn slow_tunnels_carry_for_an_hour_what_no_question_does() {
    let known = baseline(&[(inside(1), inside(9), 443, 1000)]);
    let questions = |bytes: u64, minutes: i64| -> Vec<Flow> {
        let one = |n: i64| Flow { protocol: UDP, bytes, ..flow(inside(1), outside(1), 53, n * 30) };
        (0..minutes * 2).map(one).collect()
    };
    assert_eq!(kinds(&questions(160, 90), Some(&known)), [Kind::UnusualProtocol]);
    assert_eq!(kinds(&questions(149, 90), Some(&known)), []);
    assert_eq!(kinds(&questions(160, 40), Some(&known)), [], "not for an hour");
    assert_eq!(kinds(&questions(160, 90), None), [], "nobody can say what is new");
    let echoes = |back: bool, bytes: u64| -> Vec<Flow> {
        let there = |n: i64| Flow { protocol: ICMP, bytes, ..flow(inside(1), outside(1), 0, n * 60) };
        let answer = |n: i64| Flow { protocol: ICMP, bytes, ..flow(outside(1), inside(1), 0, n * 60) };
        (0..90).map(there).chain((0..90).filter(|_| back).map(answer)).collect()
    };
    assert_eq!(kinds(&echoes(true, 980), None), [Kind::UnusualProtocol]);
    assert_eq!(kinds(&echoes(false, 980), None), [], "nobody answers");
    assert_eq!(kinds(&echoes(true, 84), None), [], "ping");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_order_of_failures_and_successes_does_not_matter(ports in Just((1u16..=60).collect::<Vec<_>>()).prop_shuffle(), served in 0usize..40) {
        let scan = |ports: &[u16]| -> Vec<Flow> {
            ports.iter().enumerate().map(|(n, port)| {
                Flow { fails: usize::from(*port) > served, ..flow(inside(1), inside(2), *port, n as i64 * 300) }
            }).collect()
        };
        let mut ordered = ports.clone();
        ordered.sort_unstable();
        // At the end both know the same, whatever was known, and hit, on the way.
        let whole = |flows: &[Flow]| -> Vec<u64> {
            let end = 61 * 300;
            let mut all = flows.to_vec();
            all.push(Flow { fails: true, ..flow(inside(1), inside(2), 999, end) });
            let at_end = found(&all, None).into_iter().filter(|(_, hit)| hit.window_end > START + end);
            at_end.map(|(_, hit)| match hit.facts { Facts::PortScan { failed, .. } => failed, _ => 0 }).collect()
        };
        let (shuffled, sorted) = (scan(&ports), scan(&ordered));
        prop_assert_eq!(whole(&sorted).is_empty(), 61 < 2 * served + 10, "ten more failures than successes");
        prop_assert_eq!(whole(&shuffled), whole(&sorted));
    }
}
