//! The stored form, and the checks that make one safe to score with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::params::NEIGHBOURS_RANGE;
use super::{LocalOutlierFactor, SMOOTHING};
use crate::nearest::Index;
use crate::tiles::LIMIT;

/// The tree follows from the rows and is not stored, so that it cannot contradict them.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredFactor {
    schema: FeatureSchema,
    neighbours: u32,
    /// Training rows, value by value.
    values: Vec<f64>,
    reach: Vec<f64>,
    densities: Vec<f64>,
    training_scores: Vec<f64>,
}

impl From<LocalOutlierFactor> for StoredFactor {
    fn from(fitted: LocalOutlierFactor) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            neighbours: fitted.neighbours,
            values: fitted.index.values(),
            reach: fitted.reach,
            densities: fitted.densities,
            training_scores: fitted.training_scores,
        }
    }
}

impl TryFrom<StoredFactor> for LocalOutlierFactor {
    type Error = &'static str;

    fn try_from(stored: StoredFactor) -> Result<Self, &'static str> {
        let StoredFactor { schema, neighbours, values, reach, densities, training_scores } = stored;
        let width = schema.features.len();
        let rows = reach.len();
        if width == 0 {
            return Err("a local outlier factor needs a schema with features");
        }
        if rows >= u32::MAX as usize || !NEIGHBOURS_RANGE.contains(&neighbours) || neighbours as usize >= rows {
            return Err("a local outlier factor needs 1 to 1000 neighbours, and more rows than neighbours");
        }
        if rows.checked_mul(width) != Some(values.len()) || [densities.len(), training_scores.len()] != [rows; 2] {
            return Err(
                "a local outlier factor needs one value per row and feature, and one reach, density and score per row",
            );
        }
        if !values.iter().all(|v| v.abs() <= LIMIT) {
            return Err("the training rows of a local outlier factor must be from -1e140 to 1e140");
        }
        // From the largest distance between two rows, generously, to none.
        let (lowest, highest) = (1.0 / (LIMIT * 4.0 * width as f64), 1.0 / SMOOTHING);
        if !reach.iter().all(|r| (0.0..=LIMIT * 4.0 * width as f64).contains(r))
            || !densities.iter().all(|d| (lowest..=highest).contains(d))
            || !training_scores.iter().all(|s| s.is_finite() && *s > 0.0)
        {
            return Err("a local outlier factor with a reach, density or score that no data have");
        }
        let index = Index::new(&values.chunks_exact(width).collect::<Vec<_>>());
        Ok(Self { schema: Arc::new(schema), neighbours, index, reach, densities, training_scores })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::LocalOutlierFactorParams;
    use crate::synthetic;

    fn fitted(rows: usize, width: usize) -> LocalOutlierFactor {
        let params = LocalOutlierFactorParams::default().neighbours(3);
        params.check().unwrap().fit(&synthetic::bell(rows, width, 1)).unwrap()
    }

    #[test]
    fn read_back_it_scores_the_same() {
        let rows = synthetic::bell(50, 3, 2);
        for count in [10, 700] {
            let lof = fitted(count, 3);
            let text = serde_json::to_string(&lof).unwrap();
            let back: LocalOutlierFactor = serde_json::from_str(&text).unwrap();
            assert_eq!(back.score(&rows), lof.score(&rows));
            assert_eq!(back.explain(&rows, 7), lof.explain(&rows, 7));
            assert_eq!(back, lof);
            let bytes = postcard::to_allocvec(&lof).unwrap();
            assert_eq!(postcard::from_bytes::<LocalOutlierFactor>(&bytes).as_ref(), Ok(&lof));
            assert!(postcard::from_bytes::<LocalOutlierFactor>(&bytes[..bytes.len() / 2]).is_err());
        }
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted(5, 2)).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let err = serde_json::from_value::<LocalOutlierFactor>(stored).unwrap_err().to_string();
        assert!(err.contains(reason), "{pointer}: {err}");
    }

    #[test]
    fn one_that_could_not_be_scored_with_is_refused() {
        refuses("/schema/features", json!([]), "schema with features");
        refuses("/neighbours", json!(0), "1 to 1000 neighbours");
        refuses("/neighbours", json!(5), "more rows than neighbours");
        refuses("/neighbours", json!(2000), "1 to 1000 neighbours");
        refuses("/values", json!([1.0, 2.0]), "one value per row");
        refuses("/reach", json!([]), "more rows than neighbours");
        refuses("/densities", json!([1.0]), "one value per row");
        refuses("/training_scores", json!([1.0]), "one value per row");
        refuses("/values/0", json!(1e141), "from -1e140");
        refuses("/reach/0", json!(-1.0), "no data have");
        refuses("/densities/0", json!(0.0), "no data have");
        refuses("/densities/0", json!(1e11), "no data have");
        refuses("/training_scores/0", json!(0.0), "no data have");
        refuses("/densities/0", Value::Null, "expected f64");
    }

    #[test]
    fn numbers_must_be_numbers_in_formats_that_know_others() {
        for spoil in [
            |s: &mut StoredFactor| s.values[1] = f64::NAN,
            |s: &mut StoredFactor| s.reach[1] = f64::NAN,
            |s: &mut StoredFactor| s.densities[1] = f64::NAN,
            |s: &mut StoredFactor| s.training_scores[1] = f64::INFINITY,
        ] {
            let mut stored = StoredFactor::from(fitted(5, 2));
            spoil(&mut stored);
            assert!(LocalOutlierFactor::try_from(stored).is_err());
        }
    }
}
