//! Projects rows to two dimensions, for a scatter plot, with the share of the variance that each dimension shows.
//!
//! Columns are scaled to mean 0 and standard deviation 1 first, so that no unit dominates, and then projected to their first
//! two principal components ([`crate::pca`]).

use weir_domain::matrix::FeatureMatrix;

use crate::error::FitError;
use crate::pca::{Kept, PcaParams};
use crate::scaling::StandardScaler;

/// Rows in two dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// The coordinates of each row along the first and the second component, in the order of the rows.
    pub points: Vec<[f64; 2]>,
    /// The share of the variance of the scaled columns along either component, 0 to 1 (scikit-learn's
    /// `explained_variance_ratio_`). The second is 0, and so are its coordinates, where rows vary along one direction only.
    pub explained_shares: [f64; 2],
}

/// Projects the n rows of an n × d matrix to their first two principal components. O(n · d² + d³).
///
/// # Errors
/// When there are fewer than 2 rows, or no features, or all rows are equal.
///
/// ```
/// # use std::sync::Arc;
/// # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
/// use weir_model::project_to_plane;
///
/// # let feature = |name: &str| Feature {
/// #     name: name.into(), label: name.into(), unit: String::new(), transform: Transform::Identity,
/// # };
/// # let features = vec![feature("bytes"), feature("packets"), feature("ports")];
/// # let schema = FeatureSchema { source: "flow".into(), window_seconds: 300, features };
/// let mut rows = FeatureMatrix::new(Arc::new(schema));
/// for i in 0..60 {
///     rows.push(&[f64::from(i), 3.0 * f64::from(i), f64::from(i % 7)])?;
/// }
/// let projection = project_to_plane(&rows)?;
/// assert_eq!(projection.points.len(), 60);
/// assert!((projection.explained_shares[0] - 2.0 / 3.0).abs() < 0.1);
/// assert!((projection.explained_shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn project_to_plane(matrix: &FeatureMatrix) -> Result<Projection, FitError> {
    let scaler = StandardScaler::fit(matrix)?;
    // The scaler was fitted on this matrix.
    let scaled = scaler.transform(matrix).map_err(|_| FitError::NoFeatures)?;
    let pca = PcaParams::default().kept(Kept::Components(2)).check().map_err(|_| FitError::NoFeatures)?.fit(&scaled)?;
    let along = pca.transform(&scaled).map_err(|_| FitError::NoFeatures)?;
    let two = |values: &[f64]| std::array::from_fn(|at| values.get(at).copied().unwrap_or(0.0));
    Ok(Projection { points: along.rows().map(two).collect(), explained_shares: two(pca.explained_shares()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn a_plane_by_hand() {
        // The second column has another unit: scaled, the rows are the corners (±1, ±1), doubled along one diagonal.
        let rows = [[1.0, 1000.0], [-1.0, -1000.0], [1.0, 1000.0], [-1.0, -1000.0], [1.0, -1000.0], [-1.0, 1000.0]];
        let projection = project_to_plane(&synthetic::matrix(2, &rows)).unwrap();
        let [first, second] = projection.explained_shares;
        assert!((first - 2.0 / 3.0).abs() < 1e-12 && (second - 1.0 / 3.0).abs() < 1e-12);
        let diagonal = 2.0_f64.sqrt();
        assert!((projection.points[0][0] - diagonal).abs() < 1e-12 && projection.points[0][1].abs() < 1e-12);
        assert!(projection.points[4][0].abs() < 1e-12 && (projection.points[4][1].abs() - diagonal).abs() < 1e-12);
    }

    #[test]
    fn rows_on_a_line_have_no_second_dimension_and_equal_rows_none() {
        let projection = project_to_plane(&synthetic::matrix(2, &[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])).unwrap();
        assert!((projection.explained_shares[0] - 1.0).abs() < 1e-12 && projection.explained_shares[1].abs() < 1e-12);
        assert!(projection.points.iter().all(|point| point[1].abs() < 1e-12));
        assert_eq!(project_to_plane(&synthetic::matrix(1, &[[1.0], [1.0]])), Err(FitError::NoVariance));
    }
}
