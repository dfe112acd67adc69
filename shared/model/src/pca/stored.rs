//! The stored form, and the checks that make one safe to score with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::{Pca, dot};
use crate::tiles::LIMIT;

/// How far the products of directions may be from those of perfect ones.
const TOLERANCE: f64 = 1e-6;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredPca {
    schema: FeatureSchema,
    means: Vec<f64>,
    components: Vec<f64>,
    shares: Vec<f64>,
    total_variance: f64,
}

impl From<Pca> for StoredPca {
    fn from(fitted: Pca) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            means: fitted.means,
            components: fitted.components,
            shares: fitted.shares,
            total_variance: fitted.total_variance,
        }
    }
}

impl TryFrom<StoredPca> for Pca {
    type Error = &'static str;

    fn try_from(stored: StoredPca) -> Result<Self, &'static str> {
        let StoredPca { schema, means, components, shares, total_variance } = stored;
        let width = schema.features.len();
        if width == 0 {
            return Err("principal components need a schema with features");
        }
        // Orthogonality is checked in components² · features: there are no more of them than features.
        if means.len() != width || shares.is_empty() || shares.len() > width {
            return Err("principal components need one mean per feature, and 1 to as many components as features");
        }
        if shares.len().checked_mul(width) != Some(components.len()) {
            return Err("principal components need one value per component and feature");
        }
        if !means.iter().all(|mean| mean.abs() <= LIMIT) {
            return Err("the means of principal components must be from -1e140 to 1e140");
        }
        let shared = shares.iter().sum::<f64>() <= 1.0 + TOLERANCE && shares.is_sorted_by(|a, b| a >= b);
        if !shared || !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err("the shares of principal components must descend, from 0 to 1 together");
        }
        if !(total_variance.is_finite() && total_variance >= 0.0) {
            return Err("the variance of principal components must be a number from 0");
        }
        let directions: Vec<&[f64]> = components.chunks_exact(width).collect();
        let perfect =
            |i: usize, j: usize| (dot(directions[i], directions[j]) - f64::from(u8::from(i == j))).abs() <= TOLERANCE;
        if !(0..directions.len()).all(|i| (0..=i).all(|j| perfect(i, j))) {
            return Err("principal components must have length 1 and be at right angles");
        }
        Ok(Self { schema: Arc::new(schema), means, components, shares, total_variance })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::synthetic::bell;
    use crate::{Kept, PcaParams};

    fn fitted() -> Pca {
        PcaParams::default().kept(Kept::Components(2)).check().unwrap().fit(&bell(30, 3, 1)).unwrap()
    }

    #[test]
    fn read_back_it_scores_the_same() {
        let (pca, rows) = (fitted(), bell(50, 3, 2));
        let back: Pca = serde_json::from_str(&serde_json::to_string(&pca).unwrap()).unwrap();
        assert_eq!(back.score(&rows), pca.score(&rows));
        assert_eq!(back.explain(&rows, 7), pca.explain(&rows, 7));
        assert_eq!(back, pca);
        let bytes = postcard::to_allocvec(&pca).unwrap();
        assert_eq!(postcard::from_bytes::<Pca>(&bytes).as_ref(), Ok(&pca));
        assert!(postcard::from_bytes::<Pca>(&bytes[..bytes.len() / 2]).is_err());
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted()).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<Pca>(stored).unwrap_err().to_string();
        assert!(error.contains(reason), "{pointer}: {error}");
    }

    #[test]
    fn one_that_could_not_be_scored_with_is_refused() {
        refuses("/schema/features", json!([]), "schema with features");
        refuses("/means", json!([1.0]), "one mean per feature");
        refuses("/means/0", json!(1e141), "from -1e140");
        refuses("/shares", json!([]), "1 to as many components");
        refuses("/shares", json!([0.1, 0.1, 0.1, 0.1]), "1 to as many components");
        refuses("/shares", json!([0.1]), "one value per component");
        refuses("/shares", json!([0.1, 0.2]), "must descend");
        refuses("/shares", json!([0.9, 0.8]), "from 0 to 1 together");
        refuses("/shares/1", json!(-0.1), "from 0 to 1");
        refuses("/components/0", json!(1e300), "length 1");
        refuses("/components", json!([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), "right angles");
        refuses("/total_variance", json!(-1.0), "a number from 0");
    }

    #[test]
    fn numbers_must_be_numbers_in_formats_that_know_others() {
        for spoil in [
            |s: &mut StoredPca| s.means[1] = f64::NAN,
            |s: &mut StoredPca| s.components[1] = f64::NAN,
            |s: &mut StoredPca| s.shares[1] = f64::NAN,
            |s: &mut StoredPca| s.total_variance = f64::INFINITY,
        ] {
            let mut stored = StoredPca::from(fitted());
            spoil(&mut stored);
            assert!(Pca::try_from(stored).is_err());
        }
    }
}
