//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_domain::matrix::FeatureMatrix;

use super::KMeans;
use super::lloyd::{draw_centroids, settle};
use crate::error::{BadParams, FitError, RangeCheck};

/// Numbers of clusters that are allowed.
pub(super) const CLUSTERS_RANGE: RangeInclusive<u32> = 1..=1000;

/// Numbers of starts that are allowed.
const STARTS_RANGE: RangeInclusive<u32> = 1..=1000;

/// Numbers of iterations that are allowed.
const ITERATIONS_RANGE: RangeInclusive<u32> = 1..=100_000;

/// Tolerances that are allowed.
const TOLERANCE_RANGE: RangeInclusive<f64> = 0.0..=0.1;

/// What centroids are fitted with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KMeansParams {
    clusters: u32,
    starts: u32,
    iterations: u32,
    tolerance: f64,
}

impl Default for KMeansParams {
    /// 8 clusters, the best of 4 starts, up to 300 iterations for each, a tolerance of 1e-5.
    fn default() -> Self {
        Self { clusters: 8, starts: 4, iterations: 300, tolerance: 1e-5 }
    }
}

impl KMeansParams {
    /// Number of clusters, 1 to 1 000, by default 8; fewer where fewer rows differ.
    #[must_use]
    pub fn clusters(mut self, clusters: u32) -> Self {
        self.clusters = clusters;
        self
    }

    /// Number of times to draw centroids and move them, of which the best is kept: 1 to 1 000, by default 4.
    #[must_use]
    pub fn starts(mut self, starts: u32) -> Self {
        self.starts = starts;
        self
    }

    /// Number of times the centroids of a start move at most, 1 to 100 000, by default 300: few need more than 100.
    #[must_use]
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    /// The share of the inertia by which a move must lower it for another to follow, 0 to 0.1, by default 1e-5; with 0
    /// centroids move until no row changes its own, which takes long where there are no clear groups.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<KMeansValid, BadParams> {
        self.ranges().finish()?;
        Ok(KMeansValid { params: self.clone() })
    }

    pub(super) fn ranges(&self) -> RangeCheck {
        RangeCheck::default()
            .require("clusters", &self.clusters, &CLUSTERS_RANGE)
            .require("starts", &self.starts, &STARTS_RANGE)
            .require("iterations", &self.iterations, &ITERATIONS_RANGE)
            .require("tolerance", &self.tolerance, &TOLERANCE_RANGE)
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansValid {
    pub(super) params: KMeansParams,
}

impl KMeansValid {
    /// Finds the centroids, in parallel on the current rayon pool. The result depends on the rows, their order and the
    /// seed, to the bit, and not on the number of threads.
    ///
    /// Takes O(starts · iterations · rows · clusters · features) time at most, and O(rows + clusters · features) memory.
    /// Centroids that still move when the iterations are over are no error: [`KMeans::converged`] tells.
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(&self, matrix: &FeatureMatrix, seed: u64) -> Result<KMeans, FitError> {
        self.fit_clusters(matrix, self.params.clusters, seed)
    }

    /// As `fit`, for so many clusters.
    pub(super) fn fit_clusters(&self, matrix: &FeatureMatrix, clusters: u32, seed: u64) -> Result<KMeans, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let KMeansParams { starts, iterations, tolerance, .. } = self.params;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut start = || settle(matrix, draw_centroids(matrix, clusters as usize, &mut rng), iterations, tolerance);
        let mut best = start();
        for _ in 1..starts {
            let next = start();
            if next.inertia < best.inertia {
                best = next;
            }
        }
        Ok(KMeans {
            schema: Arc::clone(matrix.schema()),
            centroids: best.centroids,
            assignments: best.assignments,
            inertia: best.inertia,
            converged: best.converged,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn every_range_ends_where_it_says() {
        let params = KMeansParams::default;
        let faults = |params: KMeansParams| params.check().map_or_else(|bad| bad.faults.len(), |_| 0);
        assert_eq!(faults(params().clusters(1).starts(1).iterations(1)), 0);
        assert_eq!(faults(params().clusters(1000).starts(1000).iterations(100_000)), 0);
        for bad in [f64::NAN, -1e-9, 0.11] {
            assert_eq!(faults(params().tolerance(bad)), 1);
        }
        assert_eq!(faults(params().tolerance(0.0)) + faults(params().tolerance(0.1)), 0);
        assert_eq!(faults(params().clusters(0).starts(0).iterations(0)), 3);
        assert_eq!(faults(params().clusters(1001).starts(1001).iterations(100_001)), 3);
    }

    #[test]
    fn choices_start_at_two_and_do_not_end_before_they_start() {
        let says = |from, to| KMeansParams::default().check_choices(from..=to).map_err(|e| e.to_string());
        assert!(says(2, 2).is_ok() && says(2, 1000).is_ok());
        assert_eq!(says(1, 5), Err("fewest clusters is 1: must be from 2 to 1000".into()));
        assert_eq!(says(5, 4), Err("most clusters is 4: must be from 5 to 1000".into()));
        assert_eq!(says(2, 1001), Err("most clusters is 1001: must be from 2 to 1000".into()));
        assert!(KMeansParams::default().starts(0).check_choices(2..=3).is_err());
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<KMeansParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(KMeansParams::default()));
        assert_eq!(read(r#"{"clusters": 3}"#), Ok(KMeansParams::default().clusters(3)));
        assert!(read(r#"{"k": 3}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let none: [&[f64]; 0] = [];
        let (empty, narrow) = (synthetic::matrix(2, &none), synthetic::matrix(0, &none));
        let valid = KMeansParams::default().check().unwrap();
        assert_eq!(valid.fit(&narrow, 1), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&empty, 1), Err(FitError::TooFewRows { needed: 1, got: 0 }));
        let choices = KMeansParams::default().check_choices(2..=3).unwrap();
        assert_eq!(choices.fit(&narrow, 1), Err(FitError::NoFeatures));
        assert_eq!(choices.fit(&empty, 1), Err(FitError::TooFewRows { needed: 1, got: 0 }));
    }
}
