//! P-values that reach beyond the training data.

use weir_domain::score::{PValue, Score};

use super::pareto::GeneralisedPareto;
use super::{EmpiricalPValues, p_value_in_range};
use crate::error::FitError;

/// Fewer excesses than these say nothing of a tail.
const MIN_EXCESSES: usize = 20;

/// P-values smaller than this part of `1 / (n + 1)` are not reported: the tail is carried two orders of magnitude beyond the
/// data and no further.
const FURTHEST: f64 = 0.01;

/// Empirical p-values with a generalised-Pareto tail: of `n` training scores the largest `3√n` (at most a fifth) are the
/// tail, to whose excesses over the next smaller score the distribution is fitted.
///
/// An empirical p-value is never below `1 / (n + 1)`; with a tail, scores beyond all that were seen still differ, down
/// to a hundredth of that. So thresholds can be asked for that are rarer than the training data is long. Where the largest
/// scores do not spread (fewer than 20 distinct excesses), there is no tail and p-values are empirical throughout.
///
/// As with any calibration, the rate of false alarms is what was asked for as long as typical rows stay as they were in training.
///
/// ```
/// use weir_domain::score::Score;
/// use weir_model::CalibratedPValues;
///
/// let scores = |n: u32| (1..=n).filter_map(move |i| Score::new(-(f64::from(i) / f64::from(n + 1)).ln()));
/// let calibration = CalibratedPValues::fit(&scores(999).collect::<Vec<_>>())?;
/// // Exponential scores: the chance of more than 9 is e^-9, some 0.00012. None of 999 was so large.
/// let p = |s| Score::new(s).map(|s| calibration.p_value(s).get());
/// assert!(p(9.0) < Some(0.0004) && p(9.0) > Some(0.00003));
/// # Ok::<(), weir_model::FitError>(())
/// ```
///
/// References: A. Siffer, P.-A. Fouque, A. Termier, C. Largouët, *Anomaly Detection in Streams with Extreme Value Theory*,
/// KDD 2017 (peaks over threshold); A. Vehtari et al., *Pareto Smoothed Importance Sampling*, JMLR 25(72), 2024 (the share of the
/// tail).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredPValues", into = "StoredPValues")]
pub struct CalibratedPValues {
    body: EmpiricalPValues,
    tail: Option<Tail>,
}

#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Tail {
    /// Scores above are of the tail.
    threshold: f64,
    /// The share of the training scores that are.
    share: f64,
    excesses: GeneralisedPareto,
}

impl CalibratedPValues {
    /// Ranks the training scores and fits the tail. O(n log n) time.
    ///
    /// # Errors
    /// When there is no score.
    pub fn fit(training: &[Score]) -> Result<Self, FitError> {
        let body = EmpiricalPValues::fit(training)?;
        let mut sorted: Vec<f64> = training.iter().map(|s| s.get()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Self { body, tail: Tail::fit(&sorted) })
    }

    /// The p-value of a score, above 0; a larger score never has a larger one. O(log n).
    #[must_use]
    pub fn p_value(&self, score: Score) -> PValue {
        let Some(tail) = self.tail.filter(|tail| score.get() > tail.threshold) else { return self.body.p_value(score) };
        let furthest = FURTHEST / (self.body.n + 1) as f64;
        p_value_in_range((tail.share * tail.excesses.survival(score.get() - tail.threshold)).clamp(furthest, 1.0))
    }

