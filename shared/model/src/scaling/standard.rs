//! Mean and standard deviation.

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use super::columns::{Column, Columns};
use crate::error::{FitError, SchemaMismatch};

/// Scales each column to mean 0 and standard deviation 1 on the training rows.
///
/// The standard deviation is that of the population (divided by `n`, not `n - 1`). Constant columns have scale 1: they
/// are only centred.
///
/// ```
/// # use std::sync::Arc;
/// # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
/// use weir_model::StandardScaler;
///
/// # let bytes = Feature {
/// #     name: "bytes".into(), label: "bytes".into(), unit: "B".into(), transform: Transform::Identity,
/// # };
/// # let schema = FeatureSchema { source: "flow".into(), window_seconds: 300, features: vec![bytes] };
/// let mut rows = FeatureMatrix::new(Arc::new(schema));
/// for bytes in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
///     rows.push(&[bytes])?;
/// }
/// let scaled = StandardScaler::fit(&rows)?.transform(&rows)?;
/// assert_eq!(scaled.column(0), [-1.5, -0.5, -0.5, -0.5, 0.0, 0.0, 1.0, 2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct StandardScaler {
    columns: Columns,
}

impl StandardScaler {
    /// Learns each column's mean and standard deviation. O(rows · features).
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(matrix: &FeatureMatrix) -> Result<Self, FitError> {
        Ok(Self { columns: Columns::fit(matrix, |values| standard(&values))? })
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

/// Two passes over values brought near 1 by a power of two, which loses nothing: so that neither the sum of huge values
/// overflows nor the squares of tiny ones vanish.
fn standard(values: &[f64]) -> Column {
    let (min, max) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    if min >= max {
        return Column { centre: min, scale: 1.0 };
    }
    let unit = power_of_two_below(min.abs().max(max.abs()));
    let n = values.len() as f64;
    let mean = values.iter().map(|v| v / unit).sum::<f64>() / n;
    let variance = values.iter().map(|v| (v / unit - mean).powi(2)).sum::<f64>() / n;
    let scale = (variance.sqrt() * unit).min(f64::MAX);
    Column { centre: (mean * unit).clamp(min, max), scale: if scale > 0.0 { scale } else { 1.0 } }
}

/// The largest power of two up to a value above 0, and no less than the smallest normal number.
fn power_of_two_below(value: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
    f64::from_bits(value.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    #[test]
    fn mean_and_population_deviation_by_hand() {
        let column = standard(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(column, Column { centre: 2.5, scale: 1.25_f64.sqrt() });
        assert_eq!(standard(&[7.0; 3]), Column { centre: 7.0, scale: 1.0 });
    }

    #[test]
    fn scaled_columns_have_mean_0_and_deviation_1() {
        let rows = bell(500, 2, 1);
        let scaled = StandardScaler::fit(&rows).unwrap().transform(&rows).unwrap();
        for feature in 0..2 {
            let Column { centre, scale } = standard(&scaled.column(feature));
            assert!(centre.abs() < 1e-12 && (scale - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn huge_and_tiny_values_are_scaled_like_others() {
        for unit in [f64::MAX, 1e308, 1.0, 1e-300, 5e-324] {
            let rows = synthetic::column(&[unit, -unit]);
            let scaled = StandardScaler::fit(&rows).unwrap().transform(&rows).unwrap();
            assert_eq!(scaled.column(0), [1.0, -1.0], "{unit:e}");
        }
        assert_eq!(standard(&[f64::MAX; 9]), Column { centre: f64::MAX, scale: 1.0 });
    }

    #[test]
    fn powers_of_two() {
        assert_eq!([1.0, 1.9, 2.0, 0.3, 1000.0].map(power_of_two_below), [1.0, 1.0, 2.0, 0.25, 512.0]);
        assert_eq!(power_of_two_below(5e-324), f64::MIN_POSITIVE);
    }
}
