//! Rows of numbers for the estimators, and the schema that says what each number is.

use std::sync::Arc;

/// How a feature relates to what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// As counted.
    Identity,
    /// `ln(1 + x)`: for counts and bytes, whose meaning lies in their order of magnitude.
    Log1p,
}

impl Transform {
    /// From what was counted to the feature.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            Self::Log1p => value.max(0.0).ln_1p(),
        }
    }

    /// From the feature back to what was counted.
    #[must_use]
    pub fn invert(self, feature: f64) -> f64 {
        match self {
            Self::Identity => feature,
            Self::Log1p => feature.exp_m1(),
        }
    }
}

/// What one column of a matrix is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Feature {
    /// Stable name, as in files: `bytes_sent`.
    pub name: String,
    /// What a person reads: `bytes sent`.
    pub label: String,
    /// The unit of the value before the transform: `B`, `s`, `rows`; empty for plain counts and shares.
    pub unit: String,
    /// How the value was transformed.
    pub transform: Transform,
}

/// The columns of a matrix and the window they were computed over. A model fits one schema only.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeatureSchema {
    /// Name of the log source: `flow`.
    pub source: String,
    /// Window length in seconds.
    pub window_seconds: i64,
    /// The columns.
    pub features: Vec<Feature>,
}

/// Feature rows, row-major, finite by construction.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    schema: Arc<FeatureSchema>,
    values: Vec<f64>,
}

/// A row that does not fit its matrix.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadRow {
    /// Another number of values than the schema has columns.
    #[error("a row of {got} values does not fit a schema of {expected} features")]
    Width {
        /// Columns of the schema.
        expected: usize,
        /// Values of the row.
        got: usize,
    },
    /// A value that is infinite or no number.
    #[error("feature {feature} is {value}: every value must be finite")]
    NotFinite {
        /// Name of the feature.
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
    /// When it has another width than the schema, or a value that is not finite.
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

    /// What the columns are.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.schema.features.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width()).unwrap_or(0)
    }

    /// True when there is no row.
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
