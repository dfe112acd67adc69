//! How often a score was reached before, and beyond what was ever reached.

use super::sliding_window::SlidingWindow;

/// Scores known before anything is scores.
const MIN: usize = 30;

/// The fewest scores a tail is made of.
const MIN_IN_TAIL: usize = 8;

/// The least Hill estimate: a tail in which all are about equal would make the next step impossible.
const MIN_HILL: f64 = 0.02;

/// The largest surprise: one in 10^12.
pub(super) const MAX_SURPRISE: f64 = 12.0;

/// Empirical tail probabilities of scores of 0 and more with a Pareto tail (Hill, *A Simple General Approach to Inference
/// About the Tail of a Distribution*, Annals of Statistics 3, 1975), over the last scores of a stream.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TailProbability {
    scores: SlidingWindow,
    /// Share of the scores that make the tail.
    tail: f64,
}

impl TailProbability {
    pub(super) fn new(memory: usize, tail: f64) -> Self {
        Self { scores: SlidingWindow::new(memory), tail }
    }

    /// −log₁₀ of the probability of such a score or a larger one, judged by the earlier ones; then remembers the score.
    pub(super) fn next(&mut self, score: f64) -> f64 {
        let surprise = self.surprise(score);
        self.scores.push(score);
        surprise
    }

    fn surprise(&self, score: f64) -> f64 {
        let sorted = self.scores.sorted();
        let n = sorted.len();
        if n < MIN {
            return 0.0;
        }
        let in_tail = ((n as f64 * self.tail).ceil() as usize).clamp(MIN_IN_TAIL, n - 1);
        let threshold = sorted[n - 1 - in_tail];
        if score <= threshold {
            let reached = n - sorted.partition_point(|&s| s < score);
            return -((reached + 1) as f64 / (n + 1) as f64).log10();
        }
        let largest = sorted[n - 1];
        // Relative to the size of usual scores, so that a tail beginning near 0 is not infinitely long.
        let floor = 0.05 * self.scores.median() + 1e-12 * largest;
        if threshold + floor <= 0.0 {
            return MAX_SURPRISE;
        }
        let beyond = |s: f64| ((s + floor) / (threshold + floor)).ln();
        let tail = &sorted[n - in_tail..];
        let hill = (tail.iter().map(|&s| beyond(s)).sum::<f64>() / in_tail as f64).max(MIN_HILL);
        let share = in_tail as f64 / n as f64;
        (beyond(score) / hill / std::f64::consts::LN_10 - share.log10()).min(MAX_SURPRISE)
    }

    pub(super) fn is_sound(&self) -> bool {
        self.tail > 0.0 && self.tail < 1.0 && self.scores.sorted().first().is_none_or(|&least| least >= 0.0)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests {
    use super::*;

    fn from_scores(scores: impl Iterator<Item = f64>) -> TailProbability {
        let mut tail = TailProbability::new(4000, 0.02);
        for score in scores {
            tail.next(score);
        }
        tail
    }

    #[test]
    fn within_what_was_seen_it_is_the_share_that_reached_the_score() {
        let tail = from_scores((1..=999).map(f64::from));
        // 500 of 999 scores are 500 and more.
        assert!((tail.surprise(500.0) + (501.0_f64 / 1000.0).log10()).abs() < 1e-12);
        assert_eq!(tail.surprise(0.0), 0.0);
    }

    #[test]
    fn beyond_it_a_pareto_tail_goes_on() {
        // Quantiles of a Pareto distribution with P(X > x) = x⁻².
        let tail = from_scores((1..=3999).map(|i| (f64::from(i) / 4000.0).powf(-0.5)));
        for (score, expected) in [(10.0, 2.0), (100.0, 4.0), (1000.0, 6.0)] {
            assert!((tail.surprise(score) - expected).abs() < 0.25, "{score}: {}", tail.surprise(score));
        }
        assert_eq!(tail.surprise(1e90), MAX_SURPRISE);
    }

    #[test]
    fn a_larger_score_is_never_less_surprising() {
        for tail in [
            from_scores((0..500).map(|i| f64::from(i * 7919 % 101))),
            from_scores((0..500).map(|i| f64::from(i / 499))),
        ] {
            let surprises: Vec<_> = (0..4000).map(|i| tail.surprise(f64::from(i) / 20.0)).collect();
            assert!(surprises.is_sorted());
        }
    }

    #[test]
    fn scores_that_were_all_zero_make_any_other_as_surprising_as_can_be() {
        let tail = from_scores((0..100).map(|_| 0.0));
        assert_eq!((tail.surprise(0.0), tail.surprise(1e-30)), (0.0, MAX_SURPRISE));
        assert_eq!(from_scores((0..29).map(f64::from)).surprise(99.0), 0.0);
    }
}
