//! Isolation forest: what few random cuts set apart from the rest is anomalous.
//!
//! Each tree is grown on a small random sample of ψ rows. A node is cut at a uniformly random threshold of a feature
//! chosen among those that vary in it, until rows are alone, equal, or ⌈log₂ ψ⌉ cuts deep. An anomalous row is alone
//! after few cuts, so its path is short. The score is `2^(-E[h] / c(ψ))`, where `E[h]` is the mean path length over the
//! trees, with `c(n)` added where a leaf still holds `n` rows, and `c` the expected path length of an unsuccessful
//! search in a binary search tree. It lies in (0, 1]: near 1 is anomalous, about 0.5 and below is usual.
//!
//! Cuts are parallel to the axes, so the model sees one feature at a time and is blind to scale: no scaling is needed. It
//! does not extrapolate: rows beyond the largest value seen look alike however far beyond they are.
//!
//! Fitting costs O(trees · ψ log ψ), scoring O(trees · log ψ) per row. A forest of 100 trees over 256 rows takes about
//! 1.4 MB of memory at most.
//!
//! References: F. T. Liu, K. M. Ting, Z.-H. Zhou, *Isolation Forest*, ICDM 2008; *Isolation-Based Anomaly Detection*,
//! ACM TKDD 6(1), 2012.

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, SchemaMismatch};

mod params;
pub use params::{IsolationForestParams, IsolationForestValid};

mod grow;
mod path_length;
mod tree;
use tree::{LANES, Tree};

mod stored;

/// Rows that pass one tree before the next is fetched: they and the tree stay in the nearest caches.
const BLOCK: usize = 256;

/// A fitted forest. It refers to no data and can be stored; reading it back checks every node, so that a forest from
/// anywhere can be scored with. Scores survive to the bit where the format keeps numbers to the bit (with `serde_json`:
/// its feature `float_roundtrip`).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredForest", into = "stored::StoredForest")]
pub struct IsolationForest {
    schema: Arc<FeatureSchema>,
    /// Rows each tree was grown on.
    sample_size: u32,
    trees: Vec<Tree>,
}

impl IsolationForest {
    /// What the forest was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Rows each tree was grown on: as asked for, or all there were.
    #[must_use]
    pub fn sample_size(&self) -> u32 {
        self.sample_size
    }

    /// One score in (0, 1] per row, in the order of the rows. Runs in parallel on the current rayon pool; the result is
    /// the same to the bit on any number of threads.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut values = vec![0.0; matrix.len()];
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            self.mean_path_lengths(matrix, block * BLOCK, values);
            let normal = path_length::expected_path_length(self.sample_size);
            for value in values {
                *value = (-*value / normal).exp2();
            }
        });
        Ok(values.into_iter().map(score_in_range).collect())
    }

    /// Why a row got its score: each feature's part in shortening its path.
    ///
    /// Every node knows its expected path length, the mean over the leaves below weighted by training rows. A cut that
    /// sends the row from a node to a child adds the former's length minus the latter's to the cut's feature; sums over
    /// the trees are divided by their number. So the contributions, in cuts, add up to the mean expected path length at
    /// the roots minus the row's mean path length: positive where the feature made the row more isolated, and the larger
    /// their sum, the higher the score.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let mut amounts = vec![0.0; matrix.width()];
        for tree in &self.trees {
            tree.add_contributions(matrix.row(row), &mut amounts);
        }
        for amount in &mut amounts {
            *amount /= self.trees.len() as f64;
        }
        Ok(Explanation::from_amounts(&amounts))
    }

    /// The mean path lengths of the rows from `first` on, as many as there are places, into zeros. Sums run in the order
    /// of the trees.
    fn mean_path_lengths(&self, matrix: &FeatureMatrix, first: usize, lengths: &mut [f64]) {
        let width = matrix.width();
        let mut rows = Vec::with_capacity(lengths.len().next_multiple_of(LANES) * width);
        for row in first..first + lengths.len() {
            rows.extend_from_slice(matrix.row(row));
        }
        rows.resize(lengths.len().next_multiple_of(LANES) * width, 0.0);
        for tree in &self.trees {
            tree.add_path_lengths(&rows, width, lengths);
        }
        for length in lengths {
            *length /= self.trees.len() as f64;
        }
    }
}

