//! Any of the estimators of anomaly, as one type: what an ensemble is made of and an artifact keeps.

use std::fmt;
use std::str::FromStr;

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, FitError, SchemaMismatch};
use crate::{
    Ecod, EcodParams, IsolationForest, IsolationForestParams, Kept, LocalOutlierFactor, LocalOutlierFactorParams,
    OneClassSvm, OneClassSvmParams, Pca, PcaParams,
};

/// An estimator that a user can choose. Files store its place in this list: new ones go last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EstimatorKind {
    /// [`IsolationForest`].
    IsolationForest,
    /// [`LocalOutlierFactor`].
    LocalOutlierFactor,
    /// [`OneClassSvm`].
    OneClassSvm,
    /// [`Ecod`].
    Ecod,
    /// [`Pca`] with all components: the squared Mahalanobis distance.
    Pca,
}

impl EstimatorKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::IsolationForest, Self::LocalOutlierFactor, Self::OneClassSvm, Self::Ecod, Self::Pca];

    /// The name, as in files and on the command line: `isolation-forest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IsolationForest => "isolation-forest",
            Self::LocalOutlierFactor => "local-outlier-factor",
            Self::OneClassSvm => "one-class-svm",
            Self::Ecod => "ecod",
            Self::Pca => "pca",
        }
    }

    /// The rows it is fitted on at most: those whose cost grows with the square of the rows take an even sample of more.
    #[must_use]
    pub fn max_rows(self) -> usize {
        match self {
            Self::IsolationForest | Self::Ecod | Self::Pca => usize::MAX,
            Self::LocalOutlierFactor => 20_000,
            Self::OneClassSvm => 10_000,
        }
    }

    /// Fits it with its default parameters; of more rows than [`max_rows`](Self::max_rows), every so many-th.
    ///
    /// # Errors
    /// When there are too few rows or no features.
    pub fn fit(self, matrix: &FeatureMatrix, seed: u64) -> Result<Estimator, FitError> {
        let step = matrix.len().div_ceil(self.max_rows()).max(1);
        let thinned = (step > 1).then(|| rows_where(matrix, |row| row % step == 0));
        let matrix = thinned.as_ref().unwrap_or(matrix);
        Ok(match self {
            Self::IsolationForest => {
                Estimator::IsolationForest(checked(IsolationForestParams::default().check()).fit(matrix, seed)?)
            }
            Self::LocalOutlierFactor => {
                Estimator::LocalOutlierFactor(checked(LocalOutlierFactorParams::default().check()).fit(matrix)?)
            }
            Self::OneClassSvm => Estimator::OneClassSvm(checked(OneClassSvmParams::default().check()).fit(matrix)?),
            Self::Ecod => Estimator::Ecod(checked(EcodParams::default().check()).fit(matrix)?),
            Self::Pca => Estimator::Pca(checked(PcaParams::default().kept(Kept::Share(1.0)).check()).fit(matrix)?),
        })
    }
}

#[expect(clippy::expect_used, reason = "a test holds that the defaults are in range")]
pub(crate) fn checked<T>(valid: Result<T, crate::BadParams>) -> T {
    valid.expect("default parameters in range")
}

impl fmt::Display for EstimatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no estimator has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no estimator: use {names}", names = EstimatorKind::ALL.map(EstimatorKind::name).join(", "))]
pub struct UnknownEstimator(String);

impl FromStr for EstimatorKind {
    type Err = UnknownEstimator;

    fn from_str(name: &str) -> Result<Self, UnknownEstimator> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| UnknownEstimator(name.to_owned()))
    }
}

/// A fitted estimator of any kind.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Estimator {
    /// An isolation forest.
    IsolationForest(IsolationForest),
    /// A local outlier factor.
    LocalOutlierFactor(LocalOutlierFactor),
    /// A one-class support vector machine.
    OneClassSvm(OneClassSvm),
    /// Empirical cumulative distributions.
    Ecod(Ecod),
    /// Principal components.
    Pca(Pca),
}

