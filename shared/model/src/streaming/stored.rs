//! The state of a detector as it is stored, checked before it is believed.

use super::pattern::Pattern;
use super::repeats::Repeats;
use super::residuals::Residuals;
use super::sliding_window::SlidingWindow;
use super::standstill::Standstill;
use super::tail_probability::TailProbability;
use super::{OnlineDetector, Seasonal};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredDetector {
    memory: u32,
    utc_offset: i32,
    seen: u64,
    last_time: Option<i64>,
    steps: SlidingWindow,
    plain: Residuals,
    seasonal: Option<Vec<Seasonal>>,
    pattern: Pattern,
    pattern_tail: TailProbability,
    standstill: Standstill,
    combined: [TailProbability; 3],
    repeats: Repeats,
}

impl From<OnlineDetector> for StoredDetector {
    fn from(detector: OnlineDetector) -> Self {
        Self {
            memory: u32::try_from(detector.memory).unwrap_or(u32::MAX),
            utc_offset: detector.utc_offset,
            seen: detector.seen,
            last_time: detector.last_time,
            steps: detector.steps,
            plain: detector.plain,
            seasonal: detector.seasonal,
            pattern: detector.pattern,
            pattern_tail: detector.pattern_tail,
            standstill: detector.standstill,
            combined: detector.combined,
            repeats: detector.repeats,
        }
    }
}

impl TryFrom<StoredDetector> for OnlineDetector {
    type Error = &'static str;

    fn try_from(stored: StoredDetector) -> Result<Self, &'static str> {
        let seasonal = stored.seasonal.iter().flatten();
        let sound = (100..=100_000).contains(&stored.memory)
            && (-86_400..=86_400).contains(&stored.utc_offset)
            && stored.plain.is_sound()
            && stored.seasonal.as_ref().is_none_or(|seasons| seasons.len() <= 2)
            && seasonal.clone().all(|seasonal| seasonal.profile.is_sound() && seasonal.residuals.is_sound())
            && stored.pattern.is_sound()
            && stored.pattern_tail.is_sound()
            && stored.standstill.is_sound()
            && stored.combined.iter().all(TailProbability::is_sound)
            && stored.repeats.is_sound();
        if !sound {
            return Err("the state of an online detector is damaged: let it begin anew");
        }
        Ok(Self {
            memory: stored.memory as usize,
            utc_offset: stored.utc_offset,
            seen: stored.seen,
            last_time: stored.last_time,
            steps: stored.steps,
            plain: stored.plain,
            seasonal: stored.seasonal,
            pattern: stored.pattern,
            pattern_tail: stored.pattern_tail,
            standstill: stored.standstill,
            combined: stored.combined,
            repeats: stored.repeats,
        })
    }
}
