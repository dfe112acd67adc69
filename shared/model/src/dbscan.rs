//! DBSCAN: rows in groups wherever they lie densely, of any shape, and noise where they do not.
//!
//! A row is a *core* row when at least `min_samples` training rows, itself among them, are no further from it than
//! `eps` by Euclidean distance. Core rows no further than `eps` from each other are in one cluster. Any other row is in
//! the cluster of the core row nearest to it (of equally near ones the first), if that is no further than `eps`, and
//! noise otherwise. Clusters are numbered from 0 by their first core rows.
//!
//! The paper gives a row within reach of two clusters to the one found first; by the nearest core row, labels do not
//! depend on the order of the rows but for their numbers, and new rows are labelled by the same rule as training rows.
//!
//! Distances depend on the scale of the columns: scale them first ([`crate::scaling`]). Values beyond ±1e140 count as
//! ±1e140.
//!
//! It is written out here, on the exact k-d tree of [`crate::local_outlier_factor`], as that of the `smartcore` crate does
//! not give out the labels of its training rows, counts clusters in 16 bits, and takes 8 times as long and more.
//!
//! References: M. Ester, H.-P. Kriegel, J. Sander, X. Xu, *A Density-Based Algorithm for Discovering Clusters in Large
//! Spatial Databases with Noise*, KDD 1996; E. Schubert and others, *DBSCAN Revisited, Revisited*, ACM TODS 42(3), 2017.
//!
//! ```
//! # use std::sync::Arc;
//! # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
//! use weir_model::DbscanParams;
//!
//! # let (name, label, unit) = ("bytes_sent".into(), "bytes sent".into(), "B".into());
//! # let features = vec![Feature { name, label, unit, transform: Transform::Log1p }];
//! # let schema = Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features });
//! let mut hosts = FeatureMatrix::new(schema);
//! for i in 0..40 {
//!     hosts.push(&[f64::from(i % 2) * 10.0 + f64::from(i) / 100.0])?;
//! }
//! hosts.push(&[55.0])?;
//! let params = DbscanParams::default().min_samples(4);
//! let eps = params.check()?.suggest_eps(&hosts)?.ok_or("all rows are equal")?;
//! let groups = params.eps(eps).check()?.fit(&hosts)?;
//! assert_eq!(groups.clusters(), 2);
//! assert_eq!((groups.labels()[0], groups.labels()[1], groups.labels()[40]), (Some(0), Some(1), None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use crate::error::SchemaMismatch;
use crate::nearest::{Index, Nearest};
use crate::tiles::clamp_into;

mod params;
pub use params::{DbscanParams, DbscanValid};

mod knee;

mod stored;

/// Rows that one thread takes at a time.
const BLOCK: usize = 64;

/// Clusters and noise. It can be stored; reading it back checks what it holds, so that one from anywhere can be predicted
/// with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredDbscan", into = "stored::StoredDbscan")]
pub struct Dbscan {
    schema: Arc<FeatureSchema>,
    eps: f64,
    min_samples: u32,
    clusters: u32,
    /// One per training row.
    labels: Vec<Option<u32>>,
    cores: Cores,
}

/// Core rows and their clusters.
#[derive(Debug, Clone, PartialEq)]
struct Cores {
    /// None where all is noise.
    index: Option<Index>,
    /// The cluster of every core row, in the order of their numbers.
    clusters: Vec<u32>,
}

impl Dbscan {
    /// What it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// The distance within which rows are neighbours.
    #[must_use]
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// The neighbours that a core row has at least, itself among them.
    #[must_use]
    pub fn min_samples(&self) -> u32 {
        self.min_samples
    }

    /// Number of clusters: 0 where all is noise.
    #[must_use]
    pub fn clusters(&self) -> u32 {
        self.clusters
    }

    /// Number of core rows: what predicting searches.
    #[must_use]
    pub fn core_rows(&self) -> usize {
        self.cores.clusters.len()
    }