impl Estimator {
    /// Which it is.
    #[must_use]
    pub fn kind(&self) -> EstimatorKind {
        match self {
            Self::IsolationForest(_) => EstimatorKind::IsolationForest,
            Self::LocalOutlierFactor(_) => EstimatorKind::LocalOutlierFactor,
            Self::OneClassSvm(_) => EstimatorKind::OneClassSvm,
            Self::Ecod(_) => EstimatorKind::Ecod,
            Self::Pca(_) => EstimatorKind::Pca,
        }
    }

    /// One score per row, higher is more anomalous; what the numbers mean is the estimator's own.
    ///
    /// # Errors
    /// When the matrix has another schema than the estimator.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        match self {
            Self::IsolationForest(fitted) => fitted.score(matrix),
            Self::LocalOutlierFactor(fitted) => fitted.score(matrix),
            Self::OneClassSvm(fitted) => fitted.score(matrix),
            Self::Ecod(fitted) => fitted.score(matrix),
            Self::Pca(fitted) => fitted.distances(matrix),
        }
    }

    /// Why a row got its score; what the contributions sum to is the estimator's own.
    ///
    /// # Errors
    /// When the matrix has another schema than the estimator, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        match self {
            Self::IsolationForest(fitted) => fitted.explain(matrix, row),
            Self::LocalOutlierFactor(fitted) => fitted.explain(matrix, row),
            Self::OneClassSvm(fitted) => fitted.explain(matrix, row),
            Self::Ecod(fitted) => fitted.explain(matrix, row),
            Self::Pca(fitted) => fitted.explain_distance(matrix, row),
        }
    }

    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &weir_domain::matrix::FeatureSchema {
        match self {
            Self::IsolationForest(fitted) => fitted.schema(),
            Self::LocalOutlierFactor(fitted) => fitted.schema(),
            Self::OneClassSvm(fitted) => fitted.schema(),
            Self::Ecod(fitted) => fitted.schema(),
            Self::Pca(fitted) => fitted.schema(),
        }
    }
}

/// The rows of a matrix whose place passes a test.
pub(crate) fn rows_where(matrix: &FeatureMatrix, keep: impl Fn(usize) -> bool) -> FeatureMatrix {
    let mut kept = FeatureMatrix::new(std::sync::Arc::clone(matrix.schema()));
    for (_, row) in matrix.rows().enumerate().filter(|(at, _)| keep(*at)) {
        // A row of a matrix fits a matrix of the same schema.
        let _ = kept.push(row);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    #[test]
    fn every_kind_fits_scores_and_explains() {
        let training = bell(300, 3, 1);
        let rows = synthetic::matrix(3, &[[0.0; 3], [0.1, 9.0, 0.1]]);
        for kind in EstimatorKind::ALL {
            let fitted = kind.fit(&training, 7).unwrap();
            assert_eq!((fitted.kind(), kind.name().parse()), (kind, Ok(kind)));
            let scores = fitted.score(&rows).unwrap();
            assert!(scores[1] > scores[0], "{kind}: {scores:?}");
            assert_eq!(fitted.explain(&rows, 1).unwrap().contributions[0].feature, 1, "{kind}");
            assert_eq!(fitted.schema(), &**training.schema());
        }
        let stored = EstimatorKind::ALL.map(|kind| postcard::to_allocvec(&kind).unwrap());
        assert_eq!(stored.concat(), [0, 1, 2, 3, 4], "files keep these numbers");
        assert!("forest".parse::<EstimatorKind>().unwrap_err().to_string().contains("isolation-forest, "));
    }

    #[test]
    fn costly_estimators_take_a_sample() {
        let training = bell(25_000, 2, 1);
        let thinned = rows_where(&training, |row| row % 2 == 0);
        let fitted = EstimatorKind::LocalOutlierFactor.fit(&training, 1).unwrap();
        assert_eq!(fitted, EstimatorKind::LocalOutlierFactor.fit(&thinned, 1).unwrap());
    }
}
