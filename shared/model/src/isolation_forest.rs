//! Isolation forest: what few random cuts set apart from the rest is anomalous.
//!
//! Each tree is grown on a small random sample of ψ rows. A node is cut at a uniformly random threshold of a feature
//! chosen among those that vary in it, until rows are alone, equal, or ⌈log₂ ψ⌉ cuts deep. An anomalous row is alone
//! after few cuts, so its path is short. The score is `2^(-E[h] / c(ψ))`, where `E[h]` is the mean path length over the
//! trees, with `c(n)` added where a leaf still holds `n` rows, and `c` the expected path length of an unsuccessful
//! search in a binary search tree. It lies in (0, 1]: near 1 is anomalous, about 0.5 and below is typical.
//!
//! Cuts are parallel to the axes, so the model sees one feature at a time and is blind to scale: no scaling is needed. It
//! does not extrapolate: rows beyond the largest value seen look alike however far beyond they are. Values are compared
//! in single precision: those that agree in their first seven digits may be separated or not.
//!
//! With an [`extension_level`](IsolationForestParams::extension_level) it is the *extended* isolation forest, whose cuts
//! are hyperplanes: it also sees values that are typical each but not together, such as the empty corners between two
//! groups, which cuts parallel to the axes take for part of both.
//!
//! Fitting costs O(trees · ψ log ψ), scoring O(trees · log ψ) per row. A forest of 100 trees over 256 rows takes about
//! 1 MB of memory.
//!
//! References: F. T. Liu, K. M. Ting, Z.-H. Zhou, *Isolation Forest*, ICDM 2008; *Isolation-Based Anomaly Detection*,
//! ACM TKDD 6(1), 2012. S. Hariri, M. Carrasco Kind, R. J. Brunner, *Extended Isolation Forest*, IEEE TKDE 33(4), 2021.

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use crate::error::{ExplainError, SchemaMismatch};
use crate::tree::{LANES, groups, with_padded_width};

mod params;
pub use params::{IsolationForestParams, IsolationForestValid};

mod draw;
mod grow;
mod keys;
use keys::{key, single};

mod path_length;
mod tree;
use tree::AxisTree;

mod oblique;
use oblique::ObliqueTree;

mod heap;
use heap::Heap;

mod stored;

/// Rows that pass one tree before the next is fetched: they and the tree stay in the nearest caches.
const BLOCK: usize = 256;

/// A fitted forest. It refers to no data and can be stored; reading it back checks every node, so that a forest from
/// anywhere can be scored with. Scores survive to the bit where the format keeps numbers to the bit (with `serde_json`:
/// its feature `float_roundtrip`).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredForest", into = "stored::StoredForest")]
pub struct IsolationForest {
    schema: Arc<FeatureSchema>,
    /// Rows each tree was grown on.
    sample_size: u32,
    trees: Trees,
}

#[derive(Debug, Clone, PartialEq)]
enum Trees {
    /// Cuts parallel to the axes. The heaps are the same trees, for scoring; none unless all are shallow.
    Axis(Vec<AxisTree>, Vec<Heap>),
    Oblique(Vec<ObliqueTree>),
}

impl Trees {
    fn axis(trees: Vec<AxisTree>, width: usize) -> Self {
        let heaps = if width <= heap::MAX_FEATURES { trees.iter().map(Heap::new).collect() } else { None };
        Self::Axis(trees, heaps.unwrap_or_default())
    }

    fn len(&self) -> usize {
        match self {
            Self::Axis(trees, _) => trees.len(),
            Self::Oblique(trees) => trees.len(),
        }
    }
}

impl IsolationForest {
    /// What the forest was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Rows each tree was grown on: as asked for, or all there were.
    #[must_use]
    pub fn sample_size(&self) -> u32 {
        self.sample_size
    }