    /// The cluster of every training row, from 0; none for noise. What [`predict`](Self::predict) says of them too.
    #[must_use]
    pub fn labels(&self) -> &[Option<u32>] {
        &self.labels
    }

    /// The cluster of every row, in their order: that of the nearest core row if it is no further than `eps`, and none,
    /// for noise, otherwise. Runs in parallel on the current rayon pool; the result is the same on any number of threads.
    /// O(log(core rows)) per row where few features vary independently, O(core rows) where many do.
    ///
    /// # Errors
    /// When the matrix has another schema than the one fitted on.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<Option<u32>>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        Ok(self.cores.labels(matrix, self.eps))
    }
}

impl Cores {
    fn labels(&self, matrix: &FeatureMatrix, eps: f64) -> Vec<Option<u32>> {
        let mut labels = vec![None; matrix.len()];
        let Some(index) = &self.index else { return labels };
        labels.par_chunks_mut(BLOCK).enumerate().for_each(|(block, labels)| {
            let mut row = Vec::with_capacity(matrix.width());
            let mut nearest = Nearest::new(1);
            for (at, label) in labels.iter_mut().enumerate() {
                clamp_into(matrix.row(block * BLOCK + at), &mut row);
                index.search(&row, None, &mut nearest);
                let near = nearest.found().iter().find(|(squared, _)| *squared <= eps * eps);
                *label = near.map(|&(_, number)| self.clusters[number as usize]);
            }
        });
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, eps: f64, min_samples: u32) -> Dbscan {
        DbscanParams::default().eps(eps).min_samples(min_samples).check().unwrap().fit(matrix).unwrap()
    }

    #[test]
    fn by_hand() {
        // 1 and 2 are cores, 0 and 3 are near them, 4.5 is near nothing, 10 and 11 are too few.
        let matrix = synthetic::column(&[10.0, 0.0, 1.0, 2.0, 3.0, 4.5, 11.0]);
        let groups = fit(&matrix, 1.0, 3);
        assert_eq!(groups.labels(), [None, Some(0), Some(0), Some(0), Some(0), None, None]);
        assert_eq!((groups.clusters(), groups.core_rows()), (1, 2));
        // 0 and 3 have two neighbours only: they belong to the cluster, but do not carry it further.
        assert_eq!(groups.predict(&synthetic::column(&[0.5, -0.5, 3.0, 3.1])), Ok(vec![Some(0), None, Some(0), None]));
        assert_eq!(fit(&matrix, 1.0, 2).labels(), [0, 1, 1, 1, 1, 9, 0].map(|n| (n < 9).then_some(n)));
        assert_eq!(fit(&matrix, 1.0, 1).clusters(), 3);
        assert_eq!(fit(&matrix, 100.0, 7).clusters(), 1);
    }

    #[test]
    fn groups_of_any_shape_are_found() {
        // A ring around a ball, which no centroids tell apart.
        let mut matrix = FeatureMatrix::new(synthetic::schema(2));
        for (at, row) in bell(1200, 2, 1).rows().enumerate() {
            let angle = at as f64;
            let ring = [15.0 * angle.cos() + row[0] * 0.3, 15.0 * angle.sin() + row[1] * 0.3];
            matrix.push(if at % 3 == 0 { row } else { &ring }).unwrap();
        }
        matrix.push(&[8.0, 0.0]).unwrap();
        let groups = fit(&matrix, 1.5, 5);
        assert_eq!((groups.clusters(), groups.labels()[1200]), (2, None));
        assert!((0..1200).all(|row| groups.labels()[row].is_none_or(|label| (label == 0) == (row % 3 == 0))));
        assert!(groups.labels().iter().filter(|label| label.is_none()).count() < 12);
    }

