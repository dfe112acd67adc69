//! Principal components: the directions that rows vary along, and what does not vary along with them.
//!
//! Components are directions of length 1 at right angles to each other, those of the largest variance first; the first
//! few usually hold nearly all of it. What a row has beside them, it has against the correlations that training rows
//! showed: bytes without packets, peers without ports. So its *reconstruction error* is an anomaly score: the squared
//! Euclidean distance between the row and its projection on the components kept, from 0 (also known as Q statistic or
//! squared prediction error). It is finite and has no upper bound, is the sum of one square per feature, and is 0 but for
//! rounding when as many components are kept as features vary. A row that is extreme *along* the components scores low:
//! pair it with an estimator that sees that.
//!
//! Components depend on the scale of the columns: scale them first ([`crate::scaling`]). Values beyond ±1e140 count as
//! ±1e140.
//!
//! Eigenvalues and vectors come from the `smartcore` crate's decomposition of symmetric matrices (Householder, then
//! implicit QL). The covariance is summed here: its own `PCA` does not give out the variances, panics at values of
//! 1e300, and works on all rows where their covariance will do, which takes many times as long.
//!
//! References: K. Pearson, *On Lines and Planes of Closest Fit to Systems of Points in Space*, Philosophical Magazine
//! 2(11), 1901; J. E. Jackson, G. S. Mudholkar, *Control Procedures for Residuals Associated with Principal Component
//! Analysis*, Technometrics 21(3), 1979.
//!
//! ```
//! # use std::sync::Arc;
//! # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
//! use weir_model::{Kept, PcaParams};
//!
//! # let feature = |name: &str| Feature {
//! #     name: name.into(), label: name.into(), unit: String::new(), transform: Transform::Log1p,
//! # };
//! # let features = vec![feature("bytes_sent"), feature("packets_sent")];
//! # let schema = Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features });
//! let mut usual = FeatureMatrix::new(Arc::clone(&schema));
//! for i in 0..100 {
//!     usual.push(&[f64::from(i) + f64::from(i % 3), f64::from(i)])?;
//! }
//! let pca = PcaParams::default().kept(Kept::Components(1)).check()?.fit(&usual)?;
//! assert!(pca.explained_shares()[0] > 0.99);
//!
//! let mut today = FeatureMatrix::new(schema);
//! today.push(&[51.0, 50.0])?;
//! today.push(&[51.0, 20.0])?;
//! let scores = pca.score(&today)?;
//! assert!(scores[0].get() < 1.0 && scores[1].get() > 100.0);
//! assert!((pca.explain(&today, 1)?.sum() - scores[1].get()).abs() < 1e-9);
//! assert_eq!(pca.transform(&today)?.width(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, SchemaMismatch};
use crate::tiles::clamped;

mod params;
pub use params::{Kept, PcaParams, PcaValid};

mod decompose;

mod stored;

/// Rows that one thread takes at a time.
const BLOCK: usize = 256;

/// Fitted components. They refer to no data and can be stored; reading them back checks what they hold, so that one from
/// anywhere can be scored with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredPca", into = "stored::StoredPca")]
pub struct Pca {
    schema: Arc<FeatureSchema>,
    means: Vec<f64>,
    /// Those kept, one after the other, each of one value per feature.
    components: Vec<f64>,
    /// The share of the variance of each component kept, descending.
    shares: Vec<f64>,
    /// The sum of the variances of all features.
    total_variance: f64,
}

impl Pca {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// The components kept, of one value per feature each, those of the largest variance first: directions of length 1,
    /// whose value of largest size is positive.
    #[must_use]
    pub fn components(&self) -> Vec<&[f64]> {
        self.components.chunks_exact(self.means.len()).collect()
    }

    /// The share of the training rows' variance that each component kept explains, from 0 to 1, descending
    /// (scikit-learn's `explained_variance_ratio_`).
    #[must_use]
    pub fn explained_shares(&self) -> &[f64] {
        &self.shares
    }

    /// The sum of the features' variances in training (divided by rows - 1), in the squared unit of the features.
    #[must_use]
    pub fn total_variance(&self) -> f64 {
        self.total_variance
    }

