//! The knee of a curve that rises slowly and then fast.

/// The value, above 0, where ascending numbers lie furthest below the straight line from the first to the last; none
/// where all are 0.
pub(super) fn knee(ascending: &[f64]) -> Option<f64> {
    let (&first, &last) = (ascending.first()?, ascending.last()?);
    let height = last - first;
    let steps = (ascending.len() - 1) as f64;
    let mut furthest = (f64::NEG_INFINITY, last);
    for (at, &value) in ascending.iter().enumerate().filter(|_| height > 0.0) {
        let below = at as f64 / steps - (value - first) / height;
        if value > 0.0 && below > furthest.0 {
            furthest = (below, value);
        }
    }
    (furthest.1 > 0.0).then_some(furthest.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(knee(&[1.0, 1.1, 1.2, 1.3, 1.4, 9.0, 30.0]), Some(1.4));
        assert_eq!(knee(&[0.0, 0.0, 0.0, 0.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(knee(&[3.0, 3.0, 3.0]), Some(3.0));
        assert_eq!(knee(&[5.0]), Some(5.0));
        assert_eq!([knee(&[]), knee(&[0.0]), knee(&[0.0, 0.0])], [None; 3]);
        assert_eq!(knee(&[1e-300, 1e140, 4e140]), Some(1e140));
    }
}
