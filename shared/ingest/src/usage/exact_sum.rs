//! Computes sums that do not depend on the order of the summands.

/// A sum of numbers, kept exactly as a few numbers that do not overlap, and rounded once when asked for (Shewchuk,
/// "Adaptive precision floating-point arithmetic", 1997).
///
/// Numbers must be finite and so small that their sum is: within ±1e100 there is no number of them that overflows.
#[derive(Debug, Clone, Default)]
pub(super) struct ExactSum {
    /// From the smallest to the largest in size; at most some 40, as all bits of all numbers below 1e100 fit.
    parts: Vec<f64>,
}

impl ExactSum {
    pub(super) fn add(&mut self, number: f64) {
        let mut carry = number;
        let mut kept = 0;
        for at in 0..self.parts.len() {
            let (large, small) =
                if carry.abs() < self.parts[at].abs() { (self.parts[at], carry) } else { (carry, self.parts[at]) };
            carry = large + small;
            let lost = small - (carry - large);
            if lost != 0.0 {
                self.parts[kept] = lost;
                kept += 1;
            }
        }
        self.parts.truncate(kept);
        self.parts.push(carry);
    }

    /// The number nearest to the sum, of two as near the even one.
    pub(super) fn value(&self) -> f64 {
        let mut parts = self.parts.iter().rev().copied();
        let Some(mut sum) = parts.next() else { return 0.0 };
        while let Some(part) = parts.next() {
            let before = sum;
            sum = before + part;
            let lost = part - (sum - before);
            if lost != 0.0 {
                // Exactly half was lost, or rounded up: the next part decides on which side of the half the sum is.
                if parts.next().is_some_and(|next| (next > 0.0) == (lost > 0.0)) {
                    let twice = lost * 2.0;
                    let beyond = sum + twice;
                    if same(twice, beyond - sum) {
                        sum = beyond;
                    }
                }
                break;
            }
        }
        // No negative zero.
        sum + 0.0
    }
}

fn same(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(numbers: &[f64]) -> f64 {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add(*number);
        }
        sum.value()
    }

    #[test]
    fn nothing_is_lost() {
        let half_up = 1.0 + f64::EPSILON;
        for (numbers, expected) in [
            (&[][..], 0.0),
            (&[-0.0], 0.0),
            (&[0.1; 10], 1.0),
            (&[1e100, 1.0, -1e100], 1.0),
            (&[1e100, 1e-300, -1e100, -1e-300], 0.0),
            // 2^-53 is half of the last place of 1: to even, unless there is more.
            (&[1.0, f64::EPSILON / 2.0], 1.0),
            (&[1.0, f64::EPSILON / 2.0, 1e-100], half_up),
            (&[1.0, f64::EPSILON / 2.0, -1e-100], 1.0),
            (&[half_up, f64::EPSILON / 2.0, -1e-100], half_up),
            (&[half_up, f64::EPSILON / 2.0], 1.0 + 2.0 * f64::EPSILON),
            (&[-1.0, -f64::EPSILON / 2.0, -1e-100], -half_up),
        ] {
            assert!(same(sum(numbers), expected), "{numbers:?}: {}", sum(numbers));
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_sum_as_whole_numbers_do(numbers in prop::collection::vec((-1_i128 << 90)..(1 << 90), 0..50)) {
            let floats: Vec<f64> = numbers.iter().map(|n| *n as f64).collect();
            let exact: i128 = floats.iter().map(|f| *f as i128).sum();
            prop_assert!(same(sum(&floats), exact as f64));
        }

        #[test]
        fn order_does_not_matter(mut numbers in prop::collection::vec(-1e100..1e100, 0..50), small in prop::collection::vec(-1.0..1.0, 0..50)) {
            numbers.extend(small);
            let forward = sum(&numbers);
            numbers.sort_by(f64::total_cmp);
            prop_assert!(same(forward, sum(&numbers)));
            numbers.reverse();
            prop_assert!(same(forward, sum(&numbers)));
        }
    }
}
