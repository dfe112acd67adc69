//! Tukey's fences: what lies many interquartile ranges outside the quartiles is anomalous.
//!
//! A feature's distance is how far its value lies below the first quartile or above the third, in interquartile ranges
//! (IQR); 0 between them. The score is the distance of the worst feature: from 0 on, Tukey's inner fence at 1.5 and his
//! outer fence at 3. It grows with the value without saturating, up to 1e100.
//!
//! Quartiles can be taken per group of rows where the usual differs by group, as it does by hour of the week; groups with
//! too few rows, and those not seen in training, are compared with all rows. Up to a quarter of the training rows on either
//! side can be anything without moving them far. Quartiles interpolate linearly (type 7 of Hyndman and Fan 1996, numpy's
//! default). An interquartile range of 0, of a group, is replaced by that over all rows; and any below a floor by the
//! floor ([`IqrParams::min_iqr`]).
//!
//! Reference: J. W. Tukey, *Exploratory Data Analysis*, 1977, chapter 2.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, FitError, SchemaMismatch};

mod params;
pub use params::{IqrParams, IqrValid};

mod quartiles;
use quartiles::Quartiles;

mod stored;

/// Rows in groups that cannot be fitted on or scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// Nothing can be fitted on the rows.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The matrix has another schema than the estimator.
    #[error(transparent)]
    Schema(#[from] SchemaMismatch),
    /// Not one key per row.
    #[error("{got} group keys for {rows} rows: one is needed per row")]
    Keys {
        /// Rows of the matrix.
        rows: usize,
        /// Keys given.
        got: usize,
    },
}

impl GroupError {
    fn check(matrix: &FeatureMatrix, groups: &[i64]) -> Result<(), Self> {
        if groups.len() == matrix.len() { Ok(()) } else { Err(Self::Keys { rows: matrix.len(), got: groups.len() }) }
    }
}

/// Fitted quartiles, over all rows and per group. They can be stored; reading them back checks them.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredIqr", into = "stored::StoredIqr")]
pub struct Iqr {
    schema: Arc<FeatureSchema>,
    /// Feature by feature, as in the groups.
    all: Vec<Quartiles>,
    groups: BTreeMap<i64, Vec<Quartiles>>,
}

impl Iqr {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Groups that had rows enough for quartiles of their own, ascending.
    #[must_use]
    pub fn groups(&self) -> impl ExactSizeIterator<Item = i64> {
        self.groups.keys().copied()
    }

    /// One score from 0 to 1e100 per row, in the order of the rows, each compared with all training rows. O(features)
    /// per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        Ok(matrix.rows().map(|row| worst(&self.all, row)).collect())
    }

    /// One score from 0 to 1e100 per row, in the order of the rows, each compared with its group, or with all training
    /// rows where that has no quartiles of its own. O(features + log groups) per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on, or when there is not one key per row.
    pub fn score_grouped(&self, matrix: &FeatureMatrix, groups: &[i64]) -> Result<Vec<Score>, GroupError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        GroupError::check(matrix, groups)?;
        Ok(matrix.rows().zip(groups).map(|(row, group)| worst(self.usual(Some(*group)), row)).collect())
    }

    /// Why a row got its score: the distance of every feature, compared with all training rows. The first is the score;
    /// the contributions sum to the sum of the distances.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        self.explain_by(self.usual(None), matrix, row)
    }

    /// Why a row got its score as one of a group; else as [`explain`](Self::explain).
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on, or no such row.
    pub fn explain_grouped(&self, matrix: &FeatureMatrix, row: usize, group: i64) -> Result<Explanation, ExplainError> {
        self.explain_by(self.usual(Some(group)), matrix, row)
    }

    fn usual(&self, group: Option<i64>) -> &[Quartiles] {
        group.and_then(|group| self.groups.get(&group)).unwrap_or(&self.all)
    }

    fn explain_by(&self, usual: &[Quartiles], matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let distances: Vec<f64> = distances(usual, matrix.row(row)).collect();
        Ok(Explanation::from_amounts(&distances))
    }
}

fn distances(usual: &[Quartiles], row: &[f64]) -> impl Iterator<Item = f64> {
    usual.iter().zip(row).map(|(quartiles, &value)| quartiles.distance(value))
}

