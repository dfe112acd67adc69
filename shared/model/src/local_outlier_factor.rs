//! Local outlier factor: what lies in a sparser place than its neighbours do is anomalous.
//!
//! The reach of a training row is its distance to its `k`-th nearest neighbour. The reachability distance of a row from
//! a neighbour is the distance between them, or the neighbour's reach where that is larger. The density of a row is
//! `1 / (mean reachability distance from its k neighbours + 1e-10)`, and its score the mean density of the neighbours
//! divided by its own: 1 and below is typical, 2 means half as dense as its surroundings. Distances are Euclidean. Scores
//! are above 0 and finite, without an upper bound: a row further away always scores higher in the end.
//!
//! Rows are scored as new ones, against the training rows (scikit-learn's `novelty=True`, with its conventions). A
//! training row scored so finds itself as its nearest neighbour; its proper score, without itself, is among the
//! [training scores](LocalOutlierFactor::training_scores), which calibration should be fitted on. Of training rows
//! equally far the first ones are the neighbours. Where more than `k` rows are equal, their density is 1e10, and a row
//! near them that is not equal has a score of up to as much.
//!
//! Distances depend on the scale of the columns: scale them first ([`crate::scaling`]). Values beyond ±1e140 count as
//! ±1e140.
//!
//! Reference: M. M. Breunig, H.-P. Kriegel, R. T. Ng, J. Sander, *LOF: Identifying Density-Based Local Outliers*, SIGMOD
//! 2000.

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, SchemaMismatch};
use crate::nearest::{Index, Nearest};
use crate::shares::share_out;
use crate::tiles::clamp_into;

mod params;
pub use params::{LocalOutlierFactorParams, LocalOutlierFactorValid};

mod stored;

/// Rows that one thread takes at a time.
const BLOCK: usize = 64;

/// Added to the mean reachability distance, so that equal rows have a finite density.
const SMOOTHING: f64 = 1e-10;

/// A fitted local outlier factor: the training rows, their reach, density and score. It can be stored; reading it back
/// checks what it holds, so that one from anywhere can be scored with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredFactor", into = "stored::StoredFactor")]
pub struct LocalOutlierFactor {
    schema: Arc<FeatureSchema>,
    neighbours: u32,
    index: Index,
    /// Per training row, as the next two: the distance to its last neighbour.
    reach: Vec<f64>,
    densities: Vec<f64>,
    training_scores: Vec<f64>,
}

impl LocalOutlierFactor {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of neighbours: as asked for, or all other training rows there were.
    #[must_use]
    pub fn neighbours(&self) -> u32 {
        self.neighbours
    }

    /// The score of every training row among the others, in their order: what calibration is fitted on (the negative of
    /// scikit-learn's `negative_outlier_factor_`).
    #[must_use]
    pub fn training_scores(&self) -> Vec<Score> {
        self.training_scores.iter().map(|&score| finite_score(score)).collect()
    }

