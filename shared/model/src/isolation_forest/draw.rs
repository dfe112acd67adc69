//! Which rows a tree is grown on.

use std::collections::HashSet;

use rand::{RngExt, seq::index};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::error::FitError;

/// Sums beyond are no longer exact.
const MAX_TOTAL: f64 = 9_007_199_254_740_992.0;

/// What samples are drawn from, without replacement: rows, or copies of rows.
#[derive(Debug)]
pub(super) enum Urn {
    /// Every row once.
    Rows(usize),
    /// Every row as many times as it weighs.
    Weighted {
        weights: Vec<f64>,
        /// The sums of the weights up to and with each row.
        ends: Vec<f64>,
        /// Copies, at most `u32::MAX`.
        copies: u32,
    },
}

impl Urn {
    /// A row of weight w is in w copies; what is left of a fractional weight is one more, drawn as much more rarely.
    ///
    /// # Errors
    /// When there is not one weight per row, or they are not all finite and at least 0, or their sum is beyond 2⁵³.
    pub(super) fn weighted(rows: usize, weights: &[f64]) -> Result<Self, FitError> {
        if weights.len() != rows {
            return Err(FitError::UnequalLengths { rows, got: weights.len() });
        }
        if let Some(row) = weights.iter().position(|w| !w.is_finite() || *w < 0.0) {
            return Err(FitError::BadNumber { what: "weight", row, value: weights[row].to_string() });
        }
        let mut total = 0.0;
        let mut copies = 0.0;
        let mut ends = Vec::with_capacity(rows);
        for (row, weight) in weights.iter().enumerate() {
            total += weight;
            copies += weight.ceil();
            if copies > MAX_TOTAL {
                return Err(FitError::BadNumber { what: "sum of weights", row, value: total.to_string() });
            }
            ends.push(total);
        }
        Ok(Self::Weighted { weights: weights.to_vec(), ends, copies: copies as u32 })
    }

    /// How many can be drawn.
    pub(super) fn copies(&self) -> usize {
        match self {
            Self::Rows(rows) => *rows,
            Self::Weighted { copies, .. } => *copies as usize,
        }
    }

    /// As many rows as asked for, at most as many as there are copies.
    pub(super) fn draw(&self, count: u32, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
        match self {
            Self::Rows(rows) => index::sample(rng, *rows, count as usize).into_vec(),
            Self::Weighted { weights, ends, .. } => {
                let total = ends.last().copied().unwrap_or(0.0);
                // While at most half the weight is drawn, every other attempt finds a copy that is not.
                if total >= 2.0 * f64::from(count) {
                    draw_by_position(ends, total, count, rng)
                } else {
                    draw_by_race(weights, count, rng)
                }
            }
        }
    }
}

/// Copies lie one after the other on a line as long as the total weight. A point that falls on one drawn before is drawn
/// anew.
fn draw_by_position(ends: &[f64], total: f64, count: u32, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let mut drawn = HashSet::with_capacity(count as usize);
    let mut rows = Vec::with_capacity(count as usize);
    while rows.len() < count as usize {
        let point = rng.random::<f64>() * total;
        let row = ends.partition_point(|&end| end <= point);
        let start = row.checked_sub(1).map_or(0.0, |before| ends[before]);
        if row < ends.len() && drawn.insert((row, (point - start) as u64)) {
            rows.push(row);
        }
    }
    rows
}

/// Each copy waits a time that is exponential at the rate of its weight; those that come first are drawn. The same
/// distribution (Efraimidis & Spirakis 2006), for little weight.
fn draw_by_race(weights: &[f64], count: u32, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let mut waits = vec![];
    for (row, &weight) in weights.iter().enumerate() {
        let mut left = weight;
        while left > 0.0 {
            waits.push((-(1.0 - rng.random::<f64>()).ln() / left.min(1.0), row));
            left -= 1.0;
        }
    }
    waits.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    waits.into_iter().take(count as usize).map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::generator;

    fn counts(weights: &[f64], count: u32, draws: u64) -> Vec<usize> {
        let urn = Urn::weighted(weights.len(), weights).unwrap();
        let mut counts = vec![0; weights.len()];
        for draw in 0..draws {
            let rows = urn.draw(count, &mut generator(1, draw));
            assert_eq!(rows.len(), count as usize);
            for row in rows {
                counts[row] += 1;
            }
        }
        counts
    }

    #[test]
    fn a_row_of_weight_two_is_there_twice() {
        assert_eq!(counts(&[1.0, 2.0, 0.0, 1.0], 4, 5), [5, 10, 0, 5]);
        assert_eq!(Urn::weighted(3, &[0.5, 2.0, 0.0]).unwrap().copies(), 3);
    }

    #[test]
    fn rows_are_drawn_in_proportion_to_their_weights() {
        // One draw each, by position and by race.
        for scale in [0.01, 1000.0] {
            let counts = counts(&[1.0, 2.0, 5.0].map(|w| w * scale), 1, 8000);
            assert!((900..1100).contains(&counts[0]) && (4800..5200).contains(&counts[2]), "{counts:?}");
        }
    }

    #[test]
    fn bad_weights_are_refused() {
        let error = |weights: &[f64]| Urn::weighted(2, weights).unwrap_err().to_string();
        assert!(error(&[1.0]).contains("2 rows but 1"));
        assert!(error(&[1.0, -1.0]).contains("row 1"));
        assert!(error(&[f64::NAN, 1.0]).contains("row 0"));
        assert!(error(&[1e300, 1.0]).contains("sum of weights"));
    }
}
