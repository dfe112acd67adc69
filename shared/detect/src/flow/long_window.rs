//! Detections that need hours: beacons, slow scans and sweeps, slow exfiltration, brute force that is slow or shared by many,
//! slow tunnels, strangers who insist.
//!
//! All are pure functions of the last 24 hourly rollups. An hour is looked at four times, at the end of the windows that
//! complete its quarters, each time with what was known by then and nothing later: so a hit depends on no sweep's timing,
//! and its window is the one that made it detectable. What goes on is hit again every quarter of an hour, which is near
//! enough for incidents to join ([`crate::incidents::GAP`]).

pub mod beacon;
pub mod repeated_attempts;
mod series;
pub mod shared_brute_force;
pub mod slow_brute_force;
pub mod slow_exfiltration;
pub mod slow_host_sweep;
pub mod slow_port_scan;
pub mod slow_tunnel;

use std::net::IpAddr;

use weir_domain::aggregate::PairKey;
use weir_domain::baseline::Baseline;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Severity, Subject};
use weir_domain::rollup::HourRollup;
use weir_domain::window::{Scope, WindowStart};

use series::Histories;

/// Hours that are looked over, the one that is looked at included.
pub const HOURS: usize = 24;

/// How often an hour is looked at (seconds).
const QUARTER: i64 = 900;

/// An hour and those before it.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// Whose logs.
    pub scope: &'a Scope,
    /// Rollups in ascending order, at most [`HOURS`] hours; the last is the hour that is looked at.
    pub hours: &'a [HourRollup],
    /// What is usual, where something was learned.
    pub baseline: Option<&'a Baseline>,
}

/// Everything that is found in the last hour of a day, at windows that pass a test: they are to be whole.
///
/// O(pairs of the last three hours × hours) and, for what is found, O(hosts × hours).
#[must_use]
pub fn detect(day: &Day<'_>, judges: impl Fn(WindowStart) -> bool) -> Vec<(Subject, Hit)> {
    let Some(current) = day.hours.last() else { return Vec::new() };
    let histories = Histories::of(day);
    let mut found = Vec::new();
    for window in quarters(current).into_iter().filter(|window| judges(*window)) {
        let moment = Moment { day, window, end: window.0 + current.window_seconds, rows: current.rows };
        found.extend(beacon::detect(&histories, &moment));
        found.extend(slow_port_scan::detect(&histories, &moment));
        found.extend(slow_host_sweep::detect(&histories, &moment));
        found.extend(slow_exfiltration::detect(&histories, &moment));
        found.extend(slow_brute_force::detect(&histories, &moment));
        found.extend(shared_brute_force::detect(&histories, &moment));
        found.extend(slow_tunnel::detect(&histories, &moment));
        found.extend(repeated_attempts::detect(&histories, &moment));
    }
    found
}

/// Leaves out what detections on the windows by themselves told already: hits of the same subject and window.
#[must_use]
pub fn without_duplicates(
    found: Vec<(Subject, Hit)>,
    told: impl Fn(&Subject, WindowStart) -> bool,
) -> Vec<(Subject, Hit)> {
    found.into_iter().filter(|(subject, hit)| !told(subject, hit.window)).collect()
}

/// The windows that complete a quarter of an hour, whether or not they have records.
fn quarters(hour: &HourRollup) -> Vec<WindowStart> {
    let (start, length) = (hour.hour.start(), hour.window_seconds.max(1));
    let completes = |window: &i64| (window - start + length).div_euclid(QUARTER) > (window - start).div_euclid(QUARTER);
    (0..3600 / length).map(|n| start + n * length).filter(completes).map(WindowStart).collect()
}

/// When is looked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    day: &'a Day<'a>,
    /// The window at whose end is looked.
    window: WindowStart,
    /// When it ends: nothing that begins later is known.
    end: i64,
    rows: u64,
}

/// What a detection measured, to be made a hit of.
struct Measured {
    first_seen: i64,
    last_seen: i64,
    severity: Severity,
    confidence: u8,
    interfaces: Vec<String>,
    facts: Facts,
    evidence: Vec<Evidence>,
}

impl Moment<'_> {
    fn window_seconds(&self) -> i64 {
        self.end - self.window.0
    }

    /// Whether nobody in the network ever began a contact, as far as can be told.
    fn is_new(&self, contact: &PairKey) -> bool {
        let Some(baseline) = self.day.baseline.filter(|baseline| baseline.can_judge_novelty(self.window.0)) else {
            return false;
        };
        baseline.contact(contact).is_none_or(|known| !baseline.is_established(known.seen, self.window.0))
    }

    /// Whether somebody in the network talked to the network of an address before.
    fn knows_network(&self, address: IpAddr) -> bool {
        let Some(baseline) = self.day.baseline else { return false };
        baseline.network(address).is_some_and(|known| baseline.is_established(known.seen, self.window.0))
    }

    fn subject(&self, kind: Kind, entity: IpAddr, peer: Option<IpAddr>) -> Subject {
        Subject { kind, scope: self.day.scope.clone(), entity: entity.into(), peer }
    }

    fn hit(&self, measured: Measured) -> Hit {
        Hit {
            window: self.window,
            window_end: self.end,
            first_seen: measured.first_seen,
            last_seen: measured.last_seen,
            severity: measured.severity,
            confidence: measured.confidence,
            rows: self.rows,
            interfaces: measured.interfaces,
            facts: measured.facts,
            evidence: measured.evidence.into(),
        }
    }
}

#[cfg(test)]
mod tests;
