//! `brute-force`: many short tries at a service that asks who is there.
//!
//! A flow log does not show whether a login failed. What it shows is many conversations in a row that are as short as a
//! refused login, at a port where one asks for passwords, by somebody who does not usually do that. Attempts that never
//! get through are reported as well, less severe. (Slips reports 9 SSH attempts in an hour; as a source here must reach 15
//! in five minutes, one forgetful person does not.)

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::Service;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence, header_only};

/// Tries at one service in a window of five minutes.
pub const TRIES: u64 = 15;
/// How many times as many tries it takes at a service that is tried all day long: where the busiest of its clients makes as
/// many tries in a window of a typical day. One more of them is the weather.
pub const TIMES_WHERE_TRIED: u64 = 2;
/// Tries by many hosts together at one service of a victim.
pub const SHARED_TRIES: u64 = 60;
/// Hosts that make it many.
pub const SHARED_SOURCES: u64 = 20;
/// Minimum factor over the baseline.
pub const TIMES_BASELINE: f64 = 4.0;
/// The most packets, and bytes, a refused try takes from who tries: OpenSSH lets six passwords be tried in a connection.
const SHORT: (u64, u64) = (60, 16_000);
/// The most bytes, either way, of a program's try that is refused: a name, a password, an error. Queries say more.
const SHORT_OF_A_PROGRAM: u64 = 1_500;
/// Minimum factor over the baseline for a program inside, of its own and of all others that ask the same host.
const TIMES_BASELINE_OF_PROGRAMS: f64 = 8.0;

/// Whether a service authenticates its clients; SIP over TCP counts for sources outside only.
fn is_authentication_service(service: Service, outside: bool) -> bool {
    service.is_authentication_service() || outside && service.is_sip()
}

/// Looks at a host's window; what it finds is no longer left to explain.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Vec<(Subject, Hit)> {
    let mut found = Vec::new();
    let verdicts =
        [one_source(traffic, known), if traffic.host.monitored { many_sources(traffic, known) } else { None }];
    for (verdict, lines) in verdicts.into_iter().flatten() {
        traffic.explain(&lines);
        found.push(verdict.hit(traffic.host, context, &lines));
    }
    found
}

/// Packets an opening takes that is not answered: itself and what is sent again.
const OPENING: u64 = 4;

/// How many tries a pair is: short conversations, or attempts that did not get through. Of the latter many may share a row,
/// where the source keeps its port.
fn tries(line: &Line<'_>) -> Option<u64> {
    let (rows, (packets, bytes)) = (line.totals().opening_rows, line.asked());
    if !line.pair.answered() && rows > 0 && header_only(packets, bytes) {
        return Some(rows.max(packets / OPENING));
    }
    let short = packets <= SHORT.0.saturating_mul(rows) && bytes <= SHORT.1.saturating_mul(rows);
    (rows > 0 && short).then_some(rows)
}

/// Whether somebody was let through and said something: a health check opens and closes.
fn spoke(line: &Line<'_>) -> bool {
    let (packets, bytes) = line.asked();
    line.pair.answered() && !header_only(packets, bytes)
}

/// Whether a program receives no more, and sends no more, than a refusal takes.
fn is_refused_program(line: &Line<'_>, tries: u64) -> bool {
    let t = line.totals();
    t.bytes_sent.max(t.bytes_received) <= SHORT_OF_A_PROGRAM.saturating_mul(tries)
}

/// Whether a host in the baseline asks far more often than it, or anybody else here, ever asks the same host.
fn exceeds_programs(line: &Line<'_>, tries: u64, usual: f64, known: &BaselineView<'_>) -> bool {
    known.is_established_host()
        && tries as f64
            >= TIMES_BASELINE_OF_PROGRAMS * usual.max(known.typical_of_others(&line.key, |pair| &pair.flows))
}

