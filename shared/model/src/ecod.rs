//! ECOD: what lies in the tails of many features is anomalous. Nothing to choose, cheap to fit and to score.
//!
//! Every feature by itself says how surprising it is that a value is as small, or as large, as that of a row: `-ln` of the
//! share of training values that are, the row counting as one of them, `(1 + count) / (n + 1)`. There are three sums over
//! the features: of their left tails; of their right tails; and of the one tail that each is skewed to (the left one
//! where the skewness is negative, the right one where it is positive, both where it is 0). The score is the largest of
//! the three. It is from 0 to `2 · features · ln(n + 1)`, and beyond the largest and smallest values seen it does not
//! grow: it saturates there.
//!
//! A training row scored so counts twice, which takes `ln 2` at most off each feature's part. (The paper ranks rows
//! among themselves, `count / n`; `PyOD` ranks new rows together with the training rows, which for one row is what is
//! done here, but takes the largest of the three tails feature by feature.)
//!
//! Features are looked at one by one: no scaling is needed, and a row that is anomalous only in how features go together
//! is not found. Memory is bounded: at most 4 000 values are kept per feature. Beyond, ranks are exact among the 1 000
//! smallest and the 1 000 largest; between them tails are overstated by 1 in 2 000 of the rows at most, so that a row
//! looks more usual, never less.
//!
//! Reference: Z. Li, Y. Zhao, X. Hu, N. Botta, C. Ionescu, G. H. Chen, *ECOD: Unsupervised Outlier Detection Using
//! Empirical Cumulative Distribution Functions*, IEEE TKDE 35(12), 2023 (arXiv 2201.00382, 2022).

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::{BadParams, ExplainError, FitError, SchemaMismatch};

mod tails;
use tails::Tails;

mod stored;

/// Rows that one thread takes at a time.
const BLOCK: usize = 256;

/// ECOD has no parameters; the type is here so that it is fitted as the others are.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EcodParams {}

impl EcodParams {
    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Never: there is none that could be at fault.
    pub fn check(&self) -> Result<EcodValid, BadParams> {
        Ok(EcodValid { params: self.clone() })
    }
}

/// Ready to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcodValid {
    params: EcodParams,
}

impl EcodValid {
    /// Sorts every feature, in parallel on the current rayon pool. The result does not depend on the order of the rows,
    /// except for rounding in the sign of the skewness, nor on the number of threads. O(rows · log rows) per feature.
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(&self, matrix: &FeatureMatrix) -> Result<Ecod, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let tails = |feature| Tails::new(matrix.column(feature));
        let features = (0..matrix.width()).into_par_iter().map(tails).collect();
        Ok(Ecod { schema: Arc::clone(matrix.schema()), features })
    }
}

/// A fitted ECOD: the sorted values of every feature, thinned. It can be stored; reading it back checks what it holds, so
/// that one from anywhere can be scored with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredEcod", into = "stored::StoredEcod")]
pub struct Ecod {
    schema: Arc<FeatureSchema>,
    features: Vec<Tails>,
}

impl Ecod {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of training rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.features[0].n()
    }

    /// One score of at least 0 per row, in the order of the rows. Runs in parallel on the current rayon pool; the result
    /// is the same to the bit on any number of threads. O(features) per row, a binary search each.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut values = vec![0.0; matrix.len()];
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            for (at, value) in values.iter_mut().enumerate() {
                *value = self.sums(matrix.row(block * BLOCK + at)).into_iter().fold(0.0, f64::max);
            }
        });
        Ok(values.into_iter().map(finite_score).collect())
    }

    /// Why a row got its score: what each feature added to the sum that is the score, so that the contributions sum to
    /// the score. All are at least 0. Of equal sums it is the first of left, right and by skewness.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let row = matrix.row(row);
        let sums = self.sums(row);
        let largest = (1..sums.len()).fold(0, |largest, next| if sums[next] > sums[largest] { next } else { largest });
        let amounts: Vec<f64> =
            self.features.iter().zip(row).map(|(tails, &value)| parts(tails, value)[largest]).collect();
        Ok(Explanation::from_amounts(&amounts))
    }

    /// Over the features: left tails, right tails, and those each is skewed to.
    fn sums(&self, row: &[f64]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for (tails, &value) in self.features.iter().zip(row) {
            for (sum, part) in sums.iter_mut().zip(parts(tails, value)) {
                *sum += part;
            }
        }
        sums
    }
}

fn parts(tails: &Tails, value: f64) -> [f64; 3] {
    let (left, right) = (tails.left(value), tails.right(value));
    let skewed_to = match tails.skewness() {
        ..0 => left,
        0 => left + right,
        1.. => right,
    };
    [left, right, skewed_to]
}

