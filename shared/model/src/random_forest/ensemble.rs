//! What both forests are: bins, trees, and ways through them.

use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use super::bins::Bins;
use super::bootstrap::{self, Drawn};
use super::grow::{Criterion, GrownTree, Limits, grow};
use crate::error::{ExplainError, FitError, SchemaMismatch};
use crate::seeds::generator;
use crate::tree::{LANES, Tree, groups, with_padded_width};

/// Rows that pass one tree before the next is fetched, at most: large trees fill the second-level cache.
const MAX_BLOCK_ROWS: usize = 1024;
/// Their bins and numbers, about.
const BLOCK_BYTES: usize = 1 << 16;

/// Features at most: splits number them with 16 bits.
pub(super) const MAX_FEATURES: usize = 65_536;

/// A tree, and at each of its leaves the index of what the leaf says in the forest's table (0 at splits).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LeafyTree {
    pub(super) tree: Tree<u8>,
    pub(super) leaf: Vec<u32>,
}

impl LeafyTree {
    /// From the leaves' indices in the order of their nodes; None when there is not one for each.
    pub(super) fn new(tree: &Tree<u8>, leaves: &mut impl Iterator<Item = u32>) -> Option<Self> {
        let (tree, places) = tree.depth_first();
        let mut leaf = vec![0; tree.len()];
        for at in places.into_iter().filter(|&at| tree.is_leaf(at)) {
            leaf[at] = leaves.next()?;
        }
        Some(Self { tree, leaf })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ensemble {
    pub(super) schema: Arc<FeatureSchema>,
    pub(super) bins: Bins,
    pub(super) trees: Vec<LeafyTree>,
    /// Of each feature: its share of what all splits took off the impurity.
    pub(super) importances: Vec<f64>,
}

impl Ensemble {
    /// Grows the trees. What the leaves say becomes indices through `enter`, tree by tree.
    ///
    /// # Errors
    /// When nothing can be fitted on the matrix.
    pub(super) fn fit<C: Criterion>(
        matrix: &FeatureMatrix,
        criterion: &C,
        class: impl Fn(usize) -> u16 + Sync,
        (trees, limits): (u32, Limits),
        seed: u64,
        mut enter: impl FnMut(C::Leaf) -> u32,
    ) -> Self {
        let bins = Bins::fit(matrix);
        let columns = bins.columns(matrix);
        let grow_one = |tree: u32| {
            let mut rng = generator(seed, u64::from(tree));
            let copies = bootstrap::draw(matrix.len(), &mut rng).into_iter().enumerate();
            let drawn = copies.filter(|(_, copies)| *copies > 0);
            let rows = drawn.map(|(row, copies)| Drawn { row: row as u32, copies, class: class(row) }).collect();
            grow(criterion, &columns, rows, limits, &mut rng)
        };
        let grown: Vec<GrownTree<C::Leaf>> = (0..trees).into_par_iter().map(grow_one).collect();
        let importances = mean_importances(&grown, matrix.width());
        let leafy = |grown: GrownTree<C::Leaf>| {
            let mut leaves = grown.leaves.into_iter().map(&mut enter);
            LeafyTree::new(&grown.tree, &mut leaves)
        };
        // Every leaf says something, so no tree is left out.
        let trees = grown.into_iter().filter_map(leafy).collect();
        Self { schema: Arc::clone(matrix.schema()), bins, trees, importances }
    }

    /// Calls `add` with each tree, row, index of the row's leaf, and the row's numbers, `stride` of them. In the order of
    /// the trees for each row, on any number of threads.
    pub(super) fn visit(
        &self,
        matrix: &FeatureMatrix,
        stride: usize,
        add: impl Fn(usize, usize, usize, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        with_padded_width!(matrix.width(), self.visit_padded(matrix, stride, add))
    }

    fn visit_padded<const WIDTH: usize>(
        &self,
        matrix: &FeatureMatrix,
        stride: usize,
        add: impl Fn(usize, usize, usize, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let row_bytes = WIDTH + stride * size_of::<f64>();
        let block_rows = (BLOCK_BYTES / row_bytes).clamp(LANES, MAX_BLOCK_ROWS) / LANES * LANES;
        let mut values = vec![0.0; matrix.len() * stride];
        values.par_chunks_mut(block_rows * stride).enumerate().for_each(|(block, values)| {
            let first = block * block_rows;
            let rows = (first..first + values.len() / stride).map(|row| matrix.row(row));
            let groups = groups::<u8, WIDTH>(rows, |feature, value| self.bins.bin(feature, value));
            for (number, LeafyTree { tree, leaf }) in self.trees.iter().enumerate() {
                for (group, (bins, values)) in groups.iter().zip(values.chunks_mut(LANES * stride)).enumerate() {
                    let leaves = tree.leaves(bins);
                    for (lane, (values, at)) in values.chunks_exact_mut(stride).zip(leaves).enumerate() {
                        add(number, first + group * LANES + lane, leaf[at as usize] as usize, values);
                    }
                }
            }
        });
        values
    }

    /// The same for the rows a tree was not grown on, of the matrix the forest was fitted on with this seed; the last
    /// number of a row counts its trees.
    pub(super) fn visit_out_of_bag(
        &self,
        matrix: &FeatureMatrix,
        seed: u64,
        stride: usize,
        add: impl Fn(usize, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let in_bag = |tree: usize| -> Vec<bool> {
            let copies = bootstrap::draw(matrix.len(), &mut generator(seed, tree as u64));
            copies.into_iter().map(|copies| copies > 0).collect()
        };
        let in_bag: Vec<Vec<bool>> = (0..self.trees.len()).into_par_iter().map(in_bag).collect();
        self.visit(matrix, stride + 1, |tree, row, leaf, values| {
            if !in_bag[tree][row] {
                add(leaf, &mut values[..stride]);
                values[stride] += 1.0;
            }
        })
    }

    /// The mean over the trees of what each feature's splits on the row's path changed: a node's value is the mean of
    /// the leaves below it, each given as its weight and its value.
    pub(super) fn contributions(
        &self,
        matrix: &FeatureMatrix,
        row: usize,
        leaf_value: impl Fn(usize) -> (f64, f64) + Sync,
    ) -> Result<Vec<f64>, ExplainError> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        if row >= matrix.len() {
            return Err(ExplainError::NoSuchRow { row, rows: matrix.len() });
        }
        let row = matrix.row(row);
        let share = 1.0 / self.trees.len() as f64;
        let changes = |LeafyTree { tree, leaf }: &LeafyTree| {
            let values = node_values(tree, |at| leaf_value(leaf[at] as usize));
            let path = tree.path(|feature| self.bins.bin(feature, row[feature]));
            path.map(|(feature, parent, child)| (feature, values[child] * share - values[parent] * share)).collect()
        };
        let changes: Vec<Vec<(usize, f64)>> = self.trees.par_iter().map(changes).collect();
        let mut amounts = vec![0.0; matrix.width()];
        for (feature, change) in changes.into_iter().flatten() {
            amounts[feature] += change;
        }
        Ok(amounts)
    }

    /// The mean over the trees of the value at the root.
    pub(super) fn mean_root(&self, leaf_value: impl Fn(usize) -> (f64, f64)) -> f64 {
        let root = |LeafyTree { tree, leaf }: &LeafyTree| node_values(tree, |at| leaf_value(leaf[at] as usize))[0];
        self.trees.iter().map(|tree| root(tree) / self.trees.len() as f64).sum()
    }
}

/// The mean of the leaves under each node. Children come after their parents.
fn node_values(tree: &Tree<u8>, leaf_value: impl Fn(usize) -> (f64, f64)) -> Vec<f64> {
    let mut nodes = vec![(0.0, 0.0); tree.len()];
    for at in (0..tree.len()).rev() {
        nodes[at] = if tree.is_leaf(at) {
            leaf_value(at)
        } else {
            let ((left_weight, left), (right_weight, right)) = (nodes[tree.left(at)], nodes[tree.left(at) + 1]);
            let weight = left_weight + right_weight;
            (weight, left * (left_weight / weight) + right * (right_weight / weight))
        };
    }
    nodes.into_iter().map(|(_, value)| value).collect()
}

/// Every tree's importances add up to 1, and so does their mean; all are 0 when no tree has a split that gains.
fn mean_importances<L>(grown: &[GrownTree<L>], width: usize) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for GrownTree { importances, .. } in grown {
        let total: f64 = importances.iter().sum();
        if total > 0.0 {
            mean.iter_mut().zip(importances).for_each(|(mean, importance)| *mean += importance / total);
        }
    }
    let total: f64 = mean.iter().sum();
    if total > 0.0 {
        for mean in &mut mean {
            *mean /= total;
        }
    }
    mean
}

/// What can be fitted on: a feature at least, a row at least, and as many labels or targets as rows.
pub(super) fn check_shape(matrix: &FeatureMatrix, given: usize) -> Result<(), FitError> {
    let (width, rows) = (matrix.width(), matrix.len());
    if width == 0 {
        return Err(FitError::NoFeatures);
    }
    if width > MAX_FEATURES {
        return Err(FitError::TooMany { what: "features", most: MAX_FEATURES, got: width });
    }
    if rows == 0 {
        return Err(FitError::TooFewRows { needed: 1, got: 0 });
    }
    if rows > u32::MAX as usize {
        return Err(FitError::TooMany { what: "rows", most: u32::MAX as usize, got: rows });
    }
    if given == rows { Ok(()) } else { Err(FitError::UnequalLengths { rows, got: given }) }
}