    /// One score above 0 per row, in the order of the rows. Runs in parallel on the current rayon pool; the result is
    /// the same to the bit on any number of threads. O(log(training rows)) per row where few features vary
    /// independently, O(training rows) where many do.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut values = vec![0.0; matrix.len()];
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            let mut row = Vec::with_capacity(matrix.width());
            let mut nearest = Nearest::new(self.neighbours as usize);
            for (at, value) in values.iter_mut().enumerate() {
                clamp_into(matrix.row(block * BLOCK + at), &mut row);
                *value = self.factor_of(&row, &mut nearest);
            }
        });
        Ok(values.into_iter().map(finite_score).collect())
    }

    /// Why a row got its score: each feature's share of the squared distances to its neighbours. The shares are scaled
    /// so that the contributions sum to the score minus 1: to 0 where the row is as dense as its neighbours. They are
    /// negative, then, for a row that is denser. A row equal to all of its neighbours owes the same to every feature.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let mut asked = Vec::new();
        clamp_into(matrix.row(row), &mut asked);
        let mut nearest = Nearest::new(self.neighbours as usize);
        let beyond_usual = self.factor_of(&asked, &mut nearest) - 1.0;
        let places = self.index.places();
        let mut amounts = vec![0.0; matrix.width()];
        for &(_, number) in nearest.found() {
            let neighbour = self.index.row(places[number as usize] as usize);
            for ((amount, theirs), ours) in amounts.iter_mut().zip(neighbour).zip(&asked) {
                *amount += (ours - theirs).powi(2);
            }
        }
        share_out(beyond_usual, &mut amounts);
        Ok(Explanation::from_amounts(&amounts))
    }

    fn factor_of(&self, row: &[f64], nearest: &mut Nearest) -> f64 {
        self.index.search(row, None, nearest);
        let found: Vec<(f64, u32)> = nearest.found().iter().map(|&(squared, n)| (squared.sqrt(), n)).collect();
        factor(&found, &self.densities, density(&found, &self.reach))
    }
}

/// The density of a row from the distances and numbers of its neighbours.
fn density(found: &[(f64, u32)], reach: &[f64]) -> f64 {
    let sum: f64 = found.iter().map(|&(distance, number)| distance.max(reach[number as usize])).sum();
    1.0 / (sum / found.len() as f64 + SMOOTHING)
}

/// The mean density of the neighbours in terms of the row's own.
fn factor(found: &[(f64, u32)], densities: &[f64], own: f64) -> f64 {
    let sum: f64 = found.iter().map(|&(_, number)| densities[number as usize] / own).sum();
    sum / found.len() as f64
}

