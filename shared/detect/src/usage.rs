//! Detections over scored series: `usage-spike`, `usage-drop`, `usage-level-change`, `usage-variability`, `data-gap`; and, over
//! weeks of them, `high-risk-window`.
//!
//! What is unusual was said by the detector that saw the series point by point
//! ([`UsageScore`](weir_domain::usage::UsageScore)). Here it gets a name, a size and a sentence. All are pure functions of the
//! scores up to a point: what comes later adds findings and takes none back.

mod data_gap;
pub mod high_risk_window;
mod level_change;
mod point;
mod variability;

use weir_domain::finding::{Entity, Evidence, Facts, Hit, Kind, PointEvidence, Severity, Subject};
use weir_domain::usage::{UsageScore, UsageSeason};
use weir_domain::window::{Scope, WindowStart};

/// Rarity from which a point is worth a finding, by default: fewer than one in 125. It was chosen between what is best on
/// simulated series (daily and weekly seasons, bursts, drifts, changes of level and spread: 2.2) and on the series of NAB's
/// `realAWSCloudwatch` (2.1), which so are no test of it.
pub const ALARM: f64 = 2.1;

/// Points after an alarm in which a new level or an unsteadiness belongs to it.
const AFTERWARDS: usize = 24;

/// Points a series must have had before anything is said of it.
const MIN: u64 = 100;

/// A series whose points were scored.
#[derive(Debug, Clone, Copy)]
pub struct ScoredSeries<'a> {
    /// Whose it is.
    pub scope: &'a Scope,
    /// What it is called, by its keys.
    pub name: &'a str,
    /// Its points in the order in which they were scored.
    pub scores: &'a [UsageScore],
    /// Rarity from which a point is worth a finding; [`ALARM`] unless something else is wanted.
    pub alarm: f64,
}

/// Everything that is found in a series, in order of time. O(points).
#[must_use]
pub fn detect(series: &ScoredSeries<'_>) -> Vec<(Subject, Hit)> {
    let mut found = Vec::new();
    let mut since_alarm = usize::MAX;
    let mut before = [false; 2];
    for at in 0..series.scores.len() {
        let (past, score) = (&series.scores[..=at], &series.scores[at]);
        let alarm = score.fresh && score.rarity >= series.alarm && score.seen >= MIN;
        since_alarm = if alarm { 0 } else { since_alarm.saturating_add(1) };
        let followed = since_alarm <= AFTERWARDS;
        // A change is told when it is complete, and once.
        let level = level_change::measure(past).filter(|_| followed);
        let unsteady = variability::measure(past).filter(|_| followed && level.is_none());
        let now = [level.is_some(), unsteady.is_some()];
        let changes =
            [level, unsteady].into_iter().zip(before).filter_map(|(change, before)| change.filter(|_| !before));
        let point = if alarm { point::measure(score) } else { None };
        let gap = data_gap::measure(past);
        for measured in gap.into_iter().chain(point).chain(changes) {
            found.push(series.hit(score, measured));
        }
        before = now;
    }
    found
}

/// What a detection measured, to be made a hit of.
struct Measured {
    kind: Kind,
    value: f64,
    usual: f64,
    usual_low: f64,
    usual_high: f64,
    season: UsageSeason,
    effect: f64,
    rarity: f64,
    steps: u64,
    /// When it began, seconds since the epoch.
    first_seen: i64,
    /// The points it is about, the latest last.
    points: Vec<PointEvidence>,
}

impl ScoredSeries<'_> {
    fn hit(&self, score: &UsageScore, measured: Measured) -> (Subject, Hit) {
        let Measured { kind, value, usual, usual_low, usual_high, season, effect, rarity, steps, first_seen, points } =
            measured;
        let subject =
            Subject { kind, scope: self.scope.clone(), entity: Entity::Series(self.name.to_owned()), peer: None };
        let end = score.time.saturating_add(score.step.max(1));
        let hit = Hit {
            window: WindowStart(score.time),
            window_end: end,
            first_seen: first_seen.min(score.time),
            last_seen: score.time,
            severity: severity(kind, effect, rarity),
            confidence: confidence(kind, effect, rarity),
            rows: score.seen + 1,
            interfaces: Vec::new(),
            facts: Facts::Usage { kind, value, usual, usual_low, usual_high, season, effect, rarity, steps },
            evidence: points.into(),
        };
        (subject, hit)
    }
}

/// Medium; low where it is hardly outside of what is usual, high where it is far and as good as never was.
fn severity(kind: Kind, effect: f64, rarity: f64) -> Severity {
    match kind {
        Kind::DataGap if effect < 12.0 => Severity::Low,
        Kind::DataGap => Severity::Medium,
        _ if effect >= 5.0 && rarity >= 4.0 => Severity::High,
        _ if effect < 1.5 => Severity::Low,
        _ => Severity::Medium,
    }
}

/// From 50 for what is barely rare to 95 for one point in ten thousand; of a gap there is no doubt but its meaning.
fn confidence(kind: Kind, effect: f64, rarity: f64) -> u8 {
    if kind == Kind::DataGap {
        return if effect < 12.0 { 60 } else { 90 };
    }
    (50.0 + 22.5 * (rarity - 2.0)).clamp(50.0, 95.0) as u8
}

/// The last points as evidence, at most as many as a hit holds.
fn evidence(points: &[UsageScore]) -> Vec<PointEvidence> {
    let last = &points[points.len().saturating_sub(Evidence::MAX_PER_HIT)..];
    last.iter().map(of_point).collect()
}

fn of_point(score: &UsageScore) -> PointEvidence {
    let UsageScore { time, value, usual, usual_low, usual_high, .. } = *score;
    PointEvidence { time, value, usual, usual_low, usual_high }
}

/// How far a value is from usual, in times of what is rarely exceeded on its side; a hundred at most, where nothing ever
/// was on that side.
fn effect(away: f64, low: f64, high: f64) -> f64 {
    let usual = if away < 0.0 { low.abs() } else { high.abs() };
    if away == 0.0 { 0.0 } else { (away.abs() / usual.max(away.abs() / 100.0)).min(100.0) }
}

/// The rarest of the last points.
fn rarest(points: &[UsageScore]) -> f64 {
    let last = &points[points.len().saturating_sub(AFTERWARDS)..];
    last.iter().map(|score| score.rarity).fold(0.0, f64::max)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests;
