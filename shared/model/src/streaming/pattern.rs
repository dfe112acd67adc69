//! How unlike any earlier stretch of the series the last points are.

/// Points in a lag vector. KNN-CAD takes as many.
const DIMENSION: usize = 19;

/// Lag vectors compared with: the last ones that share no point with the newest.
const VECTORS: usize = 1000;

/// The fewest of them.
const MIN: usize = 30;

/// Nearest neighbours whose mean distance counts.
const NEIGHBOURS: usize = 10;

/// Points that all of it takes.
const MAX_POINTS: usize = 2 * DIMENSION + VECTORS;

/// The mean distance of the newest lag vector to its nearest neighbours among earlier ones (Burnaev and Ishimtsev,
/// *Conformalized density- and distance-based anomaly detection in time-series data*, 2016). O(vectors) time and memory.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pattern {
    /// The last points, the newest last.
    points: Vec<f64>,
}

impl Pattern {
    pub(super) fn next(&mut self, value: f64) -> f64 {
        // Twice what is needed: so points are moved once in a thousand.
        if self.points.len() >= 2 * MAX_POINTS {
            self.points.drain(..self.points.len() - MAX_POINTS);
        }
        self.points.push(value);
        let points = &self.points[self.points.len().saturating_sub(MAX_POINTS)..];
        let Some(earlier) = points.len().checked_sub(DIMENSION) else { return 0.0 };
        let (earlier, newest) = points.split_at(earlier);
        let Some(vectors) = earlier.len().checked_sub(DIMENSION).filter(|&vectors| vectors >= MIN) else {
            return 0.0;
        };
        // Lag by lag, so that the inner loop runs over neighbouring memory.
        let mut squares = vec![0.0; vectors];
        for (lag, last) in newest.iter().enumerate() {
            for (square, point) in squares.iter_mut().zip(&earlier[lag..]) {
                *square += (point - last) * (point - last);
            }
        }
        squares.select_nth_unstable_by(NEIGHBOURS, f64::total_cmp);
        let mut nearest: [f64; NEIGHBOURS] = std::array::from_fn(|at| squares[at].sqrt());
        // In a fixed order, so that the sum is the same whatever the selection left.
        nearest.sort_by(f64::total_cmp);
        nearest.iter().sum::<f64>() / NEIGHBOURS as f64
    }

    pub(super) fn is_sound(&self) -> bool {
        self.points.len() <= 2 * MAX_POINTS && self.points.iter().all(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_that_was_there_before_is_near_and_a_new_one_is_not() {
        let mut pattern = Pattern::default();
        let wave = |i: u32| f64::from(i % 20);
        let distances: Vec<_> = (0..600).map(|i| pattern.next(wave(i))).collect();
        assert_eq!((distances[66], distances[599]), (0.0, 0.0));
        // Ten neighbours need ten periods.
        assert!(distances[100] > 0.0);
        // The same values in another order.
        let backwards: Vec<_> = (0..19).map(|i| pattern.next(wave(619 - i))).collect();
        assert!(backwards[18] > 10.0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut pattern = Pattern::default();
        for i in 0..5000 {
            pattern.next(f64::from(i));
        }
        assert!(pattern.is_sound());
    }
}