    /// Training scores.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.body.n
    }

    /// Never: there is at least one training score.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl Tail {
    /// The tail of scores in ascending order.
    fn fit(sorted: &[f64]) -> Option<Self> {
        let n = sorted.len();
        let asked = (3.0 * (n as f64).sqrt()).min(n as f64 / 5.0) as usize;
        let threshold = *sorted.get(n.checked_sub(asked + 1)?)?;
        // Scores that equal the threshold are not beyond it.
        let first = sorted.partition_point(|&score| score <= threshold);
        let excesses: Vec<f64> = sorted[first..].iter().map(|score| score - threshold).collect();
        let mut distinct = excesses.clone();
        distinct.dedup();
        if distinct.len() < MIN_EXCESSES {
            return None;
        }
        let share = excesses.len() as f64 / n as f64;
        let tail = Self { threshold, share, excesses: GeneralisedPareto::fit(&excesses)? };
        tail.is_sound().then_some(tail)
    }

    fn is_sound(&self) -> bool {
        let Self { threshold, share, excesses } = self;
        threshold.is_finite()
            && *share > 0.0
            && *share < 1.0
            && excesses.shape.is_finite()
            && excesses.scale.is_finite()
            && excesses.scale > 0.0
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPValues {
    body: EmpiricalPValues,
    tail: Option<Tail>,
}

impl From<CalibratedPValues> for StoredPValues {
    fn from(fitted: CalibratedPValues) -> Self {
        Self { body: fitted.body, tail: fitted.tail }
    }
}

impl TryFrom<StoredPValues> for CalibratedPValues {
    type Error = &'static str;

    fn try_from(StoredPValues { body, tail }: StoredPValues) -> Result<Self, &'static str> {
        if tail.is_some_and(|tail| !tail.is_sound()) {
            return Err("the tail of a calibration must have a share in (0, 1) and a positive scale");
        }
        Ok(Self { body, tail })
    }
}

/// How many alerts a day are wanted: what a threshold means to the people who read them.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AlertBudget {
    /// False alerts a day, above 0.
    pub alerts_per_day: f64,
}

impl AlertBudget {
    /// The largest p-value of an alert, where so many typical rows are judged a day. `None` where either number is not
    /// positive; 1 where there are fewer rows than alerts wanted.
    #[must_use]
    pub fn threshold(&self, rows_per_day: f64) -> Option<PValue> {
        let positive = self.alerts_per_day > 0.0 && rows_per_day > 0.0;
        PValue::new((self.alerts_per_day / rows_per_day).min(1.0)).filter(|_| positive)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    type Quantile = fn(f64) -> f64;

    fn scores(values: impl IntoIterator<Item = f64>) -> Vec<Score> {
        values.into_iter().filter_map(Score::new).collect()
    }

    /// Scores of a distribution by its quantile function of the upper tail.
    fn draw(n: usize, seed: u64, quantile: Quantile) -> Vec<Score> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        scores((0..n).map(|_| quantile(1.0 - random.random::<f64>())))
    }

    /// On independent data the share of p-values of at most `a` is `a`: within four standard errors, of which one part is
    /// the judged sample's and the other the training sample's, for light, heavy and bounded tails.
    #[test]
    fn the_rate_of_false_alarms_is_what_was_asked_for() {
        let tails: [(&str, Quantile); 4] = [
            ("exponential", |u| -u.ln()),
            ("heavy", |u| u.powf(-0.3)),
            ("bounded", |u| 1.0 - u.powf(0.4)),
            ("like a forest's", |u| 0.35 + 0.4 * (1.0 - u.powf(0.2))),
        ];
        let (fits, training, judged) = (20, 20_000, 100_000);
        for (name, quantile) in tails {
            for asked in [0.01, 0.001, 0.0001] {
                let alarms: usize = (0..fits)
                    .map(|seed| {
                        let calibration = CalibratedPValues::fit(&draw(training, seed, quantile)).unwrap();
                        let judged = draw(judged, 1000 + seed, quantile);
                        judged.iter().filter(|s| calibration.p_value(**s).get() <= asked).count()
                    })
                    .sum();
                let rate = alarms as f64 / (fits as usize * judged) as f64;
                let error = (asked / fits as f64 * (1.0 / judged as f64 + 1.0 / training as f64)).sqrt();
                assert!((rate - asked).abs() < 4.0 * error, "{name}: asked {asked}, got {rate} ± {error}");
            }
        }
    }

