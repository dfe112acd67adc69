//! k-nearest-neighbours regression: a row is predicted to have what the training rows most alike had.
//!
//! The prediction is the mean of the targets of the `k` nearest training rows by Euclidean distance, each counting the
//! same or by 1 / distance. Beside it stand the spread of those targets, which tells how far to believe it, and their
//! least and largest: no prediction lies outside what was seen. Of training rows equally far the first ones are the
//! neighbours; a training row asked for finds itself.
//!
//! Distances depend on the scale of the columns: scale them first ([`crate::scaling`]). Values and targets beyond ±1e140
//! count as ±1e140.
//!
//! The neighbours are found by the exact k-d tree of [`crate::local_outlier_factor`], not by the `smartcore` crate, whose
//! predictions these are to 1e-9 (a test holds it) but which takes 20 times as long and more.
//!
//! References: E. Fix, J. L. Hodges, *Discriminatory Analysis: Nonparametric Discrimination*, USAF School of Aviation
//! Medicine, 1951; T. M. Cover, *Estimation by the Nearest Neighbor Rule*, IEEE Transactions on Information Theory 14(1),
//! 1968; S. A. Dudani, *The Distance-Weighted k-Nearest-Neighbor Rule*, IEEE Transactions on SMC 6(4), 1976.
//!
//! ```
//! # use std::sync::Arc;
//! # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
//! use weir_model::KnnRegressorParams;
//!
//! # let (name, label, unit) = ("hour".into(), "hour".into(), "h".into());
//! # let features = vec![Feature { name, label, unit, transform: Transform::Identity }];
//! # let schema = Arc::new(FeatureSchema { source: "usage".into(), window_seconds: 1800, features });
//! let mut hours = FeatureMatrix::new(Arc::clone(&schema));
//! for hour in 0..24 {
//!     hours.push(&[f64::from(hour)])?;
//! }
//! let requests: Vec<f64> = (0..24).map(|hour| f64::from(100 + 10 * hour)).collect();
//! let regressor = KnnRegressorParams::default().neighbours(3).check()?.fit(&hours, &requests)?;
//!
//! let mut noon = FeatureMatrix::new(schema);
//! noon.push(&[12.0])?;
//! let prediction = regressor.predict_with_spread(&noon)?[0];
//! assert!((prediction.value - 220.0).abs() < 1e-9);
//! assert_eq!((prediction.lowest, prediction.highest), (210.0, 230.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use crate::error::{FitError, SchemaMismatch};
use crate::nearest::{Index, Nearest};
use crate::tiles::{clamp_into, clamped};

mod params;
pub use params::{KnnRegressorParams, KnnRegressorValid, KnnWeights};

mod stored;

/// Rows that one thread takes at a time.
const BLOCK: usize = 64;

/// A fitted regressor: the training rows and their targets. It can be stored; reading it back checks what it holds, so
/// that one from anywhere can be predicted with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredRegressor", into = "stored::StoredRegressor")]
pub struct KnnRegressor {
    schema: Arc<FeatureSchema>,
    neighbours: u32,
    weights: KnnWeights,
    index: Index,
    /// One per training row, clamped.
    targets: Vec<f64>,
}

impl KnnRegressorValid {
    /// Arranges the rows for searching; nothing is random. Takes O(rows · log rows · features) time and O(rows ·
    /// features) memory.
    ///
    /// # Errors
    /// When there are no rows or no features, another number of targets than rows, or a target that is not finite.
    pub fn fit(&self, matrix: &FeatureMatrix, targets: &[f64]) -> Result<KnnRegressor, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        if targets.len() != matrix.len() {
            return Err(FitError::TargetCount { rows: matrix.len(), targets: targets.len() });
        }
        if let Some(row) = targets.iter().position(|target| !target.is_finite()) {
            return Err(FitError::TargetNotFinite { row, value: targets[row].to_string() });
        }
        Ok(KnnRegressor {
            schema: Arc::clone(matrix.schema()),
            neighbours: (self.params.neighbours as usize).min(matrix.len()) as u32,
            weights: self.params.weights,
            index: Index::new(&matrix.rows().collect::<Vec<_>>()),
            targets: targets.iter().map(|&target| clamped(target)).collect(),
        })
    }
}

