//! The estimators that the suite on tables compares, with how each is fitted and scored.

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_model::{EcodParams, IsolationForestParams, LocalOutlierFactorParams, OneClassSvmParams, StandardScaler};

/// An estimator as a suite runs it: fitted on the rows it then scores.
pub(crate) struct Estimator {
    /// Its name, also in reference files.
    pub(crate) name: &'static str,
    /// The maximum number of rows; larger sets are thinned.
    pub(crate) max_rows: usize,
    /// True where columns are scaled to mean 0 and variance 1 first, which estimators of distances need.
    pub(crate) standardised: bool,
    /// True where the seed changes its scores.
    pub(crate) random: bool,
    score: Scorer,
}

/// Fits on rows with a seed and scores the same rows.
type Scorer = fn(&FeatureMatrix, u64) -> anyhow::Result<Vec<Score>>;

/// The estimators compared. `tests/parity/adbench.py` runs scikit-learn's with the same rows, columns and parameters.
pub(crate) const ESTIMATORS: &[Estimator] = &[
    by_column("IsolationForest", true, |x, seed| {
        Ok(IsolationForestParams::default().check()?.fit(x, seed)?.score(x)?)
    }),
    by_column("Ecod", false, |x, _| Ok(EcodParams::default().check()?.fit(x)?.score(x)?)),
    by_distance("LocalOutlierFactor", |x, _| {
        Ok(LocalOutlierFactorParams::default().check()?.fit(x)?.training_scores())
    }),
    by_distance("OneClassSvm", |x, _| Ok(OneClassSvmParams::default().check()?.fit(x)?.score(x)?)),
];

/// An estimator that reads one column at a time, whose cost is linear in the rows.
const fn by_column(name: &'static str, random: bool, score: Scorer) -> Estimator {
    Estimator { name, max_rows: 100_000, standardised: false, random, score }
}

/// An estimator that measures distances, whose cost is quadratic in the rows.
const fn by_distance(name: &'static str, score: Scorer) -> Estimator {
    Estimator { name, max_rows: 10_000, standardised: true, random: false, score }
}

impl Estimator {
    /// Prepares the columns, once for all seeds.
    pub(crate) fn prepare(&self, rows: FeatureMatrix) -> anyhow::Result<FeatureMatrix> {
        Ok(if self.standardised { StandardScaler::fit(&rows)?.transform(&rows)? } else { rows })
    }

    /// Fits on prepared rows and scores them.
    pub(crate) fn score(&self, rows: &FeatureMatrix, seed: u64) -> anyhow::Result<Vec<Score>> {
        (self.score)(rows, seed)
    }
}
