//! `beacon`: a host calls another one at regular intervals.
//!
//! Regularity is measured as RITA v5 does (`analysis/beacon.go`, Active Countermeasures): intervals and sizes by Bowley
//! skewness and median absolute deviation, hours by how evenly calls fill them. It is adapted to what flow logs resolve:
//! calls less than two minutes and a half apart are known only as counts per window, so there the index of dispersion of the
//! counts (variance by mean: 1 for calls at random, towards 0 for regular ones) stands in for the intervals.
//!
//! Most regular calls are benign: time, health checks, telemetry, updates, monitoring. They are distinguished by direction
//! (between a monitored host and the internet), by prevalence (at most one other host calls there) and by novelty: the
//! destination is new to the network. What is regular and *not* new counts in two cases only: a host that calls, for hours,
//! somebody who never answers (a dead command server), and a stranger who calls one of ours the whole day (see [`Why`]).

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::Service;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};
use weir_domain::flow::{TCP, UDP};
use weir_domain::rollup::Slot;
use weir_domain::stats::{median_absolute_deviation, median_sorted};

use super::series::{Histories, History};
use weir_domain::address::is_public;

use super::moment::{Measured, Moment};
use crate::flow::unknown_peer::names_something;

/// Calls that show a rhythm at all. RITA asks for 4 distinct times; a dozen make quartiles of intervals mean something.
const MIN_CALLS: usize = 12;

/// How long calls must have gone on (seconds): polls of a person's half-hour of work end sooner.
const MIN_SECONDS: i64 = 2 * 3600;

/// The same where calls are as frequent as the log's own rows: then a single long connection looks alike, which is common
/// for an hour or two (RITA rates long connections from 1 h as low, from 4 h as medium).
const MIN_STEADY_SECONDS: i64 = 3 * 3600;

/// The same for calls that nobody answers and that need not be new.
const MIN_UNANSWERED_SECONDS: i64 = 6 * 3600;

/// The same where they are so many, and not to a service that everybody uses: a program that was given a dead address gives up,
/// or waits longer each time.
const MIN_REPEATED_SECONDS: i64 = 1800;

/// Calls that are repeated attempts: two a minute over an hour, four over half of one.
const INSISTENT_CALLS: u64 = 100;

/// Windows that show how even counts are, beside the two at the ends.
const MIN_WINDOWS: usize = 6;

/// The most time between two calls (seconds).
const MAX_INTERVAL: f64 = 7200.0;

/// The least time between two calls (seconds); below, windows of counts say nothing of a rhythm.
const MIN_INTERVAL: f64 = 20.0;

/// The least regularity, 0 to 1. RITA calls .7 to .9 high and above .9 critical.
const REGULARITY: f64 = 0.8;

/// The same where others already talk to the destination's network: a provider hands out new addresses every day.
const REGULARITY_BASELINE_NETWORK: f64 = 0.9;

/// The most that intervals may differ: median deviation by median. Calls at random have .69, a jitter of ±50 % .25.
const MAX_JITTER: f64 = 0.3;

/// The most that intervals may vary, pauses aside: standard deviation by mean. Calls at random have 1, a jitter of ±50 % .29.
const MAX_VARIATION: f64 = 0.4;

/// The most variance by mean of counts per window. Calls at random have 1.
const MAX_DISPERSION: f64 = 0.35;

/// The most bytes a call sends: more is a transfer.
const MAX_CALL_BYTES: f64 = 100_000.0;

/// The least bytes of a call from outside, and of its answer: a probe carries nothing.
const MIN_CALL_BYTES: f64 = 150.0;

/// Why a rhythm matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The destination is new to the network.
    New,
    /// Nobody ever answers.
    Unanswered,
    /// A stranger calls, all day long.
    FromOutside,
}

