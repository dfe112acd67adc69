//! Binary trees as flat arrays, and how rows go down them side by side.
//!
//! The two children of a split are next to each other. Nodes come in breadth-first order: so where the children are
//! follows from which nodes are splits, and neither the stored form nor a check of one needs pointers.

/// Rows that go down a tree side by side: enough to hide the latency of each other's loads.
pub(crate) const LANES: usize = 8;

/// Steps between two looks whether all rows of a group have arrived.
const STRIDE: u32 = 2;

/// What the cuts compare: integers that stand in the order of the values.
pub(crate) trait Key: Copy + Ord + Default {
    /// No row has it, or no split needs it: nothing is larger.
    const MAX: Self;
}

impl Key for u8 {
    const MAX: Self = u8::MAX;
}

impl Key for u32 {
    const MAX: Self = u32::MAX;
}

/// Where a split sends its rows: left up to the threshold, right above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Split<K> {
    pub(crate) feature: u16,
    /// Below [`Key::MAX`].
    pub(crate) threshold: K,
}

/// The children of every node in breadth-first order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The left child, the right one being next to it; a leaf is its own.
    pub(crate) left: Vec<u32>,
    /// Splits on the longest path.
    pub(crate) depth: u32,
}

impl Shape {
    /// From whether each node is a split. Children come after their parents, and every node but the root is a child
    /// exactly once: every walk ends.
    pub(crate) fn breadth_first(splits: impl ExactSizeIterator<Item = bool>) -> Result<Self, &'static str> {
        let count = splits.len();
        if count == 0 || u32::try_from(count).is_err() {
            return Err("no nodes, or too many");
        }
        let mut left = Vec::with_capacity(count);
        // Where the next split's children stand, and where the level under the current one begins.
        let (mut next, mut level_end, mut depth) = (1_usize, 1_usize, 0);
        for (at, split) in splits.enumerate() {
            if at >= next {
                return Err("a node without a parent");
            }
            if at == level_end {
                level_end = next;
                depth += 1;
            }
            left.push(if split { next } else { at } as u32);
            next += 2 * usize::from(split);
        }
        if next == count { Ok(Self { left, depth }) } else { Err("a split without children") }
    }

    pub(crate) fn is_leaf(&self, at: usize) -> bool {
        self.left[at] as usize == at
    }
}

/// 8 bytes with keys of one byte, 12 with keys of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node<K> {
    /// Its own index at a leaf.
    left: u32,
    /// 0 at a leaf.
    feature: u16,
    /// [`Key::MAX`] at a leaf, which thus leads to itself: a row may walk on without asking whether it has arrived.
    threshold: K,
}

/// A tree whose splits look at one feature each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree<K> {
    nodes: Vec<Node<K>>,
    depth: u32,
}

impl<K: Key> Tree<K> {
    /// From the splits in breadth-first order, with none at the leaves.
    pub(crate) fn new(splits: &[Option<Split<K>>], width: usize) -> Result<Self, &'static str> {
        let Shape { left, depth } = Shape::breadth_first(splits.iter().map(Option::is_some))?;
        let node = |(&left, split): (&u32, &Option<Split<K>>)| match *split {
            None => Ok(Node { left, feature: 0, threshold: K::MAX }),
            Some(Split { feature, threshold }) if usize::from(feature) < width && threshold < K::MAX => {
                Ok(Node { left, feature, threshold })
            }
            Some(_) => Err("a split on no feature, or at no threshold"),
        };
        let nodes = left.iter().zip(splits).map(node).collect::<Result<_, _>>()?;
        Ok(Self { nodes, depth })
    }

    /// The tree of a grower, whose splits make one by construction.
    #[expect(clippy::expect_used, reason = "every split was followed by its two children")]
    pub(crate) fn grown(splits: &[Option<Split<K>>], width: usize) -> Self {
        Self::new(splits, width).expect("a tree in breadth-first order")
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    pub(crate) fn is_leaf(&self, at: usize) -> bool {
        self.nodes[at].left as usize == at
    }

    /// Where the left child of a split is; the right one is next to it.
    pub(crate) fn left(&self, at: usize) -> usize {
        self.nodes[at].left as usize
    }

    /// None at a leaf.
    pub(crate) fn split(&self, at: usize) -> Option<Split<K>> {
        let Node { feature, threshold, .. } = self.nodes[at];
        (!self.is_leaf(at)).then_some(Split { feature, threshold })
    }

    /// Where the nodes are, in the order that [`new`](Self::new) takes.
    pub(crate) fn breadth_first(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.len());
        order.push(0);
        let mut next = 0;
        while next < order.len() {
            let at = order[next];
            if !self.is_leaf(at) {
                order.extend([self.left(at), self.left(at) + 1]);
            }
            next += 1;
        }
        order
    }

    /// The splits in the order that [`new`](Self::new) takes.
    pub(crate) fn splits(&self) -> impl Iterator<Item = Option<Split<K>>> {
        self.breadth_first().into_iter().map(|at| self.split(at))
    }

    /// The same tree with its nodes in another order, and where each is now: depth first, so that the lower half of a
    /// path, of nodes that few rows visit, lies within a few cache lines. Children still come after their parents.
    pub(crate) fn depth_first(&self) -> (Self, Vec<usize>) {
        let mut places = vec![0; self.len()];
        let mut nodes = self.nodes.clone();
        let (mut open, mut next) = (vec![0], 1);
        while let Some(at) = open.pop() {
            let mut left = places[at];
            if !self.is_leaf(at) {
                left = next;
                next += 2;
                let child = self.left(at);
                (places[child], places[child + 1]) = (left, left + 1);
                open.extend([child + 1, child]);
            }
            nodes[places[at]] = Node { left: left as u32, ..self.nodes[at] };
        }
        (Self { nodes, depth: self.depth }, places)
    }

    /// The way of a row from the root: each split's feature, its node and the child entered.
    pub(crate) fn path(&self, row: impl Fn(usize) -> K) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let Split { feature, threshold } = self.split(at)?;
            let feature = usize::from(feature);
            let (parent, child) = (at, self.left(at) + usize::from(row(feature) > threshold));
            at = child;
            Some((feature, parent, child))
        })
    }

    /// The leaves that a group of rows arrives at. The width is a power of two, at least the tree's: the mask on a feature
    /// changes nothing, it spares a check.
    pub(crate) fn leaves<const WIDTH: usize>(&self, rows: &[[K; WIDTH]; LANES]) -> [u32; LANES] {
        let step = |at: u32, row: &[K; WIDTH]| {
            let node = self.nodes[at as usize];
            node.left + u32::from(row[usize::from(node.feature) % WIDTH] > node.threshold)
        };
        let mut at = [0_u32; LANES];
        for _ in 0..self.depth.div_ceil(STRIDE) {
            for _ in 1..STRIDE {
                for (at, row) in at.iter_mut().zip(rows) {
                    *at = step(*at, row);
                }
            }
            let mut moved = 0;
            for (at, row) in at.iter_mut().zip(rows) {
                let next = step(*at, row);
                moved |= *at ^ next;
                *at = next;
            }
            // A row at a split moves: who stood still has arrived.
            if moved == 0 {
                break;
            }
        }
        at
    }
}