/// What a row is predicted to have, and how far its neighbours agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnnPrediction {
    /// The weighted mean of the neighbours' targets: from [`lowest`](Self::lowest) to [`highest`](Self::highest).
    pub value: f64,
    /// Their weighted standard deviation about it (divided by the weights' sum), at least 0.
    pub deviation: f64,
    /// The least of their targets.
    pub lowest: f64,
    /// The largest of them.
    pub highest: f64,
    /// The distance to the last of the neighbours: large where nothing alike was seen in training.
    pub reach: f64,
}

impl KnnRegressor {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of neighbours: as asked for, or all training rows there were.
    #[must_use]
    pub fn neighbours(&self) -> u32 {
        self.neighbours
    }

    /// One prediction per row, in their order and in the unit of the targets. Runs in parallel on the current rayon pool;
    /// the result is the same to the bit on any number of threads. O(log(training rows)) per row where few features vary
    /// independently, O(training rows) where many do.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>, SchemaMismatch> {
        Ok(self.predict_with_spread(matrix)?.into_iter().map(|prediction| prediction.value).collect())
    }

    /// As [`predict`](Self::predict), with the spread of the neighbours' targets, at no cost worth mention.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn predict_with_spread(&self, matrix: &FeatureMatrix) -> Result<Vec<KnnPrediction>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let nothing = KnnPrediction { value: 0.0, deviation: 0.0, lowest: 0.0, highest: 0.0, reach: 0.0 };
        let mut predictions = vec![nothing; matrix.len()];
        predictions.par_chunks_mut(BLOCK).enumerate().for_each(|(block, predictions)| {
            let mut row = Vec::with_capacity(matrix.width());
            let mut nearest = Nearest::new(self.neighbours as usize);
            for (at, prediction) in predictions.iter_mut().enumerate() {
                clamp_into(matrix.row(block * BLOCK + at), &mut row);
                self.index.search(&row, None, &mut nearest);
                *prediction = self.summary(nearest.found());
            }
        });
        Ok(predictions)
    }

    /// Of the squared distances and numbers of the neighbours, of which there is at least one.
    fn summary(&self, found: &[(f64, u32)]) -> KnnPrediction {
        let weights = self.weights.for_neighbours(found);
        let weighted = || found.iter().map(|&(_, number)| self.targets[number as usize]).zip(&weights);
        let (lowest, highest) = weighted()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (target, _)| (low.min(target), high.max(target)));
        // Rounding may carry the mean of equal targets past them.
        let value = weighted().map(|(target, weight)| target * weight).sum::<f64>().clamp(lowest, highest);
        let variance: f64 = weighted().map(|(target, weight)| (target - value).powi(2) * weight).sum();
        let reach = found.last().map_or(0.0, |(squared, _)| squared.sqrt());
        KnnPrediction { value, deviation: variance.sqrt(), lowest, highest, reach }
    }
}

