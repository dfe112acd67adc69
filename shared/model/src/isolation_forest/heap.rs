//! A shallow tree without pointers: the children of node `n` are `2n` and `2n + 1`.

use super::tree::AxisTree;
use crate::tree::{Key, LANES};

/// Levels at most: those of a tree over 256 rows.
const DEPTH: u32 = 8;
const PLACES: usize = 1 << DEPTH;
/// Features at most.
pub(super) const MAX_FEATURES: usize = 256;

/// All [`DEPTH`] levels, filled below the leaves with copies of them, so that a step asks nothing and is a handful of
/// instructions. The root is at place 1; what lies under the last level is the path length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heap {
    thresholds: [u32; PLACES],
    features: [u8; PLACES],
    path_lengths: [f64; PLACES],
}

impl Heap {
    /// None for a tree that is too deep. Over at most 256 features.
    pub(super) fn new(tree: &AxisTree) -> Option<Self> {
        let cuts = &tree.cuts;
        if cuts.depth() > DEPTH {
            return None;
        }
        let mut heap = Self { thresholds: [Key::MAX; PLACES], features: [0; PLACES], path_lengths: [0.0; PLACES] };
        let mut nodes = [0_usize; 2 * PLACES];
        for place in 1..PLACES {
            let at = nodes[place];
            let (left, right) = match cuts.split(at) {
                // Nothing is above the largest key: from a leaf, all go left.
                None => (at, at),
                Some(split) => {
                    heap.thresholds[place] = split.threshold;
                    heap.features[place] = split.feature as u8;
                    (cuts.left(at), cuts.left(at) + 1)
                }
            };
            nodes[2 * place] = left;
            nodes[2 * place + 1] = right;
        }
        for (length, &at) in heap.path_lengths.iter_mut().zip(&nodes[PLACES..]) {
            *length = tree.path_lengths[at];
        }
        Some(heap)
    }

    /// The path lengths of a group of rows. The width is a power of two: the mask on a feature changes nothing, it spares
    /// a check, as the one on a place does above the last level.
    pub(super) fn path_lengths<const WIDTH: usize>(&self, rows: &[[u32; WIDTH]; LANES]) -> [f64; LANES] {
        let mut at = [1_usize; LANES];
        for _ in 0..DEPTH {
            for (at, row) in at.iter_mut().zip(rows) {
                let place = *at % PLACES;
                let above = row[usize::from(self.features[place]) % WIDTH] > self.thresholds[place];
                *at = 2 * *at + usize::from(above);
            }
        }
        at.map(|at| self.path_lengths[at % PLACES])
    }
}
