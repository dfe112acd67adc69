//! k-means: rows in groups around centroids, each row with the centroid nearest to it.
//!
//! The centroids start at training rows drawn by k-means++ (each with a chance in proportion to its squared distance
//! from those drawn before), and then each moves to the mean of its rows (Lloyd) until that changes next to nothing. This
//! is done from several starts, and the centroids of the least *inertia* are kept: the sum of the squared Euclidean
//! distances of the rows to their centroids. Draws come from the seed: the same one gives the same bits on any number of
//! threads.
//!
//! How many groups there are it does not tell; [`KMeansChoices`] compares numbers of them. Groups are round and of
//! similar width, and every row is in one, the outliers too; where this does not fit, see [`crate::dbscan`].
//!
//! Distances depend on the scale of the columns: scale them first ([`crate::scaling`]). Values beyond ±1e140 count as
//! ±1e140.
//!
//! It is written out here, as that of the `smartcore` crate does not give out its centroids or inertia, has centroids that
//! are no numbers where fewer rows differ than there are clusters, panics where values differ in the last place only,
//! and takes 30 times as long or more for each move.
//!
//! References: S. P. Lloyd, *Least Squares Quantization in PCM*, IEEE Transactions on Information Theory 28(2), 1982;
//! D. Arthur, S. Vassilvitskii, *k-means++: The Advantages of Careful Seeding*, SODA 2007.
//!
//! ```
//! # use std::sync::Arc;
//! # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
//! use weir_model::KMeansParams;
//!
//! # let (name, label, unit) = ("bytes_sent".into(), "bytes sent".into(), "B".into());
//! # let features = vec![Feature { name, label, unit, transform: Transform::Log1p }];
//! # let schema = Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features });
//! let mut hosts = FeatureMatrix::new(Arc::clone(&schema));
//! for i in 0..60 {
//!     hosts.push(&[f64::from(i % 3) * 10.0 + f64::from(i) / 100.0])?;
//! }
//! let chosen = KMeansParams::default().check_choices(2..=6)?.fit(&hosts, 42)?;
//! assert_eq!(chosen.model.clusters(), 3);
//! assert!(chosen.compared[1].silhouette > chosen.compared[0].silhouette);
//!
//! let mut today = FeatureMatrix::new(schema);
//! today.push(&[0.1])?;
//! today.push(&[20.1])?;
//! let groups = chosen.model.predict(&today)?;
//! assert_eq!((groups[0], groups[1]), (chosen.model.assignments()[0], chosen.model.assignments()[2]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use crate::error::SchemaMismatch;
use crate::tiles::Tiles;

mod params;
pub use params::{KMeansParams, KMeansValid};

mod choose;
pub use choose::{ChosenKMeans, Compared, KMeansChoices};

mod lloyd;
use lloyd::{Near, nearest_centroids};

mod stored;

/// Fitted centroids, and which training row has which. It can be stored; reading it back checks what it holds, so that one
/// from anywhere can be predicted with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredKMeans", into = "stored::StoredKMeans")]
pub struct KMeans {
    schema: Arc<FeatureSchema>,
    centroids: Tiles,
    /// One per training row.
    assignments: Vec<u32>,
    inertia: f64,
    converged: bool,
}

impl KMeans {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of clusters: as asked for, or fewer where fewer training rows differ.
    #[must_use]
    pub fn clusters(&self) -> u32 {
        self.centroids.len() as u32
    }

    /// The centroids, one row of features for each cluster.
    #[must_use]
    pub fn centroids(&self) -> Vec<Vec<f64>> {
        (0..self.centroids.len()).map(|centroid| self.centroids.row(centroid)).collect()
    }

    /// The cluster of every training row, from 0: what [`predict`](Self::predict) says of them too.
    #[must_use]
    pub fn assignments(&self) -> &[u32] {
        &self.assignments
    }

