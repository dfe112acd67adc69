//! `usage-spike`, `usage-drop`: a point far above or below the baseline at its time.

use weir_domain::finding::Kind;
use weir_domain::usage::{UsageScore, UsageView};

use super::measured::{Measured, effect, point_evidence};

/// A point that raised an alarm, where it lies outside of the baseline; or one of a standstill, which is a drop unless the
/// value is a high one: nothing happens any more.
pub(super) fn measure(score: &UsageScore) -> Option<Measured> {
    let UsageScore { value, usual, usual_low, usual_high, .. } = *score;
    let kind = if value > usual_high {
        Kind::UsageSpike
    } else if value < usual_low || (score.view == UsageView::Standstill && value <= usual) {
        Kind::UsageDrop
    } else {
        return None;
    };
    Some(Measured {
        kind,
        value,
        usual,
        usual_low,
        usual_high,
        season: score.season,
        effect: effect(value - usual, usual_low - usual, usual_high - usual),
        rarity: score.rarity,
        steps: 1,
        first_seen: score.time,
        points: vec![point_evidence(score)],
    })
}
