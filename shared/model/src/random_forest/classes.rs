//! Splitting by classes: Gini impurity.

use super::bootstrap::Drawn;
use super::grow::{Criterion, Histogram, halfway};

/// Rows of one class in a leaf, drawn more than once counted so.
pub(super) type ClassCount = (u16, u32);

/// The weight of each class.
#[derive(Debug)]
pub(super) struct Gini {
    pub(super) weights: Vec<f64>,
}

impl Criterion for Gini {
    type Cell = u32;
    /// The classes that are there, ascending.
    type Leaf = Vec<ClassCount>;

    fn cells(&self) -> usize {
        self.weights.len()
    }

    fn add(&self, row: Drawn, cells: &mut [u32]) {
        cells[usize::from(row.class)] += u32::from(row.copies);
    }

    fn leaf(&self, _: &[Drawn], total: &[u32]) -> Vec<ClassCount> {
        let counts = total.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(class, &count)| (class as u16, count)).collect()
    }

    fn is_pure(&self, _: &[Drawn], total: &[u32]) -> bool {
        total.iter().filter(|count| **count > 0).count() < 2
    }

    /// The impurity, times the weight, is the weight less the sum of the squares over the weight.
    fn best_cut(&self, histogram: &Histogram<u32>, total: &[u32], min_rows: u32) -> Option<(u8, f64)> {
        let weigh = |(&count, &weight): (&u32, &f64)| f64::from(count) * weight;
        let mut right: Vec<f64> = total.iter().zip(&self.weights).map(weigh).collect();
        let mut left = vec![0.0; right.len()];
        let (mut right_weight, mut left_weight) = (right.iter().sum::<f64>(), 0.0);
        let (mut right_squares, mut left_squares) = (right.iter().map(|w| w * w).sum::<f64>(), 0.0);
        let (mut right_rows, mut left_rows) = (total.iter().sum::<u32>(), 0_u32);
        let whole = right_squares / right_weight;
        let mut best: Option<(u8, f64)> = None;
        let mut last: Option<(u8, f64)> = None;
        for (bin, counts) in histogram.bins() {
            // The cut before this bin is settled only now that the bin after it is known.
            if let Some((before, gain)) = last
                && best.is_none_or(|(_, most)| gain > most)
            {
                best = Some((halfway(before, bin), gain));
            }
            for (class, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let moved = f64::from(count) * self.weights[class];
                left_squares += moved * (2.0 * left[class] + moved);
                right_squares -= moved * (2.0 * right[class] - moved);
                left[class] += moved;
                right[class] -= moved;
                left_weight += moved;
                right_weight -= moved;
                left_rows += count;
                right_rows -= count;
            }
            let enough = left_rows >= min_rows && right_rows >= min_rows && right_rows > 0;
            let gain = left_squares / left_weight + right_squares / right_weight - whole;
            last = (enough && gain.is_finite()).then_some((bin, gain.max(0.0)));
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_the_classes_apart_gains_all_the_impurity() {
        let gini = Gini { weights: vec![1.0, 1.0] };
        let row = |class| Drawn { row: 0, copies: 2, class };
        assert!(gini.is_pure(&[], &[0, 3]) && !gini.is_pure(&[], &[1, 3]));
        assert_eq!(gini.leaf(&[], &[0, 3]), [(1, 3)]);
        let mut cells = [0, 0];
        gini.add(row(1), &mut cells);
        assert_eq!(cells, [0, 2]);
    }
}
