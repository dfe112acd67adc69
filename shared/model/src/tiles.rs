//! Rows in tiles of eight, feature by feature, so that the compiler turns distances to eight rows into vector
//! instructions.

/// Rows of a tile.
pub(crate) const LANES: usize = 8;

/// Values beyond ±`LIMIT` are clamped to it, so that every squared distance is finite.
pub(crate) const LIMIT: f64 = 1e140;

/// Rows of one width, at least 1. The places of the last tile that hold no row hold zeros.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tiles {
    width: usize,
    rows: usize,
    /// Value of feature `f` of row `r` at `(r / LANES * width + f) * LANES + r % LANES`.
    values: Vec<[f64; LANES]>,
}

impl Tiles {
    /// The rows, clamped.
    pub(crate) fn new<'a>(width: usize, rows: impl ExactSizeIterator<Item = &'a [f64]>) -> Self {
        let count = rows.len();
        let mut values = vec![[0.0; LANES]; count.div_ceil(LANES) * width];
        for (at, row) in rows.enumerate() {
            for (feature, value) in row.iter().enumerate() {
                values[at / LANES * width + feature][at % LANES] = clamped(*value);
            }
        }
        Self { width, rows: count, values }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Number of tiles.
    pub(crate) fn tiles(&self) -> usize {
        self.rows.div_ceil(LANES)
    }

    pub(crate) fn value(&self, row: usize, feature: usize) -> f64 {
        self.values[row / LANES * self.width + feature][row % LANES]
    }

    /// One row, copied.
    pub(crate) fn row(&self, row: usize) -> Vec<f64> {
        (0..self.width).map(|feature| self.value(row, feature)).collect()
    }

    /// Squared Euclidean distances of a row to those of a tile, to the rows that the last tile lacks too. Terms are added
    /// in the order of the features.
    #[inline]
    pub(crate) fn squared_distances(&self, tile: usize, row: &[f64]) -> [f64; LANES] {
        let mut sums = [0.0; LANES];
        for (values, &value) in self.values[tile * self.width..][..self.width].iter().zip(row) {
            for (sum, other) in sums.iter_mut().zip(values) {
                let difference = other - value;
                *sum += difference * difference;
            }
        }
        sums
    }
}

/// A value no further than [`LIMIT`] from 0.
pub(crate) fn clamped(value: f64) -> f64 {
    value.clamp(-LIMIT, LIMIT)
}

/// A row with every value clamped, into a buffer.
pub(crate) fn clamp_into(row: &[f64], buffer: &mut Vec<f64>) {
    buffer.clear();
    buffer.extend(row.iter().map(|&value| clamped(value)));
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand_and_rows_back() {
        let rows: Vec<[f64; 2]> = (0..11).map(|i| [f64::from(i), f64::from(2 * i)]).collect();
        let tiles = Tiles::new(2, rows.iter().map(|r| &r[..]));
        assert_eq!((tiles.len(), tiles.tiles(), tiles.width()), (11, 2, 2));
        assert_eq!(tiles.row(9), [9.0, 18.0]);
        let distances = tiles.squared_distances(1, &[8.0, 16.0]);
        assert_eq!(distances[..3], [0.0, 5.0, 20.0]);
        assert_eq!(distances[3], 64.0 + 256.0);
    }

    #[test]
    fn distances_between_the_largest_numbers_are_finite() {
        let tiles = Tiles::new(2, [[f64::MAX; 2].as_slice()].into_iter());
        let mut row = Vec::new();
        clamp_into(&[f64::MIN; 2], &mut row);
        assert!(tiles.squared_distances(0, &row)[0].is_finite());
        assert_eq!(tiles.row(0), [LIMIT; 2]);
    }
}
