//! Several estimators as one: each is calibrated, and their p-values are combined.
//!
//! Scores of different estimators cannot be compared; their p-values can. They are combined by the Cauchy combination
//! test: the mean of `tan((½ - p) π)` has, where p-values are small, a standard Cauchy distribution whatever their dependence,
//! which estimators fitted on the same rows have. One very small p-value carries through; many middling ones do not add up.
//! P-values near 1 would cancel others without bound and are capped at 0.99.
//!
//! Each estimator is calibrated by cross-conformal prediction: the rows are split into five parts, each scored by an
//! estimator fitted on the other four, so that no row is calibrated by one that knows it; what is kept is then fitted on
//! all rows.
//!
//! References: Y. Liu, J. Xie, *Cauchy Combination Test*, JASA 115(529), 2020; V. Vovk, *Cross-conformal Predictors*,
//! Annals of Mathematics and Artificial Intelligence 74, 2015.

use std::f64::consts::PI;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, PValue, Score};

use crate::CalibratedPValues;
use crate::error::{ExplainError, FitError, SchemaMismatch};
use crate::estimator::{Estimator, EstimatorKind, rows_where};

/// Parts the rows are split into for calibration.
const FOLDS: usize = 5;

/// The largest p-value that is combined as it is.
const MAX: f64 = 0.99;

/// Estimators, each with the calibration of its scores; at least one.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<Member>", into = "Vec<Member>")]
pub struct Ensemble {
    members: Vec<Member>,
}

/// A calibrated estimator.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    estimator: Estimator,
    calibration: CalibratedPValues,
}

/// What an ensemble says of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Of the row, all estimators combined.
    pub p_value: PValue,
    /// What each estimator said, in the order in which they were fitted; at least one.
    said: Vec<MemberScore>,
}

/// What one estimator says of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemberScore {
    /// Which estimator.
    pub estimator: EstimatorKind,
    /// Its score, in its own terms.
    pub score: Score,
    /// The score, calibrated.
    pub p_value: PValue,
}

impl Verdict {
    /// What each estimator said, in the order in which they were fitted; at least one.
    #[must_use]
    pub fn said(&self) -> &[MemberScore] {
        &self.said
    }

    /// What the estimator said to which the row is the most surprising; of several the first.
    #[must_use]
    pub fn most_significant(&self) -> MemberScore {
        let mut most = self.said[0];
        for said in &self.said[1..] {
            if said.p_value.get() < most.p_value.get() {
                most = *said;
            }
        }
        most
    }
}

impl Ensemble {
    /// Fits and calibrates estimators. The same rows and seed give the same ensemble, to the bit, on any number of threads.
    /// Costs six fits of each.
    ///
    /// # Errors
    /// When there is no kind, or too few rows or no features for one.
    pub fn fit(kinds: &[EstimatorKind], matrix: &FeatureMatrix, seed: u64) -> Result<Self, FitError> {
        if kinds.is_empty() {
            return Err(FitError::NoEstimators);
        }
        if matrix.len() < 2 * FOLDS {
            return Err(FitError::TooFewRows { needed: 2 * FOLDS, got: matrix.len() });
        }
        let member = |kind: &EstimatorKind| {
            let held_out = (0..FOLDS).into_par_iter().map(|fold| {
                let fitted = kind.fit(&rows_where(matrix, |row| row % FOLDS != fold), seed)?;
                // Fitted on rows of the same schema.
                Ok(fitted.score(&rows_where(matrix, |row| row % FOLDS == fold)).unwrap_or_default())
            });
            let scores = held_out.collect::<Result<Vec<_>, FitError>>()?.concat();
            Ok(Member { estimator: kind.fit(matrix, seed)?, calibration: CalibratedPValues::fit(&scores)? })
        };
        Ok(Self { members: kinds.iter().map(member).collect::<Result<_, FitError>>()? })
    }

    /// The estimators, in order.
    pub fn kinds(&self) -> impl Iterator<Item = EstimatorKind> {
        self.members.iter().map(|member| member.estimator.kind())
    }

    /// What its estimators were fitted on.
    pub(crate) fn schema(&self) -> &FeatureSchema {
        self.members[0].estimator.schema()
    }

    /// What each row is judged, in the order of the rows.
    ///
    /// # Errors
    /// When the matrix has another schema than the estimators.
    pub fn judge(&self, matrix: &FeatureMatrix) -> Result<Vec<Verdict>, SchemaMismatch> {
        let scores: Vec<Vec<Score>> =
            self.members.iter().map(|member| member.estimator.score(matrix)).collect::<Result<_, _>>()?;
        let verdict = |row: usize| {
            let said = self.members.iter().zip(&scores).map(|(member, scores)| MemberScore {
                estimator: member.estimator.kind(),
                score: scores[row],
                p_value: member.calibration.p_value(scores[row]),
            });
            let said: Vec<MemberScore> = said.collect();
            Verdict { p_value: combine(said.iter().map(|s| s.p_value)), said }
        };
        Ok((0..matrix.len()).map(verdict).collect())
    }

    /// Why a row was judged so. Each estimator's positive contributions are taken as shares of its *surprise*, the decimal
    /// logarithm of 1 / p; the contributions are means over the estimators and sum to their mean surprise. Features that
    /// no estimator holds against the row have 0.
    ///
    /// # Errors
    /// When the matrix has another schema than the estimators, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let one = rows_where(matrix, |at| at == row);
        let mut amounts = vec![0.0; matrix.width()];
        for member in &self.members {
            let Some(score) = member.estimator.score(&one)?.first().copied() else { continue };
            let surprise = -member.calibration.p_value(score).get().log10() / self.members.len() as f64;
            let explanation = member.estimator.explain(&one, 0)?;
            let positive: f64 = explanation.contributions.iter().map(|c| c.amount.max(0.0)).sum();
            for contribution in &explanation.contributions {
                // Where nothing speaks against the row, what surprise there is belongs to all features alike.
                let share =
                    if positive > 0.0 { contribution.amount.max(0.0) / positive } else { 1.0 / matrix.width() as f64 };
                amounts[contribution.feature] += surprise * share;
            }
        }
        Ok(Explanation::from_amounts(&amounts))
    }
}

