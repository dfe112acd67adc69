//! Median and interquartile range.

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use super::columns::{Column, Columns};
use crate::error::{FitError, SchemaMismatch};

/// The interquartile range of a normal distribution, in standard deviations.
const NORMAL_IQR: f64 = 1.349;

/// Scales each column to median 0 and interquartile range 1.349 on the training rows, so that a column of normal
/// distribution has standard deviation 1.
///
/// Quantiles interpolate linearly between the two nearest order statistics: the quantile `p` of `n` sorted values is at
/// position `(n - 1) p` (type 7 of Hyndman and Fan 1996, the default of numpy and R). Columns whose interquartile range
/// is 0, constant ones among them, have scale 1: they are only centred.
///
/// ```
/// # use std::sync::Arc;
/// # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
/// use weir_model::RobustScaler;
///
/// # let bytes = Feature {
/// #     name: "bytes".into(), label: "bytes".into(), unit: "B".into(), transform: Transform::Identity,
/// # };
/// # let schema = FeatureSchema { source: "flow".into(), window_seconds: 300, features: vec![bytes] };
/// let mut rows = FeatureMatrix::new(Arc::new(schema));
/// for bytes in [1.0, 2.0, 3.0, 4.0, 1e9] {
///     rows.push(&[bytes])?;
/// }
/// let scaled = RobustScaler::fit(&rows)?.transform(&rows)?;
/// assert_eq!(scaled.column(0)[..3], [-1.349, -0.6745, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RobustScaler {
    columns: Columns,
}

impl RobustScaler {
    /// Learns each column's median and interquartile range. O(rows · log rows · features).
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(matrix: &FeatureMatrix) -> Result<Self, FitError> {
        Ok(Self { columns: Columns::fit(matrix, robust)? })
    }

    /// What the scaler was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        self.columns.schema()
    }

    /// The matrix, scaled; values beyond ±1e150 are clamped.
    ///
    /// # Errors
    /// When the matrix has another schema than the scaler.
    pub fn transform(&self, matrix: &FeatureMatrix) -> Result<FeatureMatrix, SchemaMismatch> {
        self.columns.transform(matrix)
    }
}

fn robust(mut values: Vec<f64>) -> Column {
    values.sort_unstable_by(f64::total_cmp);
    // Divided first: quartiles of opposite signs can be further apart than a number can say.
    let range = quantile(&values, 0.75) / NORMAL_IQR - quantile(&values, 0.25) / NORMAL_IQR;
    let scale = range.min(f64::MAX);
    Column { centre: quantile(&values, 0.5), scale: if scale > 0.0 { scale } else { 1.0 } }
}

/// The type 7 quantile of sorted values, at least one.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * p;
    let below = sorted[position.floor() as usize];
    let above = sorted[position.ceil() as usize];
    let share = position.fract();
    let step = above - below;
    // When the step overflows the two have opposite signs, and their weighted sum does not.
    if step.is_finite() { below + step * share } else { below * (1.0 - share) + above * share }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|p| quantile(&sorted, p)), [1.0, 1.75, 3.0, 5.0, 8.0]);
        assert_eq!(quantile(&[3.0], 0.75), 3.0);
        assert_eq!(quantile(&[f64::MIN, f64::MAX], 0.5), 0.0);
        assert_eq!(quantile(&[f64::MAX, f64::MAX], 0.5), f64::MAX);
    }

    #[test]
    fn median_and_range_by_hand() {
        let Column { centre, scale } = robust(vec![8.0, 1.0, 4.0, 2.0]);
        assert_eq!(centre, 3.0);
        assert!((scale - 3.25 / 1.349).abs() < 1e-15);
    }

    #[test]
    fn columns_without_a_range_are_only_centred() {
        assert_eq!(robust(vec![7.0; 3]), Column { centre: 7.0, scale: 1.0 });
        assert_eq!(robust(vec![0.0, 0.0, 0.0, 0.0, 9.0]), Column { centre: 0.0, scale: 1.0 });
    }

    #[test]
    fn outliers_do_not_move_it_and_huge_quartiles_do_not_overflow() {
        let (usual, spiked) = (vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![1.0, 2.0, 3.0, 4.0, 1e300]);
        assert_eq!(robust(usual), robust(spiked));
        let rows = synthetic::column(&[f64::MAX, f64::MAX, 0.0, f64::MIN, f64::MIN]);
        let scaled = RobustScaler::fit(&rows).unwrap().transform(&rows).unwrap();
        assert_eq!(scaled.column(0), [1.0, 1.0, 0.0, -1.0, -1.0]);
    }
}
