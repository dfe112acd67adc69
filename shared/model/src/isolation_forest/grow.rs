//! Growing one tree from a random sample of rows.

use std::collections::VecDeque;
use std::ops::Range;

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_domain::matrix::FeatureMatrix;

use super::keys::{key, single};
use super::oblique::{Cut, Oblique, ObliqueTree, Term};
use super::tree::{AxisTree, IsolationTree};
use crate::tree::{Shape, Split, Tree};

/// The depth at which growing stops: that of a balanced tree, beyond which rows are no longer anomalous anyway.
pub(super) fn height_limit(sample_size: u32) -> u32 {
    sample_size.next_power_of_two().trailing_zeros()
}

/// A tree over the rows drawn, at least one, whose cuts look at one feature each.
pub(super) fn grow_axis(matrix: &FeatureMatrix, drawn: &[usize], mut rng: Xoshiro256PlusPlus) -> AxisTree {
    let mut sample = Sample::gather(matrix, drawn);
    let (cuts, leaves) = grow(drawn.len(), |order| {
        let feature = sample.draw_feature(order, &mut rng)?;
        let (min, max) = sample.range(feature, order);
        let threshold = between(min, max, rng.random());
        let column = &sample.columns[feature as usize];
        let lefts = partition(order, |row| column[row as usize] <= threshold);
        Some((Split { feature: feature as u16, threshold: key(threshold) }, lefts))
    });
    let shape = shape(&cuts);
    finish(Tree::grown(&cuts, matrix.width()), &shape, &leaves)
}

/// A tree over the rows drawn, at least one, whose cuts are hyperplanes of at most `terms` features.
///
/// The normal is drawn from independent standard normals and the cut goes through a point uniform in the rows' bounding
/// box, as Hariri et al. have it. So all rows may be on one side; the empty other side is a leaf at once.
pub(super) fn grow_oblique(
    matrix: &FeatureMatrix,
    drawn: &[usize],
    terms: usize,
    mut rng: Xoshiro256PlusPlus,
) -> ObliqueTree {
    let mut sample = Sample::gather(matrix, drawn);
    let (cuts, leaves) = grow(drawn.len(), |order| {
        let mut cut = Cut::default();
        let mut feature = Some(sample.draw_after(0, order, &mut rng)?);
        while let Some((place, drawn)) = feature {
            let (min, max) = sample.range(drawn, order);
            let (normal, point) = (standard_normal(&mut rng), between(min, max, rng.random()));
            cut.0.push(Term { feature: drawn as u16, normal, point });
            feature = if cut.0.len() < terms { sample.draw_after(place + 1, order, &mut rng) } else { None };
        }
        let lefts = partition(order, |row| !cut.is_right(|feature| sample.columns[feature][row as usize]));
        Some((cut, lefts))
    });
    let shape = shape(&cuts);
    finish(Oblique { shape: shape.clone(), cuts }, &shape, &leaves)
}

#[expect(clippy::expect_used, reason = "every split was followed by its two children")]
fn shape<S>(splits: &[Option<S>]) -> Shape {
    Shape::breadth_first(splits.iter().map(Option::is_some)).expect("a tree in breadth-first order")
}

#[expect(clippy::expect_used, reason = "each leaf has its count")]
fn finish<C>(cuts: C, shape: &Shape, leaves: &[u32]) -> IsolationTree<C> {
    IsolationTree::new(cuts, shape, leaves).expect("one count per leaf")
}

/// Cuts breadth first, down to the height limit, until `cut` finds nothing to tell apart. It reorders the rows it is
/// given and tells how many go left. What comes back is each node's cut, none at the leaves, and the leaves' counts.
fn grow<S>(rows: usize, mut cut: impl FnMut(&mut [u32]) -> Option<(S, usize)>) -> (Vec<Option<S>>, Vec<u32>) {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    let (mut cuts, mut leaves) = (vec![], vec![]);
    let mut open: VecDeque<(Range<usize>, u32)> = VecDeque::from([(0..rows, height_limit(rows as u32))]);
    while let Some((range, height)) = open.pop_front() {
        let found = if height == 0 || range.len() < 2 { None } else { cut(&mut order[range.clone()]) };
        if let Some((_, lefts)) = &found {
            let middle = range.start + lefts;
            open.extend([(range.start..middle, height - 1), (middle..range.end, height - 1)]);
        } else {
            leaves.push(range.len() as u32);
        }
        cuts.push(found.map(|(cut, _)| cut));
    }
    (cuts, leaves)
}

/// The rows of one tree, column by column.
struct Sample {
    columns: Vec<Vec<f32>>,
    /// All features, shuffled as they are drawn.
    features: Vec<u32>,
}

impl Sample {
    fn gather(matrix: &FeatureMatrix, drawn: &[usize]) -> Self {
        let mut columns = vec![Vec::with_capacity(drawn.len()); matrix.width()];
        for &row in drawn {
            for (column, &value) in columns.iter_mut().zip(matrix.row(row)) {
                column.push(single(value));
            }
        }
        let features = (0..columns.len() as u32).collect();
        Self { columns, features }
    }

