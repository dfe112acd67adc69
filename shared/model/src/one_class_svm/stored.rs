//! The stored form, and the checks that make one safe to score with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::OneClassSvm;
use super::solver::weights_by_place;
use crate::tiles::{LIMIT, Tiles};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredSvm {
    schema: FeatureSchema,
    gamma: f64,
    boundary: f64,
    /// Support vectors, value by value.
    support: Vec<f64>,
    weights: Vec<f64>,
}

impl From<OneClassSvm> for StoredSvm {
    fn from(fitted: OneClassSvm) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            gamma: fitted.gamma,
            boundary: fitted.boundary,
            support: (0..fitted.support.len()).flat_map(|row| fitted.support.row(row)).collect(),
            weights: fitted.weights.as_flattened()[..fitted.support.len()].to_vec(),
        }
    }
}

impl TryFrom<StoredSvm> for OneClassSvm {
    type Error = &'static str;

    fn try_from(stored: StoredSvm) -> Result<Self, &'static str> {
        let StoredSvm { schema, gamma, boundary, support, weights } = stored;
        let width = schema.features.len();
        if width == 0 {
            return Err("a one-class machine needs a schema with features");
        }
        if weights.is_empty() || weights.len().checked_mul(width) != Some(support.len()) {
            return Err(
                "a one-class machine needs one weight per support vector, at least one, and one value per feature",
            );
        }
        if !support.iter().all(|v| v.abs() <= LIMIT) {
            return Err("the support vectors of a one-class machine must be from -1e140 to 1e140");
        }
        if !weights.iter().all(|w| *w > 0.0 && *w <= 1.0) {
            return Err("the weights of a one-class machine must be above 0 and at most 1");
        }
        let finite = gamma.is_finite() && boundary.is_finite() && (weights.len() as f64 / boundary).is_finite();
        if !finite || gamma <= 0.0 || boundary <= 0.0 {
            return Err("the gamma and the boundary of a one-class machine must be finite and above 0");
        }
        Ok(Self {
            schema: Arc::new(schema),
            gamma,
            boundary,
            support: Tiles::new(width, support.chunks_exact(width)),
            weights: weights_by_place(weights.into_iter()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::OneClassSvmParams;
    use crate::synthetic::bell;

    fn fitted() -> OneClassSvm {
        OneClassSvmParams::default().check().unwrap().fit(&bell(100, 2, 1)).unwrap()
    }

    #[test]
    fn read_back_it_scores_the_same() {
        let (svm, rows) = (fitted(), bell(50, 2, 2));
        let back: OneClassSvm = serde_json::from_str(&serde_json::to_string(&svm).unwrap()).unwrap();
        assert_eq!(back.score(&rows), svm.score(&rows));
        assert_eq!(back.explain(&rows, 7), svm.explain(&rows, 7));
        assert_eq!(back, svm);
        let bytes = postcard::to_allocvec(&svm).unwrap();
        assert_eq!(postcard::from_bytes::<OneClassSvm>(&bytes).as_ref(), Ok(&svm));
        assert!(postcard::from_bytes::<OneClassSvm>(&bytes[..bytes.len() / 2]).is_err());
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted()).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let err = serde_json::from_value::<OneClassSvm>(stored).unwrap_err().to_string();
        assert!(err.contains(reason), "{pointer}: {err}");
    }

    #[test]
    fn one_that_could_not_be_scored_with_is_refused() {
        refuses("/schema/features", json!([]), "schema with features");
        refuses("/weights", json!([]), "one weight per support vector");
        refuses("/support", json!([1.0]), "one weight per support vector");
        refuses("/support/0", json!(-1e141), "from -1e140");
        refuses("/weights/0", json!(0.0), "above 0 and at most 1");
        refuses("/weights/0", json!(1.5), "above 0 and at most 1");
        refuses("/gamma", json!(0.0), "finite and above 0");
        refuses("/boundary", json!(-1.0), "finite and above 0");
        refuses("/boundary", json!(1e-320), "finite and above 0");
        refuses("/boundary", Value::Null, "expected f64");
    }

    #[test]
    fn numbers_must_be_numbers_in_formats_that_know_others() {
        for spoil in [
            |s: &mut StoredSvm| s.gamma = f64::NAN,
            |s: &mut StoredSvm| s.gamma = f64::INFINITY,
            |s: &mut StoredSvm| s.boundary = f64::NAN,
            |s: &mut StoredSvm| s.support[0] = f64::NAN,
            |s: &mut StoredSvm| s.weights[0] = f64::NAN,
        ] {
            let mut stored = StoredSvm::from(fitted());
            spoil(&mut stored);
            assert!(OneClassSvm::try_from(stored).is_err());
        }
    }
}
