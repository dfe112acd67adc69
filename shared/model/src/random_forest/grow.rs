//! Growing one tree from histograms.

use std::collections::VecDeque;
use std::ops::Range;

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::bootstrap::Drawn;
use crate::tree::{Split, Tree};

/// Bins of a feature.
const BINS: usize = 256;
const WORDS: usize = BINS / 64;

/// What makes a split good, and what a leaf says.
pub(super) trait Criterion: Sync {
    /// What is summed over the rows of a bin or node.
    type Cell: Copy + Default;
    /// What a leaf says.
    type Leaf: Send;

    /// Cells of a bin.
    fn cells(&self) -> usize;

    fn add(&self, row: Drawn, cells: &mut [Self::Cell]);

    /// None when the rows of a node agree, else what is the same for all its splits.
    fn leaf(&self, rows: &[Drawn], total: &[Self::Cell]) -> Self::Leaf;

    /// True when the rows of a node agree.
    fn is_pure(&self, rows: &[Drawn], total: &[Self::Cell]) -> bool;

    /// The best place to cut: the bin that goes left last, and by how much the impurity of the node, times its weight,
    /// falls. Both sides must have the number of rows asked for.
    fn best_cut(&self, histogram: &Histogram<Self::Cell>, total: &[Self::Cell], min_rows: u32) -> Option<(u8, f64)>;
}

/// Sums by bin, and which bins have rows.
#[derive(Debug)]
pub(super) struct Histogram<C> {
    cells: Vec<C>,
    width: usize,
    occupied: [u64; WORDS],
}

impl<C: Copy + Default> Histogram<C> {
    pub(super) fn new(width: usize) -> Self {
        Self { cells: vec![C::default(); BINS * width], width, occupied: [0; WORDS] }
    }

    /// The cells of a bin that a row falls into.
    fn at(&mut self, bin: u8) -> &mut [C] {
        self.occupied[usize::from(bin / 64)] |= 1 << (bin % 64);
        &mut self.cells[usize::from(bin) * self.width..][..self.width]
    }

    /// The bins that have rows, ascending, and their cells.
    pub(super) fn bins(&self) -> impl Iterator<Item = (u8, &[C])> {
        (0..WORDS).flat_map(move |word| {
            let mut left = self.occupied[word];
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then(|| (word * 64) as u8 + bit as u8)
            })
            .map(|bin| (bin, &self.cells[usize::from(bin) * self.width..][..self.width]))
        })
    }

    fn clear(&mut self) {
        for word in 0..WORDS {
            let mut left = self.occupied[word];
            while left != 0 {
                let bin = word * 64 + left.trailing_zeros() as usize;
                self.cells[bin * self.width..][..self.width].fill(C::default());
                left &= left - 1;
            }
        }
        self.occupied = [0; WORDS];
    }
}

/// When to stop, and how many features to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_depth: u32,
    pub(super) min_samples_leaf: u32,
    pub(super) max_features: usize,
}

/// A tree, what its leaves say in the order of their nodes, and what each feature took off the impurity.
pub(super) struct GrownTree<L> {
    pub(super) tree: Tree<u8>,
    pub(super) leaves: Vec<L>,
    pub(super) importances: Vec<f64>,
}

