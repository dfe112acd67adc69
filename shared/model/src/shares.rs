//! A total shared out over features.

/// Turns amounts of at least 0 into shares of a total, in proportion; into even ones where all are 0.
pub(crate) fn share_out(total: f64, amounts: &mut [f64]) {
    let largest = amounts.iter().fold(0.0_f64, |a, b| a.max(*b));
    if largest > 0.0 {
        // Divided first, so that the sum of huge amounts is finite.
        for amount in amounts.iter_mut() {
            *amount /= largest;
        }
    } else {
        amounts.fill(1.0);
    }
    let sum: f64 = amounts.iter().sum();
    for amount in amounts {
        *amount *= total / sum;
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn in_proportion_or_evenly() {
        let shares = |total, mut amounts: [f64; 2]| {
            share_out(total, &mut amounts);
            amounts
        };
        assert_eq!(shares(8.0, [3.0, 1.0]), [6.0, 2.0]);
        assert_eq!(shares(-8.0, [3.0, 1.0]), [-6.0, -2.0]);
        assert_eq!(shares(8.0, [0.0, 0.0]), [4.0, 4.0]);
        assert_eq!(shares(8.0, [f64::MAX, f64::MAX]), [4.0, 4.0]);
        assert_eq!(shares(8.0, [5e-324, 0.0]), [8.0, 0.0]);
    }
}
