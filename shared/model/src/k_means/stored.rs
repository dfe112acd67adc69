//! The stored form, and the checks that make one safe to predict with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::KMeans;
use super::params::CLUSTERS_RANGE;
use crate::tiles::{LIMIT, Tiles};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredKMeans {
    schema: FeatureSchema,
    /// Centroids, value by value.
    centroids: Vec<f64>,
    assignments: Vec<u32>,
    inertia: f64,
    converged: bool,
}

impl From<KMeans> for StoredKMeans {
    fn from(fitted: KMeans) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            centroids: fitted.centroids().concat(),
            assignments: fitted.assignments,
            inertia: fitted.inertia,
            converged: fitted.converged,
        }
    }
}

impl TryFrom<StoredKMeans> for KMeans {
    type Error = &'static str;

    fn try_from(stored: StoredKMeans) -> Result<Self, &'static str> {
        let StoredKMeans { schema, centroids, assignments, inertia, converged } = stored;
        let width = schema.features.len();
        if width == 0 {
            return Err("clusters need a schema with features");
        }
        let count = centroids.len() / width;
        if centroids.len() % width != 0 || !u32::try_from(count).is_ok_and(|count| CLUSTERS_RANGE.contains(&count)) {
            return Err("clusters need 1 to 1000 centroids of one value per feature");
        }
        if !centroids.iter().all(|v| v.abs() <= LIMIT) {
            return Err("the centroids of clusters must be from -1e140 to 1e140");
        }
        let mut used = vec![false; count];
        for &cluster in &assignments {
            *used.get_mut(cluster as usize).ok_or("a row assigned to a cluster there is not")? = true;
        }
        if !used.iter().all(|used| *used) {
            return Err("every cluster must have a row");
        }
        if !(inertia.is_finite() && inertia >= 0.0) {
            return Err("the inertia of clusters must be a number from 0");
        }
        let centroids = Tiles::new(width, centroids.chunks_exact(width));
        Ok(Self { schema: Arc::new(schema), centroids, assignments, inertia, converged })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::KMeansParams;
    use crate::synthetic::bell;

    fn fitted() -> KMeans {
        KMeansParams::default().clusters(3).check().unwrap().fit(&bell(30, 2, 1), 1).unwrap()
    }

    #[test]
    fn read_back_it_predicts_the_same() {
        let (means, rows) = (fitted(), bell(50, 2, 2));
        let back: KMeans = serde_json::from_str(&serde_json::to_string(&means).unwrap()).unwrap();
        assert_eq!(back.predict(&rows), means.predict(&rows));
        assert_eq!(back, means);
        let bytes = postcard::to_allocvec(&means).unwrap();
        assert_eq!(postcard::from_bytes::<KMeans>(&bytes).as_ref(), Ok(&means));
        assert!(postcard::from_bytes::<KMeans>(&bytes[..bytes.len() / 2]).is_err());
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted()).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<KMeans>(stored).unwrap_err().to_string();
        assert!(error.contains(reason), "{pointer}: {error}");
    }

    #[test]
    fn one_that_could_not_be_predicted_with_is_refused() {
        refuses("/schema/features", json!([]), "schema with features");
        refuses("/centroids", json!([]), "1 to 1000 centroids");
        refuses("/centroids", json!([1.0, 2.0, 3.0]), "one value per feature");
        refuses("/centroids", json!(vec![1.0; 2002]), "1 to 1000 centroids");
        refuses("/centroids/0", json!(1e141), "from -1e140");
        refuses("/assignments/0", json!(3), "cluster there is not");
        refuses("/assignments", json!([0, 1]), "must have a row");
        refuses("/inertia", json!(-1.0), "a number from 0");
    }

    #[test]
    fn numbers_must_be_numbers_in_formats_that_know_others() {
        for spoil in
            [|s: &mut StoredKMeans| s.centroids[1] = f64::NAN, |s: &mut StoredKMeans| s.inertia = f64::INFINITY]
        {
            let mut stored = StoredKMeans::from(fitted());
            spoil(&mut stored);
            assert!(KMeans::try_from(stored).is_err());
        }
    }
}