    /// One score in (0, 1] per row, in the order of the rows. Runs in parallel on the current rayon pool; the result is
    /// the same to the bit on any number of threads.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut values = vec![0.0; matrix.len()];
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            with_padded_width!(matrix.width(), self.mean_path_lengths(matrix, block * BLOCK, values));
            let normal = path_length::expected_path_length(self.sample_size);
            for value in values {
                *value = (-*value / normal).exp2();
            }
        });
        Ok(values.into_iter().map(score_in_range).collect())
    }

    /// Why a row got its score: each feature's part in shortening its path.
    ///
    /// Every node knows its expected path length, the mean over the leaves below weighted by training rows. A cut that
    /// sends the row from a node to a child adds the former's length minus the latter's to the cut's feature; sums over
    /// the trees are divided by their number. So the contributions, in cuts, add up to the mean expected path length at
    /// the roots minus the row's mean path length: positive where the feature made the row more isolated, and the larger
    /// their sum, the higher the score.
    ///
    /// A cut over several features shares its part among them in proportion to how far each of them puts the row on the
    /// side where it is; the sum is the same.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let mut amounts = vec![0.0; matrix.width()];
        let row = matrix.row(row);
        match &self.trees {
            Trees::Axis(trees, _) => trees.iter().for_each(|tree| tree.add_contributions(row, &mut amounts)),
            Trees::Oblique(trees) => trees.iter().for_each(|tree| tree.add_contributions(row, &mut amounts)),
        }
        for amount in &mut amounts {
            *amount /= self.trees.len() as f64;
        }
        Ok(Explanation::from_amounts(&amounts))
    }

    /// The mean path lengths of the rows from `first` on, as many as there are places, into zeros. Sums run in the order
    /// of the trees.
    fn mean_path_lengths<const WIDTH: usize>(&self, matrix: &FeatureMatrix, first: usize, lengths: &mut [f64]) {
        let rows = (first..first + lengths.len()).map(|row| matrix.row(row));
        match &self.trees {
            Trees::Axis(trees, heaps) => {
                let groups = groups::<u32, WIDTH>(rows, |_, value| key(single(value)));
                let mut add = |path_lengths: &dyn Fn(&[[u32; WIDTH]; LANES]) -> [f64; LANES]| {
                    for (rows, sums) in groups.iter().zip(lengths.chunks_mut(LANES)) {
                        for (sum, length) in sums.iter_mut().zip(path_lengths(rows)) {
                            *sum += length;
                        }
                    }
                };
                for heap in heaps {
                    add(&|rows| heap.path_lengths(rows));
                }
                for tree in trees.iter().filter(|_| heaps.is_empty()) {
                    add(&|rows| tree.cuts.leaves(rows).map(|leaf| tree.path_lengths[leaf as usize]));
                }
            }
            Trees::Oblique(trees) => {
                let values: Vec<f32> = rows.flatten().map(|&value| single(value)).collect();
                for tree in trees {
                    for (row, sum) in values.chunks_exact(matrix.width()).zip(&mut *lengths) {
                        *sum += tree.path_length(row);
                    }
                }
            }
        }
        for length in lengths {
            *length /= self.trees.len() as f64;
        }
    }
}