/// Every beacon that is live at a moment, the strongest service of each pair of hosts.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    let mut found: BTreeMap<(IpAddr, IpAddr), Call<'_>> = BTreeMap::new();
    let mut strangers: BTreeMap<(IpAddr, Service), usize> = BTreeMap::new();
    for history in histories.pairs() {
        let Some(call) = look(history, histories, moment) else { continue };
        if call.why == Why::FromOutside {
            *strangers.entry((history.key.peer, history.key.service)).or_default() += 1;
        }
        let at = (history.host, history.key.peer);
        if found.get(&at).is_none_or(|other| other.rhythm.calls < call.rhythm.calls) {
            found.insert(at, call);
        }
    }
    // A monitoring service calls from several places.
    let monitored = |call: &Call<'_>| {
        call.why == Why::FromOutside && strangers.get(&(call.of.key.peer, call.of.key.service)).is_some_and(|n| *n > 2)
    };
    found.into_values().filter(|call| !monitored(call)).map(|call| call.hit(moment)).collect()
}

/// A pair with a rhythm that matters.
struct Call<'a> {
    of: &'a History<'a>,
    slots: &'a [Slot],
    rhythm: Rhythm,
    why: Why,
    /// Whether nothing that the baseline knows is near.
    unheard_of: bool,
}

fn look<'a>(history: &'a History<'a>, histories: &Histories<'_>, moment: &Moment<'_>) -> Option<Call<'a>> {
    let key = history.key;
    let outward = history.own && !history.peer_own && is_public(key.peer);
    let inward = !history.own && history.peer_own && is_public(history.host);
    // Time and name service are regular by trade; what hides in name service shows in its volume.
    let by_trade = key.service.protocol == UDP && matches!(key.service.port, 53 | 123);
    if !(outward || inward) || by_trade || !matches!(key.service.protocol, TCP | UDP) {
        return None;
    }
    let slots = history.until(moment);
    if slots.len() < MIN_CALLS / 2 {
        return None;
    }
    let rhythm = Rhythm::from_slots(slots, moment.window_seconds())?;
    let (first, last) = (slots.first()?, slots.last()?);
    let alive = (moment.end - last.last) as f64 <= 2.0 * rhythm.interval + super::moment::QUARTER as f64;
    let lasted = last.first - first.first;
    let failing = || slots.iter().filter(|slot| slot.failed && !slot.answered).count();
    let dead = key.service.protocol == TCP && failing() * 10 >= slots.len() * 9;
    let repeated_attempts = dead
        && outward
        && lasted >= MIN_REPEATED_SECONDS
        && rhythm.calls >= INSISTENT_CALLS
        && names_something(key.service);
    let long = lasted >= rhythm.shortest() || repeated_attempts;
    if !alive || !rhythm.is_regular() || rhythm.bytes > MAX_CALL_BYTES || !long {
        return None;
    }
    let call = |why, unheard_of| Some(Call { of: history, slots, rhythm, why, unheard_of });
    if inward {
        let received = slots.iter().map(|slot| slot.bytes_received).sum::<u64>() as f64 / rhythm.calls as f64;
        let answered = slots.iter().filter(|slot| slot.answered && !slot.failed).count();
        let all_day = rhythm.hours >= 12 && rhythm.calls >= 100 && answered * 10 >= slots.len() * 9;
        let talks = rhythm.bytes >= MIN_CALL_BYTES && received >= MIN_CALL_BYTES;
        let one_only = histories.contacts_of(history.host, key.service) <= 1;
        return if all_day && talks && one_only && !key.service.is_long_window_authentication_service() {
            call(Why::FromOutside, false)
        } else {
            None
        };
    }
    let company = || histories.company(history, moment);
    let heard_of = moment.knows_network(key.peer);
    let floor = if heard_of { REGULARITY_BASELINE_NETWORK } else { REGULARITY };
    if moment.is_new(&key) && rhythm.regularity >= floor {
        let company = company();
        return if company.others <= 1 && !company.relays { call(Why::New, !heard_of) } else { None };
    }
    if dead && (repeated_attempts || lasted >= MIN_UNANSWERED_SECONDS) && rhythm.regularity >= REGULARITY {
        let company = company();
        return if company.others == 0 && !company.relays { call(Why::Unanswered, false) } else { None };
    }
    None
}

