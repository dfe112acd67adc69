//! `usage-level-change`: a series stays above, or below, the baseline.

use weir_domain::finding::Kind;
use weir_domain::usage::UsageScore;

use super::measured::{Measured, effect, evidence, rarest};

/// Points in a row that make a level.
const POINTS: usize = 12;

/// The last points, where all of them lie outside of the baseline on one side.
pub(super) fn measure(past: &[UsageScore]) -> Option<Measured> {
    let (last, points) = (past.last()?, past.get(past.len().checked_sub(POINTS)?..)?);
    let first = points.first()?;
    let above = points.iter().all(|score| score.value > score.usual_high);
    let below = points.iter().all(|score| score.value < score.usual_low);
    if !above && !below {
        return None;
    }
    let mean = |of: fn(&UsageScore) -> f64| points.iter().map(of).sum::<f64>() / POINTS as f64;
    let (value, usual) = (mean(|score| score.value), mean(|score| score.usual));
    let (usual_low, usual_high) = (mean(|score| score.usual_low), mean(|score| score.usual_high));
    Some(Measured {
        kind: Kind::UsageLevelChange,
        value,
        usual,
        usual_low,
        usual_high,
        season: last.season,
        effect: effect(value - usual, usual_low - usual, usual_high - usual),
        rarity: rarest(past),
        steps: POINTS as u64,
        first_seen: first.time,
        points: evidence(points),
    })
}
