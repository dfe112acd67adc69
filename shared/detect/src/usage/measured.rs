//! The measurements that detections on usage series share.

use weir_domain::finding::{Evidence, Kind, PointEvidence};
use weir_domain::usage::{UsageScore, UsageSeason};

/// Rarity from which a point is worth a finding, by default: fewer than one in 125. It was chosen between what is best on
/// simulated series (daily and weekly seasons, bursts, drifts, changes of level and spread: 2.2) and on the series of NAB's
/// `realAWSCloudwatch` (2.1), so neither is a test of it.
pub const ALARM: f64 = 2.1;

/// Number of points after an alarm in which a new level or variability belongs to it.
pub(super) const AFTERWARDS: usize = 24;

/// Minimum number of earlier points of a series for a finding.
pub(super) const MIN_POINTS: u64 = 100;

/// The measurements of a detection, from which a hit is made.
pub(super) struct Measured {
    pub(super) kind: Kind,
    pub(super) value: f64,
    pub(super) usual: f64,
    pub(super) usual_low: f64,
    pub(super) usual_high: f64,
    pub(super) season: UsageSeason,
    pub(super) effect: f64,
    pub(super) rarity: f64,
    pub(super) steps: u64,
    /// Start of the anomaly, seconds since the epoch.
    pub(super) first_seen: i64,
    /// The anomalous points, the latest last.
    pub(super) points: Vec<PointEvidence>,
}

/// The last points as evidence, at most as many as a hit holds.
pub(super) fn evidence(points: &[UsageScore]) -> Vec<PointEvidence> {
    let last = &points[points.len().saturating_sub(Evidence::MAX_PER_HIT)..];
    last.iter().map(point_evidence).collect()
}

pub(super) fn point_evidence(score: &UsageScore) -> PointEvidence {
    let UsageScore { time, value, usual, usual_low, usual_high, .. } = *score;
    PointEvidence { time, value, usual, usual_low, usual_high }
}

/// The distance of a value from the median of its baseline, as a multiple of the distance that is rarely exceeded on its side; at most
/// 100, where the baseline has nothing on that side.
pub(super) fn effect(away: f64, low: f64, high: f64) -> f64 {
    let typical = if away < 0.0 { low.abs() } else { high.abs() };
    if away == 0.0 { 0.0 } else { (away.abs() / typical.max(away.abs() / 100.0)).min(100.0) }
}

/// The highest rarity of the last points.
pub(super) fn rarest(points: &[UsageScore]) -> f64 {
    let last = &points[points.len().saturating_sub(AFTERWARDS)..];
    last.iter().map(|score| score.rarity).fold(0.0, f64::max)
}
