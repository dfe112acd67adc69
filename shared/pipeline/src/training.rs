//! The options of training and the drift of features, shared by flow logs, logins and tables.
//!
//! Drift is the population stability index of each feature since an earlier model ([`weir_model::drift`]).

use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;
use weir_model::drift::FeatureHistograms;
use weir_model::{EstimatorKind, FitError};

pub use weir_model::drift::FeatureDrift;

/// Training options.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// The estimators of the ensemble; at least one.
    pub estimators: Vec<EstimatorKind>,
    /// The seed of the sample and the estimators.
    pub seed: u64,
    /// The time of training, milliseconds since the epoch.
    pub now: i64,
    /// The version of the program, stored in the model.
    pub program: String,
}

/// The reference of a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The rows that an earlier model was trained on.
    Earlier,
    /// The first half of the same rows, compared with the second half.
    FirstHalf,
}

/// The drift of each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The reference.
    pub against: Against,
    /// One entry per feature, the largest index first.
    pub features: Vec<FeatureDrift>,
}

impl Drift {
    /// The drift of rows, ordered by time, since an earlier model. Without one, or with one of other columns, the second half
    /// is compared with the first. O(features · rows · log rows).
    ///
    /// # Errors
    /// When there are fewer than two rows and no earlier model.
    pub fn since(rows: &FeatureMatrix, earlier: Option<&FeatureHistograms>) -> Result<Self, FitError> {
        if let Some(Ok(features)) = earlier.map(|earlier| earlier.drift(rows)) {
            return Ok(Self { against: Against::Earlier, features });
        }
        let mut halves = [0, 1].map(|_| FeatureMatrix::new(Arc::clone(rows.schema())));
        for (at, row) in rows.rows().enumerate() {
            // Rows of a matrix always fit its schema.
            let _ = halves[usize::from(at >= rows.len() / 2)].push(row);
        }
        let [first, second] = halves;
        Self::between(&first, &second)
    }

    /// Compares the second half of some rows with the first; both have one schema.
    ///
    /// # Errors
    /// When the first has no rows, or the schemas differ.
    pub(crate) fn between(first: &FeatureMatrix, second: &FeatureMatrix) -> Result<Self, FitError> {
        Ok(Self { against: Against::FirstHalf, features: FeatureHistograms::from_matrix(first)?.drift(second)? })
    }
}

#[cfg(test)]
mod tests {
    use weir_domain::matrix::{Feature, FeatureSchema, Transform};

    use super::*;

    fn rows(names: &[&str], values: impl Iterator<Item = f64>) -> FeatureMatrix {
        let feature = |name: &&str| Feature {
            name: (*name).to_owned(),
            label: String::new(),
            unit: String::new(),
            transform: Transform::Identity,
        };
        let features = names.iter().map(feature).collect();
        let schema = FeatureSchema { source: "test".to_owned(), window_seconds: 0, features };
        let mut matrix = FeatureMatrix::new(Arc::new(schema));
        values.for_each(|value| matrix.push(&vec![value; names.len()]).unwrap());
        matrix
    }

    #[test]
    fn rows_are_compared_with_an_earlier_model_of_the_same_columns_else_with_themselves() {
        let rising = rows(&["a"], (0..1000).map(f64::from));
        let alone = Drift::since(&rising, None).unwrap();
        assert_eq!(alone.against, Against::FirstHalf);
        assert!(alone.features[0].index > 1.0, "{alone:?}");

        let earlier = FeatureHistograms::from_matrix(&rows(&["a"], (0..500).map(|i| f64::from(i * 2)))).unwrap();
        let since = Drift::since(&rising, Some(&earlier)).unwrap();
        assert_eq!(since.against, Against::Earlier);
        assert!(since.features[0].index < 0.01, "{since:?}");

        let other = FeatureHistograms::from_matrix(&rows(&["a", "b"], (0..500).map(f64::from))).unwrap();
        assert_eq!(Drift::since(&rising, Some(&other)).unwrap(), alone);
        assert!(Drift::since(&rows(&["a"], std::iter::once(1.0)), None).is_err());
    }
}