    /// Number of training rows in each cluster, at least 1.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0; self.centroids.len()];
        for &cluster in &self.assignments {
            sizes[cluster as usize] += 1;
        }
        sizes
    }

    /// The sum of the squared distances of the training rows to their centroids, from 0.
    #[must_use]
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// True when the centroids came to rest, within the tolerance; false when the iterations ended before.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The cluster of every row, from 0, in the order of the rows: that of the nearest centroid, of several the first.
    /// Runs in parallel on the current rayon pool; the result is the same on any number of threads. O(clusters ·
    /// features) per row.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<u32>, SchemaMismatch> {
        Ok(self.nearest(matrix)?.into_iter().map(|near| near.centroid).collect())
    }

    /// The Euclidean distance of every row to the nearest centroid, from 0, in the order of the rows and at the cost of
    /// [`predict`](Self::predict): large for a row that is in no group.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn distances(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>, SchemaMismatch> {
        Ok(self.nearest(matrix)?.into_iter().map(|near| near.squared.sqrt()).collect())
    }

    fn nearest(&self, matrix: &FeatureMatrix) -> Result<Vec<Near>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        Ok(nearest_centroids(&self.centroids, matrix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, clusters: u32, seed: u64) -> KMeans {
        KMeansParams::default().clusters(clusters).check().unwrap().fit(matrix, seed).unwrap()
    }

    /// Groups of `each` rows around (0, 0), (20, 0), (0, 20) and (20, 20), in turn.
    fn four(each: usize) -> FeatureMatrix {
        let mut matrix = FeatureMatrix::new(synthetic::schema(2));
        for (at, row) in bell(4 * each, 2, 1).rows().enumerate() {
            matrix.push(&[row[0] + 20.0 * (at % 2) as f64, row[1] + 20.0 * (at / 2 % 2) as f64]).unwrap();
        }
        matrix
    }

    #[test]
    fn two_groups_by_hand() {
        let means = fit(&synthetic::column(&[1.0, 2.0, 3.0, 11.0, 13.0]), 2, 1);
        let mut centroids = means.centroids().concat();
        centroids.sort_by(f64::total_cmp);
        assert_eq!((centroids, means.inertia(), means.converged()), (vec![2.0, 12.0], 4.0, true));
        let of = means.assignments();
        assert!(of[0] == of[1] && of[1] == of[2] && of[3] == of[4] && of[0] != of[3]);
        assert_eq!(means.sizes()[of[0] as usize], 3);
        assert_eq!(means.predict(&synthetic::column(&[-5.0, 8.0])), Ok(vec![of[0], of[3]]));
        assert_eq!(means.distances(&synthetic::column(&[-5.0, 8.0])), Ok(vec![7.0, 4.0]));
    }

    #[test]
    fn groups_are_found_from_any_seed_and_training_rows_are_predicted_as_assigned() {
        let matrix = four(100);
        for seed in 0..20 {
            let means = fit(&matrix, 4, seed);
            assert_eq!(means.sizes(), [100; 4], "{seed}");
            assert!((0..400).all(|row| means.assignments()[row] == means.assignments()[row % 4]));
            assert_eq!(means.predict(&matrix).unwrap(), means.assignments());
            let distances = means.distances(&matrix).unwrap();
            let inertia: f64 = distances.iter().map(|d| d * d).sum();
            assert!((inertia - means.inertia()).abs() < 1e-9 * inertia);
        }
    }

    #[test]
    fn centroids_are_the_means_of_their_rows() {
        let matrix = bell(2000, 3, 4);
        let params = KMeansParams::default().clusters(9).iterations(1000).tolerance(0.0);
        let means = params.check().unwrap().fit(&matrix, 4).unwrap();
        assert!(means.converged());
        for (cluster, centroid) in means.centroids().iter().enumerate() {
            for (feature, value) in centroid.iter().enumerate() {
                let rows = matrix.rows().zip(means.assignments()).filter(|(_, of)| **of as usize == cluster);
                let mean = rows.map(|(row, _)| row[feature]).sum::<f64>() / means.sizes()[cluster] as f64;
                assert!((mean - value).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn there_are_no_more_clusters_than_rows_that_differ_and_none_is_empty() {
        let twice = synthetic::matrix(2, &[[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]);
        for (matrix, clusters) in [
            (twice, 2),
            (synthetic::matrix(2, &[[7.0, 7.0]; 50]), 1),
            (synthetic::column(&[5.0]), 1),
            (synthetic::column(&[1e9, 1e9_f64.next_up(), 1e9]), 2),
            (synthetic::column(&[f64::MAX, f64::MIN, 0.0, 5e-324]), 3),
        ] {
            let means = fit(&matrix, 8, 3);
            assert_eq!((means.clusters(), means.inertia()), (clusters, 0.0), "{matrix:?}");
            assert!(means.sizes().iter().all(|size| *size > 0));
        }
    }

    #[test]
    fn huge_values_give_finite_centroids() {
        let rows: Vec<[f64; 2]> = (0..60).map(|i| [1e300 * f64::from(i % 7 - 3), f64::from(i)]).collect();
        let means = fit(&synthetic::matrix(2, &rows), 3, 1);
        assert!(means.inertia().is_finite() && means.centroids().concat().iter().all(|v| v.is_finite()));
        let far = synthetic::matrix(2, &[[f64::MAX, f64::MIN]]);
        assert!(means.distances(&far).unwrap()[0].is_finite());
    }

    #[test]
    fn the_seed_decides_and_the_number_of_threads_does_not() {
        let matrix = bell(5000, 4, 1);
        let on = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&matrix, 7, seed))
        };
        let one = on(1, 5);
        assert_eq!(on(4, 5), one);
        assert_ne!(on(1, 6), one);
    }

    #[test]
    fn more_starts_and_more_iterations_are_no_worse() {
        let matrix = bell(1000, 3, 2);
        let inertia = |starts, iterations| {
            let params = KMeansParams::default().clusters(12).starts(starts).iterations(iterations);
            let means = params.check().unwrap().fit(&matrix, 1).unwrap();
            (means.inertia(), means.converged())
        };
        let (hasty, converged) = inertia(1, 1);
        assert!(!converged && inertia(1, 300).0 < hasty && inertia(8, 300).0 < inertia(1, 300).0);
    }

    #[test]
    fn another_schema_is_an_error() {
        let means = fit(&bell(20, 2, 1), 3, 1);
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(means.predict(&bell(1, 3, 1)), Err(mismatch.clone()));
        assert_eq!(means.distances(&bell(1, 3, 1)), Err(mismatch));
        assert_eq!(means.predict(&FeatureMatrix::new(synthetic::schema(2))), Ok(vec![]));
    }
}