impl KnnWeights {
    /// Weights that add up to 1, of neighbours of the given squared distances.
    fn for_neighbours(self, found: &[(f64, u32)]) -> Vec<f64> {
        let nearest = found.first().map_or(0.0, |&(squared, _)| squared);
        let mut weights: Vec<f64> = match self {
            Self::Uniform => vec![1.0; found.len()],
            // Rows equal to the one asked for leave nothing to the others.
            Self::Distance if nearest <= 0.0 => {
                found.iter().map(|&(squared, _)| f64::from(u8::from(squared <= 0.0))).collect()
            }
            Self::Distance => found.iter().map(|(squared, _)| (nearest / squared).sqrt()).collect(),
        };
        let sum: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= sum;
        }
        weights
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, targets: &[f64], neighbours: u32, weights: KnnWeights) -> KnnRegressor {
        let params = KnnRegressorParams::default().neighbours(neighbours).weights(weights);
        params.check().unwrap().fit(matrix, targets).unwrap()
    }

    #[test]
    fn by_hand_and_by_either_weight() {
        let (training, targets) = (synthetic::column(&[0.0, 1.0, 4.0, 100.0]), [10.0, 20.0, 50.0, 9000.0]);
        let asked = synthetic::column(&[3.0, 1.0]);
        let even = fit(&training, &targets, 2, KnnWeights::Uniform).predict_with_spread(&asked).unwrap();
        assert_eq!(even[0], KnnPrediction { value: 35.0, deviation: 15.0, lowest: 20.0, highest: 50.0, reach: 2.0 });
        assert_eq!(even[1].value, 15.0);
        let near = fit(&training, &targets, 2, KnnWeights::Distance).predict_with_spread(&asked).unwrap();
        // Weights 1 and 1/2; then a row equal to the one asked for.
        assert!((near[0].value - 40.0).abs() < 1e-12 && (near[0].deviation - 200.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!((near[1].value, near[1].deviation, near[1].reach), (20.0, 0.0, 1.0));
    }

    #[test]
    fn a_smooth_function_is_learnt() {
        let (training, asked) = (bell(5000, 2, 1), bell(200, 2, 2));
        let truth = |row: &[f64]| row[0].sin() + row[1];
        let targets: Vec<f64> = training.rows().map(truth).collect();
        for weights in [KnnWeights::Uniform, KnnWeights::Distance] {
            let predictions = fit(&training, &targets, 5, weights).predict(&asked).unwrap();
            let errors = asked.rows().zip(&predictions).map(|(row, prediction)| (prediction - truth(row)).abs());
            assert!(errors.sum::<f64>() / 200.0 < 0.1);
        }
    }

    #[test]
    fn constant_equal_and_huge_rows_give_finite_predictions_within_the_targets() {
        let extremes = [f64::MAX, f64::MIN, 1e300, -1e300, 0.0, 5e-324];
        let rows: Vec<[f64; 2]> = (0..40).map(|i| [extremes[i % 6], 7.0]).collect();
        let targets: Vec<f64> = (0..40).map(|i| extremes[(i + 1) % 6]).collect();
        let asked = synthetic::matrix(2, &[[f64::MAX, f64::MIN], [1e-300, 7.0], [0.0, 7.0], [f64::MIN, 1e300]]);
        for weights in [KnnWeights::Uniform, KnnWeights::Distance] {
            for prediction in
                fit(&synthetic::matrix(2, &rows), &targets, 9, weights).predict_with_spread(&asked).unwrap()
            {
                assert!((prediction.lowest..=prediction.highest).contains(&prediction.value), "{prediction:?}");
                assert!(prediction.deviation.is_finite() && prediction.reach.is_finite(), "{prediction:?}");
            }
            let equal = synthetic::matrix(2, &[[3.0, 4.0]; 30]);
            assert_eq!(fit(&equal, &[0.1; 30], 7, weights).predict(&equal), Ok(vec![0.1; 30]));
        }
    }

    #[test]
    fn fewer_rows_than_neighbours_are_all_neighbours() {
        let one = fit(&synthetic::column(&[5.0]), &[3.0], 5, KnnWeights::Distance);
        assert_eq!((one.neighbours(), one.predict(&synthetic::column(&[-9.0, 5.0]))), (1, Ok(vec![3.0, 3.0])));
        assert_eq!(one.predict(&FeatureMatrix::new(synthetic::schema(1))), Ok(vec![]));
    }

    #[test]
    fn the_number_of_threads_does_not_matter_nor_do_the_rows_around() {
        let (training, asked) = (bell(1500, 4, 1), bell(333, 4, 2));
        let targets = training.column(3);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&training, &targets, 5, KnnWeights::Distance).predict(&asked).unwrap())
        };
        let together = on(1);
        assert_eq!(on(4), together);
        let alone = fit(&training, &targets, 5, KnnWeights::Distance);
        assert_eq!(alone.predict(&synthetic::matrix(4, &[asked.row(99)])), Ok(vec![together[99]]));
    }

    #[test]
    fn another_schema_is_an_error() {
        let regressor = fit(&bell(20, 2, 1), &[1.0; 20], 5, KnnWeights::Uniform);
        assert_eq!(regressor.predict(&bell(1, 3, 1)), Err(SchemaMismatch::Width { expected: 2, got: 3 }));
    }
}
