//! One-class support vector machine: what lies outside the boundary drawn around nearly all training rows is anomalous.
//!
//! The similarity of two rows is the radial basis function `exp(-γ d²)` of their Euclidean distance `d`. Fitting chooses
//! support vectors among the training rows and gives them weights from 0 to 1 that add up to ν times the rows, such that
//! the weighted sum of similarities `f` exceeds `ρ` at nearly all training rows: at most the share ν of them lies
//! outside, where `f < ρ`.
//!
//! The score is `(ρ - f) / ρ`: scikit-learn's `decision_function`, which is `f - ρ`, divided by `-ρ` to be independent
//! of the number of rows. It is 0 on the boundary, negative within, and at most 1, which it approaches far from all
//! support vectors: **it saturates**, and cannot tell a row far outside from one farther still. It is finite and not below
//! `1 - Σ weights / ρ`.
//!
//! Distances depend on the scale of the columns: scale them first ([`crate::scaling`]). Values beyond ±1e140 count as
//! ±1e140.
//!
//! References: B. Schölkopf, J. C. Platt, J. Shawe-Taylor, A. J. Smola, R. C. Williamson, *Estimating the Support of a
//! High-Dimensional Distribution*, Neural Computation 13(7), 2001; and those of the solver, which is LIBSVM's without
//! shrinking.

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, SchemaMismatch};
use crate::shares::share_out;
use crate::tiles::{LANES, Tiles, clamp_into};

mod params;
pub use params::{Gamma, OneClassSvmParams, OneClassSvmValid};

mod cache;
mod kernel;
mod solver;
use kernel::weighted_sum;

mod stored;

/// Rows that one thread takes at a time.
const BLOCK: usize = 64;

/// A fitted one-class support vector machine. It refers to no data but its support vectors and can be stored; reading it
/// back checks what it holds, so that one from anywhere can be scored with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredSvm", into = "stored::StoredSvm")]
pub struct OneClassSvm {
    schema: Arc<FeatureSchema>,
    gamma: f64,
    /// ρ, above 0.
    boundary: f64,
    support: Tiles,
    /// In (0, 1], one per support vector, and 0 in the places without one.
    weights: Vec<[f64; LANES]>,
}

impl OneClassSvm {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// The kernel's coefficient γ.
    #[must_use]
    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// Number of support vectors: what scoring a row costs.
    #[must_use]
    pub fn support_vectors(&self) -> usize {
        self.support.len()
    }

    /// The weighted sum of similarities on the boundary, ρ, above 0: scikit-learn's `offset_`. Its `decision_function`
    /// is the score times `-ρ`.
    #[must_use]
    pub fn boundary(&self) -> f64 {
        self.boundary
    }

    /// One score of at most 1 per row, in the order of the rows. Runs in parallel on the current rayon pool; the result
    /// is the same to the bit on any number of threads. O(support vectors · features) per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the machine.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut values = vec![0.0; matrix.len()];
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            let mut row = Vec::with_capacity(matrix.width());
            for (at, value) in values.iter_mut().enumerate() {
                clamp_into(matrix.row(block * BLOCK + at), &mut row);
                *value = self.score_of(&row);
            }
        });
        Ok(values.into_iter().map(finite_score).collect())
    }

    /// Why a row got its score: each feature's share of the squared distances to the support vectors, each of which
    /// counts by its part in the row's weighted sum of similarities, so that the nearest ones count most. These shares
    /// are those of the gradient of the logarithm of that sum, walked back to the support vectors. They are scaled so
    /// that the contributions sum to the score: negative, then, for a row within the boundary. A row equal to all
    /// support vectors that count owes the same to every feature.
    ///
    /// # Errors
    /// When the matrix has another schema than the machine, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let mut asked = Vec::new();
        clamp_into(matrix.row(row), &mut asked);
        let distances: Vec<f64> =
            (0..self.support.tiles()).flat_map(|tile| self.support.squared_distances(tile, &asked)).collect();
        let distances = &distances[..self.support.len()];
        // Relative to the nearest one: far away, where all similarities vanish, it still counts fully.
        let nearest = distances.iter().fold(f64::INFINITY, |a, b| a.min(*b));
        let mut amounts = vec![0.0; matrix.width()];
        for (support, (distance, weight)) in distances.iter().zip(self.weights.as_flattened()).enumerate() {
            let part = weight * (-self.gamma * (distance - nearest)).exp();
            for (feature, amount) in amounts.iter_mut().enumerate() {
                *amount += part * (asked[feature] - self.support.value(support, feature)).powi(2);
            }
        }
        share_out(self.score_of(&asked), &mut amounts);
        Ok(Explanation::from_amounts(&amounts))
    }

    fn score_of(&self, row: &[f64]) -> f64 {
        (self.boundary - weighted_sum(&self.support, &self.weights, row, self.gamma)) / self.boundary
    }
}