/// The Cauchy combination of p-values; a single one is itself.
fn combine(p_values: impl ExactSizeIterator<Item = PValue>) -> PValue {
    let many = p_values.len() as f64;
    let mut last = None;
    // For small p, tan((½ - p) π) is 1 / tan(p π), which keeps its digits.
    let sum: f64 = p_values.map(|p| 1.0 / (last.insert(p).get().min(MAX) * PI).tan()).sum();
    match last {
        Some(only) if many < 2.0 => only,
        _ => {
            let mean = sum / many;
            let combined = if mean > 0.0 { (1.0 / mean).atan() / PI } else { 0.5 - mean.atan() / PI };
            p_value_in_range(combined.clamp(f64::MIN_POSITIVE, 1.0))
        }
    }
}

#[expect(clippy::expect_used, reason = "clamped to (0, 1]")]
fn p_value_in_range(value: f64) -> PValue {
    PValue::new(value).expect("a p-value in (0, 1]")
}

impl From<Ensemble> for Vec<Member> {
    fn from(ensemble: Ensemble) -> Self {
        ensemble.members
    }
}

impl TryFrom<Vec<Member>> for Ensemble {
    type Error = &'static str;

    fn try_from(members: Vec<Member>) -> Result<Self, &'static str> {
        let Some(first) = members.first() else { return Err("an ensemble needs at least one estimator") };
        let schema = first.estimator.schema();
        if members.iter().any(|member| member.estimator.schema() != schema) {
            return Err("the estimators of an ensemble must have one schema");
        }
        Ok(Self { members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn p(values: &[f64]) -> f64 {
        combine(values.iter().map(|&p| PValue::new(p).unwrap()).collect::<Vec<_>>().into_iter()).get()
    }

    #[test]
    fn combined_p_values() {
        assert!((p(&[0.03]) - 0.03).abs() < 1e-15, "one is itself");
        assert!((p(&[0.5, 0.5, 0.5]) - 0.5).abs() < 1e-12);
        assert!((p(&[1e-6, 1e-6]) / 1e-6 - 1.0).abs() < 1e-9, "agreement adds nothing");
        assert!(
            (p(&[1e-6, 0.5]) / 2e-6 - 1.0).abs() < 1e-3,
            "one that is sure carries through, at the price of two tries"
        );
        assert!((p(&[1e-6, 1.0]) / 2e-6 - 1.0).abs() < 1e-3, "and no other one takes it back");
        assert!(p(&[1.0, 1.0]) > 0.98);
    }

    /// On independent rows of the same kind, all estimators combined.
    #[test]
    fn the_rate_of_false_alarms_is_what_was_asked_for() {
        let (fits, rows, asked) = (6, 4000, 0.01);
        let mut alarms = 0;
        for seed in 0..fits {
            let kinds = [EstimatorKind::IsolationForest, EstimatorKind::Ecod, EstimatorKind::LocalOutlierFactor];
            let ensemble = Ensemble::fit(&kinds, &bell(rows, 3, seed), seed).unwrap();
            let judged = ensemble.judge(&bell(rows, 3, 100 + seed)).unwrap();
            alarms += judged.iter().filter(|v| v.p_value.get() <= asked).count();
        }
        let rate = alarms as f64 / (fits as usize * rows) as f64;
        let error = (asked * 2.0 / (fits as usize * rows) as f64).sqrt();
        assert!((rate - asked).abs() < 4.0 * error, "{rate} ± {error}");
    }

    #[test]
    fn who_said_what_is_kept_and_the_planted_feature_comes_first() {
        let ensemble = Ensemble::fit(&EstimatorKind::ALL, &bell(400, 4, 1), 3).unwrap();
        let rows = synthetic::matrix(4, &[[0.0; 4], [0.1, 0.1, 8.0, 0.1]]);
        let verdicts = ensemble.judge(&rows).unwrap();
        assert!(verdicts[1].p_value.get() < 0.01 && verdicts[0].p_value.get() > 0.1, "{verdicts:?}");
        let said: Vec<_> = verdicts[1].said.iter().map(|s| s.estimator).collect();
        assert_eq!((said, ensemble.kinds().count()), (EstimatorKind::ALL.to_vec(), 5));
        let explanation = ensemble.explain(&rows, 1).unwrap();
        assert_eq!(explanation.contributions[0].feature, 2);
        let surprise =
            verdicts[1].said.iter().map(|s| -s.p_value.get().log10()).sum::<f64>() / verdicts[1].said.len() as f64;
        assert!((explanation.sum() - surprise).abs() < 1e-9);
        assert_eq!(ensemble.explain(&rows, 2).unwrap_err(), ExplainError::NoSuchRow { row: 2, rows: 2 });
    }

    #[test]
    fn nothing_to_fit_is_an_error_and_the_seed_decides() {
        let kinds = [EstimatorKind::IsolationForest];
        assert_eq!(Ensemble::fit(&[], &bell(50, 2, 1), 1).unwrap_err(), FitError::NoEstimators);
        let few = Ensemble::fit(&kinds, &bell(9, 2, 1), 1).unwrap_err();
        assert_eq!(few, FitError::TooFewRows { needed: 10, got: 9 });
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Ensemble::fit(&kinds, &bell(200, 2, 1), 5).unwrap())
        };
        assert_eq!(on(1), on(3));
    }
}