#[expect(clippy::expect_used, reason = "a power of two of a bounded, finite exponent is finite")]
fn score_in_range(value: f64) -> Score {
    Score::new(value).expect("a finite score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    fn fit(matrix: &FeatureMatrix, seed: u64) -> IsolationForest {
        IsolationForestParams::default().check().unwrap().fit(matrix, seed).unwrap()
    }

    fn fit_extended(matrix: &FeatureMatrix, level: u32, seed: u64) -> IsolationForest {
        IsolationForestParams::default().extension_level(level).check().unwrap().fit(matrix, seed).unwrap()
    }

    fn mean_root(forest: &IsolationForest) -> f64 {
        let roots: Vec<f64> = match &forest.trees {
            Trees::Axis(trees, _) => trees.iter().map(AxisTree::root_path_length).collect(),
            Trees::Oblique(trees) => trees.iter().map(ObliqueTree::root_path_length).collect(),
        };
        roots.iter().sum::<f64>() / roots.len() as f64
    }

    #[test]
    fn an_outlier_scores_high_and_the_centre_low() {
        let forest = fit(&bell(2000, 3, 1), 42);
        let rows = synthetic::matrix(3, &[[0.0; 3], [8.0, -8.0, 8.0], [1e300; 3], [-1e300, 0.0, 0.0]]);
        let scores: Vec<f64> = forest.score(&rows).unwrap().into_iter().map(Score::get).collect();
        assert!(scores[0] < 0.5, "{scores:?}");
        assert!(scores[1] > 0.6 && scores[2] > 0.6, "{scores:?}");
        assert!(scores[3] > scores[0] && scores[3] < scores[2], "{scores:?}");
        assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
    }

    #[test]
    fn equal_rows_score_one_half() {
        let constant = synthetic::matrix(2, &[[3.0, 4.0]; 10]);
        let scores = fit(&constant, 1).score(&constant).unwrap();
        assert!(scores.iter().all(|s| (s.get() - 0.5).abs() < 1e-12));
    }

    #[test]
    fn the_seed_decides_and_the_number_of_threads_does_not() {
        let (training, rows) = (bell(1000, 4, 1), bell(777, 4, 2));
        let on = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                [fit(&training, seed), fit_extended(&training, 1, seed)].map(|forest| {
                    let scores: Vec<u64> = forest.score(&rows).unwrap().iter().map(|s| s.get().to_bits()).collect();
                    (forest, scores)
                })
            })
        };
        assert_eq!(on(1, 7), on(4, 7));
        assert_ne!(on(1, 7)[0].1, on(1, 8)[0].1);
    }

    #[test]
    fn a_score_does_not_depend_on_the_rows_around_it() {
        let (forest, rows) = (fit(&bell(500, 3, 1), 1), bell(2 * BLOCK + 3, 3, 2));
        let together = forest.score(&rows).unwrap();
        for row in [0, 7, BLOCK - 1, BLOCK, 2 * BLOCK + 2] {
            assert_eq!(forest.score(&synthetic::matrix(3, &[rows.row(row)])).unwrap(), [together[row]]);
        }
        assert_eq!(forest.score(&FeatureMatrix::new(synthetic::schema(3))), Ok(vec![]));
    }

    #[test]
    fn contributions_sum_to_the_length_taken_off_the_path() {
        let rows = bell(100, 5, 2);
        for forest in [fit(&bell(1000, 5, 1), 3), fit_extended(&bell(1000, 5, 1), 2, 3)] {
            let roots = mean_root(&forest);
            let normal = path_length::expected_path_length(forest.sample_size);
            for (row, score) in forest.score(&rows).unwrap().into_iter().enumerate() {
                let path = -score.get().log2() * normal;
                let explanation = forest.explain(&rows, row).unwrap();
                assert_eq!(explanation.contributions.len(), 5);
                assert!((explanation.sum() - (roots - path)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_planted_feature_comes_first() {
        let forests = [fit(&bell(2000, 6, 1), 11), fit_extended(&bell(2000, 6, 1), 5, 11)];
        for (planted, forest) in (0..6).flat_map(|planted| forests.iter().map(move |forest| (planted, forest))) {
            let mut row = [0.1; 6];
            row[planted] = 9.0;
            let explanation = forest.explain(&synthetic::matrix(6, &[row]), 0).unwrap();
            let [first, second, ..] = explanation.contributions[..] else { panic!("six features") };
            assert_eq!(first.feature, planted);
            assert!(first.amount > 0.0 && second.amount < first.amount / 2.0, "{explanation:?}");
        }
    }

    /// Hariri et al., figure 2: beside two groups, cuts parallel to the axes take the two empty corners for usual.
    #[test]
    fn the_extended_forest_sees_the_empty_corners() {
        let blobs = bell(1000, 2, 1);
        let shifted =
            |(i, row): (usize, &[f64])| if i % 2 == 0 { [row[0], row[1] + 10.0] } else { [row[0] + 10.0, row[1]] };
        let training = synthetic::matrix(2, &blobs.rows().enumerate().map(shifted).collect::<Vec<_>>());
        let rows = synthetic::matrix(2, &[[0.0, 0.0], [10.0, 10.0], [0.0, 10.0], [10.0, 0.0]]);
        let gap = |forest: IsolationForest| {
            let s: Vec<f64> = forest.score(&rows).unwrap().into_iter().map(Score::get).collect();
            s[0].min(s[1]) - s[2].max(s[3])
        };
        for seed in 0..5 {
            let (axis, extended) = (gap(fit(&training, seed)), gap(fit_extended(&training, 1, seed)));
            assert!(extended > axis + 0.05, "{axis} {extended}");
        }
    }

    #[test]
    fn a_row_of_weight_w_is_as_usual_as_w_rows() {
        let (mut rows, mut weights) = (vec![[0.0]; 1], vec![500.0]);
        rows.extend(bell(500, 1, 1).rows().map(|row| [row[0] + 20.0]));
        weights.resize(rows.len(), 1.0);
        let matrix = synthetic::matrix(1, &rows);
        let params = IsolationForestParams::default().check().unwrap();
        let score = |forest: IsolationForest| forest.score(&matrix).unwrap()[0].get();
        let (alone, heavy) = (params.fit(&matrix, 1).unwrap(), params.fit_weighted(&matrix, &weights, 1).unwrap());
        let mut copies = vec![[0.0]; 500];
        copies.extend_from_slice(&rows[1..]);
        let copied = score(params.fit(&synthetic::matrix(1, &copies), 1).unwrap());
        let (alone, heavy) = (score(alone), score(heavy));
        assert!(alone > 0.7 && (heavy - copied).abs() < 0.02, "{alone} {heavy} {copied}");
    }

    #[test]
    fn deep_trees_and_wide_rows_score_as_their_paths_are() {
        let params = IsolationForestParams::default().trees(10).sample_size(2000).check().unwrap();
        for (rows, width) in [(2000, 3), (300, 300)] {
            let matrix = bell(rows, width, 1);
            let forest = params.fit(&matrix, 1).unwrap();
            assert!(matches!(&forest.trees, Trees::Axis(_, heaps) if heaps.is_empty()));
            let roots = mean_root(&forest);
            let normal = path_length::expected_path_length(forest.sample_size);
            for (row, score) in forest.score(&matrix).unwrap().into_iter().enumerate().take(50) {
                let path = -score.get().log2() * normal;
                assert!((forest.explain(&matrix, row).unwrap().sum() - (roots - path)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn another_schema_or_a_missing_row_is_an_error() {
        let (forest, other) = (fit(&bell(100, 2, 1), 1), bell(1, 3, 1));
        let mismatch = SchemaMismatch::Width { expected: 2, got: 3 };
        assert_eq!(forest.score(&other), Err(mismatch.clone()));
        assert_eq!(forest.explain(&other, 0), Err(ExplainError::Schema(mismatch)));
        assert_eq!(forest.explain(&bell(1, 2, 1), 1), Err(ExplainError::NoSuchRow { row: 1, rows: 1 }));
    }
}
