//! Features in at most 256 bins.

use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

/// Bins of a feature at most.
const MAX_BINS: usize = 256;

/// The upper ends of each feature's bins but the last, ascending: a value is in the first bin whose end it does not
/// exceed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    ends: Vec<Vec<f64>>,
}

impl Bins {
    /// Ends halfway between neighbouring values: between all where they are at most 256, else such that the bins hold
    /// about the same number of rows.
    pub(super) fn fit(matrix: &FeatureMatrix) -> Self {
        let ends = (0..matrix.width()).into_par_iter().map(|feature| {
            let mut column = matrix.column(feature);
            column.sort_unstable_by(f64::total_cmp);
            quantile_ends(&column)
        });
        Self { ends: ends.collect() }
    }

    /// From stored ends.
    pub(super) fn from_ends(ends: Vec<Vec<f64>>, width: usize) -> Result<Self, &'static str> {
        let ascends = |ends: &Vec<f64>| ends.is_sorted_by(|a, b| a < b) && ends.iter().all(|end| end.is_finite());
        if ends.len() != width {
            return Err("bins of another number of features than the schema has");
        }
        if !ends.iter().all(|ends| ends.len() < MAX_BINS && ascends(ends)) {
            return Err("the ends of bins must be finite, ascending and fewer than 256");
        }
        Ok(Self { ends })
    }

    pub(super) fn ends(&self) -> &[Vec<f64>] {
        &self.ends
    }

    /// The bin of a feature's value.
    pub(super) fn bin(&self, feature: usize, value: f64) -> u8 {
        self.ends[feature].partition_point(|&end| end < value) as u8
    }

    /// Every column's bins.
    pub(super) fn columns(&self, matrix: &FeatureMatrix) -> Vec<Vec<u8>> {
        let column = |feature| matrix.rows().map(|row| self.bin(feature, row[feature])).collect();
        (0..matrix.width()).into_par_iter().map(column).collect()
    }
}

fn quantile_ends(sorted: &[f64]) -> Vec<f64> {
    // -0 and 0 are one value, however they sort.
    let groups: Vec<&[f64]> = sorted.chunk_by(|a, b| a >= b).collect();
    let exact = groups.len() <= MAX_BINS;
    let (mut rows, mut bins, mut filled) = (sorted.len(), MAX_BINS, 0);
    let mut ends = vec![];
    for pair in groups.windows(2) {
        filled += pair[0].len();
        // A bin ends when it holds its share of the rows that are left; a frequent value has one of its own.
        if exact || filled * bins >= rows {
            ends.push(between(pair[0][0], pair[1][0]));
            rows -= filled;
            bins -= 1;
            filled = 0;
            if bins == 1 {
                break;
            }
        }
    }
    ends
}

/// Halfway: at least `low`, below `high`.
fn between(low: f64, high: f64) -> f64 {
    (low / 2.0 + high / 2.0).clamp(low, high.next_down())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn few_values_are_told_apart_exactly() {
        let bins = Bins::fit(&synthetic::column(&[3.0, 1.0, -0.0, 0.0, 1.0, 1e300, -1e300]));
        assert_eq!(bins.ends[0], [-5e299, 0.5, 2.0, 5e299]);
        assert_eq!([-f64::MAX, -0.0, 0.5, 0.51, 3.0, f64::MAX].map(|v| bins.bin(0, v)), [0, 1, 1, 2, 3, 4]);
        assert!(Bins::fit(&synthetic::column(&[7.0; 5])).ends[0].is_empty());
        assert!(Bins::fit(&synthetic::column(&[])).ends[0].is_empty());
        let close = [1.0, 1.0_f64.next_up(), f64::MIN, f64::MAX];
        let bins = Bins::fit(&synthetic::column(&close));
        assert_eq!(close.map(|v| bins.bin(0, v)), [1, 2, 0, 3]);
    }

    #[test]
    fn many_values_fill_bins_evenly_and_a_frequent_one_has_its_own() {
        let values: Vec<f64> = (0..10_000).map(|i| f64::from(if i < 5000 { 0 } else { i })).collect();
        let matrix = synthetic::column(&values);
        let bins = Bins::fit(&matrix);
        let mut counts = vec![0; MAX_BINS];
        for bin in &bins.columns(&matrix)[0] {
            counts[usize::from(*bin)] += 1;
        }
        assert_eq!((bins.ends[0].len(), counts[0]), (255, 5000));
        assert!(counts[1..].iter().all(|n| (15..=25).contains(n)), "{counts:?}");
    }
}
