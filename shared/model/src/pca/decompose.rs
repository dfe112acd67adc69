//! The covariance of rows, and the directions and variances it has.

use rayon::prelude::*;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linalg::traits::evd::EVDDecomposable;
use weir_domain::matrix::FeatureMatrix;

use crate::tiles::clamped;

/// Covariances below this count as 0, where the largest deviation is 1. They are far below the rounding of the others,
/// and the products of such numbers, which vanish, lead the decomposition to divide 0 by 0.
const NEGLIGIBLE: f64 = 1e-60;

/// Directions that rows vary along, those of the largest variance first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Directions {
    pub(super) means: Vec<f64>,
    /// One after the other, each of one value per feature.
    pub(super) components: Vec<f64>,
    /// The share of the variance that each has.
    pub(super) shares: Vec<f64>,
    pub(super) total_variance: f64,
}

/// The directions of at least 2 rows of at least 1 feature; none where all rows are equal.
///
/// The decomposition panics when an eigenvalue takes 30 rounds. For finite symmetric matrices the method takes two or
/// three, and none of 200 000 covariances of all ranks and scales came near; what is not finite cannot get here.
pub(super) fn decompose(matrix: &FeatureMatrix) -> Option<Directions> {
    let width = matrix.width();
    let means: Vec<f64> = (0..width).map(|feature| mean(matrix, feature)).collect();
    let mut deviations: Vec<f64> =
        matrix.rows().flat_map(|row| row.iter().zip(&means).map(|(&value, mean)| clamped(value) - mean)).collect();
    let largest = deviations.iter().fold(0.0_f64, |largest, deviation| largest.max(deviation.abs()));
    if largest <= 0.0 {
        return None;
    }
    // So that no square overflows or vanishes.
    for deviation in &mut deviations {
        *deviation /= largest;
    }
    let covariance = covariance(&deviations, width, matrix.len() - 1);
    let total: f64 = (0..width).map(|feature| covariance[feature * width + feature]).sum();
    let decomposed = DenseMatrix::new(width, width, covariance, true).and_then(|matrix| matrix.evd(true)).ok()?;
    let least = decomposed.d.first()? * width as f64 * f64::EPSILON;
    let shares: Vec<f64> = decomposed.d.iter().take_while(|d| **d > least).map(|d| (d / total).min(1.0)).collect();
    let mut components = Vec::with_capacity(shares.len() * width);
    for component in 0..shares.len() {
        let direction: Vec<f64> = (0..width).map(|feature| *decomposed.V.get((feature, component))).collect();
        components.extend(oriented(direction));
    }
    // The square of the largest deviation alone may vanish or, at worst, come to 4e280.
    Some(Directions { means, components, shares, total_variance: total * largest * largest })
}

/// The mean of a column, which is exact where all values are equal.
fn mean(matrix: &FeatureMatrix, feature: usize) -> f64 {
    let first = clamped(matrix.row(0)[feature]);
    first + matrix.rows().map(|row| clamped(row[feature]) - first).sum::<f64>() / matrix.len() as f64
}

/// Row by row, each in parallel and summed in the order of the matrix.
fn covariance(deviations: &[f64], width: usize, degrees: usize) -> Vec<f64> {
    let mut covariance = vec![0.0; width * width];
    covariance.par_chunks_mut(width).enumerate().for_each(|(feature, sums)| {
        for row in deviations.chunks_exact(width) {
            let own = row[feature];
            sums.iter_mut().zip(row).for_each(|(sum, other)| *sum += own * other);
        }
        for sum in sums {
            *sum /= degrees as f64;
            if sum.abs() < NEGLIGIBLE {
                *sum = 0.0;
            }
        }
    });
    covariance
}

/// The direction or its opposite: that whose first value of the largest size is positive.
fn oriented(mut direction: Vec<f64>) -> Vec<f64> {
    let largest =
        direction.iter().fold(0.0_f64, |largest, value| if value.abs() > largest.abs() { *value } else { largest });
    for value in &mut direction {
        *value *= largest.signum();
    }
    direction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::synthetic;

    #[test]
    fn directions_are_those_of_larger_values() {
        assert_eq!(oriented(vec![0.6, -0.8]), [-0.6, 0.8]);
        assert_eq!(oriented(vec![0.5, -0.5]), [0.5, -0.5]);
    }

    proptest! {
        /// Columns that are equal, constant, or of scales far apart.
        #[test]
        fn whatever_the_rows_directions_are_orthonormal_and_hold_the_variance(
            columns in prop::collection::vec((-300..300_i32, 0..4_usize), 1..9),
            draws in prop::collection::vec(prop::array::uniform4(-9..10_i32), 2..30),
        ) {
            let rows: Vec<Vec<f64>> = draws
                .iter()
                .map(|draw| columns.iter().map(|&(scale, of)| f64::from(draw[of]) * 10_f64.powi(scale)).collect())
                .collect();
            let width = columns.len();
            if let Some(found) = decompose(&synthetic::matrix(width, &rows)) {
                let directions: Vec<&[f64]> = found.components.chunks_exact(width).collect();
                prop_assert!(!directions.is_empty() && directions.len() == found.shares.len());
                for (i, a) in directions.iter().enumerate() {
                    for (j, b) in directions.iter().enumerate() {
                        let product: f64 = a.iter().zip(*b).map(|(a, b)| a * b).sum();
                        prop_assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
                    }
                }
                prop_assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                prop_assert!(found.total_variance.is_finite() && found.means.iter().all(|mean| mean.is_finite()));
            }
        }
    }
}