    /// The same through an estimator: fitted, calibrated and judged on rows it has not seen.
    #[test]
    fn a_forest_calibrated_on_rows_held_back_keeps_the_rate() {
        use crate::IsolationForestParams;
        use crate::synthetic::bell;
        let (fits, asked) = (12, 0.01);
        let mut alarms = 0;
        for seed in 0..fits {
            let forest = IsolationForestParams::default().check().unwrap().fit(&bell(2000, 4, seed), seed).unwrap();
            let score = |rows, seed| forest.score(&bell(rows, 4, 100 + seed)).unwrap();
            let calibration = CalibratedPValues::fit(&score(5000, seed)).unwrap();
            alarms += score(5000, 50 + seed).iter().filter(|s| calibration.p_value(**s).get() <= asked).count();
        }
        let rate = alarms as f64 / (fits as f64 * 5000.0);
        let error = (asked * 2.0 / (fits as f64 * 5000.0)).sqrt();
        assert!((rate - asked).abs() < 4.0 * error, "{rate} ± {error}");
    }

    #[test]
    fn beyond_what_was_seen_scores_still_differ_but_not_without_end() {
        let calibration = CalibratedPValues::fit(&draw(10_000, 1, |u| -u.ln())).unwrap();
        let p = |s| calibration.p_value(Score::new(s).unwrap()).get();
        assert!(p(14.0) < p(13.0) && p(13.0) < 1.0 / 10_000.0);
        assert!((p(1e300) * 10_001.0 - FURTHEST).abs() < 1e-12, "{}", p(1e300));
    }

    #[test]
    fn scores_that_do_not_spread_are_ranked_only() {
        for training in [vec![1.0], vec![0.5; 1000], (0..1000).map(|i| f64::from(i % 7)).collect()] {
            let training = scores(training);
            let (calibrated, empirical) =
                (CalibratedPValues::fit(&training).unwrap(), EmpiricalPValues::fit(&training).unwrap());
            assert_eq!(calibrated.tail, None);
            for s in scores([-1.0, 0.5, 1.0, 6.0, 99.0]) {
                assert_eq!(calibrated.p_value(s), empirical.p_value(s));
            }
        }
        assert!(CalibratedPValues::fit(&[]).is_err());
    }

    #[test]
    fn a_budget_is_a_share_of_the_rows_of_a_day() {
        let budget = |alerts_per_day| AlertBudget { alerts_per_day };
        assert_eq!(budget(2.0).threshold(20_000.0), PValue::new(0.0001));
        assert_eq!(budget(2.0).threshold(1.0), PValue::new(1.0));
        for (alerts, rows) in [(0.0, 10.0), (-1.0, 10.0), (f64::NAN, 10.0), (1.0, 0.0), (1.0, f64::NAN)] {
            assert_eq!(budget(alerts).threshold(rows), None, "{alerts} of {rows}");
        }
    }

    #[test]
    fn stored_calibrations_read_back_and_unsound_ones_do_not() {
        let calibration = CalibratedPValues::fit(&draw(2000, 3, |u| -u.ln())).unwrap();
        let text = serde_json::to_string(&calibration).unwrap();
        let back: CalibratedPValues = serde_json::from_str(&text).unwrap();
        assert_eq!(back, calibration);
        let far = Score::new(12.0).unwrap();
        assert_eq!(back.p_value(far), calibration.p_value(far));
        let share = format!("\"share\":{}", serde_json::to_string(&calibration.tail.unwrap().share).unwrap());
        assert!(serde_json::from_str::<CalibratedPValues>(&text.replace(&share, "\"share\":1.5")).is_err());
    }

    proptest! {
        #[test]
        fn a_larger_score_never_has_a_larger_p_value(
            training in prop::collection::vec(-1e3..1e3_f64, 1..800),
            mut asked in prop::collection::vec(prop_oneof![-1e3..1e3_f64, -1e300..1e300_f64], 2..40),
        ) {
            let calibration = CalibratedPValues::fit(&scores(training)).unwrap();
            asked.sort_unstable_by(f64::total_cmp);
            let p: Vec<_> = scores(asked).into_iter().map(|s| calibration.p_value(s).get()).collect();
            prop_assert!(p.is_sorted_by(|a, b| a >= b), "{p:?}");
        }
    }
}
