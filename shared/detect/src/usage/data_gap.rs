//! `data-gap`: a series has no values where it always had some.

use weir_domain::finding::Kind;
use weir_domain::usage::UsageScore;

use super::measured::{MIN_POINTS, Measured, point_evidence};

/// Steps missing in a row.
const STEPS: u64 = 3;

/// How many points a gap must be rarer than: a series that often misses steps has none.
const POINTS: usize = 200;

/// A point before which steps are missing, reported when values come again.
pub(super) fn measure(past: &[UsageScore]) -> Option<Measured> {
    let (last, earlier) = past.split_last()?;
    let before = earlier.last()?;
    if last.missing_steps < STEPS || last.seen < MIN_POINTS {
        return None;
    }
    let recent = &earlier[earlier.len().saturating_sub(POINTS)..];
    if recent.iter().any(|score| score.missing_steps >= last.missing_steps) {
        return None;
    }
    let UsageScore { value, usual, usual_low, usual_high, season, .. } = *before;
    Some(Measured {
        kind: Kind::DataGap,
        value,
        usual,
        usual_low,
        usual_high,
        season,
        effect: last.missing_steps as f64,
        rarity: 0.0,
        steps: last.missing_steps,
        first_seen: before.time.saturating_add(last.step),
        points: vec![point_evidence(before), point_evidence(last)],
    })
}
