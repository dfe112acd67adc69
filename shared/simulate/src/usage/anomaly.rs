//! What is out of the ordinary in a series, and what it does to it.

use serde::Serialize;

use crate::random::Stream;

/// Steps of a day.
pub(super) const DAY: usize = 48;

/// The first step that may be out of the ordinary: the first two weeks are for learning.
pub(super) const CLEAN: usize = 14 * DAY;

/// A kind, by the name of the finding that should tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageKind {
    /// Much more for up to two hours.
    UsageSpike,
    /// Much less for up to four hours.
    UsageDrop,
    /// More, or less, for three days.
    UsageLevelChange,
    /// As much on the whole, up and down, for a day.
    UsageVariability,
    /// Nothing measured for one to twelve hours.
    DataGap,
}

impl UsageKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::UsageSpike, Self::UsageDrop, Self::UsageLevelChange, Self::UsageVariability, Self::DataGap];
}

/// Something out of the ordinary, in steps of its series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anomaly {
    /// What it is.
    pub kind: UsageKind,
    /// Its first step.
    pub from: usize,
    /// The step after its last.
    pub to: usize,
    /// What the usual is multiplied by; for more variability, what its noise is.
    pub factor: f64,
}

impl Anomaly {
    /// The anomalies of a series of so many steps, about one in ten days, by time: at least two days apart.
    pub(super) fn plan(seed: u64, name: &str, steps: usize) -> Vec<Self> {
        let mut chance = Stream::new(seed, &format!("anomalies {name}"), 0);
        let mut planned = Vec::new();
        let mut from = CLEAN + chance.below(6 * DAY as u64) as usize;
        while let Some(kind) = chance.pick(&UsageKind::ALL).copied() {
            let between = |chance: &mut Stream, low: f64, high: f64| low + (high - low) * chance.unit();
            let (length, factor) = match kind {
                UsageKind::UsageSpike => (chance.between(1, 4), between(&mut chance, 2.5, 6.0)),
                UsageKind::UsageDrop => (chance.between(2, 8), between(&mut chance, 0.0, 0.3)),
                UsageKind::UsageLevelChange => {
                    let more = chance.chance(0.5);
                    (3 * DAY as i64, if more { between(&mut chance, 1.5, 2.5) } else { between(&mut chance, 0.3, 0.6) })
                }
                UsageKind::UsageVariability => (DAY as i64, between(&mut chance, 5.0, 8.0)),
                UsageKind::DataGap => (chance.between(2, 24), 0.0),
            };
            let to = from + length as usize;
            if to + DAY > steps {
                break;
            }
            planned.push(Self { kind, from, to, factor });
            from = to + 2 * DAY + chance.below(12 * DAY as u64) as usize;
        }
        planned
    }
}
