//! The distance of a row from the mean row in units of the spread along each principal component.
//!
//! The score is `Σₖ (cₖ · x)² / λₖ` over all components `cₖ` with variances `λₖ`, where `x` is the row minus the mean row. It is
//! the squared Mahalanobis distance, 0 or more. A row scores high where it is extreme along a component of large variance,
//! and where it breaks a correlation, which is a component of small variance. What lies outside of all components, which is
//! a value in a constant column or a broken linear relation, counts with the smallest variance.
//!
//! The mean and the covariance are those of the training rows, outliers included. Scale columns of different units first
//! ([`crate::scaling`]): directions with less than 2e-16 of the largest variance count as constant.
//!
//! Reference: M.-L. Shyu, S.-C. Chen, K. Sarinnapakorn, L. Chang, *A Novel Anomaly Detection Scheme Based on Principal Component
//! Classifier*, ICDM Foundations and New Directions of Data Mining Workshop, 2003.

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::checked;
use crate::error::{ExplainError, FitError, SchemaMismatch};
use crate::pca::{Kept, Pca, PcaParams};

/// The largest standardised score, so that sums of squares are finite.
const MAX_STANDARDISED: f64 = 1e150;

/// The maximum number of features: their covariance takes 32 MiB.
const MAX_FEATURES: usize = 2048;

/// All principal components of the training rows, to measure distances with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PcaDistance {
    pca: Pca,
}

/// A row relative to the components.
struct Standardised {
    /// The row minus the mean row.
    centred: Vec<f64>,
    /// The gradient of half the score: `Σₖ cₖ (cₖ · x) / λₖ`, plus the residual over the smallest variance.
    gradient: Vec<f64>,
    score: f64,
}

impl PcaDistance {
    /// Finds the components of n rows with d features. O(n · d² + d³), the same to the bit on any number of threads.
    ///
    /// # Errors
    /// When there are fewer than 2 rows, or no features or more than 2048, or all rows are equal.
    pub fn fit(matrix: &FeatureMatrix) -> Result<Self, FitError> {
        if matrix.width() > MAX_FEATURES {
            return Err(FitError::TooMany { what: "features", most: MAX_FEATURES, got: matrix.width() });
        }
        Ok(Self { pca: checked(PcaParams::default().kept(Kept::Share(1.0)).check()).fit(matrix)? })
    }

    /// The schema of the training rows.
    #[must_use]
    pub fn schema(&self) -> &FeatureSchema {
        self.pca.schema()
    }

    /// The squared distance of every row, in the order of the rows and without unit. O(components · features) per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the training rows.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(self.pca.schema(), matrix.schema())?;
        let rows = (0..matrix.len()).into_par_iter().with_min_len(256);
        Ok(rows.map(|row| finite_score(self.standardise(matrix.row(row)).score)).collect())
    }

    /// The contribution of each feature to the score of a row: its deviation from the mean times the weight that all deviations
    /// together give it. The contributions sum to the score; a feature that makes the row more typical has a negative one.
    ///
    /// # Errors
    /// When the matrix has another schema than the training rows, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(self.pca.schema(), matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let Standardised { centred, gradient, .. } = self.standardise(matrix.row(row));
        let max = f64::MAX / centred.len() as f64;
        let amounts = centred.iter().zip(gradient).map(|(value, weight)| (value * weight).clamp(-max, max));
        Ok(Explanation::from_amounts(&amounts.collect::<Vec<_>>()))
    }

    fn standardise(&self, row: &[f64]) -> Standardised {
        let centred = self.pca.centred(row);
        let (mut rest, mut gradient, mut score) = (centred.clone(), vec![0.0; centred.len()], 0.0);
        let mut deviation = 1.0;
        for (component, share) in self.pca.components().into_iter().zip(self.pca.explained_shares()) {
            deviation = (share * self.pca.total_variance()).max(f64::MIN_POSITIVE).sqrt();
            let along: f64 = centred.iter().zip(component).map(|(a, b)| a * b).sum();
            let standardised = standardised(along, deviation);
            score += standardised * standardised;
            for ((rest, gradient), direction) in rest.iter_mut().zip(&mut gradient).zip(component) {
                *rest -= along * direction;
                *gradient = finite(*gradient + direction * (standardised / deviation));
            }
        }
        for (rest, gradient) in rest.iter().zip(&mut gradient) {
            let standardised = standardised(*rest, deviation);
            score += standardised * standardised;
            *gradient = finite(*gradient + standardised / deviation);
        }
        Standardised { centred, gradient, score }
    }
}

fn standardised(value: f64, deviation: f64) -> f64 {
    (value / deviation).clamp(-MAX_STANDARDISED, MAX_STANDARDISED)
}

/// The number, with infinities as the largest finite numbers.
fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

#[expect(clippy::expect_used, reason = "sums of squares of clamped values are finite")]
fn finite_score(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn distances_by_hand_and_contributions_that_sum_to_them() {
        // Variances 8/3·2 = 16/3 and 4/3 along the diagonals, mean (1, 1).
        let training = synthetic::matrix(2, &[[3.0, 3.0], [-1.0, -1.0], [0.0, 2.0], [2.0, 0.0]]);
        let fitted = PcaDistance::fit(&training).unwrap();
        let asked = synthetic::matrix(2, &[[1.0, 1.0], [5.0, 5.0], [3.0, -1.0], [3.0, 1.0]]);
        let scores: Vec<f64> = fitted.score(&asked).unwrap().into_iter().map(Score::get).collect();
        for (score, expected) in scores.iter().zip([0.0, 32.0 / (16.0 / 3.0), 8.0 / (4.0 / 3.0), 1.875]) {
            assert!((score - expected).abs() < 1e-12, "{scores:?}");
        }
        for (row, score) in scores.iter().enumerate() {
            assert!((fitted.explain(&asked, row).unwrap().sum() - score).abs() < 1e-12);
        }
    }

    #[test]
    fn a_value_in_a_constant_column_counts_and_huge_values_are_finite() {
        let rows: Vec<[f64; 2]> = (0..30).map(|i| [f64::from(i), 0.7]).collect();
        let fitted = PcaDistance::fit(&synthetic::matrix(2, &rows)).unwrap();
        let asked = synthetic::matrix(2, &[[14.5, 0.7], [14.5, 100.7], [f64::MAX, f64::MIN]]);
        let scores = fitted.score(&asked).unwrap();
        assert!(scores[0].get() < 1e-20 && scores[1].get() > 100.0 && scores[2].get().is_finite());
        assert_eq!(fitted.explain(&asked, 1).unwrap().contributions[0].feature, 1);
        assert!(fitted.explain(&asked, 2).unwrap().sum().is_finite());
        let stored: PcaDistance = postcard::from_bytes(&postcard::to_allocvec(&fitted).unwrap()).unwrap();
        assert_eq!(stored.score(&asked).unwrap(), scores);
    }
}
