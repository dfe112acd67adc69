//! The exact nearest rows, and all within a radius: a k-d tree, or a look at every row where a tree does not pay.
//!
//! Rows are ranked by their squared distance and, where that is equal, by their number. A branch is left out only when the
//! distance to its bounding box exceeds that of the last neighbour so far. The former adds the terms of the features in
//! the same order as a distance does, and rounding is monotone: it never exceeds the distance to a row in the box as
//! computed. So the tree finds the very rows that looking at all of them finds.

use crate::tiles::{LANES, Tiles, clamped};

/// Tiles of a leaf.
const LEAF: usize = 4;

/// Fewest rows for which a tree is built.
const TREE_ROWS: usize = 512;

/// Most features for which a tree is built: with more, nearly every box is within reach of every row.
const TREE_WIDTH: usize = 32;

/// Training rows, arranged for searching.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Index {
    tiles: Tiles,
    /// The number of the training row at each place of the tiles.
    numbers: Vec<u32>,
    /// In the order of a walk that visits a node, then its left branch, then its right one; empty without a tree.
    nodes: Vec<Node>,
    /// Of every node, feature by feature, the bounds of its two branches; nothing at leaves.
    boxes: Vec<Sides>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    first_tile: usize,
    /// 0 at a leaf.
    right: usize,
    /// Where the bounds of its branches begin.
    boxes: usize,
}

/// The bounds of one feature in the left branch and the right one, side by side for vector instructions.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sides {
    low: [f64; 2],
    high: [f64; 2],
}

/// Rows found so far, at most `wanted`.
#[derive(Debug, Clone)]
pub(crate) struct Nearest {
    wanted: usize,
    /// Not to be found: the row itself, in training.
    except: u32,
    /// Squared distances and numbers of rows, ascending.
    found: Vec<(f64, u32)>,
}

impl Nearest {
    pub(crate) fn new(wanted: usize) -> Self {
        Self { wanted, except: u32::MAX, found: Vec::with_capacity(wanted) }
    }

    /// Squared distances and numbers of the rows found, ascending.
    pub(crate) fn found(&self) -> &[(f64, u32)] {
        &self.found
    }

    /// The distance no row further than which is wanted.
    fn reach(&self) -> f64 {
        if self.found.len() < self.wanted { f64::INFINITY } else { self.found[self.wanted - 1].0 }
    }

    fn offer(&mut self, distance: f64, number: u32) {
        if number == self.except {
            return;
        }
        let place = self.found.partition_point(|&(d, n)| d < distance || (d <= distance && n < number));
        if place < self.wanted {
            if self.found.len() == self.wanted {
                self.found.pop();
            }
            self.found.insert(place, (distance, number));
        }
    }
}

impl Index {
    /// Arranges rows of one width: at least 1 row, fewer than 2^32 - 1, at least 1 feature.
    pub(crate) fn new(rows: &[&[f64]]) -> Self {
        Self::build(rows, rows.len() >= TREE_ROWS && rows[0].len() <= TREE_WIDTH)
    }

    fn build(rows: &[&[f64]], tree: bool) -> Self {
        let mut numbers: Vec<u32> = (0..rows.len() as u32).collect();
        let (mut nodes, mut boxes) = (Vec::new(), Vec::<Sides>::new());
        if tree {
            split(rows, &mut numbers, 0, &mut nodes, &mut boxes);
        }
        let tiles = Tiles::new(rows[0].len(), numbers.iter().map(|&n| rows[n as usize]));
        Self { tiles, numbers, nodes, boxes }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.tiles.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.tiles.width()
    }

    /// The rows, value by value, in the order of their numbers.
    pub(crate) fn values(&self) -> Vec<f64> {
        let places = self.places();
        places.into_iter().flat_map(|place| self.tiles.row(place as usize)).collect()
    }

    /// The place of every row, in the order of their numbers.
    pub(crate) fn places(&self) -> Vec<u32> {
        let mut places = vec![0; self.len()];
        for (place, &number) in self.numbers.iter().enumerate() {
            places[number as usize] = place as u32;
        }
        places
    }

    /// The number of the row at a place.
    pub(crate) fn number(&self, place: usize) -> u32 {
        self.numbers[place]
    }

    /// The row at a place, copied.
    pub(crate) fn row(&self, place: usize) -> Vec<f64> {
        self.tiles.row(place)
    }

    /// Finds the rows nearest to one whose values are clamped, other than the row numbered `except`.
    pub(crate) fn search(&self, row: &[f64], except: Option<u32>, nearest: &mut Nearest) {
        nearest.found.clear();
        nearest.except = except.unwrap_or(u32::MAX);
        if self.nodes.is_empty() {
            self.scan(0..self.tiles.tiles(), row, nearest);
        } else {
            self.descend(0, row, nearest);
        }
    }