/// Cuts breadth first, so that nodes come in the order in which a tree keeps them.
pub(super) fn grow<C: Criterion>(
    criterion: &C,
    columns: &[Vec<u8>],
    mut rows: Vec<Drawn>,
    limits: Limits,
    rng: &mut Xoshiro256PlusPlus,
) -> GrownTree<C::Leaf> {
    let mut splits = vec![];
    let mut leaves = vec![];
    let mut importances = vec![0.0; columns.len()];
    let mut features: Vec<u16> = (0..columns.len()).map(|feature| feature as u16).collect();
    let mut histogram = Histogram::new(criterion.cells());
    let mut rights = Vec::with_capacity(rows.len());
    let mut open: VecDeque<(Range<usize>, u32)> = VecDeque::from([(0..rows.len(), 0)]);
    while let Some((range, depth)) = open.pop_front() {
        let node = &mut rows[range.clone()];
        let mut total = vec![C::Cell::default(); criterion.cells()];
        for &row in &*node {
            criterion.add(row, &mut total);
        }
        let found = if depth == limits.max_depth || node.len() < 2 || criterion.is_pure(node, &total) {
            None
        } else {
            let search = Search { criterion, columns, node, total: &total, limits };
            search.best_split(&mut features, &mut histogram, rng)
        };
        let Some((split, gain)) = found else {
            leaves.push(criterion.leaf(node, &total));
            splits.push(None);
            continue;
        };
        importances[usize::from(split.feature)] += gain;
        let column = &columns[usize::from(split.feature)];
        let lefts = partition(node, &mut rights, |row| column[row.row as usize] <= split.threshold);
        let middle = range.start + lefts;
        open.extend([(range.start..middle, depth + 1), (middle..range.end, depth + 1)]);
        splits.push(Some(split));
    }
    GrownTree { tree: Tree::grown(&splits, columns.len()), leaves, importances }
}

/// One node and where to look for its split.
struct Search<'a, C: Criterion> {
    criterion: &'a C,
    columns: &'a [Vec<u8>],
    node: &'a [Drawn],
    total: &'a [C::Cell],
    limits: Limits,
}

impl<C: Criterion> Search<'_, C> {
    /// The best split over features drawn until as many that vary have been tried as asked for, and what it gains.
    fn best_split(
        &self,
        features: &mut [u16],
        histogram: &mut Histogram<C::Cell>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Option<(Split<u8>, f64)> {
        let (mut tried, mut best) = (0, None);
        for place in 0..features.len() {
            if tried == self.limits.max_features {
                break;
            }
            let pick = rng.random_range(place..features.len());
            features.swap(place, pick);
            let feature = features[place];
            let column = &self.columns[usize::from(feature)];
            let first = column[self.node[0].row as usize];
            if self.node.iter().all(|row| column[row.row as usize] == first) {
                continue;
            }
            tried += 1;
            for &row in self.node {
                self.criterion.add(row, histogram.at(column[row.row as usize]));
            }
            let cut = self.criterion.best_cut(histogram, self.total, self.limits.min_samples_leaf);
            histogram.clear();
            if let Some((threshold, gain)) = cut
                && best.is_none_or(|(_, most)| gain > most)
            {
                best = Some((Split { feature, threshold }, gain));
            }
        }
        best
    }
}

/// Halfway between the last bin that goes left and the first that does not.
pub(super) fn halfway(left: u8, right: u8) -> u8 {
    left + (right - left - 1) / 2
}

/// Puts the rows that go left first, both sides in their order, and tells how many go left.
fn partition(rows: &mut [Drawn], rights: &mut Vec<Drawn>, is_left: impl Fn(Drawn) -> bool) -> usize {
    rights.clear();
    let mut lefts = 0;
    for at in 0..rows.len() {
        let row = rows[at];
        if is_left(row) {
            rows[lefts] = row;
            lefts += 1;
        } else {
            rights.push(row);
        }
    }
    rows[lefts..].copy_from_slice(rights);
    lefts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_knows_its_bins_and_forgets_them() {
        let mut histogram = Histogram::<u32>::new(2);
        for bin in [255, 0, 64, 63, 64] {
            histogram.at(bin)[1] += 1;
        }
        let bins: Vec<(u8, u32)> = histogram.bins().map(|(bin, cells)| (bin, cells[1])).collect();
        assert_eq!(bins, [(0, 1), (63, 1), (64, 2), (255, 1)]);
        histogram.clear();
        assert_eq!(histogram.bins().count(), 0);
        assert!(histogram.cells.iter().all(|&cell| cell == 0));
    }

    #[test]
    fn thresholds_lie_between_the_bins_they_part() {
        assert_eq!([halfway(0, 1), halfway(0, 255), halfway(3, 5), halfway(254, 255)], [0, 127, 3, 254]);
    }
}
