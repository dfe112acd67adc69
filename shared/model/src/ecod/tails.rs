//! The two tails of one feature: how many training values are at most, or at least, as large as another.

/// Values kept at most, per feature.
const CAPACITY: usize = 4000;

/// Of the values kept, the share (one in so many) at either end that are the very smallest and largest.
const TAIL_SHARE: usize = 4;

/// Sorted training values of a feature.
///
/// Up to 4 000 values are kept all. Of more, the smallest 1 000 and the largest 1 000 are kept, and those between thinned
/// evenly to 2 000, while `n` still counts all.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tails {
    /// Ascending, at least one.
    kept: Vec<f64>,
    /// Training values, those not kept included.
    n: u64,
    /// The sign of the third central moment: -1, 0 or 1.
    skewness: i8,
}

impl Tails {
    /// From the values of one feature, at least one.
    pub(super) fn new(values: Vec<f64>) -> Self {
        Self::with_capacity(values, CAPACITY)
    }

    fn with_capacity(mut values: Vec<f64>, capacity: usize) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len() as u64;
        let skewness = skewness(&values);
        let count = values.len().min(capacity);
        let kept = (0..count).map(|place| values[rank(place, count, n) as usize]).collect();
        Self { kept, n, skewness }
    }

    /// Why stored tails are none, if they are.
    pub(super) fn fault(&self) -> Option<&'static str> {
        /// Beyond, counts are no longer exact as numbers.
        const MAX: u64 = 1 << 53;
        if self.kept.is_empty() || self.kept.len() > CAPACITY || self.kept.len() as u64 > self.n || self.n > MAX {
            return Some("a feature needs from 1 to 4000 values, and no more than n of them");
        }
        if !self.kept.iter().all(|v| v.is_finite()) || !self.kept.is_sorted() {
            return Some("the values of a feature must be finite and ascending");
        }
        (!(-1..=1).contains(&self.skewness)).then_some("a skewness must be -1, 0 or 1")
    }

    /// Training values, those not kept included.
    pub(super) fn n(&self) -> u64 {
        self.n
    }

    /// The sign of the skewness.
    pub(super) fn skewness(&self) -> i8 {
        self.skewness
    }

    /// How surprising it is that a value is as small as this: `-ln((1 + #{training values ≤ it}) / (n + 1))`.
    pub(super) fn left(&self, value: f64) -> f64 {
        let place = self.kept.partition_point(|&kept| kept <= value);
        // Values not kept, between the place before and this one, may all be as small: count them.
        let count = if place == self.kept.len() { self.n } else { rank(place, self.kept.len(), self.n) };
        self.surprise(count)
    }

    /// How surprising it is that a value is as large as this: `-ln((1 + #{training values ≥ it}) / (n + 1))`.
    pub(super) fn right(&self, value: f64) -> f64 {
        let place = self.kept.partition_point(|&kept| kept < value);
        let smaller = place.checked_sub(1).map_or(0, |before| rank(before, self.kept.len(), self.n) + 1);
        self.surprise(self.n - smaller)
    }

    fn surprise(&self, count: u64) -> f64 {
        // Not the logarithm of the quotient's inverse: 0, not -0, where the count is all.
        ((1 + self.n) as f64 / (1 + count) as f64).ln()
    }
}

/// The rank, from 0, among all `n` sorted values of the one at a place among the `count` kept: the ends in a row, those
/// between evenly spaced.
fn rank(place: usize, count: usize, n: u64) -> u64 {
    let tail = count / TAIL_SHARE;
    let body = count - 2 * tail;
    if place < tail {
        place as u64
    } else if place < tail + body {
        let thinned = n - 2 * tail as u64;
        tail as u64 + (u128::from(thinned) * (place - tail) as u128 / body as u128) as u64
    } else {
        n - (count - place) as u64
    }
}

/// The sign of the third central moment of sorted values; 0 where all are equal. Values are brought near 1 first, so that
/// cubes of huge ones do not overflow nor those of tiny ones vanish.
fn skewness(sorted: &[f64]) -> i8 {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    if min >= max {
        return 0;
    }
    // The spread of the halves: that of the values can be further than a number can say.
    let (centre, spread) = (f64::midpoint(min, max), max / 2.0 - min / 2.0);
    if spread <= 0.0 {
        return 0;
    }
    let unit = |value: f64| (value / 2.0 - centre / 2.0) / spread;
    let n = sorted.len() as f64;
    let mean = sorted.iter().map(|&v| unit(v)).sum::<f64>() / n;
    let moment = sorted.iter().map(|&v| (unit(v) - mean).powi(3)).sum::<f64>() / n;
    // Below, it is rounding that speaks: symmetric values are not skewed.
    if moment.abs() < 1e-15 { 0 } else { moment.signum() as i8 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tails_by_hand() {
        let tails = Tails::new(vec![3.0, 1.0, 2.0, 2.0]);
        let left = [0.0, 1.0, 2.0, 3.0, 9.0].map(|v| (-tails.left(v)).exp() * 5.0);
        let right = [0.0, 1.0, 2.0, 3.0, 9.0].map(|v| (-tails.right(v)).exp() * 5.0);
        let near = |a: [f64; 5], b: [f64; 5]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(left, [1.0, 2.0, 4.0, 5.0, 5.0]), "{left:?}");
        assert!(near(right, [5.0, 5.0, 4.0, 2.0, 1.0]), "{right:?}");
    }

    #[test]
    fn skewness_by_hand() {
        let sign = |values: &[f64]| Tails::new(values.to_vec()).skewness();
        assert_eq!(sign(&[1.0, 1.0, 1.0, 9.0]), 1);
        assert_eq!(sign(&[-9.0, 1.0, 1.0]), -1);
        assert_eq!(sign(&[0.1, 0.2, 0.3]), 0);
        assert_eq!(sign(&[0.1; 7]), 0);
        assert_eq!(sign(&[f64::MIN, f64::MAX, f64::MAX]), -1);
        assert_eq!(sign(&[0.0, 0.0, 5e-300]), 1);
        assert_eq!(sign(&[0.0, 5e-324]), 0);
    }

    #[test]
    fn thinning_keeps_both_ends_exact() {
        let n = 100_000;
        let tails = Tails::new((0..n).map(f64::from).collect());
        assert_eq!((tails.kept.len(), tails.n), (CAPACITY, n as u64));
        for value in (0..999).step_by(37) {
            let exact = (f64::from(n + 1) / f64::from(value + 2)).ln();
            assert_eq!(tails.left(f64::from(value)), exact);
            assert_eq!(tails.right(f64::from(n - 1 - value)), exact);
        }
    }

    proptest! {
        #[test]
        fn thinning_errs_on_the_side_of_the_usual(
            values in prop::collection::vec(prop_oneof![(0..20_i32).prop_map(f64::from), -1e3..1e3_f64], 1..300),
            asked in prop::collection::vec(-30.0..30.0_f64, 1..50),
            capacity in 8..300_usize,
        ) {
            let (all, thinned) = (Tails::new(values.clone()), Tails::with_capacity(values.clone(), capacity));
            let gap = values.len() as f64 / (capacity - 2 * (capacity / TAIL_SHARE)) as f64 + 1.0;
            let share = |surprise: f64| (-surprise).exp() * (values.len() + 1) as f64;
            for value in asked.into_iter().chain(values.iter().copied()) {
                for (exact, near) in [(all.left(value), thinned.left(value)), (all.right(value), thinned.right(value))] {
                    prop_assert!(near >= 0.0 && near <= exact);
                    prop_assert!(share(near) <= share(exact) + gap + 1e-9);
                }
            }
        }
    }
}
