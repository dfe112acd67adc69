//! The anomalies of a series: kind, period and factor.

use serde::Serialize;
use weir_domain::time::DAY_HALF_HOURS;

use crate::random::Stream;

/// Steps without anomalies at the start of a series: two weeks for learning.
pub(super) const CLEAN_STEPS: usize = 14 * DAY_HALF_HOURS;

/// The kind of an anomaly, by the name of the finding that should report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageKind {
    /// A spike of up to two hours.
    UsageSpike,
    /// A drop of up to four hours.
    UsageDrop,
    /// A higher or lower level for three days.
    UsageLevelChange,
    /// A higher variability at the same level for a day.
    UsageVariability,
    /// No values for one to twelve hours.
    DataGap,
}

impl UsageKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::UsageSpike, Self::UsageDrop, Self::UsageLevelChange, Self::UsageVariability, Self::DataGap];
}

/// An anomaly, in steps of its series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anomaly {
    /// Its kind.
    pub kind: UsageKind,
    /// Its first step.
    pub from: usize,
    /// The step after its last.
    pub to: usize,
    /// The factor on the normal value; for higher variability, the factor on the noise.
    pub factor: f64,
}

impl Anomaly {
    /// The anomalies of a series, in order of time: about one in ten days, at least two days apart.
    pub(super) fn plan(seed: u64, name: &str, steps: usize) -> Vec<Self> {
        let mut chance = Stream::new(seed, &format!("anomalies {name}"), 0);
        let mut planned = Vec::new();
        let mut from = CLEAN_STEPS + chance.below(6 * DAY_HALF_HOURS as u64) as usize;
        while let Some(kind) = chance.pick(&UsageKind::ALL).copied() {
            let between = |chance: &mut Stream, low: f64, high: f64| low + (high - low) * chance.unit();
            let (length, factor) = match kind {
                UsageKind::UsageSpike => (chance.between(1, 4), between(&mut chance, 2.5, 6.0)),
                UsageKind::UsageDrop => (chance.between(2, 8), between(&mut chance, 0.0, 0.3)),
                UsageKind::UsageLevelChange => {
                    let more = chance.chance(0.5);
                    (
                        3 * DAY_HALF_HOURS as i64,
                        if more { between(&mut chance, 1.5, 2.5) } else { between(&mut chance, 0.3, 0.6) },
                    )
                }
                UsageKind::UsageVariability => (DAY_HALF_HOURS as i64, between(&mut chance, 5.0, 8.0)),
                UsageKind::DataGap => (chance.between(2, 24), 0.0),
            };
            let to = from + length as usize;
            if to + DAY_HALF_HOURS > steps {
                break;
            }
            planned.push(Self { kind, from, to, factor });
            from = to + 2 * DAY_HALF_HOURS + chance.below(12 * DAY_HALF_HOURS as u64) as usize;
        }
        planned
    }
}