/// One source that tries one service, of one host or of many.
fn one_source<'a>(traffic: &Traffic<'a>, known: &BaselineView<'_>) -> Option<(Verdict, Vec<Line<'a>>)> {
    let host = traffic.host;
    let mut services: BTreeMap<Service, Vec<(Line<'a>, u64)>> = BTreeMap::new();
    for line in traffic.begun.iter().filter(|line| is_authentication_service(line.key.service, !host.monitored)) {
        if let Some(tries) = tries(line) {
            let usual = if host.monitored { known.usual(known.pair(&line.key).map(|pair| &pair.flows)) } else { 0.0 };
            // Health checks connect and say nothing, and what several others do as well is a role.
            // At the closed port of a program nothing is at risk.
            let program = line.key.service.is_program_login();
            let silent = !spoke(line) && (line.pair.answered() || program);
            let counts = if host.monitored && program {
                tries >= TRIES && is_refused_program(line, tries) && exceeds_programs(line, tries, usual, known)
            } else {
                !(host.monitored && known.others(&line.key) >= 2) && tries as f64 >= TIMES_BASELINE * usual
            };
            if !silent && counts {
                services.entry(line.key.service).or_default().push((*line, tries));
            }
        }
    }
    let most = services.into_iter().map(|(service, lines)| {
        let all: u64 = lines.iter().map(|(_, tries)| tries).sum();
        (service, all, lines)
    });
    let (service, all, lines) = most.max_by_key(|(service, all, _)| (*all, std::cmp::Reverse(*service)))?;
    let (target, _) = lines.iter().max_by_key(|(line, tries)| (*tries, std::cmp::Reverse(line.key.peer)))?;
    let (usual, enough) = if host.monitored {
        let usual = known.typical_of_all(known.begins(service).map(|habit| &habit.flows));
        (usual, (TIMES_BASELINE * usual).max(TRIES as f64))
    } else {
        let usual = known.busiest_client(target.key.peer, service);
        (usual, (TRIES * if usual >= TRIES as f64 { TIMES_WHERE_TRIED } else { 1 }) as f64)
    };
    let over = all as f64 / enough;
    if over < 1.0 {
        return None;
    }
    let through = lines.iter().any(|(line, _)| spoke(line));
    let verdict = Verdict {
        kind: Kind::BruteForce,
        peer: None,
        severity: severity(host.monitored, through, all),
        confidence: confidence(over, if through { 70 } else { 60 }, 95),
        facts: Facts::BruteForce {
            target: target.key.peer,
            targets: distinct(lines.iter().map(|(line, _)| line.key.peer)),
            protocol: service.protocol,
            port: service.port,
            attempts: all,
            sources: 1,
            usual_attempts: usual,
            inside: host.monitored,
        },
    };
    Some((verdict, lines.into_iter().map(|(line, _)| line).collect()))
}

/// Many sources that share the tries at one service of a host.
fn many_sources<'a>(traffic: &Traffic<'a>, known: &BaselineView<'_>) -> Option<(Verdict, Vec<Line<'a>>)> {
    let mut services: BTreeMap<Service, Vec<(Line<'a>, u64)>> = BTreeMap::new();
    for line in traffic.served.iter().filter(|line| is_authentication_service(line.key.service, true)) {
        // Who tries much alone is reported alone.
        if !traffic.is_own(line.key.peer)
            && spoke(line)
            && let Some(tries) = tries(line).filter(|tries| *tries < TRIES)
        {
            services.entry(line.key.service).or_default().push((*line, tries));
        }
    }
    let found = services.into_iter().filter_map(|(service, lines)| {
        let all: u64 = lines.iter().map(|(_, tries)| tries).sum();
        let sources = distinct(lines.iter().map(|(line, _)| line.key.peer));
        let habit = known.serves(service);
        let usual = known.typical_of_all(habit.map(|habit| &habit.flows));
        let usual_sources = known.typical_of_all(habit.map(|habit| &habit.peers));
        let over = (all as f64 / (TIMES_BASELINE * usual).max(SHARED_TRIES as f64))
            .min(sources as f64 / (TIMES_BASELINE * usual_sources).max(SHARED_SOURCES as f64));
        (over >= 1.0).then_some((service, all, sources, usual, over, lines))
    });
    let (service, all, sources, usual, over, lines) = found.max_by_key(|(service, all, ..)| (*all, *service))?;
    let verdict = Verdict {
        kind: Kind::BruteForce,
        peer: None,
        severity: Severity::Medium,
        confidence: confidence(over, 65, 90),
        facts: Facts::BruteForce {
            target: traffic.host.host,
            targets: 1,
            protocol: service.protocol,
            port: service.port,
            attempts: all,
            sources,
            usual_attempts: usual,
            inside: false,
        },
    };
    Some((verdict, lines.into_iter().map(|(line, _)| line).collect()))
}

fn distinct(peers: impl Iterator<Item = IpAddr>) -> u64 {
    peers.collect::<BTreeSet<_>>().len() as u64
}

/// From inside it is an intruder at work: high. From outside it is medium where it gets to the service, high where it
/// does more than twice a second; low where it never gets through.
fn severity(inside: bool, through: bool, tries: u64) -> Severity {
    match (inside, through) {
        (true, _) => Severity::High,
        (false, true) if tries >= 600 => Severity::High,
        (false, true) => Severity::Medium,
        (false, false) => Severity::Low,
    }
}