impl Call<'_> {
    fn hit(&self, moment: &Moment<'_>) -> (Subject, Hit) {
        let (key, rhythm) = (self.of.key, &self.rhythm);
        let measured = Measured {
            first_seen: self.slots.first().map_or(moment.window.0, |slot| slot.first),
            last_seen: self.slots.last().map_or(moment.end, |slot| slot.last),
            severity: match self.why {
                Why::New if self.unheard_of && rhythm.hours >= 6 => Severity::High,
                Why::New | Why::Unanswered => Severity::Medium,
                Why::FromOutside => Severity::Low,
            },
            confidence: match self.why {
                Why::New => (40.0 + 55.0 * rhythm.regularity) as u8,
                Why::Unanswered | Why::FromOutside => (65.0 * rhythm.regularity) as u8,
            },
            interfaces: self.of.interfaces.to_vec(),
            facts: Facts::Beacon {
                peer: key.peer,
                protocol: key.service.protocol,
                port: key.service.port,
                connections: rhythm.calls,
                interval: rhythm.interval,
                jitter: rhythm.jitter,
                bytes: rhythm.bytes,
                hours: rhythm.hours,
                regularity: rhythm.regularity,
            },
            evidence: vec![self.of.evidence(self.slots)],
        };
        (moment.subject(Kind::Beacon, self.of.host, Some(key.peer)), moment.hit(measured))
    }
}

/// How a pair's calls follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rhythm {
    calls: u64,
    /// The typical time between two calls, seconds.
    interval: f64,
    /// How far intervals are from that: their median deviation as a share of it.
    jitter: f64,
    /// Standard deviation by mean of the intervals, pauses aside; or, of counts, what they leave of a random one's variance.
    spread: Spread,
    /// Bytes usually sent in a call.
    bytes: f64,
    /// Hours with calls.
    hours: u64,
    /// 0 to 1.
    regularity: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Spread {
    Intervals(f64),
    Counts(f64),
}

impl Rhythm {
    fn from_slots(slots: &[Slot], window_seconds: i64) -> Option<Self> {
        let calls: u64 = slots.iter().map(|slot| slot.attempts).fold(0, u64::saturating_add);
        let per_slot = calls as f64 / slots.len() as f64;
        let (interval, jitter, spread, evenness) =
            if per_slot <= 2.2 { by_intervals(slots)? } else { by_counts(slots, window_seconds)? };
        let mut sizes: Vec<f64> =
            slots.iter().map(|slot| slot.bytes_sent as f64 / slot.attempts.max(1) as f64).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let size = regularity(&sizes);
        let mut by_hour: BTreeMap<i64, u64> = BTreeMap::new();
        for slot in slots {
            *by_hour.entry(slot.window.0.div_euclid(3600)).or_default() += slot.attempts;
        }
        let flat = flatness(&by_hour, interval);
        Some(Self {
            calls,
            interval,
            jitter,
            spread,
            bytes: median_sorted(&sizes).unwrap_or(0.0),
            hours: by_hour.len() as u64,
            regularity: (evenness + size + flat) / 3.0,
        })
    }

    fn is_regular(&self) -> bool {
        let even = match self.spread {
            Spread::Intervals(variation) => variation <= MAX_VARIATION && self.jitter <= MAX_JITTER,
            Spread::Counts(dispersion) => dispersion <= MAX_DISPERSION,
        };
        even && self.calls >= MIN_CALLS as u64
            && (MIN_INTERVAL..=MAX_INTERVAL).contains(&self.interval)
            && self.regularity >= REGULARITY
    }

    /// How long it must have gone on.
    fn shortest(&self) -> i64 {
        if self.interval <= 66.0 { MIN_STEADY_SECONDS } else { MIN_SECONDS }
    }
}