    /// Rows by components in place of features, for other estimators: `component_1` and so on, from the mean row.
    /// Runs in parallel on the current rayon pool; the result is the same to the bit on any number of threads.
    /// O(components · features) per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn transform(&self, matrix: &FeatureMatrix) -> Result<FeatureMatrix, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let component = |number: usize| Feature {
            name: format!("component_{number}"),
            label: format!("component {number}"),
            unit: String::new(),
            transform: Transform::Identity,
        };
        let mut transformed = FeatureMatrix::new(Arc::new(FeatureSchema {
            source: self.schema.source.clone(),
            window_seconds: self.schema.window_seconds,
            features: (1..=self.shares.len()).map(component).collect(),
        }));
        let count = self.shares.len();
        let mut values = vec![0.0; matrix.len() * count];
        values.par_chunks_mut(BLOCK * count).enumerate().for_each(|(block, values)| {
            for (at, values) in values.chunks_exact_mut(count).enumerate() {
                let row = self.centred(matrix.row(block * BLOCK + at));
                for (value, component) in values.iter_mut().zip(self.components()) {
                    *value = dot(&row, component);
                }
            }
        });
        for row in values.chunks_exact(count) {
            push(&mut transformed, row);
        }
        Ok(transformed)
    }

    /// The reconstruction error of every row, from 0, in the order of the rows and in the squared unit of the features.
    /// Runs in parallel on the current rayon pool; the result is the same to the bit on any number of threads.
    /// O(components · features) per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut values = vec![0.0; matrix.len()];
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            for (at, value) in values.iter_mut().enumerate() {
                *value = self.residuals(matrix.row(block * BLOCK + at)).iter().map(|r| r * r).sum();
            }
        });
        Ok(values.into_iter().map(finite_score).collect())
    }

    /// Why a row got its score: of each feature the square of what its value differs by from the reconstructed one. The
    /// contributions sum to the score, and none is negative. Where one feature is off, those it usually varies with get
    /// some of the blame, the less the more features vary along.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let amounts: Vec<f64> = self.residuals(matrix.row(row)).iter().map(|r| r * r).collect();
        Ok(Explanation::from_amounts(&amounts))
    }

    /// The row minus the mean row.
    pub(crate) fn centred(&self, row: &[f64]) -> Vec<f64> {
        row.iter().zip(&self.means).map(|(&value, mean)| clamped(value) - mean).collect()
    }

    /// What a row has beside the components.
    fn residuals(&self, row: &[f64]) -> Vec<f64> {
        let mut rest = self.centred(row);
        for component in self.components.chunks_exact(self.means.len()) {
            let along = dot(&rest, component);
            rest.iter_mut().zip(component).for_each(|(rest, direction)| *rest -= along * direction);
        }
        rest
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[expect(clippy::expect_used, reason = "sums of clamped values times directions of length 1 are finite")]
fn push(matrix: &mut FeatureMatrix, row: &[f64]) {
    matrix.push(row).expect("finite components");
}

#[expect(clippy::expect_used, reason = "sums of squares of clamped values are finite")]
fn finite_score(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, kept: Kept) -> Pca {
        PcaParams::default().kept(kept).check().unwrap().fit(matrix).unwrap()
    }

    fn scores(pca: &Pca, matrix: &FeatureMatrix) -> Vec<f64> {
        pca.score(matrix).unwrap().into_iter().map(Score::get).collect()
    }

    /// Six features that are sums of two hidden ones, and little noise.
    fn two_hidden(rows: usize, seed: u64) -> FeatureMatrix {
        let mut matrix = FeatureMatrix::new(synthetic::schema(6));
        for row in bell(rows, 8, seed).rows() {
            let (a, b) = (row[6] * 3.0, row[7] * 2.0);
            let of = [a, b, a + b, a - b, -a, 5.0 - b];
            matrix.push(&std::array::from_fn::<f64, 6, _>(|i| of[i] + row[i] * 0.1)).unwrap();
        }
        matrix
    }

    #[test]
    fn by_hand() {
        // Variances 8/3 and 2/3 along the diagonals.
        let pca = fit(&synthetic::matrix(2, &[[3.0, 3.0], [-1.0, -1.0], [0.0, 2.0], [2.0, 0.0]]), Kept::Components(1));
        let half = 0.5_f64.sqrt();
        assert!(pca.components()[0].iter().all(|value| (value - half).abs() < 1e-12));
        assert!((pca.total_variance() - 20.0 / 3.0).abs() < 1e-12 && (pca.explained_shares()[0] - 0.8).abs() < 1e-12);
        let asked = synthetic::matrix(2, &[[9.0, 9.0], [1.0, 1.0], [2.0, 4.0]]);
        let found = scores(&pca, &asked);
        assert!(found[0] < 1e-24 && found[1] < 1e-24 && (found[2] - 2.0).abs() < 1e-12);
        let transformed = pca.transform(&asked).unwrap();
        assert!((transformed.row(0)[0] - 128.0_f64.sqrt()).abs() < 1e-12 && transformed.len() == 3);
        assert_eq!(transformed.schema().features[0].name, "component_1");
    }

    #[test]
    fn what_breaks_a_correlation_scores_high_and_the_feature_that_did_comes_first() {
        let (training, usual) = (two_hidden(2000, 1), two_hidden(500, 2));
        let pca = fit(&training, Kept::Share(0.95));
        assert_eq!(pca.components().len(), 2);
        let highest = scores(&pca, &usual).into_iter().fold(0.0, f64::max);
        for planted in 0..6 {
            let mut row = usual.row(7).to_vec();
            row[planted] += 4.0;
            let row = synthetic::matrix(6, &[row]);
            let (score, explanation) = (scores(&pca, &row)[0], pca.explain(&row, 0).unwrap());
            assert!(score > 10.0 * highest, "{planted}: {score} {highest}");
            assert!((explanation.sum() - score).abs() < 1e-9 * score);
            assert_eq!(explanation.contributions[0].feature, planted);
            assert!(explanation.contributions.iter().all(|c| c.amount >= 0.0));
        }
    }

    #[test]
    fn components_are_orthonormal_explain_the_variance_and_transform_to_it() {
        for (rows, width) in [(300, 5), (20, 40), (2, 3)] {
            let matrix = bell(rows, width, 1);
            let pca = fit(&matrix, Kept::Share(1.0));
            assert_eq!(pca.components().len(), width.min(rows - 1));
            for (i, a) in pca.components().iter().enumerate() {
                for (j, b) in pca.components().iter().enumerate() {
                    assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
            }
            assert!((pca.explained_shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(pca.explained_shares().is_sorted_by(|a, b| a >= b));
            let transformed = pca.transform(&matrix).unwrap();
            for (component, share) in pca.explained_shares().iter().enumerate() {
                let values = transformed.column(component);
                let variance = dot(&values, &values) / (rows - 1) as f64;
                assert!((variance - share * pca.total_variance()).abs() < 1e-10);
            }
            assert!(scores(&pca, &matrix).iter().all(|score| *score < 1e-20));
        }
    }

    #[test]
    fn a_share_keeps_no_more_components_than_it_takes() {
        let matrix = two_hidden(1000, 1);
        let all = fit(&matrix, Kept::Share(1.0));
        let (first, second) = (all.explained_shares()[0], all.explained_shares()[1]);
        let count = |share| fit(&matrix, Kept::Share(share)).components().len();
        assert_eq!((count(1e-6), count(first - 1e-9), count(first + 1e-9)), (1, 1, 2));
        assert_eq!((count(first + second + 1e-9), count(1.0)), (3, 6));
        assert_eq!(fit(&matrix, Kept::Components(99)), all);
    }

    #[test]
    fn constant_columns_and_equal_rows() {
        let rows: Vec<[f64; 3]> = (0..30).map(|i| [0.1, f64::from(i), 0.7]).collect();
        let pca = fit(&synthetic::matrix(3, &rows), Kept::Share(1.0));
        assert_eq!(pca.components(), [&[0.0, 1.0, 0.0]]);
        let found = scores(&pca, &synthetic::matrix(3, &[[0.1, 500.0, 0.7], [0.1, 5.0, 2.7]]));
        assert!(found[0] < 1e-24 && (found[1] - 4.0).abs() < 1e-12, "{found:?}");
        let doubled = synthetic::matrix(2, &[[1.0, 2.0], [1.0, 2.0], [2.0, 4.0], [2.0, 4.0]]);
        assert_eq!(fit(&doubled, Kept::Share(1.0)).components().len(), 1);
    }

    #[test]
    fn huge_and_tiny_values_give_finite_scores() {
        for size in [f64::MAX, 1e300, 1e140, 1e-140, 1e-300, 5e-324] {
            let rows: Vec<[f64; 3]> = (0..40)
                .map(|i| [size * (f64::from(i) / 40.0).round(), f64::from(i % 3) * size.min(1e300), 1.0])
                .collect();
            for kept in [Kept::Components(1), Kept::Share(1.0)] {
                let pca = fit(&synthetic::matrix(3, &rows), kept);
                let asked = synthetic::matrix(3, &[[f64::MAX; 3], [f64::MIN, f64::MAX, 0.0], [0.0; 3]]);
                assert!(scores(&pca, &asked).iter().all(|score| score.is_finite() && *score >= 0.0));
                assert!(pca.explain(&asked, 1).unwrap().sum().is_finite());
                assert_eq!(pca.transform(&asked).unwrap().len(), 3);
                assert!(pca.explained_shares().iter().all(|share| *share > 0.0 && *share <= 1.0 + 1e-12));
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_matter_nor_do_the_rows_around() {
        let (matrix, asked) = (two_hidden(3000, 1), two_hidden(700, 2));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let pca = fit(&matrix, Kept::Components(2));
                (scores(&pca, &asked), pca.transform(&asked).unwrap(), pca)
            })
        };
        let one = on(1);
        assert_eq!(on(4), one);
        assert_eq!(scores(&one.2, &synthetic::matrix(6, &[asked.row(300)])), [one.0[300]]);
    }

    #[test]
    fn another_schema_or_a_missing_row_is_an_error() {
        let (pca, other) = (fit(&bell(20, 2, 1), Kept::Components(1)), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(pca.score(&other), Err(mismatch.clone()));
        assert_eq!(pca.transform(&other), Err(mismatch.clone()));
        assert_eq!(pca.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(pca.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
        assert_eq!(pca.score(&FeatureMatrix::new(synthetic::schema(2))), Ok(vec![]));
    }
}
