//! The estimators that a suite compares, one line each.

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_model::{IsolationForestParams, StandardScaler};

/// An estimator as a suite runs it: fitted on the rows it then scores.
pub(super) struct Estimator {
    /// Its name, also in reference files.
    pub(super) name: &'static str,
    /// The most rows it is given; larger sets are thinned.
    pub(super) most_rows: usize,
    /// Whether columns are brought to mean 0 and variance 1 first: for estimators that measure distances.
    pub(super) standardised: bool,
    /// Whether the seed changes its scores.
    pub(super) random: bool,
    score: fn(&FeatureMatrix, u64) -> anyhow::Result<Vec<Score>>,
}

/// Rows for estimators whose time grows with the rows; 10 000 for those where it grows with their square.
const MANY: usize = 100_000;

/// Every estimator there is. `tests/parity/adbench.py` runs scikit-learn's with the same rows, columns and parameters.
pub(super) const ESTIMATORS: &[Estimator] = &[Estimator {
    name: "IsolationForest",
    most_rows: MANY,
    standardised: false,
    random: true,
    score: |rows, seed| Ok(IsolationForestParams::default().check()?.fit(rows, seed)?.score(rows)?),
}];

impl Estimator {
    /// Prepares the columns, once for all seeds.
    pub(super) fn prepare(&self, rows: FeatureMatrix) -> anyhow::Result<FeatureMatrix> {
        Ok(if self.standardised { StandardScaler::fit(&rows)?.transform(&rows)? } else { rows })
    }

    /// Fits on prepared rows and scores them.
    pub(super) fn score(&self, rows: &FeatureMatrix, seed: u64) -> anyhow::Result<Vec<Score>> {
        (self.score)(rows, seed)
    }
}
