//! Order statistics of a sample: quantiles, the median, and the median absolute deviation.
//!
//! Quantiles interpolate linearly between the two nearest order statistics, as `numpy.quantile` does by default (type 7 of
//! Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50, 1996). NaN sorts last.

/// The quantile of an ascending sample at a share of 0 to 1; `None` of an empty sample. O(1).
#[must_use]
pub fn quantile_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let position = sorted.len().checked_sub(1)? as f64 * share.clamp(0.0, 1.0);
    let (below, above) = (*sorted.get(position.floor() as usize)?, *sorted.get(position.ceil() as usize)?);
    let (step, fraction) = (above - below, position.fract());
    // A step that overflows has ends of opposite signs, whose weighted sum does not overflow.
    Some(if step.is_finite() { below + step * fraction } else { below * (1.0 - fraction) + above * fraction })
}

/// The quantile of a sample at a share of 0 to 1, which sorts the sample; `None` of an empty one. O(n log n).
#[must_use]
pub fn quantile(sample: &mut [f64], share: f64) -> Option<f64> {
    sample.sort_unstable_by(f64::total_cmp);
    quantile_sorted(sample, share)
}

/// The median of an ascending sample: the mean of the two middle values where their count is even; `None` of an empty one.
/// O(1).
#[must_use]
pub fn median_sorted(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let is_even = sorted.len().is_multiple_of(2);
    Some(if is_even { f64::midpoint(sorted[middle - 1], upper) } else { upper })
}

/// The median of a sample, which sorts the sample; `None` of an empty one. O(n log n).
#[must_use]
pub fn median(sample: &mut [f64]) -> Option<f64> {
    sample.sort_unstable_by(f64::total_cmp);
    median_sorted(sample)
}

/// The median absolute deviation of an ascending sample: the median distance from the median, in the unit of the sample and
/// not scaled to a standard deviation; `None` of an empty sample. O(n log n).
#[must_use]
pub fn median_absolute_deviation(sorted: &[f64]) -> Option<f64> {
    let middle = median_sorted(sorted)?;
    median(&mut sorted.iter().map(|value| (value - middle).abs()).collect::<Vec<_>>())
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let shares = [0.0, 0.25, 0.5, 0.75, 1.0];
        assert_eq!(shares.map(|share| quantile_sorted(&sorted, share).unwrap()), [1.0, 1.75, 3.0, 5.0, 8.0]);
        assert_eq!(quantile_sorted(&[3.0], 0.75), Some(3.0));
        assert_eq!(quantile_sorted(&[f64::MIN, f64::MAX], 0.5), Some(0.0));
        assert_eq!(quantile_sorted(&[f64::MAX, f64::MAX], 0.5), Some(f64::MAX));
        assert_eq!((quantile_sorted(&[], 0.5), quantile_sorted(&sorted, 7.0)), (None, Some(8.0)));
    }

    #[test]
    fn medians_and_their_deviation_by_hand() {
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
        // Distances from 2: 1, 0, 0, 2, 7.
        assert_eq!(median_absolute_deviation(&[1.0, 2.0, 2.0, 4.0, 9.0]), Some(1.0));
        assert_eq!(median_absolute_deviation(&[]), None);
    }
}
