//! `usage-variability`: a series varies more than it did, to both sides.

use weir_domain::finding::Kind;
use weir_domain::usage::UsageScore;

use super::measured::{Measured, evidence, rarest};

/// Points looked at: those that the detector takes the spread of.
const POINTS: usize = 24;

/// Of these, points above, and points below, the baseline: each side has one in twenty by chance.
const OUTSIDE: usize = 4;

/// Times the usual spread.
const TIMES_BASELINE: f64 = 2.0;

/// The last points, where they are much farther from one another than usual and lie outside of the baseline on both
/// sides: neither a single spike nor another level does so.
pub(super) fn measure(past: &[UsageScore]) -> Option<Measured> {
    let (last, points) = (past.last()?, past.get(past.len().checked_sub(POINTS)?..)?);
    let first = points.first()?;
    let (spread, usual) = (last.recent_spread, last.usual_spread);
    let above = points.iter().filter(|score| score.value > score.usual_high).count();
    let below = points.iter().filter(|score| score.value < score.usual_low).count();
    if usual <= 0.0 || spread < TIMES_BASELINE * usual || above < OUTSIDE || below < OUTSIDE {
        return None;
    }
    Some(Measured {
        kind: Kind::UsageVariability,
        value: spread,
        usual,
        usual_low: 0.0,
        usual_high: TIMES_BASELINE * usual,
        season: last.season,
        effect: spread / usual,
        rarity: rarest(past),
        steps: POINTS as u64,
        first_seen: first.time,
        points: evidence(points),
    })
}
