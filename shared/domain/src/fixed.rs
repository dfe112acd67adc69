//! Logarithms in fixed point, whose sums do not depend on order or machine.

/// The number of fractional bits of [`log2`].
pub const LOG2_FRACTION_BITS: u32 = 8;

/// The base-2 logarithm of `value + 1` in fixed point with [`LOG2_FRACTION_BITS`] fractional bits, rounded down.
///
/// The computation uses integers only (repeated squaring, bit by bit), so that it is the same on every machine.
#[must_use]
pub fn log2(value: u64) -> u64 {
    let v = value.saturating_add(1);
    let whole = 63 - u64::from(v.leading_zeros());
    // The mantissa in [1, 2) with 31 fractional bits; squaring it yields the next bit of the logarithm.
    let mut mantissa = if whole >= 31 { v >> (whole - 31) } else { v << (31 - whole) };
    let mut fraction = 0;
    for _ in 0..LOG2_FRACTION_BITS {
        mantissa = (mantissa * mantissa) >> 31;
        fraction <<= 1;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    (whole << LOG2_FRACTION_BITS) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_floating_point_to_its_precision() {
        for value in (0..2000).chain([1 << 20, (1 << 40) + 12345, u64::MAX - 1, u64::MAX]) {
            let exact = (value as f64 + 1.0).log2();
            let fixed = log2(value) as f64 / 256.0;
            assert!((0.0..0.0041).contains(&(exact - fixed)), "{value}: {exact} {fixed}");
        }
    }
}
