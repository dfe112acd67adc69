//! Feature matrices for the estimators, and the schema of their columns.

use std::sync::Arc;

/// The transform from a measured value to a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// The value itself.
    Identity,
    /// `ln(1 + x)`, for counts and bytes, which vary by orders of magnitude.
    Log1p,
}

impl Transform {
    /// Transforms a measured value into a feature.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            Self::Log1p => value.max(0.0).ln_1p(),
        }
    }

    /// Transforms a feature back into the measured value.
    #[must_use]
    pub fn invert(self, feature: f64) -> f64 {
        match self {
            Self::Identity => feature,
            Self::Log1p => feature.exp_m1(),
        }
    }
}

/// One column of a matrix.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Feature {
    /// The stable name, as in files: `bytes_sent`.
    pub name: String,
    /// The label that people read: `bytes sent`.
    pub label: String,
    /// The unit of the value before the transform: `B`, `s`, `rows`; empty for plain counts and shares.
    pub unit: String,
    /// The transform of the value.
    pub transform: Transform,
}

/// The columns of a matrix and the window length they were computed over. A model fits one schema only.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeatureSchema {
    /// The name of the log source: `flow`.
    pub source: String,
    /// The window length in seconds.
    pub window_seconds: i64,
    /// The columns.
    pub features: Vec<Feature>,
}

/// A matrix of feature rows, row-major. All values are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    schema: Arc<FeatureSchema>,
    values: Vec<f64>,
}

/// The error of a row that does not fit its matrix.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadRow {
    /// The number of values is not that of the columns of the schema.
    #[error("a row of {got} values does not fit a schema of {expected} features")]
    Width {
        /// The number of columns of the schema.
        expected: usize,
        /// The number of values of the row.
        got: usize,
    },
    /// A value is infinite or NaN.
    #[error("feature {feature} is {value}: every value must be finite")]
    NotFinite {
        /// The name of the feature.
        feature: String,
        /// Its value.
        value: f64,
    },
}

impl FeatureMatrix {
    /// A matrix without rows.
    #[must_use]
    pub fn new(schema: Arc<FeatureSchema>) -> Self {
        Self { schema, values: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When its width is not that of the schema, or a value is not finite.
    pub fn push(&mut self, row: &[f64]) -> Result<(), BadRow> {
        if row.len() != self.width() {
            return Err(BadRow::Width { expected: self.width(), got: row.len() });
        }
        if let Some(at) = row.iter().position(|v| !v.is_finite()) {
            return Err(BadRow::NotFinite { feature: self.schema.features[at].name.clone(), value: row[at] });
        }
        self.values.extend_from_slice(row);
        Ok(())
    }

    /// The schema of the columns.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// The number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.schema.features.len()
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width()).unwrap_or(0)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.width()..(index + 1) * self.width()]
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.width().max(1))
    }

    /// One column, copied.
    #[must_use]
    pub fn column(&self, feature: usize) -> Vec<f64> {
        self.rows().map(|row| row[feature]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Arc<FeatureSchema> {
        let feature = |name: &str| Feature {
            name: name.into(),
            label: name.into(),
            unit: String::new(),
            transform: Transform::Log1p,
        };
        Arc::new(FeatureSchema {
            source: "flow".into(),
            window_seconds: 300,
            features: vec![feature("a"), feature("b")],
        })
    }

    #[test]
    fn rows_must_fit_and_be_finite() {
        let mut m = FeatureMatrix::new(schema());
        assert!(m.is_empty());
        assert_eq!(m.push(&[1.0, 2.0]), Ok(()));
        assert_eq!(m.push(&[1.0]), Err(BadRow::Width { expected: 2, got: 1 }));
        assert!(matches!(m.push(&[1.0, f64::NAN]), Err(BadRow::NotFinite { feature, .. }) if feature == "b"));
        assert!(m.push(&[f64::INFINITY, 0.0]).is_err());
        assert_eq!((m.len(), m.row(0), m.column(1)), (1, &[1.0, 2.0][..], vec![2.0]));
    }

    #[test]
    fn transforms_invert() {
        for t in [Transform::Identity, Transform::Log1p] {
            assert!((t.invert(t.apply(1234.5)) - 1234.5).abs() < 1e-9);
        }
    }
}
