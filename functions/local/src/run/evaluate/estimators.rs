//! The estimators that a suite compares, one line each.

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_model::{EcodParams, IsolationForestParams, LocalOutlierFactorParams, OneClassSvmParams, StandardScaler};

/// An estimator as a suite runs it: fitted on the rows it then scores.
pub(super) struct Estimator {
    /// Its name, also in reference files.
    pub(super) name: &'static str,
    /// The most rows it is given; larger sets are thinned.
    pub(super) max_rows: usize,
    /// Whether columns are brought to mean 0 and variance 1 first: for estimators that measure distances.
    pub(super) standardised: bool,
    /// Whether the seed changes its scores.
    pub(super) random: bool,
    score: Scorer,
}

/// Fits on rows with a seed and scores the same rows.
type Scorer = fn(&FeatureMatrix, u64) -> anyhow::Result<Vec<Score>>;

/// Every estimator there is. `tests/parity/adbench.py` runs scikit-learn's with the same rows, columns and parameters.
pub(super) const ESTIMATORS: &[Estimator] = &[
    by_column("IsolationForest", true, |x, seed| {
        Ok(IsolationForestParams::default().check()?.fit(x, seed)?.score(x)?)
    }),
    by_column("Ecod", false, |x, _| Ok(EcodParams::default().check()?.fit(x)?.score(x)?)),
    by_distance("LocalOutlierFactor", |x, _| {
        Ok(LocalOutlierFactorParams::default().check()?.fit(x)?.training_scores())
    }),
    by_distance("OneClassSvm", |x, _| Ok(OneClassSvmParams::default().check()?.fit(x)?.score(x)?)),
];

/// An estimator that looks at one column at a time, in time that grows with the rows.
const fn by_column(name: &'static str, random: bool, score: Scorer) -> Estimator {
    Estimator { name, max_rows: 100_000, standardised: false, random, score }
}

/// An estimator that measures distances, in time that grows with the square of the rows.
const fn by_distance(name: &'static str, score: Scorer) -> Estimator {
    Estimator { name, max_rows: 10_000, standardised: true, random: false, score }
}

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
