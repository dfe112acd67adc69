//! Detections over scored series: `usage-spike`, `usage-drop`, `usage-level-change`, `usage-variability`, `data-gap`; and, over
//! weeks of them, `high-risk-window`.
//!
//! The detector that saw the series point by point decides which points are anomalous ([`UsageScore`](weir_domain::usage::UsageScore));
//! the detections here classify them and measure their size. All are pure functions of the scores up to a point: later points add
//! findings and take none back.

mod data_gap;
pub mod high_risk_window;
mod level_change;
mod measured;
mod point;
mod variability;

use weir_domain::finding::{Entity, Facts, Hit, Kind, Severity, Subject};
use weir_domain::usage::UsageScore;
use weir_domain::window::{Scope, WindowStart};

use measured::{AFTERWARDS, MIN_POINTS, Measured};

pub use measured::ALARM;

/// A series whose points were scored.
#[derive(Debug, Clone, Copy)]
pub struct ScoredSeries<'a> {
    /// Account and region.
    pub scope: &'a Scope,
    /// Name of the series, made of its keys.
    pub name: &'a str,
    /// Its points in the order in which they were scored.
    pub scores: &'a [UsageScore],
    /// Rarity from which a point is worth a finding; [`ALARM`] by default.
    pub alarm: f64,
}

/// All hits in a series, in order of time. O(points).
#[must_use]
pub fn detect(series: &ScoredSeries<'_>) -> Vec<(Subject, Hit)> {
    let mut found = Vec::new();
    let mut since_alarm = usize::MAX;
    let mut before = [false; 2];
    for at in 0..series.scores.len() {
        let (past, score) = (&series.scores[..=at], &series.scores[at]);
        let alarm = score.fresh && score.rarity >= series.alarm && score.seen >= MIN_POINTS;
        since_alarm = if alarm { 0 } else { since_alarm.saturating_add(1) };
        let followed = since_alarm <= AFTERWARDS;
        // A change is reported once, when it is complete.
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

/// Medium; low for values hardly outside the baseline, high for rare values far outside.
fn severity(kind: Kind, effect: f64, rarity: f64) -> Severity {
    match kind {
        Kind::DataGap if effect < 12.0 => Severity::Low,
        Kind::DataGap => Severity::Medium,
        _ if effect >= 5.0 && rarity >= 4.0 => Severity::High,
        _ if effect < 1.5 => Severity::Low,
        _ => Severity::Medium,
    }
}

/// From 50 for a barely rare point to 95 for one in ten thousand. A gap is certain, only its meaning is not.
fn confidence(kind: Kind, effect: f64, rarity: f64) -> u8 {
    if kind == Kind::DataGap {
        return if effect < 12.0 { 60 } else { 90 };
    }
    (50.0 + 22.5 * (rarity - 2.0)).clamp(50.0, 95.0) as u8
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests;
