//! From scores to p-values: how often something usual looks at least this anomalous.
//!
//! A score means nothing by itself; its place among the scores of typical rows does. The empirical p-value of a score `s`
//! is `(1 + #{training scores ≥ s}) / (n + 1)`: the row itself counts as one of those that extreme, so it is never 0 and
//! never smaller than `1 / (n + 1)`. For a typical row that is exchangeable with the training rows, the chance of a
//! p-value of at most `a` is at most `a`. Rows the estimator was itself fitted on score a little lower than new ones:
//! hold some back for calibration where there are enough.
//!
//! References: A. C. Davison, D. V. Hinkley, *Bootstrap Methods and their Application*, 1997, chapter 4; S. Bates et al.,
//! *Testing for Outliers with Conformal p-values*, Annals of Statistics 51(1), 2023.

use weir_domain::score::{PValue, Score};

use crate::error::FitError;

mod pareto;
mod tail;
pub use tail::{AlertBudget, CalibratedPValues};

/// Scores kept at most.
const CAPACITY: usize = 100_000;

/// Of the scores kept, the share (one in so many) that are the very largest: there p-values matter and stay exact.
const TAIL_SHARE: usize = 10;

/// The scores of typical rows, sorted, to rank others among.
///
/// Up to 100 000 scores are kept all. Of more, the largest 10 000 are kept and the rest thinned evenly to 90 000, while
/// `n` still counts all. P-values below `10 000 / n` are then exact; others may be too large, never too small, by at most
/// 1 in 90 000 or so.
///
/// ```
/// use weir_domain::score::Score;
/// use weir_model::EmpiricalPValues;
///
/// let training: Vec<Score> = (0..99).filter_map(|i| Score::new(f64::from(i))).collect();
/// let calibration = EmpiricalPValues::fit(&training)?;
/// let p = |s| Score::new(s).map(|s| calibration.p_value(s).get());
/// assert_eq!([p(-1.0), p(94.0), p(1e9)], [Some(1.0), Some(0.06), Some(0.01)]);
/// # Ok::<(), weir_model::FitError>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredScores", into = "StoredScores")]
pub struct EmpiricalPValues {
    /// Ascending, at least one.
    kept: Vec<f64>,
    /// Training scores, those not kept included.
    n: u64,
}

impl EmpiricalPValues {
    /// Ranks the training scores. O(n log n) time.
    ///
    /// # Errors
    /// When there is no score.
    pub fn fit(training: &[Score]) -> Result<Self, FitError> {
        Self::fit_with_capacity(training, CAPACITY)
    }

    fn fit_with_capacity(training: &[Score], capacity: usize) -> Result<Self, FitError> {
        if training.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let mut sorted: Vec<f64> = training.iter().map(|s| s.get()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len() as u64;
        let count = sorted.len().min(capacity);
        let kept = (0..count).map(|place| sorted[scores_below(place, count, n) as usize]).collect();
        Ok(Self { kept, n })
    }

    /// The p-value of a score, from `1 / (n + 1)` to 1; a larger score never has a larger one. O(log n).
    #[must_use]
    pub fn p_value(&self, score: Score) -> PValue {
        let place = self.kept.partition_point(|&kept| kept < score.get());
        // Scores not kept, between this place and the one before, may all be as large: count them.
        let smaller = match place.checked_sub(1) {
            None => 0,
            Some(before) => scores_below(before, self.kept.len(), self.n) + 1,
        };
        p_value_in_range((1 + self.n - smaller) as f64 / (self.n + 1) as f64)
    }
}

/// The rank, from 0, among all `n` sorted scores of the one at a place among the `count` kept: the largest in a row, the
/// others evenly spaced from the smallest on.
fn scores_below(place: usize, count: usize, n: u64) -> u64 {
    let tail = count / TAIL_SHARE;
    let body = count - tail;
    let thinned = n - tail as u64;
    match place.checked_sub(body) {
        Some(place) => thinned + place as u64,
        None => (u128::from(thinned) * place as u128 / body as u128) as u64,
    }
}

#[expect(clippy::expect_used, reason = "a positive numerator, no larger than the denominator")]
fn p_value_in_range(value: f64) -> PValue {
    PValue::new(value).expect("a p-value in (0, 1]")
}

/// Scores as they are stored.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredScores {
    n: u64,
    kept: Vec<f64>,
}

impl From<EmpiricalPValues> for StoredScores {
    fn from(fitted: EmpiricalPValues) -> Self {
        Self { n: fitted.n, kept: fitted.kept }
    }
}

impl TryFrom<StoredScores> for EmpiricalPValues {
    type Error = &'static str;

    fn try_from(StoredScores { n, kept }: StoredScores) -> Result<Self, &'static str> {
        /// Beyond, counts are no longer exact as numbers.
        const MAX: u64 = 1 << 53;
        if kept.is_empty() || kept.len() as u64 > n || n > MAX {
            return Err("calibration needs at least one score, and no more than n of them");
        }
        if !kept.iter().all(|s| s.is_finite()) || !kept.is_sorted() {
            return Err("calibration scores must be finite and ascending");
        }
        Ok(Self { kept, n })
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn scores(values: impl IntoIterator<Item = f64>) -> Vec<Score> {
        values.into_iter().map(|v| Score::new(v).unwrap()).collect()
    }

