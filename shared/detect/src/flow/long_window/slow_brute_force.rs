//! `brute-force`, slowly: tries at a service that asks who is there, over hours, one after the other or spread over hosts.
//!
//! A try at a password is a short exchange that ends soon: so are all tries of such a service by one source, in its
//! windows, and alike in size, while sessions that were let in differ. What is known (the bastion, the deployment) does not count.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::Service;
use weir_domain::baseline::host_name;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Severity, Subject};
use weir_domain::rollup::Slot;
use weir_domain::stats::{median_absolute_deviation, median_sorted};

use super::moment::{Measured, Moment};
use super::series::{Histories, History, is_try, size};
use crate::flow::baseline_view::busiest_client;
use crate::flow::brute_force::TRIES as TRIES_IN_A_WINDOW;

/// Tries in [`LOOK_BACK`], all alike, of one service: six an hour. (Slips alerts at 9 in an hour, Zeek at 30 failed logins in
/// half of one.)
const TRIES: u64 = 24;

/// The same by a stranger where the service is tried all day long, as every open SSH server is: twenty an hour. One more who
/// tries less is the weather.
const TRIES_WHERE_TRIED: u64 = 80;

/// How many times what a program, or any other here that asks the same host, does in that time.
const TIMES_BASELINE: f64 = 4.0;

/// The most bytes, either way, of a program's try that is refused: a name, a password, an error. Queries say more.
const MAX_OF_A_PROGRAM: f64 = 1500.0;

/// Tries in a day by one of the monitored hosts that are spread over [`SPRAYED`] hosts.
const TRIES_SPREAD: u64 = 24;

/// Hosts that make tries spread.
const SPRAYED: usize = 10;

/// How far is looked back, but for what is spread (seconds).
const LOOK_BACK: i64 = 4 * 3600;

/// How far tries differ in bytes at most: median deviation by median. They are one program's; sessions differ.
const MAX_DISTINCT: f64 = 0.15;

/// How long it must have gone on (seconds): what is quicker shows in its windows.
const MIN_SECONDS: i64 = 1800;

/// How long after the last try it is still going on (seconds).
const PAUSE: i64 = 3600;

/// Every slow attempt that goes on at a moment: of each source the service with most tries.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    histories.hosts().filter_map(|pairs| of_host(pairs, moment)).collect()
}

fn of_host(pairs: &[History<'_>], moment: &Moment<'_>) -> Option<(Subject, Hit)> {
    let first = pairs.first()?;
    // Without a baseline nobody can say which ways between hosts are known.
    if first.own && !moment.day.baseline.is_some_and(|baseline| baseline.can_judge_novelty(moment.window.0)) {
        return None;
    }
    let ways: Vec<&History<'_>> = pairs
        .iter()
        .filter(|pair| pair.key.service.is_long_window_authentication_service())
        .filter(|pair| !first.own || !known(pair, moment) || pair.key.service.is_internal_program_login())
        .collect();
    let recently = tries(&ways, moment, moment.end - LOOK_BACK)
        .map(|(service, tried)| {
            let tried: Tried<'_> = tried.into_iter().filter(|tried| exceeds_programs(tried, moment)).collect();
            (if first.own { TRIES } else { tries_outside(service, &tried, moment) }, service, tried)
        })
        .filter(|(enough, _, tried)| count(tried) >= *enough);
    let spread = || {
        let all_day = tries(&ways, moment, i64::MIN).filter(|_| first.own);
        all_day.filter(|(_, tried)| count(tried) >= TRIES_SPREAD && tried.len() >= SPRAYED)
    };
    let (fewest, (service, tried)) = match recently {
        Some((enough, service, tried)) => (enough, (service, tried)),
        None => (TRIES_SPREAD, spread()?),
    };
    let attempts = count(&tried);
    let slots = || tried.iter().flat_map(|(_, slots)| slots);
    let (begun, ended) = (slots().map(|slot| slot.first).min()?, slots().map(|slot| slot.last).max()?);
    if !alike(slots()) || ended - begun < MIN_SECONDS || moment.end - ended > PAUSE {
        return None;
    }
    let mut evidence: Vec<Evidence> = tried.iter().map(|(pair, slots)| pair.evidence(slots)).collect();
    evidence.sort_by(|a, b| b.attempts.cmp(&a.attempts).then(a.destination.cmp(&b.destination)));
    evidence.truncate(Evidence::MAX_PER_HIT);
    let target: IpAddr = evidence.first()?.destination;
    let hit = moment.hit(Measured {
        first_seen: begun,
        last_seen: ended,
        severity: if first.own { Severity::High } else { Severity::Low },
        confidence: (60.0 + 10.0 * (attempts as f64 / fewest as f64)).min(90.0) as u8,
        interfaces: first.interfaces.to_vec(),
        facts: Facts::BruteForce {
            target,
            targets: tried.len() as u64,
            sources: 1,
            protocol: service.protocol,
            port: service.port,
            attempts,
            usual_attempts: fewest as f64 - 1.0,
            inside: first.own,
        },
        evidence,
    });
    Some((moment.subject(Kind::BruteForce, first.host, None), hit))
}

/// The pairs that were tried on a service, with the windows of tries.
type Tried<'a> = Vec<(&'a History<'a>, Vec<Slot>)>;

/// The service with most tries since a time.
fn tries<'a>(ways: &[&'a History<'a>], moment: &Moment<'_>, since: i64) -> Option<(Service, Tried<'a>)> {
    let mut services: BTreeMap<Service, Tried<'a>> = BTreeMap::new();
    for pair in ways {
        let counts = |slot: &&Slot| is_try(slot) && slot.window.0 >= since;
        let tries: Vec<Slot> = pair.until(moment).iter().filter(counts).copied().collect();
        if !tries.is_empty() {
            services.entry(pair.key.service).or_default().push((pair, tries));
        }
    }
    services.into_iter().max_by_key(|(service, tried)| (count(tried), std::cmp::Reverse(*service)))
}