    fn descend(&self, at: usize, row: &[f64], nearest: &mut Nearest) {
        let node = self.nodes[at];
        if node.right == 0 {
            self.scan(node.first_tile..(node.first_tile + LEAF).min(self.tiles.tiles()), row, nearest);
            return;
        }
        let distances = self.distances_to_boxes(node, row);
        let branches = [(distances[0], at + 1), (distances[1], node.right)];
        let order = if distances[1] < distances[0] { [branches[1], branches[0]] } else { branches };
        for (distance, branch) in order {
            if distance <= nearest.reach() {
                self.descend(branch, row, nearest);
            }
        }
    }

    fn scan(&self, tiles: std::ops::Range<usize>, row: &[f64], nearest: &mut Nearest) {
        let mut reach = nearest.reach();
        for tile in tiles {
            let distances = self.tiles.squared_distances(tile, row);
            for (&distance, &number) in distances.iter().zip(&self.numbers[tile * LANES..]) {
                if distance <= reach {
                    nearest.offer(distance, number);
                    reach = nearest.reach();
                }
            }
        }
    }

    /// Gives the place of every row no further from one, whose values are clamped, than a squared distance.
    pub(crate) fn within(&self, row: &[f64], squared: f64, mut give: impl FnMut(usize)) {
        let mut give_tiles = |tiles: std::ops::Range<usize>| {
            for tile in tiles {
                let distances = self.tiles.squared_distances(tile, row);
                for (lane, _) in distances.iter().enumerate().filter(|(_, distance)| **distance <= squared) {
                    if tile * LANES + lane < self.len() {
                        give(tile * LANES + lane);
                    }
                }
            }
        };
        if self.nodes.is_empty() {
            return give_tiles(0..self.tiles.tiles());
        }
        let mut branches = vec![0];
        while let Some(at) = branches.pop() {
            let node = self.nodes[at];
            if node.right == 0 {
                give_tiles(node.first_tile..(node.first_tile + LEAF).min(self.tiles.tiles()));
            } else {
                let distances = self.distances_to_boxes(node, row);
                branches.extend((distances[1] <= squared).then_some(node.right));
                branches.extend((distances[0] <= squared).then_some(at + 1));
            }
        }
    }

    /// The squared distances of a row to the nearest points of the boxes of a node's branches; 0 inside.
    fn distances_to_boxes(&self, node: Node, row: &[f64]) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for (sides, &value) in self.boxes[node.boxes..][..self.width()].iter().zip(row) {
            for (sum, (low, high)) in sums.iter_mut().zip(sides.low.iter().zip(sides.high)) {
                let outside = larger(larger(low - value, value - high), 0.0);
                *sum += outside * outside;
            }
        }
        sums
    }
}

