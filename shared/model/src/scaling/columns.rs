//! A centre and a scale per column, and how they are applied and stored.

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use crate::error::{FitError, SchemaMismatch};

/// Scaled values end here.
pub(super) const LIMIT: f64 = 1e150;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    pub(super) centre: f64,
    /// Above 0.
    pub(super) scale: f64,
}

/// What both scalers are once fitted.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredColumns", into = "StoredColumns")]
pub(super) struct Columns {
    schema: Arc<FeatureSchema>,
    columns: Vec<Column>,
}

impl Columns {
    /// One column at a time, from its values in the order of the rows, at least one.
    pub(super) fn fit(matrix: &FeatureMatrix, fit: impl Fn(Vec<f64>) -> Column) -> Result<Self, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let columns = (0..matrix.width()).map(|feature| fit(matrix.column(feature))).collect();
        Ok(Self { schema: Arc::clone(matrix.schema()), columns })
    }

    pub(super) fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    pub(super) fn transform(&self, matrix: &FeatureMatrix) -> Result<FeatureMatrix, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, matrix.schema())?;
        let mut scaled = FeatureMatrix::new(Arc::clone(matrix.schema()));
        let mut out = vec![0.0; self.columns.len()];
        for row in matrix.rows() {
            for ((out, &value), column) in out.iter_mut().zip(row).zip(&self.columns) {
                *out = column.apply(value);
            }
            push_scaled(&mut scaled, &out);
        }
        Ok(scaled)
    }
}

#[expect(clippy::expect_used, reason = "one value per column of the same schema, each clamped")]
fn push_scaled(matrix: &mut FeatureMatrix, row: &[f64]) {
    matrix.push(row).expect("a finite row of the same width");
}

impl Column {
    fn apply(self, value: f64) -> f64 {
        let difference = value - self.centre;
        let scaled = if difference.is_finite() {
            difference / self.scale
        } else {
            // The difference of huge values of opposite signs; its half is in range.
            (value / 2.0 - self.centre / 2.0) / self.scale * 2.0
        };
        scaled.clamp(-LIMIT, LIMIT)
    }
}

/// Columns as they are stored.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredColumns {
    schema: FeatureSchema,
    centre: Vec<f64>,
    scale: Vec<f64>,
}

impl From<Columns> for StoredColumns {
    fn from(fitted: Columns) -> Self {
        Self {
            schema: FeatureSchema::clone(&fitted.schema),
            centre: fitted.columns.iter().map(|c| c.centre).collect(),
            scale: fitted.columns.iter().map(|c| c.scale).collect(),
        }
    }
}

impl TryFrom<StoredColumns> for Columns {
    type Error = &'static str;

    fn try_from(stored: StoredColumns) -> Result<Self, &'static str> {
        let StoredColumns { schema, centre, scale } = stored;
        if schema.features.is_empty() || [centre.len(), scale.len()] != [schema.features.len(); 2] {
            return Err("a scaler needs one centre and one scale per feature, at least one");
        }
        if !centre.iter().all(|c| c.is_finite()) || !scale.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Err("the centres of a scaler must be finite, its scales finite and above 0");
        }
        let columns = centre.into_iter().zip(scale).map(|(centre, scale)| Column { centre, scale }).collect();
        Ok(Self { schema: Arc::new(schema), columns })
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::synthetic::{self, bell};
    use crate::{RobustScaler, StandardScaler};

    #[test]
    fn scalers_read_back_transform_the_same() {
        let (training, rows) = (bell(50, 3, 1), bell(20, 3, 2));
        let standard = StandardScaler::fit(&training).unwrap();
        let back: StandardScaler = serde_json::from_str(&serde_json::to_string(&standard).unwrap()).unwrap();
        assert_eq!(back.transform(&rows), standard.transform(&rows));
        let robust = RobustScaler::fit(&training).unwrap();
        let back: RobustScaler = serde_json::from_str(&serde_json::to_string(&robust).unwrap()).unwrap();
        assert_eq!(back.transform(&rows), robust.transform(&rows));
    }

    #[test]
    fn a_stored_scaler_that_is_none_is_refused() {
        let read = |centre: Value, scale: Value| {
            let stored = json!({"schema": *synthetic::schema(2), "centre": centre, "scale": scale});
            serde_json::from_value::<StandardScaler>(stored).map_err(|e| e.to_string())
        };
        assert!(read(json!([0.0, 1.0]), json!([1.0, 2.0])).is_ok());
        assert!(read(json!([0.0]), json!([1.0])).unwrap_err().contains("one scale per feature"));
        assert!(read(json!([0.0, 1.0]), json!([1.0])).unwrap_err().contains("one scale per feature"));
        assert!(read(json!([0.0, 1.0]), json!([1.0, 0.0])).unwrap_err().contains("above 0"));
        assert!(read(json!([0.0, 1.0]), json!([1.0, -1.0])).unwrap_err().contains("above 0"));
        assert!(read(json!([0.0, null]), json!([1.0, 1.0])).is_err());
        let infinite =
            StoredColumns { schema: (*synthetic::schema(1)).clone(), centre: vec![f64::INFINITY], scale: vec![1.0] };
        assert!(Columns::try_from(infinite).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_and_another_schema_are_errors() {
        let none: [&[f64]; 0] = [];
        let few = FitError::TooFewRows { needed: 1, got: 0 };
        assert_eq!(StandardScaler::fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(RobustScaler::fit(&synthetic::matrix(1, &none)), Err(few));
        let scaler = StandardScaler::fit(&bell(5, 2, 1)).unwrap();
        assert_eq!(scaler.transform(&bell(5, 3, 1)), Err(SchemaMismatch::Width { expected: 2, got: 3 }));
    }

    #[test]
    fn huge_differences_do_not_overflow_and_tiny_scales_are_clamped() {
        let column = Column { centre: -1.5e308, scale: 1e308 };
        assert!((column.apply(1.5e308) - 3.0).abs() < 1e-12);
        assert_eq!(Column { centre: 0.0, scale: 1e-300 }.apply(-1.0), -LIMIT);
    }

    proptest! {
        #[test]
        fn finite_rows_stay_finite(
            training in prop::collection::vec(finite(), 1..20),
            values in prop::collection::vec(finite(), 1..20),
        ) {
            let (training, values) = (synthetic::column(&training), synthetic::column(&values));
            let standard = StandardScaler::fit(&training).unwrap().transform(&values).unwrap();
            let robust = RobustScaler::fit(&training).unwrap().transform(&values).unwrap();
            prop_assert!([standard, robust].iter().all(|m| m.len() == values.len()));
        }
    }

    fn finite() -> impl Strategy<Value = f64> {
        let edge = prop::sample::select(vec![0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1.0]);
        prop_oneof![edge, prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, -1e3..1e3_f64]
    }
}