/// Rows in groups of [`LANES`], padded to a width known when compiling. What is missing of the last group holds the
/// default.
pub(crate) fn groups<'a, K: Copy + Default, const WIDTH: usize>(
    rows: impl ExactSizeIterator<Item = &'a [f64]>,
    key: impl Fn(usize, f64) -> K,
) -> Vec<[[K; WIDTH]; LANES]> {
    let mut groups = vec![[[K::default(); WIDTH]; LANES]; rows.len().div_ceil(LANES)];
    for (keys, row) in groups.iter_mut().flatten().zip(rows) {
        for (feature, (to, &value)) in keys.iter_mut().zip(row).enumerate() {
            *to = key(feature, value);
        }
    }
    groups
}

/// Calls a function with the least padded width that rows of this width fit in; up to 65 536 features.
macro_rules! with_padded_width {
    ($width:expr, $object:ident.$method:ident($($argument:expr),*)) => {
        match $width {
            ..=16 => $object.$method::<16>($($argument),*),
            ..=32 => $object.$method::<32>($($argument),*),
            ..=64 => $object.$method::<64>($($argument),*),
            ..=256 => $object.$method::<256>($($argument),*),
            ..=4096 => $object.$method::<4096>($($argument),*),
            _ => $object.$method::<65_536>($($argument),*),
        }
    };
}
pub(crate) use with_padded_width;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_breadth_first_trees_are_trees() {
        let shape = |splits: &[bool]| Shape::breadth_first(splits.iter().copied()).map(|s| (s.left, s.depth));
        assert_eq!(shape(&[false]), Ok((vec![0], 0)));
        assert_eq!(shape(&[true, false, true, false, false]), Ok((vec![1, 1, 3, 3, 4], 2)));
        assert_eq!(shape(&[]), Err("no nodes, or too many"));
        assert_eq!(shape(&[false, false]), Err("a node without a parent"));
        assert_eq!(shape(&[true, false]), Err("a split without children"));
        assert_eq!(shape(&[true, true, false]), Err("a split without children"));
    }

    #[test]
    fn splits_need_a_feature_and_a_threshold_below_the_largest_key() {
        let tree = |feature, threshold: u8| {
            Tree::new(&[Some(Split { feature, threshold }), None, None], 2).map(|tree| tree.depth())
        };
        assert_eq!(tree(1, 254), Ok(1));
        assert!(tree(2, 0).is_err() && tree(0, 255).is_err());
        assert_eq!(size_of::<Node<u8>>(), 8);
    }

    proptest! {
        /// Side by side or alone, up to the threshold or above: every row arrives where its path ends.
        #[test]
        fn groups_arrive_where_paths_end(
            draws in prop::collection::vec((any::<bool>(), 0..3_u16, 0..255_u8), 0..200),
            rows in prop::collection::vec(prop::array::uniform3(any::<u8>()), LANES),
        ) {
            let (mut splits, mut open) = (vec![], 1_usize);
            for (is_split, feature, threshold) in draws {
                if open == 0 {
                    break;
                }
                splits.push(is_split.then_some(Split { feature, threshold }));
                open = open - 1 + 2 * usize::from(is_split);
            }
            splits.extend(std::iter::repeat_n(None, open));
            let breadth_first = Tree::new(&splits, 3).unwrap();
            let (tree, places) = breadth_first.depth_first();
            prop_assert!(tree.splits().eq(breadth_first.splits()));
            prop_assert_eq!(tree.breadth_first(), places);
            let group: [[u8; 4]; LANES] = std::array::from_fn(|lane| [rows[lane][0], rows[lane][1], rows[lane][2], 0]);
            let leaves = tree.leaves(&group);
            for (row, leaf) in rows.iter().zip(leaves) {
                let end = tree.path(|feature| row[feature]).last().map_or(0, |(_, _, child)| child);
                prop_assert!(tree.is_leaf(end));
                prop_assert_eq!(leaf as usize, end);
            }
        }
    }
}
