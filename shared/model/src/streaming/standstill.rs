//! How long nothing has changed.

use super::sliding_window::SlidingWindow;

/// Number of points before a standstill is reported.
const MIN_POINTS: u64 = 100;

/// A run of fewer equal values is never one.
const MIN_STEPS: f64 = 6.0;

/// Runs remembered.
const RUNS: usize = 512;

/// Runs of equal values, against the longest one before. A count of events that stops is a run of zeros, a meter that hangs
/// one of its last value; no distance from a median shows either where the median is that value.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standstill {
    before: Option<f64>,
    run: u64,
    runs: SlidingWindow,
    seen: u64,
}

impl Standstill {
    pub(super) fn new() -> Self {
        Self { before: None, run: 0, runs: SlidingWindow::new(RUNS), seen: 0 }
    }

    /// 0 up to the longest run so far; beyond it as surprising as one point in a hundred, and one in ten thousand at twice
    /// its length.
    pub(super) fn next(&mut self, value: f64) -> f64 {
        self.seen += 1;
        if self.before.is_some_and(|before| before.total_cmp(&value).is_eq()) {
            self.run += 1;
        } else {
            if self.run > 0 {
                self.runs.push(self.run as f64);
            }
            self.run = 0;
        }
        self.before = Some(value);
        let longest = self.runs.sorted().last().copied().unwrap_or(0.0).max(MIN_STEPS);
        let times = self.run as f64 / longest;
        if self.seen < MIN_POINTS || times <= 1.0 { 0.0 } else { 2.0 + 2.0 * times.log2().min(2.0) }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.before.is_none_or(f64::is_finite) && self.runs.sorted().iter().all(|&run| run >= 0.0)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests {
    use super::*;

    #[test]
    fn a_run_longer_than_any_before_surprises_and_ends_with_the_next_change() {
        let mut standstill = Standstill::new();
        for i in 0..200 {
            assert_eq!(standstill.next(f64::from(i / 11)), 0.0, "{i}");
        }
        // 199 / 11 begins a run at 198; ten equal ones after the first were usual.
        let scores: Vec<_> = (0..40).map(|_| standstill.next(18.0)).collect();
        assert_eq!((scores[8], scores[9] > 2.0), (0.0, true));
        // The run is as long again, and as long again: no further.
        assert!(scores[9..].is_sorted() && (scores[18] - 4.0).abs() < 0.2, "{scores:?}");
        assert!(scores[39] > 5.9 && standstill.next(18.0) <= 6.0);
        assert_eq!(standstill.next(5.0), 0.0);
    }
}