    /// A feature, uniformly among those that vary in the rows. None when all rows are equal.
    fn draw_feature(&mut self, rows: &[u32], rng: &mut Xoshiro256PlusPlus) -> Option<u32> {
        self.draw_after(0, rows, rng).map(|(_, feature)| feature)
    }

    /// The same among the features not drawn before this place, and its place.
    fn draw_after(&mut self, place: usize, rows: &[u32], rng: &mut Xoshiro256PlusPlus) -> Option<(usize, u32)> {
        for drawn in place..self.features.len() {
            let pick = rng.random_range(drawn..self.features.len());
            self.features.swap(drawn, pick);
            let feature = self.features[drawn];
            let (min, max) = self.range(feature, rows);
            if min < max {
                return Some((drawn, feature));
            }
        }
        None
    }

    /// The smallest and the largest value of the rows.
    fn range(&self, feature: u32, rows: &[u32]) -> (f32, f32) {
        let column = &self.columns[feature as usize];
        let values = rows.iter().map(|&row| column[row as usize]);
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)))
    }
}

/// Puts the rows that go left first and tells how many they are.
fn partition(order: &mut [u32], is_left: impl Fn(u32) -> bool) -> usize {
    let mut lefts = 0;
    for i in 0..order.len() {
        if is_left(order[i]) {
            order.swap(lefts, i);
            lefts += 1;
        }
    }
    lefts
}

/// The point at `share` in [0, 1) of the way: at least `min`, below `max`, never −0.
fn between(min: f32, max: f32, share: f64) -> f32 {
    let point = f64::from(min) * (1.0 - share) + f64::from(max) * share;
    (point as f32).clamp(min, max.next_down()) + 0.0
}

/// A draw from the standard normal distribution (Box & Muller 1958), within ±7.
fn standard_normal(rng: &mut Xoshiro256PlusPlus) -> f32 {
    let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    let radius = (-2.0 * radius.max(1e-10).ln()).sqrt();
    (radius * (std::f64::consts::TAU * angle).cos()) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeds::generator;
    use crate::synthetic;

    fn grow_all(matrix: &FeatureMatrix, seed: u64) -> AxisTree {
        grow_axis(matrix, &(0..matrix.len()).collect::<Vec<_>>(), generator(seed, 0))
    }

    #[test]
    fn the_height_limit_is_the_binary_logarithm_rounded_up() {
        assert_eq!([1, 2, 3, 4, 5, 255, 256, 257, 65_536].map(height_limit), [0, 1, 2, 2, 3, 8, 8, 9, 16]);
    }

    #[test]
    fn equal_rows_make_a_single_leaf_and_constant_features_are_never_split() {
        assert_eq!(grow_all(&synthetic::column(&[7.0; 10]), 1).cuts.len(), 1);

        let rows: Vec<[f64; 3]> = (0..64).map(|i| [1.0, f64::from(i), -1.0]).collect();
        let matrix = synthetic::matrix(3, &rows);
        let tree = grow_all(&matrix, 1).cuts;
        assert!(tree.splits().flatten().all(|split| split.feature == 1));
        assert!(tree.depth() <= 6);

        let all: Vec<usize> = (0..64).collect();
        let oblique = grow_oblique(&matrix, &all, 3, generator(1, 0)).cuts;
        assert!(oblique.shape.depth > 0);
        assert!(oblique.cuts.iter().flatten().all(|cut| cut.0.len() == 1 && cut.0[0].feature == 1));
    }

    #[test]
    fn every_feature_that_varies_is_as_likely() {
        let matrix = synthetic::bell(8, 4, 3);
        let mut roots = [0_u32; 4];
        for seed in 0..2000 {
            roots[usize::from(grow_all(&matrix, seed).cuts.split(0).unwrap().feature)] += 1;
        }
        assert!(roots.iter().all(|n| (420..580).contains(n)), "{roots:?}");
    }

    #[test]
    fn normals_are_standard() {
        let mut rng = generator(1, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| f64::from(standard_normal(&mut rng))).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|d| d * d).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    proptest! {
        #[test]
        fn both_sides_of_a_split_have_rows(
            values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 2..40),
            seed: u64,
        ) {
            let tree = grow_all(&synthetic::column(&values), seed);
            prop_assert!(tree.samples.iter().all(|&n| n > 0));
            prop_assert_eq!(tree.samples[0], values.len() as u32);
        }

        #[test]
        fn a_threshold_is_between(a in prop::num::f32::NORMAL, b in prop::num::f32::NORMAL, share in 0.0..1.0) {
            let (min, max) = (a.min(b), a.max(b));
            prop_assume!(min < max);
            let t = between(min, max, share);
            prop_assert!(min <= t && t < max);
        }
    }
}
