//! Splitting by numbers: variance.

use super::bootstrap::Drawn;
use super::grow::{Criterion, Histogram, halfway};

/// The target of every row, scaled to ±1 and centred so that sums of squares neither overflow nor cancel.
#[derive(Debug)]
pub(super) struct Variance {
    scaled: Vec<f64>,
    centre: f64,
    /// A power of two: scaling is exact.
    scale: f64,
}

/// Rows in a leaf, drawn more than once counted so, and the mean of their targets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LeafMean {
    pub(super) rows: u32,
    pub(super) mean: f64,
}

impl Variance {
    /// All targets are finite, and there is at least one.
    pub(super) fn new(targets: &[f64]) -> Self {
        let largest = targets.iter().fold(0.0_f64, |most, t| most.max(t.abs()));
        // The exponent's bits alone; zeros and subnormal numbers need no scale.
        let scale = f64::from_bits(largest.to_bits() & (0x7ff << 52)).max(f64::MIN_POSITIVE);
        let centre = targets.iter().map(|t| t / scale).sum::<f64>() / targets.len() as f64;
        Self { scaled: targets.iter().map(|t| t / scale - centre).collect(), centre, scale }
    }
}

/// Copies, and the sum of their targets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    copies: u32,
    sum: f64,
}

impl Criterion for Variance {
    type Cell = Sum;
    type Leaf = LeafMean;

    fn cells(&self) -> usize {
        1
    }

    fn add(&self, row: Drawn, cells: &mut [Sum]) {
        cells[0].copies += u32::from(row.copies);
        cells[0].sum += f64::from(row.copies) * self.scaled[row.row as usize];
    }

    fn leaf(&self, _: &[Drawn], total: &[Sum]) -> LeafMean {
        let mean = (total[0].sum / f64::from(total[0].copies) + self.centre) * self.scale;
        LeafMean { rows: total[0].copies, mean: mean.clamp(f64::MIN, f64::MAX) }
    }

    fn is_pure(&self, rows: &[Drawn], _: &[Sum]) -> bool {
        let target = |row: &Drawn| self.scaled[row.row as usize];
        rows.windows(2).all(|pair| target(&pair[0]) <= target(&pair[1]) && target(&pair[0]) >= target(&pair[1]))
    }

    /// What the sum of squares around the mean falls by.
    fn best_cut(&self, histogram: &Histogram<Sum>, total: &[Sum], min_rows: u32) -> Option<(u8, f64)> {
        let square = |part: Sum| part.sum * part.sum / f64::from(part.copies);
        let total = total[0];
        let mut left = Sum::default();
        let mut best: Option<(u8, f64)> = None;
        let mut last: Option<(u8, f64)> = None;
        for (bin, cells) in histogram.bins() {
            // The cut before this bin is settled only now that the bin after it is known.
            if let Some((before, gain)) = last
                && best.is_none_or(|(_, most)| gain > most)
            {
                best = Some((halfway(before, bin), gain));
            }
            left = Sum { copies: left.copies + cells[0].copies, sum: left.sum + cells[0].sum };
            let right = Sum { copies: total.copies - left.copies, sum: total.sum - left.sum };
            let enough = left.copies >= min_rows && right.copies >= min_rows.max(1);
            last = enough.then(|| (bin, (square(left) + square(right) - square(total)).max(0.0)));
        }
        best
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn huge_and_tiny_targets_have_means() {
        for targets in [[1.0, 3.0], [f64::MAX, f64::MAX], [-1e308, 1e308], [0.0, 0.0], [5e-324, 5e-324]] {
            let variance = Variance::new(&targets);
            let rows = [0, 1].map(|row| Drawn { row, copies: 1, class: 0 });
            let mut total = [Sum::default()];
            for row in rows {
                variance.add(row, &mut total);
            }
            let LeafMean { rows: count, mean } = variance.leaf(&rows, &total);
            assert_eq!((count, mean), (2, targets[0].midpoint(targets[1])));
            assert_eq!(variance.is_pure(&rows, &total), targets[0] == targets[1]);
        }
    }
}