#[expect(clippy::expect_used, reason = "every distance is from 0 to 1e100")]
fn worst(usual: &[Quartiles], row: &[f64]) -> Score {
    Score::new(distances(usual, row).fold(0.0, f64::max)).expect("a finite score")
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn valid() -> IqrValid {
        IqrParams::default().check().unwrap()
    }

    fn values(scores: Vec<Score>) -> Vec<f64> {
        scores.into_iter().map(Score::get).collect()
    }

    /// Two features over 40 rows in two groups of 20: the second group's values are a hundred times those of the first.
    fn grouped() -> (FeatureMatrix, Vec<i64>) {
        let unit = |row: u32| if row < 20 { 1.0 } else { 100.0 };
        let rows: Vec<[f64; 2]> =
            (0..40).map(|row| [f64::from(row % 20 + 1) * unit(row), f64::from(row % 5) * unit(row)]).collect();
        (synthetic::matrix(2, &rows), (0..40).map(|row| i64::from(row >= 20)).collect())
    }

    #[test]
    fn each_group_has_its_own_usual() {
        let (matrix, groups) = grouped();
        let iqr = valid().fit_grouped(&matrix, &groups).unwrap();
        assert_eq!(iqr.groups().collect::<Vec<_>>(), [0, 1]);
        // Quartiles of 1 to 20: 5.75 and 15.25.
        let rows = synthetic::matrix(2, &[[34.25, 2.0], [34.25, 200.0], [3425.0, 200.0], [34.25, 2.0]]);
        let found = values(iqr.score_grouped(&rows, &[0, 1, 1, 9]).unwrap());
        assert!((found[0] - 2.0).abs() < 1e-12 && (found[2] - 2.0).abs() < 1e-12, "{found:?}");
        assert!((found[1] - (575.0 - 34.25) / 950.0).abs() < 1e-12);
        assert_eq!(found[3], 0.0);
        assert_eq!(values(iqr.score(&rows).unwrap())[3], 0.0);
    }

    #[test]
    fn groups_with_too_few_rows_are_compared_with_all() {
        let (matrix, mut groups) = grouped();
        groups[20..30].fill(7);
        let iqr = valid().fit_grouped(&matrix, &groups).unwrap();
        assert_eq!(iqr.groups().collect::<Vec<_>>(), [0]);
        let rows = synthetic::matrix(2, &[[9000.0, 900.0]]);
        assert_eq!(iqr.score_grouped(&rows, &[7]).unwrap(), iqr.score(&rows).unwrap());
        assert_ne!(iqr.score_grouped(&rows, &[0]).unwrap(), iqr.score(&rows).unwrap());
    }

    #[test]
    fn outliers_in_training_do_not_move_the_fences() {
        let mut rows: Vec<f64> = (0..100).map(f64::from).collect();
        let before =
            values(valid().fit(&synthetic::column(&rows)).unwrap().score(&synthetic::column(&[300.0])).unwrap());
        rows[90..].fill(1e300);
        let after =
            values(valid().fit(&synthetic::column(&rows)).unwrap().score(&synthetic::column(&[300.0])).unwrap());
        assert_eq!(before, after);
        assert!(before[0] > 4.0);
    }

    #[test]
    fn equal_rows_score_0_and_nothing_is_infinite() {
        let constant = synthetic::matrix(2, &[[3.0, 4.0]; 30]);
        let iqr = valid().fit(&constant).unwrap();
        assert!(values(iqr.score(&constant).unwrap()).iter().all(|s| *s == 0.0));
        let huge = synthetic::matrix(2, &[[f64::MAX, f64::MIN], [3.0, 4.01]]);
        let found = values(iqr.score(&huge).unwrap());
        assert!(found[0] == 1e100 && (found[1] - 1.0).abs() < 1e-9, "{found:?}");
        assert!(iqr.explain(&huge, 0).unwrap().sum().is_finite());
    }

    #[test]
    fn contributions_are_distances_and_the_planted_feature_comes_first() {
        let iqr = valid().fit(&bell(2000, 6, 1)).unwrap();
        for planted in 0..6 {
            let mut row = [1.0; 6];
            row[planted] = -9.0;
            let row = synthetic::matrix(6, &[row]);
            let explanation = iqr.explain(&row, 0).unwrap();
            assert_eq!(explanation.contributions[0].feature, planted);
            assert_eq!(explanation.contributions[0].amount, values(iqr.score(&row).unwrap())[0]);
            assert!(explanation.contributions[0].amount > 5.0 && explanation.contributions[1].amount < 0.5);
            assert_eq!(iqr.explain_grouped(&row, 0, 5).unwrap(), explanation);
        }
    }

    #[test]
    fn another_schema_a_missing_row_or_key_is_an_error() {
        let (iqr, other) = (valid().fit(&bell(100, 2, 1)).unwrap(), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(iqr.score(&other), Err(mismatch.clone()));
        assert_eq!(iqr.score_grouped(&other, &[1]), Err(GroupError::Schema(mismatch.clone())));
        assert_eq!(iqr.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(iqr.score_grouped(&bell(1, 2, 1), &[]), Err(GroupError::Keys { rows: 1, got: 0 }));
        assert_eq!(iqr.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
        assert_eq!(iqr.score(&FeatureMatrix::new(synthetic::schema(2))), Ok(vec![]));
    }
}