    /// From the definition, looking at all pairs.
    fn plainly(matrix: &FeatureMatrix, eps: f64, min_samples: usize) -> Vec<Option<u32>> {
        let rows: Vec<&[f64]> = matrix.rows().collect();
        let squared = |a: usize, b: usize| rows[a].iter().zip(rows[b]).fold(0.0, |s, (x, y)| s + (y - x) * (y - x));
        let near = |a: usize| (0..rows.len()).filter(move |&b| squared(a, b) <= eps * eps);
        let cores: Vec<usize> = (0..rows.len()).filter(|&row| near(row).count() >= min_samples).collect();
        let mut of = vec![None; rows.len()];
        let mut clusters = 0;
        for &core in &cores {
            if of[core].is_none() {
                let mut todo = vec![core];
                while let Some(row) = todo.pop() {
                    if of[row].is_none() {
                        of[row] = Some(clusters);
                        todo.extend(near(row).filter(|other| cores.contains(other)));
                    }
                }
                clusters += 1;
            }
        }
        let nearest = |row: usize| {
            let core =
                cores.iter().copied().min_by(|&a, &b| squared(row, a).total_cmp(&squared(row, b)).then(a.cmp(&b)))?;
            (squared(row, core) <= eps * eps).then_some(of[core]).flatten()
        };
        (0..rows.len()).map(nearest).collect()
    }

    #[test]
    fn labels_are_those_of_the_definition() {
        for (seed, eps) in [(1, 0.3), (2, 0.5), (3, 0.8), (4, 2.0)] {
            let matrix = bell(700, 2, seed);
            for min_samples in [1, 4, 12] {
                let groups = fit(&matrix, eps, min_samples);
                assert_eq!(groups.labels(), plainly(&matrix, eps, min_samples as usize), "{seed} {min_samples}");
                assert_eq!(groups.predict(&matrix).unwrap(), groups.labels());
            }
        }
    }

    #[test]
    fn constant_equal_few_and_huge_rows() {
        assert_eq!(fit(&synthetic::matrix(2, &[[3.0, 4.0]; 9]), 1e-100, 9).labels(), [Some(0); 9]);
        let few = fit(&synthetic::column(&[1.0, 1.0, 1.0]), 0.5, 5);
        assert_eq!((few.labels(), few.clusters(), few.core_rows()), (&[None; 3][..], 0, 0));
        assert_eq!(few.predict(&synthetic::column(&[1.0])), Ok(vec![None]));
        assert_eq!(fit(&synthetic::column(&[7.0]), 0.5, 1).labels(), [Some(0)]);
        let huge = synthetic::matrix(2, &[[1e300, f64::MIN], [f64::MAX, -1e200], [0.0, 0.0]]);
        assert_eq!(fit(&huge, 1e140, 2).labels(), [Some(0), Some(0), None]);
        assert_eq!(fit(&huge, 1e140, 1).predict(&huge), Ok(vec![Some(0), Some(0), Some(1)]));
    }

    #[test]
    fn the_number_of_threads_does_not_matter_nor_do_the_rows_around() {
        let (matrix, asked) = (bell(2000, 3, 1), bell(100, 3, 2));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (fit(&matrix, 0.4, 5), fit(&matrix, 0.4, 5).predict(&asked).unwrap()))
        };
        let (groups, together) = on(1);
        assert_eq!(on(4), (groups.clone(), together.clone()));
        assert_eq!(groups.predict(&synthetic::matrix(3, &[asked.row(64)])), Ok(vec![together[64]]));
        assert!(together.iter().any(Option::is_some) && together.iter().any(Option::is_none));
    }

    #[test]
    fn another_schema_is_an_error() {
        let groups = fit(&bell(20, 2, 1), 1.0, 3);
        assert_eq!(groups.predict(&bell(1, 3, 1)), Err(SchemaMismatch::Width { expected: 2, got: 3 }));
        assert_eq!(groups.predict(&FeatureMatrix::new(synthetic::schema(2))), Ok(vec![]));
    }
}