fn count(tried: &Tried<'_>) -> u64 {
    tried.iter().flat_map(|(_, slots)| slots).map(|slot| slot.openings).fold(0, u64::saturating_add)
}

/// Tries that are remarkable by a stranger: more at a service that is tried all day long.
fn tries_outside(service: Service, tried: &Tried<'_>, moment: &Moment<'_>) -> u64 {
    let usual = |target: IpAddr| {
        let baseline = moment.day.baseline;
        baseline.map_or(0.0, |known| busiest_client(known, moment.day.scope, (target, service), moment.window.0))
    };
    let is_tried = |target| usual(target) >= TRIES_IN_A_WINDOW as f64;
    if tried.iter().any(|(pair, _)| is_tried(pair.key.peer)) { TRIES_WHERE_TRIED } else { TRIES }
}

/// Whether what one of the monitored hosts does at a program's port is as brief as refusals, and far more than it, or any
/// other here that asks the same host, did in the hours learned from. Of all else, true.
fn exceeds_programs((pair, slots): &(&History<'_>, Vec<Slot>), moment: &Moment<'_>) -> bool {
    if !pair.own || pair.key.service.is_remote_administration() {
        return true;
    }
    let Some(baseline) = moment.day.baseline else { return false };
    let brief =
        |slot: &Slot| slot.bytes_sent.max(slot.bytes_received) as f64 <= MAX_OF_A_PROGRAM * slot.openings.max(1) as f64;
    let name = host_name(moment.day.scope, pair.host);
    let own = baseline.host(&name).and_then(|host| host.pairs.get(&pair.key));
    let usually =
        own.into_iter().chain(baseline.pairs_of_others(&name, &pair.key)).map(|habit| habit.flows.sum_upper_bound());
    let share = LOOK_BACK as f64 / (baseline.hours().max(1) as f64 * 3600.0);
    let usual = usually.fold(0.0, f64::max) * share;
    let tried = slots.iter().filter(|slot| brief(slot)).map(|slot| slot.openings).fold(0, u64::saturating_add);
    tried as f64 >= (TIMES_BASELINE * usual).max(TRIES as f64)
}

/// Whether tries are alike in size.
fn alike<'a>(slots: impl Iterator<Item = &'a Slot>) -> bool {
    let mut sizes: Vec<f64> = slots.map(size).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    median_absolute_deviation(&sizes).unwrap_or(0.0) <= MAX_DISTINCT * median_sorted(&sizes).unwrap_or(0.0)
}

/// Whether a monitored host went that way before.
fn known(pair: &History<'_>, moment: &Moment<'_>) -> bool {
    let Some(baseline) = moment.day.baseline else { return false };
    let name = host_name(moment.day.scope, pair.host);
    let habit = baseline.host(&name).and_then(|host| host.pairs.get(&pair.key));
    habit.is_some_and(|habit| baseline.is_established(habit.seen, moment.window.0))
}
