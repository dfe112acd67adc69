//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;

use super::Pca;
use super::decompose::decompose;
use crate::error::{BadParams, FitError, RangeCheck};

/// Numbers of components that are allowed.
const COMPONENTS_RANGE: RangeInclusive<u32> = 1..=10_000;

/// Maximum number of features: the covariance of 4,096 takes 128 MiB.
const MAX_FEATURES: usize = 4096;

/// Shares of the variance that are allowed.
const SHARE_RANGE: RangeInclusive<f64> = 1e-6..=1.0;

/// How many components are kept.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// So many, 1 to 10 000; all along which rows vary where there are fewer.
    Components(u32),
    /// The fewest that explain this share of the variance, 1e-6 to 1; with 1 all along which rows vary.
    Share(f64),
}

/// What components are fitted with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PcaParams {
    kept: Kept,
}

impl Default for PcaParams {
    /// The components that explain 95 % of the variance.
    fn default() -> Self {
        Self { kept: Kept::Share(0.95) }
    }
}

impl PcaParams {
    /// How many components are kept, by default those that explain 95 % of the variance. The more are kept, the fewer
    /// deviations are left to score by.
    #[must_use]
    pub fn kept(mut self, kept: Kept) -> Self {
        self.kept = kept;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<PcaValid, BadParams> {
        let check = RangeCheck::default();
        match &self.kept {
            Kept::Components(count) => check.require("components", count, &COMPONENTS_RANGE),
            Kept::Share(share) => check.require("share", share, &SHARE_RANGE),
        }
        .finish()?;
        Ok(PcaValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct PcaValid {
    params: PcaParams,
}

impl PcaValid {
    /// Finds the components, in parallel on the current rayon pool. The result depends on the rows and their order, to
    /// the bit, and not on the number of threads; nothing is random.
    ///
    /// Takes O(rows · features² + features³) time and O(rows · features + features²) memory. Directions with less than
    /// features · 2e-16 of the variance of the first one count as such that rows do not vary along.
    ///
    /// # Errors
    /// When there are fewer than 2 rows, no features or more than 4,096, or all rows are equal.
    pub fn fit(&self, matrix: &FeatureMatrix) -> Result<Pca, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.width() > MAX_FEATURES {
            return Err(FitError::TooMany { what: "features", most: MAX_FEATURES, got: matrix.width() });
        }
        if matrix.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: matrix.len() });
        }
        let directions = decompose(matrix).ok_or(FitError::NoVariance)?;
        let count = match self.params.kept {
            Kept::Components(count) => (count as usize).min(directions.shares.len()),
            Kept::Share(share) => enough(&directions.shares, share),
        };
        Ok(Pca {
            schema: Arc::clone(matrix.schema()),
            means: directions.means,
            components: directions.components[..count * matrix.width()].to_vec(),
            shares: directions.shares[..count].to_vec(),
            total_variance: directions.total_variance,
        })
    }
}

/// The fewest first shares that add up to one asked for; all where they do not, or all are asked for.
fn enough(shares: &[f64], wanted: f64) -> usize {
    let mut sum = 0.0;
    let reached = shares.iter().position(|share| {
        sum += share;
        sum >= wanted && wanted < 1.0
    });
    reached.map_or(shares.len(), |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn every_range_ends_where_it_says() {
        let says = |kept| PcaParams::default().kept(kept).check().map_err(|e| e.to_string());
        for good in [Kept::Components(1), Kept::Components(10_000), Kept::Share(1e-6), Kept::Share(1.0)] {
            assert!(says(good).is_ok(), "{good:?}");
        }
        assert_eq!(says(Kept::Components(0)), Err("components is 0: must be from 1 to 10000".into()));
        assert!(says(Kept::Components(10_001)).is_err());
        for bad in [f64::NAN, 0.0, 1.01, -1.0, f64::INFINITY] {
            assert!(says(Kept::Share(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<PcaParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(PcaParams::default()));
        assert_eq!(read(r#"{"kept": {"components": 3}}"#), Ok(PcaParams::default().kept(Kept::Components(3))));
        assert_eq!(read(r#"{"kept": {"share": 0.5}}"#), Ok(PcaParams::default().kept(Kept::Share(0.5))));
        assert!(read(r#"{"components": 3}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = PcaParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 2, got: 0 }));
        assert_eq!(valid.fit(&synthetic::column(&[1.0])), Err(FitError::TooFewRows { needed: 2, got: 1 }));
        // The mean of many times 0.1 is not 0.1 when computed without care.
        assert_eq!(valid.fit(&synthetic::matrix(2, &[[0.1, 1e300]; 33])), Err(FitError::NoVariance));
    }
}
