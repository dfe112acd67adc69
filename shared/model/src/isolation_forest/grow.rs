//! Growing one tree from a random sample of rows.

use rand::{RngExt, SeedableRng, seq::index};
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_domain::matrix::FeatureMatrix;

use super::tree::{Node, Tree};

/// The generator of one tree. Both numbers are mixed, so that neither neighbouring seeds nor neighbouring trees share
/// part of their sequences.
pub(super) fn generator(seed: u64, tree: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(splitmix(splitmix(seed).wrapping_add(tree)))
}

/// One step of `SplitMix64` (Steele, Lea, Flood 2014): a bijection whose every output bit hangs on every input bit.
fn splitmix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The depth at which growing stops: that of a balanced tree, beyond which rows are no longer anomalous anyway.
pub(super) fn height_limit(sample_size: u32) -> u32 {
    sample_size.next_power_of_two().trailing_zeros()
}

/// A tree over `sample_size` of the matrix's rows, drawn without replacement. At most as many as there are, at least 1.
pub(super) fn grow(matrix: &FeatureMatrix, sample_size: u32, mut rng: Xoshiro256PlusPlus) -> Tree {
    let drawn = index::sample(&mut rng, matrix.len(), sample_size as usize);
    let mut sample = Sample::gather(matrix, drawn.into_iter().map(|row| matrix.row(row)), sample_size);

    let mut nodes = vec![Node::leaf(0)];
    let mut samples = vec![sample_size];
    let mut open = vec![(0, 0..sample_size as usize, height_limit(sample_size))];
    while let Some((at, range, height)) = open.pop() {
        if height == 0 || range.len() < 2 {
            continue;
        }
        let Some((feature, threshold)) = sample.draw_split(range.clone(), &mut rng) else { continue };
        let middle = range.start + sample.partition(range.clone(), feature, threshold);
        let left = nodes.len();
        nodes[at] = Node { threshold, feature, left: left as u32 };
        for (child, range) in [(left, range.start..middle), (left + 1, middle..range.end)] {
            nodes.push(Node::leaf(child));
            samples.push(range.len() as u32);
            open.push((child, range, height - 1));
        }
    }
    Tree::new(nodes, samples)
}

/// The rows of one tree, column by column, and their order: every node owns a range of it.
struct Sample {
    columns: Vec<Vec<f64>>,
    order: Vec<u32>,
    /// All features, shuffled as they are drawn.
    features: Vec<u32>,
}

impl Sample {
    fn gather<'a>(matrix: &FeatureMatrix, rows: impl Iterator<Item = &'a [f64]>, sample_size: u32) -> Self {
        let mut columns = vec![Vec::with_capacity(sample_size as usize); matrix.width()];
        for row in rows {
            for (column, &value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let features = (0..columns.len() as u32).collect();
        Self { columns, order: (0..sample_size).collect(), features }
    }

    /// A feature, uniformly among those that are not constant on the range, and a threshold that leaves rows on both
    /// sides. None when all rows are equal.
    fn draw_split(&mut self, range: std::ops::Range<usize>, rng: &mut Xoshiro256PlusPlus) -> Option<(u32, f64)> {
        for drawn in 0..self.features.len() {
            let pick = rng.random_range(drawn..self.features.len());
            self.features.swap(drawn, pick);
            let feature = self.features[drawn];
            let column = &self.columns[feature as usize];
            let (min, max) = self.order[range.clone()]
                .iter()
                .map(|&row| column[row as usize])
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
            if min < max {
                return Some((feature, between(min, max, rng.random())));
            }
        }
        None
    }

    /// Puts the rows up to the threshold first and tells how many they are.
    fn partition(&mut self, range: std::ops::Range<usize>, feature: u32, threshold: f64) -> usize {
        let column = &self.columns[feature as usize];
        let order = &mut self.order[range];
        let mut lefts = 0;
        for i in 0..order.len() {
            if column[order[i] as usize] <= threshold {
                order.swap(lefts, i);
                lefts += 1;
            }
        }
        lefts
    }
}

/// The point at `share` in [0, 1) of the way: at least `min`, below `max`, finite however far apart the two are.
fn between(min: f64, max: f64, share: f64) -> f64 {
    (min * (1.0 - share) + max * share).clamp(min, max.next_down())
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::synthetic;

    #[test]
    fn the_height_limit_is_the_binary_logarithm_rounded_up() {
        assert_eq!([2, 3, 4, 5, 255, 256, 257, 65_536].map(height_limit), [1, 2, 2, 3, 8, 8, 9, 16]);
    }

    #[test]
    fn generators_of_neighbouring_seeds_and_trees_differ() {
        let mut first: Vec<u64> =
            (0..50).flat_map(|seed| (0..50).map(move |tree| generator(seed, tree).random())).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 2500);
    }

    #[test]
    fn equal_rows_make_a_single_leaf_and_constant_features_are_never_split() {
        let tree = grow(&synthetic::column(&[7.0; 10]), 10, generator(1, 0));
        assert_eq!(tree.nodes().len(), 1);

        let rows: Vec<[f64; 3]> = (0..64).map(|i| [1.0, f64::from(i), -1.0]).collect();
        let tree = grow(&synthetic::matrix(3, &rows), 64, generator(1, 0));
        assert!(tree.nodes().iter().enumerate().all(|(at, n)| n.is_leaf(at) || n.feature == 1));
        assert!(tree.depth() <= 6);
    }

    #[test]
    fn every_feature_that_varies_is_as_likely() {
        let matrix = synthetic::bell(300, 4, 3);
        let mut roots = [0_u32; 4];
        for tree in 0..2000 {
            roots[grow(&matrix, 8, generator(5, tree)).nodes()[0].feature as usize] += 1;
        }
        assert!(roots.iter().all(|n| (420..580).contains(n)), "{roots:?}");
    }

    proptest! {
        #[test]
        fn both_sides_of_a_split_have_rows(
            values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 2..40),
            seed: u64,
        ) {
            let tree = grow(&synthetic::column(&values), values.len() as u32, generator(seed, 0));
            prop_assert!(tree.samples().iter().all(|&n| n > 0));
            let leaves = tree.nodes().iter().enumerate().filter(|(at, node)| node.is_leaf(*at));
            prop_assert_eq!(leaves.map(|(at, _)| tree.samples()[at]).sum::<u32>(), values.len() as u32);
        }

        #[test]
        fn a_threshold_is_between(a in prop::num::f64::NORMAL, b in prop::num::f64::NORMAL, share in 0.0..1.0) {
            prop_assume!(a != b);
            let t = between(a.min(b), a.max(b), share);
            prop_assert!(a.min(b) <= t && t < a.max(b));
        }
    }
}
