//! The stored form, and the checks that make one safe to predict with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::params::{EPS_RANGE, MIN_SAMPLES_RANGE};
use super::{Cores, Dbscan};
use crate::nearest::Index;
use crate::tiles::LIMIT;

/// The tree follows from the core rows and is not stored, so that it cannot contradict them.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredDbscan {
    schema: FeatureSchema,
    eps: f64,
    min_samples: u32,
    labels: Vec<Option<u32>>,
    /// Core rows, value by value.
    core_values: Vec<f64>,
    core_clusters: Vec<u32>,
}

impl From<Dbscan> for StoredDbscan {
    fn from(fitted: Dbscan) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            eps: fitted.eps,
            min_samples: fitted.min_samples,
            labels: fitted.labels,
            core_values: fitted.cores.index.map_or_else(Vec::new, |index| index.values()),
            core_clusters: fitted.cores.clusters,
        }
    }
}

impl TryFrom<StoredDbscan> for Dbscan {
    type Error = &'static str;

    fn try_from(stored: StoredDbscan) -> Result<Self, &'static str> {
        let StoredDbscan { schema, eps, min_samples, labels, core_values, core_clusters } = stored;
        let (width, rows) = (schema.features.len(), core_clusters.len());
        if width == 0 {
            return Err("density clusters need a schema with features");
        }
        if !EPS_RANGE.contains(&eps) || !MIN_SAMPLES_RANGE.contains(&min_samples) {
            return Err("density clusters need a distance from 1e-100 to 1e140 and 1 to 1000 neighbours");
        }
        if rows >= u32::MAX as usize || rows > labels.len() || rows.checked_mul(width) != Some(core_values.len()) {
            return Err("density clusters need one value per core row and feature, and no more core rows than labels");
        }
        if !core_values.iter().all(|v| v.abs() <= LIMIT) {
            return Err("the core rows of density clusters must be from -1e140 to 1e140");
        }
        // Clusters are numbered by their first core rows.
        let clusters =
            core_clusters.iter().try_fold(0, |next, &cluster| (cluster <= next).then(|| next.max(cluster + 1)));
        let clusters = clusters.ok_or("density clusters must be numbered in the order of their core rows")?;
        if labels.iter().flatten().any(|&label| label >= clusters) {
            return Err("a row labelled with a cluster there is not");
        }
        let index = (rows > 0).then(|| Index::new(&core_values.chunks_exact(width).collect::<Vec<_>>()));
        let cores = Cores { index, clusters: core_clusters };
        Ok(Self { schema: Arc::new(schema), eps, min_samples, clusters, labels, cores })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::DbscanParams;
    use crate::synthetic::{self, bell};

    fn fitted(values: &[f64]) -> Dbscan {
        DbscanParams::default().min_samples(2).check().unwrap().fit(&synthetic::column(values)).unwrap()
    }

    #[test]
    fn read_back_it_predicts_the_same() {
        let (matrix, rows) = (bell(900, 2, 1), bell(50, 2, 2));
        let wide = DbscanParams::default().eps(0.2).check().unwrap().fit(&matrix).unwrap();
        for (groups, rows) in [(wide, rows), (fitted(&[1.0, 9.0]), synthetic::column(&[1.0]))] {
            let back: Dbscan = serde_json::from_str(&serde_json::to_string(&groups).unwrap()).unwrap();
            assert_eq!(back.predict(&rows), groups.predict(&rows));
            assert_eq!(back, groups);
            let bytes = postcard::to_allocvec(&groups).unwrap();
            assert_eq!(postcard::from_bytes::<Dbscan>(&bytes).as_ref(), Ok(&groups));
            assert!(postcard::from_bytes::<Dbscan>(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted(&[1.0, 1.1, 5.0, 5.1, 9.0])).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<Dbscan>(stored).unwrap_err().to_string();
        assert!(error.contains(reason), "{pointer}: {error}");
    }

    #[test]
    fn one_that_could_not_be_predicted_with_is_refused() {
        refuses("/schema/features", json!([]), "schema with features");
        refuses("/eps", json!(0.0), "a distance from");
        refuses("/min_samples", json!(0), "1 to 1000 neighbours");
        refuses("/labels", json!([null]), "no more core rows than labels");
        refuses("/labels/0", json!(2), "cluster there is not");
        refuses("/core_values", json!([1.0]), "one value per core row");
        refuses("/core_values/0", json!(1e141), "from -1e140");
        refuses("/core_clusters/0", json!(1), "in the order of their core rows");
        refuses("/core_clusters/3", json!(u32::MAX), "in the order of their core rows");
        refuses("/core_clusters", json!([]), "one value per core row");
    }

    #[test]
    fn numbers_must_be_numbers_in_formats_that_know_others() {
        for spoil in [|s: &mut StoredDbscan| s.core_values[1] = f64::NAN, |s: &mut StoredDbscan| s.eps = f64::NAN] {
            let mut stored = StoredDbscan::from(fitted(&[1.0, 1.1]));
            spoil(&mut stored);
            assert!(Dbscan::try_from(stored).is_err());
        }
    }
}
