//! The stored form, and the checks that make one safe to predict with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::params::NEIGHBOURS_RANGE;
use super::{KnnRegressor, KnnWeights};
use crate::nearest::Index;
use crate::tiles::LIMIT;

/// The tree follows from the rows and is not stored, so that it cannot contradict them.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRegressor {
    schema: FeatureSchema,
    neighbours: u32,
    weights: KnnWeights,
    /// Training rows, value by value.
    values: Vec<f64>,
    targets: Vec<f64>,
}

impl From<KnnRegressor> for StoredRegressor {
    fn from(fitted: KnnRegressor) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            neighbours: fitted.neighbours,
            weights: fitted.weights,
            values: fitted.index.values(),
            targets: fitted.targets,
        }
    }
}

impl TryFrom<StoredRegressor> for KnnRegressor {
    type Error = &'static str;

    fn try_from(stored: StoredRegressor) -> Result<Self, &'static str> {
        let StoredRegressor { schema, neighbours, weights, values, targets } = stored;
        let (width, rows) = (schema.features.len(), targets.len());
        if width == 0 {
            return Err("a nearest-neighbours regressor needs a schema with features");
        }
        if rows >= u32::MAX as usize || !NEIGHBOURS_RANGE.contains(&neighbours) || neighbours as usize > rows {
            return Err("a nearest-neighbours regressor needs 1 to 1000 neighbours, and no fewer rows");
        }
        if rows.checked_mul(width) != Some(values.len()) {
            return Err("a nearest-neighbours regressor needs one value per row and feature, and one target per row");
        }
        if !values.iter().chain(&targets).all(|v| v.abs() <= LIMIT) {
            return Err("the training rows and targets of a nearest-neighbours regressor must be from -1e140 to 1e140");
        }
        let index = Index::new(&values.chunks_exact(width).collect::<Vec<_>>());
        Ok(Self { schema: Arc::new(schema), neighbours, weights, index, targets })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::KnnRegressorParams;
    use crate::synthetic::bell;

    fn fitted(rows: usize) -> KnnRegressor {
        let (params, matrix) = (KnnRegressorParams::default().weights(KnnWeights::Distance), bell(rows, 2, 1));
        params.check().unwrap().fit(&matrix, &matrix.column(1)).unwrap()
    }

    #[test]
    fn read_back_it_predicts_the_same() {
        let rows = bell(50, 2, 2);
        for count in [1, 10, 700] {
            let regressor = fitted(count);
            let back: KnnRegressor = serde_json::from_str(&serde_json::to_string(&regressor).unwrap()).unwrap();
            assert_eq!(back.predict(&rows), regressor.predict(&rows));
            assert_eq!(back, regressor);
            let bytes = postcard::to_allocvec(&regressor).unwrap();
            assert_eq!(postcard::from_bytes::<KnnRegressor>(&bytes).as_ref(), Ok(&regressor));
            assert!(postcard::from_bytes::<KnnRegressor>(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted(6)).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<KnnRegressor>(stored).unwrap_err().to_string();
        assert!(error.contains(reason), "{pointer}: {error}");
    }

    #[test]
    fn one_that_could_not_be_predicted_with_is_refused() {
        refuses("/schema/features", json!([]), "schema with features");
        refuses("/neighbours", json!(0), "1 to 1000 neighbours");
        refuses("/neighbours", json!(7), "no fewer rows");
        refuses("/neighbours", json!(u32::MAX), "1 to 1000 neighbours");
        refuses("/values", json!([1.0]), "one value per row");
        refuses("/targets", json!([1.0, 1.0, 1.0, 1.0, 1.0]), "one value per row");
        refuses("/targets", json!([]), "no fewer rows");
        refuses("/values/0", json!(1e141), "from -1e140");
        refuses("/targets/0", json!(-1e300), "from -1e140");
        refuses("/weights", json!("far"), "unknown variant");
    }

    #[test]
    fn numbers_must_be_numbers_in_formats_that_know_others() {
        for spoil in [
            |s: &mut StoredRegressor| s.values[1] = f64::NAN,
            |s: &mut StoredRegressor| s.targets[1] = f64::NEG_INFINITY,
        ] {
            let mut stored = StoredRegressor::from(fitted(6));
            spoil(&mut stored);
            assert!(KnnRegressor::try_from(stored).is_err());
        }
    }
}