#[expect(clippy::expect_used, reason = "a sum of logarithms of numbers from 1 to 2^53")]
fn finite_score(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix) -> Ecod {
        EcodParams::default().check().unwrap().fit(matrix).unwrap()
    }

    fn scores(ecod: &Ecod, matrix: &FeatureMatrix) -> Vec<f64> {
        ecod.score(matrix).unwrap().into_iter().map(Score::get).collect()
    }

    #[test]
    fn sums_by_hand() {
        // The first feature is skewed to the right, the second to the left.
        let ecod = fit(&synthetic::matrix(2, &[[1.0, 9.0], [2.0, 8.0], [9.0, 1.0]]));
        let found = scores(&ecod, &synthetic::matrix(2, &[[9.0, 1.0], [0.0, 0.0], [2.0, 8.0]]));
        // Right tail 2 of 4 and left tail 2 of 4; left tails 1 and 1 of 4; 3 and 3 of 4 every way.
        let expected = [2.0 * 2.0_f64.ln(), 2.0 * 4.0_f64.ln(), 2.0 * (4.0_f64 / 3.0).ln()];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn without_skewness_both_tails_count() {
        let ecod = fit(&synthetic::column(&[1.0, 2.0, 3.0]));
        let found = scores(&ecod, &synthetic::column(&[2.0, 9.0]));
        assert!((found[0] - 2.0 * (4.0_f64 / 3.0).ln()).abs() < 1e-12 && (found[1] - 4.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn outliers_score_high() {
        let ecod = fit(&bell(2000, 3, 1));
        let rows = scores(&ecod, &synthetic::matrix(3, &[[0.0; 3], [8.0, -8.0, 8.0], [-f64::MAX; 3], [f64::MAX; 3]]));
        assert!(rows[0] < 5.0 && rows[1] > 14.0, "{rows:?}");
        let most = 3.0 * 2001.0_f64.ln();
        assert!((rows[2] - most).abs() < 1e-9 && (rows[3] - most).abs() < 1e-9, "{rows:?}");
        assert_eq!(ecod.rows(), 2000);
    }

    #[test]
    fn equal_rows_score_0_and_one_row_is_enough() {
        for count in [1, 30] {
            let constant = synthetic::matrix(2, &vec![[3.0, 4.0]; count]);
            let ecod = fit(&constant);
            assert!(scores(&ecod, &constant).iter().all(|s| s.abs() < 1e-15));
            assert!(scores(&ecod, &synthetic::matrix(2, &[[3.0, 5.0]]))[0] > 0.5);
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = EcodParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 1, got: 0 }));
        assert!(serde_json::from_str::<EcodParams>("{}").is_ok());
        assert!(serde_json::from_str::<EcodParams>(r#"{"trees": 3}"#).is_err());
    }

    #[test]
    fn the_number_of_threads_does_not_matter_nor_do_the_rows_around() {
        let (training, rows) = (bell(1500, 4, 1), bell(333, 4, 2));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let ecod = fit(&training);
                let bits: Vec<u64> = scores(&ecod, &rows).into_iter().map(f64::to_bits).collect();
                (ecod, bits)
            })
        };
        let (ecod, together) = on(1);
        assert_eq!(on(4), (ecod.clone(), together.clone()));
        let alone = scores(&ecod, &synthetic::matrix(4, &[rows.row(300)]));
        assert_eq!(alone[0].to_bits(), together[300]);
        assert_eq!(ecod.score(&FeatureMatrix::new(synthetic::schema(4))), Ok(vec![]));
    }

    #[test]
    fn contributions_sum_to_the_score_and_the_planted_feature_comes_first() {
        let (ecod, rows) = (fit(&bell(2000, 6, 1)), bell(100, 6, 2));
        for (row, score) in scores(&ecod, &rows).into_iter().enumerate() {
            assert!((ecod.explain(&rows, row).unwrap().sum() - score).abs() < 1e-12);
        }
        for planted in 0..6 {
            for side in [-9.0, 9.0] {
                let mut row = [0.1; 6];
                row[planted] = side;
                let explanation = ecod.explain(&synthetic::matrix(6, &[row]), 0).unwrap();
                assert_eq!(explanation.contributions[0].feature, planted);
                assert!(explanation.contributions[0].amount > 7.0);
            }
        }
    }

    #[test]
    fn another_schema_or_a_missing_row_is_an_error() {
        let (ecod, other) = (fit(&bell(100, 2, 1)), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(ecod.score(&other), Err(mismatch.clone()));
        assert_eq!(ecod.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(ecod.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
    }
}
