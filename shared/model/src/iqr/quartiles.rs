//! The quartiles of one feature, and how far beyond them a value is.

use std::ops::RangeInclusive;

use crate::scaling::robust::quantile;

/// Least interquartile ranges that may be asked for.
pub(super) const MIN_IQR_RANGE: RangeInclusive<f64> = 1e-9..=1e9;

/// Distances end here, so that their sums are finite.
pub(super) const FARTHEST: f64 = 1e100;

/// Quartiles of a feature; what is between them is typical.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quartiles {
    first: f64,
    third: f64,
    /// What distances are measured in: the interquartile range, or what stands in for it. Above 0.
    unit: f64,
}

impl Quartiles {
    /// From values, at least one.
    pub(super) fn new(mut values: Vec<f64>, smallest: f64) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let (first, third) = (quantile(&values, 0.25), quantile(&values, 0.75));
        Self { first, third, unit: (third - first).clamp(smallest, f64::MAX) }
    }

    /// From the values of a group, at least one. Where half of them are equal, the unit is that of all rows.
    pub(super) fn of_group(values: Vec<f64>, smallest: f64, all: Self) -> Self {
        let group = Self::new(values, smallest);
        if group.third > group.first { group } else { Self { unit: all.unit, ..group } }
    }

    /// Whether stored ones can be measured with.
    pub(super) fn are_sound(self) -> bool {
        let finite = self.first.is_finite() && self.third.is_finite() && self.unit.is_finite();
        finite && self.first <= self.third && self.unit >= *MIN_IQR_RANGE.start()
    }

    /// Interquartile ranges below the first quartile or above the third; 0 between them.
    pub(super) fn distance(self, value: f64) -> f64 {
        let beyond = (self.first - value).max(value - self.third).max(0.0);
        (beyond / self.unit).min(FARTHEST)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn quartiles_and_distances_by_hand() {
        let quartiles = Quartiles::new(vec![8.0, 1.0, 4.0, 2.0], 0.01);
        assert_eq!(quartiles, Quartiles { first: 1.75, third: 5.0, unit: 3.25 });
        assert_eq!([1.75, 3.0, 5.0].map(|v| quartiles.distance(v)), [0.0; 3]);
        assert_eq!([8.25, 11.5, -4.75].map(|v| quartiles.distance(v)), [1.0, 2.0, 2.0]);
    }

    #[test]
    fn a_range_of_0_has_a_floor() {
        let all = Quartiles::new(vec![1.0, 2.0, 3.0, 4.0, 5.0], 0.01);
        assert_eq!(Quartiles::new(vec![7.0; 9], 0.5).distance(8.0), 2.0);
        assert_eq!(Quartiles::of_group(vec![7.0; 9], 0.5, all).distance(8.0), 0.5);
        assert_eq!(Quartiles::of_group(vec![7.0, 7.1, 7.2], 0.5, all).distance(8.15), 2.0 * (8.15 - 7.15));
    }

    #[test]
    fn huge_values_saturate() {
        let wide = Quartiles::new(vec![f64::MIN, f64::MIN, f64::MAX, f64::MAX], 0.01);
        assert_eq!([wide.distance(0.0), wide.distance(f64::MAX)], [0.0; 2]);
        assert_eq!(Quartiles::new(vec![f64::MIN], 1e-9).distance(f64::MAX), FARTHEST);
    }
}