#[expect(clippy::expect_used, reason = "densities are bounded on both sides, so their ratio is finite")]
fn finite_score(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, neighbours: u32) -> LocalOutlierFactor {
        LocalOutlierFactorParams::default().neighbours(neighbours).check().unwrap().fit(matrix).unwrap()
    }

    fn scores(lof: &LocalOutlierFactor, matrix: &FeatureMatrix) -> Vec<f64> {
        lof.score(matrix).unwrap().into_iter().map(Score::get).collect()
    }

    #[test]
    fn four_points_by_hand() {
        // Reach with 2 neighbours: 2, 1, 2, 9. Reachability of 0: (1, 2), of 1: (2, 2), of 2: (1, 2), of 10: (8, 9).
        let lof = fit(&synthetic::column(&[0.0, 1.0, 2.0, 10.0]), 2);
        assert_eq!(lof.reach, [2.0, 1.0, 2.0, 9.0]);
        // Densities: 2 / 3, 1 / 2, 2 / 3; the neighbours of 0 and of 2 have these two, in the mean 7 / 12.
        let expected = [7.0 / 12.0 * 1.5, 2.0 / 3.0 * 2.0, 7.0 / 12.0 * 1.5];
        let training: Vec<f64> = lof.training_scores().into_iter().map(Score::get).collect();
        assert!(training.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{training:?}");
        assert!((training[3] - 7.0 / 12.0 * 8.5).abs() < 1e-8);
        // A new row at 4: neighbours 2 and 1 at 2 and 3.
        let new = scores(&lof, &synthetic::column(&[4.0]))[0];
        assert!((new - 7.0 / 12.0 * 2.5).abs() < 1e-9, "{new}");
    }

    #[test]
    fn usual_rows_are_near_1_and_outliers_far_above() {
        let lof = fit(&bell(2000, 3, 1), 20);
        let rows = scores(&lof, &synthetic::matrix(3, &[[0.0; 3], [8.0, -8.0, 8.0], [30.0, 0.0, 0.0]]));
        assert!((rows[0] - 1.0).abs() < 0.15 && rows[1] > 5.0 && rows[2] > rows[1], "{rows:?}");
        let mut training: Vec<f64> = lof.training_scores().into_iter().map(Score::get).collect();
        training.sort_unstable_by(f64::total_cmp);
        assert!((training[1000] - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_row_is_compared_with_its_own_surroundings() {
        // A dense and a sparse cluster: 1 beside the dense one is more anomalous than within the sparse one.
        let rows = (0..100).map(|i| if i % 2 == 0 { f64::from(i) * 1e-3 } else { 100.0 + f64::from(i) });
        let lof = fit(&synthetic::column(&rows.collect::<Vec<_>>()), 5);
        let found = scores(&lof, &synthetic::column(&[1.0, 142.0]));
        assert!(found[0] > 50.0 && found[1] < 1.5, "{found:?}");
    }

    #[test]
    fn equal_rows_score_1_and_nothing_is_infinite() {
        let constant = synthetic::matrix(2, &[[3.0, 4.0]; 30]);
        let lof = fit(&constant, 20);
        assert!(lof.training_scores().iter().all(|s| (s.get() - 1.0).abs() < 1e-12));
        let rows = scores(&lof, &synthetic::matrix(2, &[[3.0, 4.0], [3.0, 5.0], [f64::MAX, f64::MIN]]));
        assert!((rows[0] - 1.0).abs() < 1e-12 && rows[1] > 1e9 && rows[2] > rows[1], "{rows:?}");
        let even = lof.explain(&constant, 0).unwrap();
        assert!(even.contributions.iter().all(|c| c.amount.abs() < 1e-12));
    }

    #[test]
    fn huge_values_saturate() {
        let rows: Vec<[f64; 2]> = (0..40).map(|i| [1e300 * f64::from(i - 20), f64::from(i)]).collect();
        let lof = fit(&synthetic::matrix(2, &rows), 3);
        let huge = synthetic::matrix(2, &[[f64::MAX, f64::MAX], [f64::MIN, 0.0], [0.0, 0.0]]);
        let found = scores(&lof, &huge);
        assert!(found.iter().all(|s| s.is_finite() && *s > 0.0), "{found:?}");
        for (row, score) in found.iter().enumerate() {
            let sum = lof.explain(&huge, row).unwrap().sum();
            assert!((sum - (score - 1.0)).abs() <= 1e-9 * score.max(1.0), "{sum} for {score}");
        }
    }

    #[test]
    fn the_number_of_threads_does_not_matter_nor_do_the_rows_around() {
        let (training, rows) = (bell(1500, 4, 1), bell(333, 4, 2));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let lof = fit(&training, 10);
                let bits: Vec<u64> = scores(&lof, &rows).into_iter().map(f64::to_bits).collect();
                (lof, bits)
            })
        };
        let (lof, together) = on(1);
        assert_eq!(on(4), (lof.clone(), together.clone()));
        for row in [0, 64, 332] {
            let alone = scores(&lof, &synthetic::matrix(4, &[rows.row(row)]));
            assert_eq!(alone[0].to_bits(), together[row]);
        }
        assert_eq!(lof.score(&FeatureMatrix::new(synthetic::schema(4))), Ok(vec![]));
    }

    #[test]
    fn contributions_sum_to_the_score_minus_1_and_the_planted_feature_comes_first() {
        let lof = fit(&bell(2000, 6, 1), 20);
        for planted in 0..6 {
            let mut row = [0.1; 6];
            row[planted] = 9.0;
            let row = synthetic::matrix(6, &[row]);
            let explanation = lof.explain(&row, 0).unwrap();
            assert_eq!(explanation.contributions[0].feature, planted);
            assert!(explanation.contributions[0].amount > 10.0 * explanation.contributions[1].amount);
            assert!((explanation.sum() - (scores(&lof, &row)[0] - 1.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn another_schema_or_a_missing_row_is_an_error() {
        let (lof, other) = (fit(&bell(100, 2, 1), 5), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(lof.score(&other), Err(mismatch.clone()));
        assert_eq!(lof.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(lof.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
    }
}
