//! Parses the numbers of tables.

/// A number as programs write it: `3`, `-0.5`, `+1e9`. `None` for all else, infinity and NaN among it.
pub(crate) fn finite(text: &[u8]) -> Option<f64> {
    str::from_utf8(text).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
}