#[expect(
    clippy::expect_used,
    reason = "the sum is bounded by the weights, and their sum is finite in terms of the boundary"
)]
fn finite_score(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, nu: f64) -> OneClassSvm {
        OneClassSvmParams::default().nu(nu).check().unwrap().fit(matrix).unwrap()
    }

    fn scores(svm: &OneClassSvm, matrix: &FeatureMatrix) -> Vec<f64> {
        svm.score(matrix).unwrap().into_iter().map(Score::get).collect()
    }

    #[test]
    fn two_points_by_hand() {
        // Equal weights by symmetry: ν = 0.5 each with ν = 0.5; γ = 1 / variance = 1; d² = 4.
        let svm = fit(&synthetic::column(&[-1.0, 1.0]), 0.5);
        let f = |x: f64| 0.5 * (-(x + 1.0).powi(2)).exp() + 0.5 * (-(x - 1.0).powi(2)).exp();
        assert!((svm.boundary() - f(1.0)).abs() < 1e-3 && (svm.gamma() - 1.0).abs() < 1e-15);
        for (x, score) in [0.0, 1.0, 3.0].into_iter().zip(scores(&svm, &synthetic::column(&[0.0, 1.0, 3.0]))) {
            assert!((score - (1.0 - f(x) / f(1.0))).abs() < 2e-3, "{x}: {score}");
        }
    }

    #[test]
    fn nu_bounds_the_share_outside_from_above_and_the_support_vectors_from_below() {
        let training = bell(2000, 3, 1);
        for nu in [0.01, 0.1, 0.5] {
            let svm = fit(&training, nu);
            // Rows on the boundary are so to the tolerance only.
            let outside = scores(&svm, &training).iter().filter(|s| **s > 1e-3).count();
            assert!(outside as f64 <= nu * 2000.0 && outside as f64 > nu * 2000.0 - 60.0, "{nu}: {outside}");
            assert!(svm.support_vectors() as f64 >= nu * 2000.0 && (svm.support_vectors() as f64) < nu * 2000.0 + 60.0);
        }
    }

    #[test]
    fn outliers_score_near_1_and_the_centre_about_0() {
        let svm = fit(&bell(1000, 3, 1), 0.1);
        let rows = [[0.0; 3], [4.0, 0.0, 0.0], [8.0, -8.0, 8.0], [f64::MAX; 3]];
        let found = scores(&svm, &synthetic::matrix(3, &rows));
        // With a wide kernel and a small ν, the sum is nearly level within the boundary: the centre is hardly below it.
        assert!(found[0] < 0.01 && found[1] > 0.5 && found[2] > 0.99, "{found:?}");
        assert!(found.is_sorted() && found[3] <= 1.0, "{found:?}");
    }

    #[test]
    fn equal_rows_lie_on_the_boundary() {
        let constant = synthetic::matrix(2, &[[3.0, 4.0]; 30]);
        let svm = fit(&constant, 0.1);
        assert!(scores(&svm, &constant).iter().all(|s| s.abs() < 1e-12));
        assert!(scores(&svm, &synthetic::matrix(2, &[[3.0, 9.0]]))[0] > 0.99);
        assert!(svm.explain(&constant, 0).unwrap().sum().abs() < 1e-12);
    }

    #[test]
    fn huge_values_are_finite() {
        let rows: Vec<[f64; 2]> = (0..40).map(|i| [1e300 * f64::from(i - 20), f64::from(i)]).collect();
        let svm = fit(&synthetic::matrix(2, &rows), 0.2);
        let huge = synthetic::matrix(2, &[[f64::MAX, f64::MAX], [f64::MIN, 0.0], [0.0, 0.0]]);
        for (row, score) in scores(&svm, &huge).into_iter().enumerate() {
            assert!(score.is_finite() && score <= 1.0);
            assert!((svm.explain(&huge, row).unwrap().sum() - score).abs() < 1e-9);
        }
    }

    #[test]
    fn the_number_of_threads_does_not_matter_nor_do_the_rows_around() {
        let (training, rows) = (bell(1500, 4, 1), bell(333, 4, 2));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let svm = fit(&training, 0.1);
                let bits: Vec<u64> = scores(&svm, &rows).into_iter().map(f64::to_bits).collect();
                (svm, bits)
            })
        };
        let (svm, together) = on(1);
        assert_eq!(on(4), (svm.clone(), together.clone()));
        for row in [0, 64, 332] {
            let alone = scores(&svm, &synthetic::matrix(4, &[rows.row(row)]));
            assert_eq!(alone[0].to_bits(), together[row]);
        }
        assert_eq!(svm.score(&FeatureMatrix::new(synthetic::schema(4))), Ok(vec![]));
    }

    #[test]
    fn contributions_sum_to_the_score_and_the_planted_feature_comes_first() {
        // Two clusters apart in the last feature, which must not be blamed for what another one did.
        let mut training = FeatureMatrix::new(synthetic::schema(6));
        for (at, row) in bell(2000, 6, 1).rows().enumerate() {
            let mut row = row.to_vec();
            row[5] += if at % 2 == 0 { 10.0 } else { -10.0 };
            training.push(&row).unwrap();
        }
        let svm = fit(&training, 0.1);
        for planted in 0..6 {
            for distance in [6.0, 1e6] {
                let mut row = [0.1, 0.1, 0.1, 0.1, 0.1, 10.1];
                row[planted] += distance;
                let row = synthetic::matrix(6, &[row]);
                let explanation = svm.explain(&row, 0).unwrap();
                assert_eq!(explanation.contributions[0].feature, planted);
                assert!(explanation.contributions[0].amount > explanation.contributions[1].amount * 1.5);
                let score = scores(&svm, &row)[0];
                assert!(score > 0.0 && (explanation.sum() - score).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn another_schema_or_a_missing_row_is_an_error() {
        let (svm, other) = (fit(&bell(100, 2, 1), 0.1), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(svm.score(&other), Err(mismatch.clone()));
        assert_eq!(svm.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(svm.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
    }
}