#[expect(clippy::expect_used, reason = "a power of two of a bounded, finite exponent is finite")]
fn score_in_range(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, seed: u64) -> IsolationForest {
        IsolationForestParams::default().check().unwrap().fit(matrix, seed).unwrap()
    }

    #[test]
    fn an_outlier_scores_high_and_the_centre_low() {
        let forest = fit(&bell(2000, 3, 1), 42);
        let rows = synthetic::matrix(3, &[[0.0; 3], [8.0, -8.0, 8.0], [1e300; 3], [-1e300, 0.0, 0.0]]);
        let scores: Vec<f64> = forest.score(&rows).unwrap().into_iter().map(Score::get).collect();
        assert!(scores[0] < 0.5, "{scores:?}");
        assert!(scores[1] > 0.6 && scores[2] > 0.6, "{scores:?}");
        assert!(scores[3] > scores[0] && scores[3] < scores[2], "{scores:?}");
        assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
    }

    #[test]
    fn equal_rows_score_one_half() {
        let constant = synthetic::matrix(2, &[[3.0, 4.0]; 10]);
        let scores = fit(&constant, 1).score(&constant).unwrap();
        assert!(scores.iter().all(|s| (s.get() - 0.5).abs() < 1e-12));
    }

    #[test]
    fn the_seed_decides_and_the_number_of_threads_does_not() {
        let (training, rows) = (bell(1000, 4, 1), bell(777, 4, 2));
        let on = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let forest = fit(&training, seed);
                let scores: Vec<u64> = forest.score(&rows).unwrap().iter().map(|s| s.get().to_bits()).collect();
                (forest, scores)
            })
        };
        assert_eq!(on(1, 7), on(4, 7));
        assert_ne!(on(1, 7).1, on(1, 8).1);
    }

    #[test]
    fn a_score_does_not_depend_on_the_rows_around_it() {
        let (forest, rows) = (fit(&bell(500, 3, 1), 1), bell(2 * BLOCK + 3, 3, 2));
        let together = forest.score(&rows).unwrap();
        for row in [0, 7, BLOCK - 1, BLOCK, 2 * BLOCK + 2] {
            assert_eq!(forest.score(&synthetic::matrix(3, &[rows.row(row)])).unwrap(), [together[row]]);
        }
        assert_eq!(forest.score(&FeatureMatrix::new(synthetic::schema(3))), Ok(vec![]));
    }

    #[test]
    fn contributions_sum_to_the_length_taken_off_the_path() {
        let (forest, rows) = (fit(&bell(1000, 5, 1), 3), bell(100, 5, 2));
        let roots = forest.trees.iter().map(Tree::root_path_length).sum::<f64>() / forest.trees.len() as f64;
        let normal = path_length::expected_path_length(forest.sample_size);
        for (row, score) in forest.score(&rows).unwrap().into_iter().enumerate() {
            let path = -score.get().log2() * normal;
            let explanation = forest.explain(&rows, row).unwrap();
            assert_eq!(explanation.contributions.len(), 5);
            assert!((explanation.sum() - (roots - path)).abs() < 1e-9);
        }
    }

    #[test]
    fn the_planted_feature_comes_first() {
        let forest = fit(&bell(2000, 6, 1), 11);
        for planted in 0..6 {
            let mut row = [0.1; 6];
            row[planted] = 9.0;
            let explanation = forest.explain(&synthetic::matrix(6, &[row]), 0).unwrap();
            assert_eq!(explanation.contributions[0].feature, planted);
            assert!(explanation.contributions[0].amount > 0.0 && explanation.contributions[1].amount < 0.0);
        }
    }

    #[test]
    fn another_schema_or_a_missing_row_is_an_error() {
        let (forest, other) = (fit(&bell(100, 2, 1), 1), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(forest.score(&other), Err(mismatch.clone()));
        assert_eq!(forest.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(forest.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
    }
}
