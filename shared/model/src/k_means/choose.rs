//! How many clusters: the number whose rows are clearest in theirs.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use super::KMeans;
use super::params::{CLUSTERS_RANGE, KMeansParams, KMeansValid};
use crate::error::{BadParams, FitError};

/// Parameters and numbers of clusters in range, ready to fit and compare.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansChoices {
    valid: KMeansValid,
    clusters: RangeInclusive<u32>,
}

impl KMeansParams {
    /// The parameters, known to be in range, but for as many clusters as will be best of those from the first to the
    /// last number given, both of which are from 2 to 1 000.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check_choices(&self, clusters: RangeInclusive<u32>) -> Result<KMeansChoices, BadParams> {
        let last = *CLUSTERS_RANGE.end();
        let check = self.ranges().require("fewest clusters", clusters.start(), &(2..=last));
        check.require("most clusters", clusters.end(), &((*clusters.start()).clamp(2, last)..=last)).finish()?;
        Ok(KMeansChoices { valid: KMeansValid { params: self.clone() }, clusters })
    }
}

/// How clear the clusters are with one number of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Number of clusters.
    pub clusters: u32,
    /// The mean simplified silhouette of the training rows, from 0 to 1, higher is clearer: `(b - a) / b`, where `a` is
    /// the distance of a row to its centroid and `b` that to the next one; 0 for a row on two centroids, or with one only.
    pub silhouette: f64,
    /// The sum of the squared distances of the rows to their centroids: it falls with the number of clusters in any data.
    pub inertia: f64,
}

/// The clearest clusters, and what they were compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenKMeans {
    /// The centroids of the highest silhouette; of equal ones the fewest.
    pub model: KMeans,
    /// Every number of clusters tried, ascending: why this one was chosen. It ends before the range does where fewer
    /// rows differ, and a silhouette below 0.5 even at its best says that there are no clear groups.
    pub compared: Vec<Compared>,
}

impl KMeansChoices {
    /// Finds the centroids for every number of clusters in the range, and keeps those of the highest mean simplified
    /// silhouette. The result depends on the rows, their order and the seed, to the bit, and not on the number of
    /// threads. Takes the time of all fits; the silhouettes add one look at all distances to centroids, where those by the
    /// original definition would take all distances between rows.
    ///
    /// References: P. J. Rousseeuw, *Silhouettes*, Journal of Computational and Applied Mathematics 20, 1987; E. R.
    /// Hruschka, L. N. de Castro, R. J. G. B. Campello, *Evolutionary Algorithms for Clustering Gene-Expression Data*,
    /// ICDM 2004, for the simplified one.
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(&self, matrix: &FeatureMatrix, seed: u64) -> Result<ChosenKMeans, FitError> {
        let (first, rest) = (*self.clusters.start(), self.clusters.clone().skip(1));
        let (mut model, silhouette) = self.fit_one(matrix, first, seed)?;
        let mut best = Compared { clusters: model.clusters(), silhouette, inertia: model.inertia() };
        let mut compared = vec![best];
        for clusters in rest {
            // Where fewer rows differ than clusters were asked for, more of them change nothing.
            if compared.last().is_some_and(|last| last.clusters < clusters - 1) {
                break;
            }
            let (next, silhouette) = self.fit_one(matrix, clusters, seed)?;
            let entry = Compared { clusters: next.clusters(), silhouette, inertia: next.inertia() };
            if next.clusters() < clusters {
                break;
            }
            compared.push(entry);
            if silhouette > best.silhouette {
                (model, best) = (next, entry);
            }
        }
        Ok(ChosenKMeans { model, compared })
    }

    fn fit_one(&self, matrix: &FeatureMatrix, clusters: u32, seed: u64) -> Result<(KMeans, f64), FitError> {
        let model = self.valid.fit_clusters(matrix, clusters, seed)?;
        let near = super::nearest_centroids(&model.centroids, matrix);
        let silhouettes: Vec<f64> = near.par_iter().map(|near| silhouette(near.squared, near.next)).collect();
        Ok((model, silhouettes.iter().sum::<f64>() / matrix.len() as f64))
    }
}

/// From the squared distances to the nearest centroid and the next.
fn silhouette(nearest: f64, next: f64) -> f64 {
    if next > 0.0 && next.is_finite() { 1.0 - (nearest / next).sqrt() } else { 0.0 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::KMeansParams;
    use crate::synthetic::{self, bell};

    fn choose(matrix: &FeatureMatrix, clusters: RangeInclusive<u32>) -> ChosenKMeans {
        KMeansParams::default().check_choices(clusters).unwrap().fit(matrix, 7).unwrap()
    }

    #[test]
    fn silhouettes_by_hand() {
        assert_eq!(silhouette(1.0, 4.0), 0.5);
        assert_eq!([silhouette(0.0, 0.0), silhouette(3.0, f64::INFINITY), silhouette(2.0, 2.0)], [0.0; 3]);
        // Each row is 1 from its centroid and 9 or 11 from the other.
        let chosen = choose(&synthetic::column(&[0.0, 2.0, 10.0, 12.0]), 2..=2);
        let expected = f64::midpoint(1.0 - 1.0 / 11.0, 1.0 - 1.0 / 9.0);
        assert!((chosen.compared[0].silhouette - expected).abs() < 1e-12);
        assert_eq!((chosen.compared[0].inertia, chosen.model.clusters()), (4.0, 2));
    }

    #[test]
    fn planted_groups_are_counted() {
        for groups in [2, 3, 5, 7] {
            let mut matrix = FeatureMatrix::new(synthetic::schema(2));
            for (at, row) in bell(groups * 80, 2, 1).rows().enumerate() {
                let angle = (at % groups) as f64 / groups as f64 * std::f64::consts::TAU;
                matrix.push(&[row[0] + 20.0 * angle.cos(), row[1] + 20.0 * angle.sin()]).unwrap();
            }
            let chosen = choose(&matrix, 2..=9);
            assert_eq!(chosen.model.clusters() as usize, groups);
            assert_eq!(chosen.compared.iter().map(|c| c.clusters).collect::<Vec<_>>(), (2..=9).collect::<Vec<_>>());
            let best = chosen.compared.iter().map(|c| c.silhouette).fold(0.0, f64::max);
            assert_eq!(chosen.compared[groups - 2].silhouette, best);
            assert!(best > 0.7);
        }
        assert!(choose(&bell(800, 6, 1), 2..=5).compared.iter().all(|c| c.silhouette < 0.5));
    }

    #[test]
    fn where_few_rows_differ_the_comparison_ends_early() {
        let pairs = synthetic::column(&[1.0, 1.0, 5.0, 5.0, 9.0, 9.0]);
        let tried = |matrix, range| {
            let chosen = choose(matrix, range);
            (chosen.model.clusters(), chosen.compared.iter().map(|c| c.clusters).collect::<Vec<_>>())
        };
        assert_eq!(tried(&pairs, 2..=9), (3, vec![2, 3]));
        assert_eq!(tried(&pairs, 5..=9), (3, vec![3]));
        assert_eq!(tried(&synthetic::column(&[4.0; 9]), 2..=9), (1, vec![1]));
        assert_eq!(choose(&synthetic::column(&[4.0]), 2..=3).compared[0].silhouette, 0.0);
    }
}