/// (interval, jitter, spread, evenness) from the times of calls. Two rows of a window close to each other are one call
/// that crossed the log's aggregation interval.
fn by_intervals(slots: &[Slot]) -> Option<(f64, f64, Spread, f64)> {
    let mut times: Vec<i64> = Vec::with_capacity(slots.len() * 2);
    for slot in slots {
        let last_too = slot.attempts > 1 && slot.last - slot.first > 100;
        for time in [Some(slot.first), last_too.then_some(slot.last)].into_iter().flatten() {
            // A row begun in this window may be the end of a call of the one before.
            if times.last().is_none_or(|before| time - before > 15) {
                times.push(time);
            }
        }
    }
    if times.len() < MIN_CALLS {
        return None;
    }
    let mut intervals: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    intervals.sort_unstable_by(f64::total_cmp);
    let usual = median_sorted(&intervals).unwrap_or(0.0);
    let between = intervals.partition_point(|interval| *interval <= 3.0 * usual);
    // Pauses (a host that is off for the night) do not take the rhythm away, but must be few.
    if (intervals.len() - between) * 10 > intervals.len() {
        return None;
    }
    let (mean, deviation) = moments(&intervals[..between]);
    let jitter = median_absolute_deviation(&intervals).unwrap_or(0.0) / usual.max(1.0);
    Some((usual, jitter, Spread::Intervals(deviation / mean.max(1.0)), regularity(&intervals)))
}

/// The same from counts per window; the windows at either end are not whole.
fn by_counts(slots: &[Slot], window_seconds: i64) -> Option<(f64, f64, Spread, f64)> {
    let (first, last) = (slots.first()?.window.0, slots.last()?.window.0);
    let windows = (last - first) / window_seconds.max(1) + 1;
    // One window in ten may be empty.
    if (slots.len() as i64) * 10 < windows * 9 || slots.len() < MIN_WINDOWS + 2 {
        return None;
    }
    let mut counts: Vec<f64> = slots[1..slots.len() - 1].iter().map(|slot| slot.attempts as f64).collect();
    counts.sort_unstable_by(f64::total_cmp);
    let (mean, deviation) = moments(&counts);
    let usual = median_sorted(&counts).unwrap_or(0.0).max(1.0);
    let jitter = median_absolute_deviation(&counts).unwrap_or(0.0) / usual;
    Some((
        window_seconds as f64 / usual,
        jitter,
        Spread::Counts(deviation * deviation / mean.max(1.0)),
        regularity(&counts),
    ))
}

/// RITA's: ½[(1 − |Bowley skewness|) + max(0, (median − median deviation) / median)]. Of values in ascending order.
fn regularity(values: &[f64]) -> f64 {
    let quartile = |share: f64| {
        let at = (values.len().saturating_sub(1)) as f64 * share;
        values.get(at.round() as usize).copied().unwrap_or(0.0)
    };
    let (q1, q2, q3) = (quartile(0.25), quartile(0.5), quartile(0.75));
    let flat = q3 - q1 < 10.0 || q2 <= q1 || q2 >= q3;
    let skewness = if flat { 0.0 } else { (q3 + q1 - 2.0 * q2) / (q3 - q1) };
    let dispersion =
        if q2 > 0.0 { ((q2 - median_absolute_deviation(values).unwrap_or(0.0)) / q2).max(0.0) } else { 0.0 };
    f64::midpoint(1.0 - skewness.abs(), dispersion)
}

/// How evenly calls fill the hours from the first to the last, those two aside where there are more: 1 − their coefficient
/// of variation. Calls rarer than a few an hour are counted over as many hours as hold four.
fn flatness(by_hour: &BTreeMap<i64, u64>, interval: f64) -> f64 {
    let (Some((&first, _)), Some((&last, _))) = (by_hour.first_key_value(), by_hour.last_key_value()) else {
        return 0.0;
    };
    let step = ((4.0 * interval / 3600.0).ceil() as i64).max(1);
    let inner = if last - first >= 3 { first + 1..last } else { first..last + 1 };
    let mut counts: BTreeMap<i64, f64> = BTreeMap::new();
    for hour in inner.clone() {
        *counts.entry((hour - inner.start) / step).or_default() += by_hour.get(&hour).copied().unwrap_or(0) as f64;
    }
    // The last step is not whole where steps do not fit.
    if (inner.end - inner.start) % step != 0 && counts.len() > 1 {
        counts.pop_last();
    }
    let counts: Vec<f64> = counts.into_values().collect();
    let (mean, deviation) = moments(&counts);
    if mean > 0.0 { (1.0 - deviation / mean).max(0.0) } else { 0.0 }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
}
