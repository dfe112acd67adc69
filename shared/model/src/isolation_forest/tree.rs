//! One isolation tree: a flat array of nodes, and the way of a row through it.

use super::path_length::expected_path_length;

/// Rows that go down a tree side by side: enough to hide the latency of each other's loads.
pub(super) const LANES: usize = 8;

/// 16 bytes, so that the at most 511 nodes of a tree over 256 rows fill a quarter of a first-level cache.
///
/// A leaf leads to itself: its threshold is infinite and `left` is its own index. So a row may be walked for as many
/// steps as the tree is deep without asking whether it has arrived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) threshold: f64,
    pub(super) feature: u32,
    /// Where values up to the threshold go; larger ones go to `left + 1`.
    pub(super) left: u32,
}

impl Node {
    pub(super) fn leaf(index: usize) -> Self {
        Self { threshold: f64::INFINITY, feature: 0, left: index as u32 }
    }

    pub(super) fn is_leaf(self, index: usize) -> bool {
        self.left as usize == index
    }
}

/// Invariant: a node is a leaf or has its two children behind it, next to each other and inside the array; every node
/// but the root is a child exactly once; features are below the width of the schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Training rows that reached each node.
    samples: Vec<u32>,
    /// Expected path length at each node: at a leaf its depth and correction, at a split the mean over the leaves below,
    /// weighted by training rows.
    path_lengths: Vec<f64>,
    /// Steps after which every row is in a leaf.
    depth: u32,
}

impl Tree {
    /// The caller vouches for the invariant.
    pub(super) fn new(nodes: Vec<Node>, samples: Vec<u32>) -> Self {
        let mut depths = vec![0_u32; nodes.len()];
        for (at, node) in nodes.iter().enumerate().filter(|(at, node)| !node.is_leaf(*at)) {
            let left = node.left as usize;
            depths[left] = depths[at] + 1;
            depths[left + 1] = depths[at] + 1;
        }
        let mut path_lengths = vec![0.0; nodes.len()];
        for (at, node) in nodes.iter().enumerate().rev() {
            path_lengths[at] = if node.is_leaf(at) {
                f64::from(depths[at]) + expected_path_length(samples[at])
            } else {
                let weighted = |child: usize| f64::from(samples[child]) * path_lengths[child];
                (weighted(node.left as usize) + weighted(node.left as usize + 1)) / f64::from(samples[at])
            };
        }
        let depth = depths.into_iter().max().unwrap_or(0);
        Self { nodes, samples, path_lengths, depth }
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn samples(&self) -> &[u32] {
        &self.samples
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// Expected path length at the root.
    #[cfg(test)]
    pub(super) fn root_path_length(&self) -> f64 {
        self.path_lengths[0]
    }

    /// Adds each row's path length to its sum. The rows are contiguous and padded to a multiple of [`LANES`].
    pub(super) fn add_path_lengths(&self, rows: &[f64], width: usize, sums: &mut [f64]) {
        for (rows, sums) in rows.chunks_exact(LANES * width).zip(sums.chunks_mut(LANES)) {
            let mut at = [0_usize; LANES];
            for _ in 0..self.depth {
                for (at, row) in at.iter_mut().zip(rows.chunks_exact(width)) {
                    let node = self.nodes[*at];
                    *at = node.left as usize + usize::from(row[node.feature as usize] > node.threshold);
                }
            }
            for (sum, at) in sums.iter_mut().zip(at) {
                *sum += self.path_lengths[at];
            }
        }
    }

    /// Adds to the feature of each split on the row's path what the split took off the expected path length.
    pub(super) fn add_contributions(&self, row: &[f64], amounts: &mut [f64]) {
        let mut at = 0;
        while !self.nodes[at].is_leaf(at) {
            let Node { threshold, feature, left } = self.nodes[at];
            let child = left as usize + usize::from(row[feature as usize] > threshold);
            amounts[feature as usize] += self.path_lengths[at] - self.path_lengths[child];
            at = child;
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    /// Four rows, one of which leaves at once to the right.
    fn tree() -> Tree {
        let split = Node { threshold: 5.0, feature: 1, left: 1 };
        Tree::new(vec![split, Node::leaf(1), Node::leaf(2)], vec![4, 3, 1])
    }

    #[test]
    fn path_lengths_are_depth_plus_correction_and_their_mean() {
        let (long, short) = (1.0 + (3.0 - 4.0 / 3.0), 1.0);
        assert_eq!(tree().path_lengths, [(3.0 * long + short) / 4.0, long, short]);
        assert_eq!(size_of::<Node>(), 16);
    }

    #[test]
    fn a_value_at_the_threshold_goes_left() {
        let mut rows = vec![0.0; LANES * 2];
        rows[1] = 5.0;
        rows[3] = 5.1;
        let mut sums = [10.0, 10.0];
        tree().add_path_lengths(&rows, 2, &mut sums);
        assert_eq!(sums, [10.0 + tree().path_lengths[1], 11.0]);
    }

    #[test]
    fn a_split_is_credited_with_the_length_it_took_off() {
        let mut amounts = [0.0, 0.0];
        tree().add_contributions(&[0.0, 9.0], &mut amounts);
        assert_eq!(amounts, [0.0, tree().root_path_length() - 1.0]);
    }
}
