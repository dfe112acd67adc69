//! Cuts by hyperplanes: a few features at once.

use super::keys::single;
use super::tree::IsolationTree;
use crate::tree::Shape;

/// One feature's part in a hyperplane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    pub(super) feature: u16,
    /// Coordinate of the normal.
    pub(super) normal: f32,
    /// Coordinate of a point on the hyperplane.
    pub(super) point: f32,
}

impl Term {
    /// Its part of a row's signed distance (times the length of the normal). Double precision does not overflow on it.
    fn distance(self, row: impl Fn(usize) -> f32) -> f64 {
        f64::from(self.normal) * (f64::from(row(usize::from(self.feature))) - f64::from(self.point))
    }
}

/// A hyperplane: its terms, at least one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Cut(pub(super) Vec<Term>);

impl Cut {
    /// On the side the normal points to; rows on the hyperplane are not.
    pub(super) fn is_right(&self, row: impl Fn(usize) -> f32) -> bool {
        self.0.iter().map(|term| term.distance(&row)).sum::<f64>() > 0.0
    }
}

/// The cuts of one tree in breadth-first order, none at the leaves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Oblique {
    pub(super) shape: Shape,
    pub(super) cuts: Vec<Option<Cut>>,
}

impl Oblique {
    /// From the cuts in breadth-first order, whose features the caller vouches for.
    pub(super) fn new(cuts: Vec<Option<Cut>>) -> Result<Self, &'static str> {
        Ok(Self { shape: Shape::breadth_first(cuts.iter().map(Option::is_some))?, cuts })
    }
}

/// Cuts by hyperplanes.
pub(super) type ObliqueTree = IsolationTree<Oblique>;

impl ObliqueTree {
    /// The expected path length of the leaf a row arrives at.
    pub(super) fn path_length(&self, row: &[f32]) -> f64 {
        let Oblique { shape, cuts } = &self.cuts;
        let mut at = 0;
        while let Some(cut) = &cuts[at] {
            at = shape.left[at] as usize + usize::from(cut.is_right(|feature| row[feature]));
        }
        self.path_lengths[at]
    }

    /// Shares what each cut on the row's path took off the expected path length among the features of the cut: by how
    /// far each of them puts the row on the side where it is. Those that speak for the other side have no share.
    pub(super) fn add_contributions(&self, row: &[f64], amounts: &mut [f64]) {
        let Oblique { shape, cuts } = &self.cuts;
        let row = |feature: usize| single(row[feature]);
        let mut at = 0;
        while let Some(cut) = &cuts[at] {
            let right = cut.is_right(row);
            let child = shape.left[at] as usize + usize::from(right);
            let taken_off = self.path_lengths[at] - self.path_lengths[child];
            let towards = |term: &Term| {
                let distance = term.distance(row);
                (if right { distance } else { -distance }).max(0.0)
            };
            let total: f64 = cut.0.iter().map(towards).sum();
            for term in &cut.0 {
                // On the hyperplane itself no feature decides: all have the same share.
                let share = if total > 0.0 { towards(term) / total } else { 1.0 / cut.0.len() as f64 };
                amounts[usize::from(term.feature)] += taken_off * share;
            }
            at = child;
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    /// The line x = y: rows below it (x > y) are right of it.
    fn tree() -> ObliqueTree {
        let term = |feature, normal| Term { feature, normal, point: 1.0 };
        let cuts = Oblique::new(vec![Some(Cut(vec![term(0, 1.0), term(1, -1.0)])), None, None]).unwrap();
        let shape = cuts.shape.clone();
        IsolationTree::new(cuts, &shape, &[3, 1]).unwrap()
    }

    #[test]
    fn rows_on_the_hyperplane_are_left() {
        let lengths = [[2.0, 2.0], [2.0, 1.9], [0.0, 9.0], [f32::MAX, f32::MIN]].map(|row| tree().path_length(&row));
        assert_eq!(lengths, [tree().path_lengths[1], 1.0, tree().path_lengths[1], 1.0]);
    }

    #[test]
    fn a_cut_is_shared_by_how_far_each_feature_puts_the_row_on_its_side() {
        let contributions = |row: [f64; 2]| {
            let mut amounts = [0.0, 0.0];
            tree().add_contributions(&row, &mut amounts);
            amounts
        };
        let taken_off = tree().root_path_length() - 1.0;
        assert_eq!(contributions([4.0, 0.0]), [0.75 * taken_off, 0.25 * taken_off]);
        assert_eq!(contributions([5.0, 2.0]), [taken_off, 0.0]);
        let [x, y] = contributions([1.0, 1.0]);
        assert_eq!(x, y);
    }
}