    fn score(value: f64) -> Score {
        Score::new(value).unwrap()
    }

    #[test]
    fn ranks_by_hand() {
        let fitted = EmpiricalPValues::fit(&scores([3.0, 1.0, 2.0, 2.0])).unwrap();
        let p = [0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0].map(|s| fitted.p_value(score(s)).get());
        assert_eq!(p, [1.0, 1.0, 0.8, 0.8, 0.4, 0.4, 0.2]);
        assert_eq!(EmpiricalPValues::fit(&[]), Err(FitError::TooFewRows { needed: 1, got: 0 }));
    }

    #[test]
    fn thinning_keeps_the_tail_exact() {
        let n = 250_000;
        let fitted = EmpiricalPValues::fit(&scores((0..n).map(f64::from))).unwrap();
        assert_eq!((fitted.kept.len(), fitted.n), (CAPACITY, n as u64));
        assert_eq!((fitted.kept[0], fitted.kept[CAPACITY - 1]), (0.0, 249_999.0));
        for value in (240_001..n).step_by(97).chain([n - 1]) {
            let exact = f64::from(1 + n - value) / f64::from(n + 1);
            assert_eq!(fitted.p_value(score(f64::from(value))).get(), exact);
        }
    }

    #[test]
    fn read_back_it_ranks_the_same_and_nonsense_is_refused() {
        let fitted = EmpiricalPValues::fit_with_capacity(&scores((0..90).map(|i| f64::from(i).sqrt())), 40).unwrap();
        let back: EmpiricalPValues = serde_json::from_str(&serde_json::to_string(&fitted).unwrap()).unwrap();
        for i in 0..100 {
            let s = score(f64::from(i) / 10.0);
            assert_eq!(back.p_value(s), fitted.p_value(s));
        }
        let read = |stored| serde_json::from_value::<EmpiricalPValues>(stored).map_err(|e| e.to_string());
        assert!(read(json!({"n": 5, "kept": [1.0]})).is_ok());
        assert!(read(json!({"n": 0, "kept": []})).unwrap_err().contains("at least one"));
        assert!(read(json!({"n": 1, "kept": [1.0, 2.0]})).unwrap_err().contains("no more than n"));
        assert!(read(json!({"n": u64::MAX, "kept": [1.0]})).is_err());
        assert!(read(json!({"n": 2, "kept": [2.0, 1.0]})).unwrap_err().contains("ascending"));
        assert!(EmpiricalPValues::try_from(StoredScores { n: 2, kept: vec![1.0, f64::NAN] }).is_err());
    }

    /// Few distinct values among many, so that ties are common.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(prop_oneof![(0..20_i32).prop_map(f64::from), -1e3..1e3_f64], 1..300)
    }

    proptest! {
        #[test]
        fn larger_scores_have_no_larger_p_values(training in values(), mut asked in values(), capacity in 1..300_usize) {
            let fitted = EmpiricalPValues::fit_with_capacity(&scores(training.clone()), capacity).unwrap();
            asked.extend(training);
            asked.sort_unstable_by(f64::total_cmp);
            let p: Vec<f64> = asked.into_iter().map(|s| fitted.p_value(score(s)).get()).collect();
            prop_assert!(p.is_sorted_by(|a, b| a >= b));
            prop_assert!(p.iter().all(|p| *p >= 1.0 / (fitted.n + 1) as f64 && *p <= 1.0));
        }

        #[test]
        fn training_scores_are_uniform(training in values()) {
            let fitted = EmpiricalPValues::fit(&scores(training.clone())).unwrap();
            let n = training.len() as f64;
            let p: Vec<f64> = training.iter().map(|&s| fitted.p_value(score(s)).get()).collect();
            for a in p.iter().copied().chain([0.01, 0.05, 0.1, 0.5]) {
                let share = p.iter().filter(|p| **p <= a).count() as f64 / n;
                prop_assert!(share <= a * (n + 1.0) / n, "{share} of p-values are at most {a}");
            }
            let mut distinct = training;
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            if distinct.len() == p.len() {
                let mut p = p;
                p.sort_unstable_by(f64::total_cmp);
                let ranks = (0..p.len()).map(|rank| (rank as f64 + 2.0) / (n + 1.0));
                prop_assert!(p.iter().zip(ranks).all(|(p, rank)| (p - rank).abs() < 1e-12));
            }
        }

        #[test]
        fn thinning_errs_on_the_side_of_the_usual(training in values(), asked in values(), capacity in 10..300_usize) {
            let training = scores(training);
            let all = EmpiricalPValues::fit(&training).unwrap();
            let thinned = EmpiricalPValues::fit_with_capacity(&training, capacity).unwrap();
            let gap = training.len() as f64 / (capacity - capacity / TAIL_SHARE) as f64 + 1.0;
            for s in scores(asked).into_iter().chain(training.iter().copied()) {
                let (exact, p) = (all.p_value(s).get(), thinned.p_value(s).get());
                prop_assert!(p >= exact && p <= exact + gap / (training.len() + 1) as f64);
            }
        }
    }
}
