//! Which number goes with a row.

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::Explanation;

use super::ensemble::{Ensemble, check_shape};
use super::params::RandomForestRegressorValid;
use super::targets::{LeafMean, Variance};
use crate::error::{ExplainError, FitError, SchemaMismatch};

/// A fitted forest that predicts a number. It does not extrapolate: what it says lies among the targets it has seen.
///
/// It refers to no data and can be stored; reading it back checks every node, so that a forest from anywhere can be
/// asked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "super::stored::StoredRegressor", into = "super::stored::StoredRegressor")]
pub struct RandomForestRegressor {
    pub(super) ensemble: Ensemble,
    pub(super) leaves: Vec<LeafMean>,
}

impl RandomForestRegressorValid {
    /// Grows the trees on rows and their targets. Runs in parallel on the current rayon pool; the forest depends on the
    /// rows, their order and the seed, to the bit, and not on the number of threads.
    ///
    /// # Errors
    /// When there are no rows or features, or too many features, or not one finite target per row.
    pub fn fit(&self, matrix: &FeatureMatrix, targets: &[f64], seed: u64) -> Result<RandomForestRegressor, FitError> {
        check_shape(matrix, targets.len())?;
        if let Some(row) = targets.iter().position(|target| !target.is_finite()) {
            return Err(FitError::BadNumber { what: "target", row, value: targets[row].to_string() });
        }
        let mut leaves = vec![];
        let enter = |leaf| {
            leaves.push(leaf);
            leaves.len() as u32 - 1
        };
        let limits = self.trees_and_limits(matrix.width());
        let ensemble = Ensemble::fit(matrix, &Variance::new(targets), |_| 0, limits, seed, enter);
        Ok(RandomForestRegressor { ensemble, leaves })
    }

    /// The same, and what the trees that did not see a row say about it: an honest judgement without rows held back.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_out_of_bag(
        &self,
        matrix: &FeatureMatrix,
        targets: &[f64],
        seed: u64,
    ) -> Result<(RandomForestRegressor, OutOfBagTargets), FitError> {
        let forest = self.fit(matrix, targets, seed)?;
        // Shares, not sums: a mean of huge numbers must not overflow on the way.
        let share = 1.0 / forest.trees() as f64;
        let add = |leaf: usize, sum: &mut [f64]| sum[0] += forest.leaves[leaf].mean * share;
        let sums = forest.ensemble.visit_out_of_bag(matrix, seed, 1, add);
        let decision = |row: &[f64]| (row[1] > 0.0).then(|| row[0] / (row[1] * share));
        let decisions = sums.chunks_exact(2).map(decision).collect();
        Ok((forest, OutOfBagTargets { decisions, targets: targets.to_vec() }))
    }
}

impl RandomForestRegressor {
    /// What the forest was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.ensemble.schema
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.ensemble.trees.len()
    }

    /// Of each feature, in the order of the schema: its share of what all splits took off the variance. They add up to 1,
    /// or are all 0 when nothing was split.
    #[must_use]
    pub fn importances(&self) -> &[f64] {
        &self.ensemble.importances
    }

    /// The mean over the trees of the mean target in each row's leaf. Runs in parallel on the current rayon pool; the
    /// same to the bit on any number of threads.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>, SchemaMismatch> {
        SchemaMismatch::check(self.schema(), matrix.schema())?;
        let share = 1.0 / self.trees() as f64;
        Ok(self.ensemble.visit(matrix, 1, |_, _, leaf, sum| sum[0] += self.leaves[leaf].mean * share))
    }

    /// Why a row got its number: each feature's part in it. A split that sends the row from a node to a child adds what
    /// the mean target rises by from the one to the other. The contributions, means over the trees, add up to the row's
    /// number minus [`base_rate`](Self::base_rate).
    ///
    /// Takes O(nodes of the forest): milliseconds.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        let amounts = self.ensemble.contributions(matrix, row, |leaf| self.weighed(leaf))?;
        Ok(Explanation::from_amounts(&amounts))
    }

    /// What the forest says before anything is known of a row: the mean target over the trees' samples.
    #[must_use]
    pub fn base_rate(&self) -> f64 {
        self.ensemble.mean_root(|leaf| self.weighed(leaf))
    }

    fn weighed(&self, leaf: usize) -> (f64, f64) {
        (f64::from(self.leaves[leaf].rows), self.leaves[leaf].mean)
    }
}

/// What the trees that were not grown on a row say about it, for every training row.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfBagTargets {
    decisions: Vec<Option<f64>>,
    targets: Vec<f64>,
}

impl OutOfBagTargets {
    /// The number predicted for every row; none for rows that all trees were grown on.
    #[must_use]
    pub fn decisions(&self) -> &[Option<f64>] {
        &self.decisions
    }

    /// The coefficient of determination R² over the rows that some tree was not grown on: 1 is perfect, 0 as good as the
    /// mean. None when there are none, or their targets are all the same.
    #[must_use]
    pub fn r_squared(&self) -> Option<f64> {
        let rows =
            || self.decisions.iter().zip(&self.targets).filter_map(|(row, target)| Some((row.as_ref()?, target)));
        let mean = rows().map(|(_, target)| target).sum::<f64>() / rows().count() as f64;
        let squares: f64 = rows().map(|(_, target)| (target - mean).powi(2)).sum();
        let errors: f64 = rows().map(|(decision, target)| (target - decision).powi(2)).sum();
        Some(1.0 - errors / squares).filter(|r| r.is_finite())
    }
}
