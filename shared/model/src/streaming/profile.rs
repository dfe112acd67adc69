//! The baseline at an hour of the day or of the week.

use weir_domain::usage::UsageSeason;

/// Visits of a slot before it foretells anything.
const MIN_VISITS: u32 = 2;

/// Weight of the latest visit of a slot, once there were more than its inverse.
const RATE: f64 = 0.2;

/// A visit moves its slot by no more than so many times the usual error.
const FURTHEST: f64 = 4.0;

/// Weight of the latest error in the baseline, once there were more than its inverse.
const ERROR_RATE: f64 = 0.001;

/// Points predicted before a season is believed in.
const MIN_PREDICTED: u64 = 200;

/// The baseline of each slot of a period, learned visit by visit.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) season: UsageSeason,
    period: i64,
    width: i64,
    slots: Vec<Slot>,
    /// The slot that is being visited.
    visited: Option<usize>,
    sum: f64,
    points: u32,
    /// Points predicted.
    predicted: u64,
    /// Mean error of what this profile foretells, and of what the median does.
    error: f64,
    error_of_median: f64,
}

/// Usual value and number of visits.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    usual: f64,
    visits: u32,
}

/// The baseline at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prediction {
    /// In the slot itself.
    pub(super) usual: f64,
    /// The least and the most of the slot and its neighbours: what is a little early or late is not unusual.
    low: f64,
    high: f64,
}

impl Prediction {
    /// How far a value is above (or, negative, below) the range.
    pub(super) fn residual(&self, value: f64) -> f64 {
        value - value.clamp(self.low, self.high)
    }
}

impl Profile {
    /// A profile of slots as long as a step of the series, or a quarter of an hour of a day and an hour of a week where
    /// that is more. There is none of fewer than four slots.
    pub(super) fn new(season: UsageSeason, step: i64) -> Option<Self> {
        let (period, least) = match season {
            UsageSeason::None => return None,
            UsageSeason::Day => (86_400, 900),
            UsageSeason::Week => (7 * 86_400, 3600),
        };
        let width = step.max(least);
        let slots = usize::try_from(period / width).unwrap_or(0);
        (slots >= 4).then(|| Self {
            season,
            period,
            width,
            slots: vec![Slot::default(); slots],
            visited: None,
            sum: 0.0,
            points: 0,
            predicted: 0,
            error: 0.0,
            error_of_median: 0.0,
        })
    }

    fn slot(&self, local: i64) -> usize {
        let slot = usize::try_from(local.rem_euclid(self.period) / self.width).unwrap_or(0);
        // The last slot takes what is left of a period that is no multiple of its width.
        slot.min(self.slots.len() - 1)
    }

    pub(super) fn predict(&self, local: i64) -> Option<Prediction> {
        let (at, slots) = (self.slot(local), self.slots.len());
        let known = |at: usize| Some(self.slots[at % slots]).filter(|slot| slot.visits >= MIN_VISITS);
        let usual = known(at)?.usual;
        let near = [known(at + 1), known(at + slots - 1)].into_iter().flatten().map(|slot| slot.usual);
        let (low, high) = near.fold((usual, usual), |(low, high), v| (low.min(v), high.max(v)));
        Some(Prediction { usual, low, high })
    }

    /// Notes how well a value was predicted, beside the median of the last values.
    pub(super) fn judge(&mut self, predicted: Prediction, median: f64, value: f64) {
        self.predicted += 1;
        let rate = (1.0 / self.predicted as f64).max(ERROR_RATE);
        self.error += rate * ((value - predicted.usual).abs() - self.error);
        self.error_of_median += rate * ((value - median).abs() - self.error_of_median);
    }

    /// The part of the median's error that is left, once that can be estimated.
    pub(super) fn error_left(&self) -> Option<f64> {
        (self.predicted > MIN_PREDICTED && self.error_of_median > 0.0).then(|| self.error / self.error_of_median)
    }

    /// Learns a value. A slot learns the mean of a visit when the next one begins.
    pub(super) fn learn(&mut self, local: i64, value: f64) {
        let at = self.slot(local);
        if let Some(before) = self.visited.filter(|&before| before != at) {
            let mean = self.sum / f64::from(self.points.max(1));
            let furthest = FURTHEST * self.error;
            if let Some(slot) = self.slots.get_mut(before) {
                let away = mean - slot.usual;
                let away = if slot.visits < 3 { away } else { away.clamp(-furthest, furthest) };
                slot.usual += away * (1.0 / (f64::from(slot.visits) + 1.0)).max(RATE);
                slot.visits = slot.visits.saturating_add(1);
            }
            (self.sum, self.points) = (0.0, 0);
        }
        self.visited = Some(at);
        self.sum += value;
        self.points = self.points.saturating_add(1);
    }

    pub(super) fn is_sound(&self) -> bool {
        let numbers = [self.sum, self.error, self.error_of_median];
        self.width > 0
            && self.period > 0
            && usize::try_from(self.period / self.width).is_ok_and(|slots| slots == self.slots.len() && slots >= 4)
            && self.visited.is_none_or(|at| at < self.slots.len())
            && numbers.iter().chain(self.slots.iter().map(|slot| &slot.usual)).all(|v| v.is_finite())
            && self.error >= 0.0
            && self.error_of_median >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_foretold_and_a_little_early_is_not_unusual() {
        let mut profile = Profile::new(UsageSeason::Day, 900).unwrap();
        let value = |time: i64| if (32_400..64_800).contains(&time.rem_euclid(86_400)) { 80.0 } else { 20.0 };
        assert_eq!(profile.predict(0), None);
        for time in (0..4 * 86_400).step_by(900) {
            if let Some(predicted) = profile.predict(time) {
                profile.judge(predicted, 20.0, value(time));
            }
            profile.learn(time, value(time));
        }
        let at = |time: i64| profile.predict(4 * 86_400 + time).unwrap();
        assert_eq!((at(0).usual, at(36_000).usual), (20.0, 80.0));
        assert_eq!((at(36_000).residual(20.0), at(36_000).residual(90.0)), (-60.0, 10.0));
        // A quarter of an hour before the rise.
        assert_eq!((at(31_500).usual, at(31_500).residual(80.0)), (20.0, 0.0));
        assert_eq!(profile.error_left(), None);
    }

    #[test]
    fn there_is_no_season_of_steps_that_are_as_long() {
        assert!(Profile::new(UsageSeason::Day, 43_200).is_none());
        assert!(Profile::new(UsageSeason::Week, 86_400).is_some());
        assert!(Profile::new(UsageSeason::Day, i64::MAX).is_none());
        assert!(Profile::new(UsageSeason::None, 300).is_none());
    }

    #[test]
    fn one_wild_visit_moves_a_slot_little() {
        let mut profile = Profile::new(UsageSeason::Day, 3600).unwrap();
        for time in (0..20 * 86_400).step_by(3600) {
            let value = if time == 15 * 86_400 { 1e9 } else { (time / 3600 % 7) as f64 };
            if let Some(predicted) = profile.predict(time) {
                profile.judge(predicted, 3.0, value);
            }
            profile.learn(time, value);
        }
        assert!(profile.predict(20 * 86_400).unwrap().usual < 1e8);
    }
}
