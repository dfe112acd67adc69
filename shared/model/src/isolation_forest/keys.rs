//! Values as the forest sees them: single precision, and integers in the same order.

/// The nearest number in single precision, finite however large the value, and never −0.
pub(super) fn single(value: f64) -> f32 {
    value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32 + 0.0
}

/// Order-preserving: a comparison of integers is shorter than one of numbers. Below `u32::MAX` for every finite value.
pub(super) fn key(value: f32) -> u32 {
    let bits = value.to_bits();
    let sign = ((bits as i32) >> 31) as u32;
    bits ^ (sign | 1 << 31)
}

/// The value of a key.
pub(super) fn value(key: u32) -> f32 {
    let sign = ((!key as i32) >> 31) as u32;
    f32::from_bits(key ^ (sign | 1 << 31))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn huge_values_stay_finite_and_zero_has_one_sign() {
        assert_eq!([1e300, -1e300].map(single), [f32::MAX, f32::MIN]);
        assert_eq!(key(single(-0.0)), key(single(0.0)));
        assert!(key(f32::MAX) < u32::MAX);
    }

    proptest! {
        #[test]
        fn keys_stand_in_the_order_of_their_values(a in any::<f32>(), b in any::<f32>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            let (a, b) = (a + 0.0, b + 0.0);
            prop_assert_eq!(key(a).cmp(&key(b)), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(value(key(a)), a);
        }
    }
}
