//! One isolation tree: its cuts, and how long the paths to its nodes are expected to be.

use super::keys::{key, single};
use super::path_length::expected_path_length;
use crate::tree::{Shape, Tree};

/// What a tree cuts with, and the training rows and path lengths of its nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IsolationTree<C> {
    pub(super) cuts: C,
    /// Training rows that reached each node.
    pub(super) samples: Vec<u32>,
    /// Expected path length at each node: at a leaf its depth and correction, at a split the mean over the leaves below,
    /// weighted by training rows.
    pub(super) path_lengths: Vec<f64>,
}

/// Cuts parallel to the axes; keys of single-precision values.
pub(super) type AxisTree = IsolationTree<Tree<u32>>;

impl<C> IsolationTree<C> {
    /// From the training rows of the leaves, in the order of their nodes.
    pub(super) fn new(cuts: C, shape: &Shape, leaves: &[u32]) -> Result<Self, &'static str> {
        let count = shape.left.len();
        let mut depths = vec![0_u32; count];
        for at in (0..count).filter(|&at| !shape.is_leaf(at)) {
            let left = shape.left[at] as usize;
            depths[left] = depths[at] + 1;
            depths[left + 1] = depths[at] + 1;
        }
        let mut samples = vec![0_u32; count];
        let mut path_lengths = vec![0.0; count];
        let mut leaves = leaves.iter().rev();
        for at in (0..count).rev() {
            if shape.is_leaf(at) {
                samples[at] = *leaves.next().ok_or("fewer counts than leaves")?;
                path_lengths[at] = f64::from(depths[at]) + expected_path_length(samples[at]);
            } else {
                let left = shape.left[at] as usize;
                let sum = samples[left].checked_add(samples[left + 1]).filter(|&sum| sum > 0);
                samples[at] = sum.ok_or("a split without training rows, or with too many")?;
                let weighted = |child: usize| f64::from(samples[child]) * path_lengths[child];
                path_lengths[at] = (weighted(left) + weighted(left + 1)) / f64::from(samples[at]);
            }
        }
        if leaves.next().is_some() {
            return Err("more counts than leaves");
        }
        Ok(Self { cuts, samples, path_lengths })
    }

    /// Training rows of the leaves, in the order of their nodes.
    pub(super) fn leaf_samples(&self, is_leaf: impl Fn(usize) -> bool) -> Vec<u32> {
        let samples = self.samples.iter().enumerate();
        samples.filter(|(at, _)| is_leaf(*at)).map(|(_, &samples)| samples).collect()
    }

    /// Expected path length at the root.
    #[cfg(test)]
    pub(super) fn root_path_length(&self) -> f64 {
        self.path_lengths[0]
    }
}

impl AxisTree {
    /// Adds to the feature of each split on the row's path what the split took off the expected path length.
    pub(super) fn add_contributions(&self, row: &[f64], amounts: &mut [f64]) {
        for (feature, parent, child) in self.cuts.path(|feature| key(single(row[feature]))) {
            amounts[feature] += self.path_lengths[parent] - self.path_lengths[child];
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::isolation_forest::heap::Heap;
    use crate::tree::Split;

    /// Four rows, one of which leaves at once to the right.
    fn tree() -> AxisTree {
        let splits = [Some(Split { feature: 1, threshold: key(5.0) }), None, None];
        let shape = Shape::breadth_first(splits.iter().map(Option::is_some)).unwrap();
        IsolationTree::new(Tree::new(&splits, 2).unwrap(), &shape, &[3, 1]).unwrap()
    }

    #[test]
    fn path_lengths_are_depth_plus_correction_and_their_mean() {
        let (long, short) = (1.0 + (3.0 - 4.0 / 3.0), 1.0);
        assert_eq!(tree().path_lengths, [(3.0 * long + short) / 4.0, long, short]);
        assert_eq!(tree().samples, [4, 3, 1]);
    }

    #[test]
    fn a_value_at_the_threshold_goes_left() {
        let rows = [[0.0, 5.0], [0.0, 5.1], [0.0, 1e30], [9.0, -1e30], [0.0; 2], [0.0; 2], [0.0; 2], [0.0; 2]];
        let lengths = Heap::new(&tree()).unwrap().path_lengths(&rows.map(|row| row.map(key)));
        let long = tree().path_lengths[1];
        assert_eq!(lengths, [long, 1.0, 1.0, long, long, long, long, long]);
    }

    #[test]
    fn a_split_is_credited_with_the_length_it_took_off() {
        let mut amounts = [0.0, 0.0];
        tree().add_contributions(&[0.0, 9.0], &mut amounts);
        assert_eq!(amounts, [0.0, tree().root_path_length() - 1.0]);
    }

    #[test]
    fn every_leaf_has_one_count() {
        let shape = Shape::breadth_first([true, false, false].into_iter()).unwrap();
        let with = |leaves: &[u32]| IsolationTree::new((), &shape, leaves).map(|tree| tree.samples);
        assert_eq!(with(&[0, 2]), Ok(vec![2, 0, 2]));
        assert!(with(&[2]).is_err() && with(&[1, 1, 1]).is_err());
        assert!(with(&[0, 0]).is_err() && with(&[u32::MAX, 1]).is_err());
    }
}
