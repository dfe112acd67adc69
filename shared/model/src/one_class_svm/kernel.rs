//! The radial basis function kernel `exp(-γ d²)`, eight rows at a time.

use crate::tiles::{LANES, Tiles};

/// The kernel between a row and those of a tile.
#[inline]
pub(super) fn similarities(tiles: &Tiles, tile: usize, row: &[f64], gamma: f64) -> [f64; LANES] {
    let squared = tiles.squared_distances(tile, row);
    exponentials(squared.map(|d| -gamma * d))
}

/// The sum of `weight · kernel` over all rows of the tiles; one weight per place, 0 where there is no row. Sums run lane
/// by lane, then over the lanes.
pub(super) fn weighted_sum(tiles: &Tiles, weights: &[[f64; LANES]], row: &[f64], gamma: f64) -> f64 {
    let mut sums = [0.0; LANES];
    for (tile, weights) in weights.iter().enumerate() {
        let similarities = similarities(tiles, tile, row, gamma);
        for ((sum, similarity), weight) in sums.iter_mut().zip(similarities).zip(weights) {
            *sum += similarity * weight;
        }
    }
    sums.iter().sum()
}

/// `exp` of numbers up to 0, to 2 units in the last place; below -708 it stays at `exp(-708)`, which is 3e-308.
///
/// The library's `exp` takes one number; this is plain arithmetic, which the compiler turns into vector instructions:
/// `x = k ln 2 + r` with `|r| ≤ ln 2 / 2`, a Taylor polynomial of degree 12 for `exp(r)` (error below 2e-16), and `k` added to
/// the exponent.
#[inline]
fn exponentials(mut x: [f64; LANES]) -> [f64; LANES] {
    /// Adding it rounds a small number to an integer, which stands in the lowest bits of the sum.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// ln 2 in two parts; the first has few bits, so that its product with an integer is exact.
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const INVERSE_FACTORIALS: [f64; 12] = [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    for x in &mut x {
        let at = x.max(-708.0);
        let rounded = at * std::f64::consts::LOG2_E + ROUND;
        let k = rounded - ROUND;
        let r = at - k * LN_2_HIGH - k * LN_2_LOW;
        let mut power = 1.0 / 479_001_600.0;
        for coefficient in INVERSE_FACTORIALS {
            power = power * r + coefficient;
        }
        // The integer's bits, moved to where an exponent stands, carry over nothing but itself.
        *x = f64::from_bits(power.to_bits().wrapping_add(rounded.to_bits() << 52));
    }
    x
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ends_are_exact() {
        let [one, least, below, ..] = exponentials([0.0, -708.0, -1e300, -0.5, -1.0, -2.0, -4.0, -8.0]);
        assert_eq!(one, 1.0);
        assert!(least > 0.0 && least < 4e-308);
        assert_eq!(below, least);
    }

    proptest! {
        #[test]
        fn it_is_the_exponential_function(x in -708.0..0.0_f64, small in -1.0..0.0_f64) {
            for x in [x, small, small * 1e-9] {
                let (ours, theirs) = (exponentials([x; LANES])[0], x.exp());
                prop_assert!((ours / theirs - 1.0).abs() < 5e-16, "exp({x}) is {theirs}, not {ours}");
            }
        }
    }

    #[test]
    fn a_weighted_sum_by_hand() {
        let rows: Vec<[f64; 1]> = (0..9).map(|i| [f64::from(i)]).collect();
        let tiles = Tiles::new(1, rows.iter().map(|r| &r[..]));
        let mut weights = vec![[0.0; LANES]; 2];
        (weights[0][1], weights[1][0]) = (2.0, 3.0);
        let expected = 2.0 * (-0.5_f64).exp() + 3.0 * (-0.5_f64 * 64.0).exp();
        assert!((weighted_sum(&tiles, &weights, &[0.0], 0.5) - expected).abs() < 1e-15);
    }
}