/// The larger of two numbers, in one instruction: neither is NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Cuts the widest side of the box at a row near the median, so that all leaves but the last are full. Returns the box.
fn split(
    rows: &[&[f64]],
    numbers: &mut [u32],
    first_tile: usize,
    nodes: &mut Vec<Node>,
    boxes: &mut Vec<Sides>,
) -> Vec<(f64, f64)> {
    let at = nodes.len();
    nodes.push(Node { first_tile, right: 0, boxes: boxes.len() });
    let bounds = bounding_box(rows, numbers);
    let leaves = numbers.len().div_ceil(LEAF * LANES);
    if leaves == 1 {
        return bounds;
    }
    // The first of the widest sides.
    let sides = bounds.iter().enumerate().map(|(feature, (low, high))| (high - low, feature));
    let (_, feature) = sides.fold((-1.0, 0), |widest, side| if side.0 > widest.0 { side } else { widest });
    let cut = leaves.div_ceil(2) * LEAF * LANES;
    let value = |n: u32| clamped(rows[n as usize][feature]);
    numbers.select_nth_unstable_by(cut, |&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
    boxes.resize(boxes.len() + bounds.len(), Sides { low: [0.0; 2], high: [0.0; 2] });
    let (left, right) = numbers.split_at_mut(cut);
    let left = split(rows, left, first_tile, nodes, boxes);
    nodes[at].right = nodes.len();
    let right = split(rows, right, first_tile + cut / LANES, nodes, boxes);
    let first = nodes[at].boxes;
    for (sides, (left, right)) in boxes[first..].iter_mut().zip(left.into_iter().zip(right)) {
        *sides = Sides { low: [left.0, right.0], high: [left.1, right.1] };
    }
    bounds
}

fn bounding_box(rows: &[&[f64]], numbers: &[u32]) -> Vec<(f64, f64)> {
    let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); rows[0].len()];
    for &number in numbers {
        for ((low, high), &value) in bounds.iter_mut().zip(rows[number as usize]) {
            let value = clamped(value);
            *low = low.min(value);
            *high = high.max(value);
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::synthetic::bell;

    fn found(index: &Index, row: &[f64], wanted: usize, except: Option<u32>) -> Vec<(f64, u32)> {
        let mut nearest = Nearest::new(wanted);
        index.search(row, except, &mut nearest);
        nearest.found().to_vec()
    }

    /// All rows, sorted: what both ways of searching must agree with.
    fn sorted(rows: &[&[f64]], row: &[f64], wanted: usize, except: Option<u32>) -> Vec<(f64, u32)> {
        let distance = |other: &[f64]| other.iter().zip(row).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b));
        let mut all: Vec<(f64, u32)> = rows.iter().zip(0_u32..).map(|(other, n)| (distance(other), n)).collect();
        all.retain(|&(_, n)| Some(n) != except);
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(wanted);
        all
    }

    #[test]
    fn the_tree_and_looking_at_all_rows_find_the_same() {
        let (training, asked) = (bell(3000, 5, 1), bell(200, 5, 2));
        let rows: Vec<&[f64]> = training.rows().collect();
        let (tree, all) = (Index::build(&rows, true), Index::build(&rows, false));
        assert!(!tree.nodes.is_empty() && all.nodes.is_empty());
        for row in asked.rows() {
            let expected = sorted(&rows, row, 20, None);
            assert_eq!(found(&tree, row, 20, None), expected);
            assert_eq!(found(&all, row, 20, None), expected);
        }
        assert_eq!(tree.values(), all.values());
    }

    #[test]
    fn the_rows_within_a_radius_are_those_that_looking_at_all_finds() {
        let (training, asked) = (bell(3001, 4, 1), bell(50, 4, 2));
        let rows: Vec<&[f64]> = training.rows().collect();
        for tree in [true, false] {
            let index = Index::build(&rows, tree);
            for (row, squared) in asked.rows().zip([0.0, 0.1, 1.0, 4.0, 1e300].into_iter().cycle()) {
                let mut found = vec![];
                index.within(row, squared, |place| found.push(index.number(place)));
                found.sort_unstable();
                let mut expected: Vec<u32> = sorted(&rows, row, rows.len(), None)
                    .into_iter()
                    .filter_map(|(distance, number)| (distance <= squared).then_some(number))
                    .collect();
                expected.sort_unstable();
                assert_eq!(found, expected);
                assert!(squared < 1e300 || found.len() == 3001);
            }
        }
    }

    #[test]
    fn the_rule_builds_trees_for_many_narrow_rows_only() {
        let built = |rows, width| {
            let matrix = bell(rows, width, 1);
            !Index::new(&matrix.rows().collect::<Vec<_>>()).nodes.is_empty()
        };
        assert!(built(512, 3) && built(512, 32));
        assert!(!built(511, 3) && !built(512, 33));
    }

    #[test]
    fn boxes_hold_their_rows_and_leave_most_others_out() {
        let training = bell(10_000, 2, 1);
        let tree = Index::new(&training.rows().collect::<Vec<_>>());
        let inner = || tree.nodes.iter().filter(|node| node.right != 0);
        for row in [&[0.0, 0.0], training.row(77)] {
            let reached: usize =
                inner().map(|&node| tree.distances_to_boxes(node, row).iter().filter(|d| **d < 0.01).count()).sum();
            assert!(reached >= 8 && reached * 10 < tree.nodes.len(), "{reached} of {}", tree.nodes.len());
        }
        let far = tree.distances_to_boxes(tree.nodes[0], &[100.0, 100.0]);
        assert!(far.iter().all(|d| *d > 90.0 * 90.0), "{far:?}");
    }

    proptest! {
        /// Few distinct values, so that most distances are equal to others.
        #[test]
        fn ties_go_to_the_first_rows_whichever_way(
            values in prop::collection::vec((0..4_i32, -1..2_i32), 2..300),
            wanted in 1..40_usize,
            asked in (0..4_i32, -1..2_i32),
        ) {
            let rows: Vec<[f64; 2]> = values.iter().map(|&(a, b)| [f64::from(a), f64::from(b)]).collect();
            let rows: Vec<&[f64]> = rows.iter().map(|r| &r[..]).collect();
            let wanted = wanted.min(rows.len() - 1);
            let asked = [f64::from(asked.0), f64::from(asked.1)];
            for tree in [true, false] {
                let index = Index::build(&rows, tree);
                prop_assert_eq!(found(&index, &asked, wanted, None), sorted(&rows, &asked, wanted, None));
                let own = found(&index, rows[0], wanted, Some(0));
                prop_assert_eq!(own, sorted(&rows, rows[0], wanted, Some(0)));
            }
        }
    }
}
