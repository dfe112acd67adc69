//! Long-window detections: beacons, slow scans and sweeps, slow exfiltration, slow or distributed brute force, slow tunnels, and
//! repeated connection attempts, from the last 24 hourly rollups.
//!
//! All are pure functions of the rollups. An hour is evaluated four times, at the ends of the windows that complete its quarters, with
//! no data after that time, so that a hit does not depend on when the sweep runs and its window is the one that made it detectable.
//! Lasting behaviour is hit again every quarter of an hour, close enough for incidents to join ([`crate::incidents::GAP`]).

pub mod beacon;
mod moment;
pub mod repeated_attempts;
mod series;
pub mod shared_brute_force;
pub mod slow_brute_force;
pub mod slow_exfiltration;
pub mod slow_host_sweep;
pub mod slow_port_scan;
pub mod slow_tunnel;

use weir_domain::finding::{Hit, Subject};
use weir_domain::rollup::HourRollup;
use weir_domain::window::WindowStart;

use moment::{Moment, QUARTER};
use series::Histories;

pub use moment::{Day, HOURS};

/// All hits in the last hour of a day, at windows that pass a test, which must be complete.
///
/// O(pairs of the last three hours × hours) and, for the hits, O(hosts × hours).
#[must_use]
pub fn detect(day: &Day<'_>, judges: impl Fn(WindowStart) -> bool) -> Vec<(Subject, Hit)> {
    let Some(current) = day.hours.last() else { return Vec::new() };
    let histories = Histories::from_day(day);
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

/// Leaves out hits of a subject and window that a detection on single windows already reported.
#[must_use]
pub fn without_duplicates(
    found: Vec<(Subject, Hit)>,
    reported: impl Fn(&Subject, WindowStart) -> bool,
) -> Vec<(Subject, Hit)> {
    found.into_iter().filter(|(subject, hit)| !reported(subject, hit.window)).collect()
}

/// The windows that complete a quarter of an hour, whether or not they have records.
fn quarters(hour: &HourRollup) -> Vec<WindowStart> {
    let (start, length) = (hour.hour.start(), hour.window_seconds.max(1));
    let completes = |window: &i64| (window - start + length).div_euclid(QUARTER) > (window - start).div_euclid(QUARTER);
    (0..3600 / length).map(|n| start + n * length).filter(completes).map(WindowStart).collect()
}

#[cfg(test)]
mod tests;
