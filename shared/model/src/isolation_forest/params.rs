//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use super::IsolationForest;
use super::grow::{generator, grow};
use crate::error::{BadParams, FitError, RangeCheck};

/// Numbers of trees that are allowed.
pub(super) const TREES_RANGE: RangeInclusive<u32> = 1..=10_000;
/// Numbers of rows per tree that are allowed.
pub(super) const SAMPLE_SIZE_RANGE: RangeInclusive<u32> = 2..=65_536;

/// What an isolation forest is grown with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsolationForestParams {
    trees: u32,
    sample_size: u32,
}

impl Default for IsolationForestParams {
    /// 100 trees of 256 rows each, as the paper recommends.
    fn default() -> Self {
        Self { trees: 100, sample_size: 256 }
    }
}

impl IsolationForestParams {
    /// Number of trees, 1 to 10 000, by default 100. More trees, steadier scores: their scatter falls with the root.
    #[must_use]
    pub fn trees(mut self, trees: u32) -> Self {
        self.trees = trees;
        self
    }

    /// Rows drawn for each tree (the paper's ψ), 2 to 65 536, by default 256; all rows where there are fewer. Small
    /// samples keep groups of anomalies from hiding one another; larger ones resolve finer structure.
    #[must_use]
    pub fn sample_size(mut self, sample_size: u32) -> Self {
        self.sample_size = sample_size;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<IsolationForestValid, BadParams> {
        RangeCheck::default()
            .require("trees", &self.trees, &TREES_RANGE)
            .require("sample_size", &self.sample_size, &SAMPLE_SIZE_RANGE)
            .finish()?;
        Ok(IsolationForestValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationForestValid {
    params: IsolationForestParams,
}

impl IsolationForestValid {
    /// Grows the trees, in parallel on the current rayon pool. The forest depends on the rows, their order and the seed,
    /// to the bit, and not on the number of threads.
    ///
    /// Takes O(trees · ψ · log ψ · features) time at worst, whatever the number of rows.
    ///
    /// # Errors
    /// When there are fewer than 2 rows, or no features.
    pub fn fit(&self, matrix: &FeatureMatrix, seed: u64) -> Result<IsolationForest, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: matrix.len() });
        }
        let sample_size = matrix.len().min(self.params.sample_size as usize) as u32;
        let trees = (0..self.params.trees)
            .into_par_iter()
            .map(|tree| grow(matrix, sample_size, generator(seed, u64::from(tree))))
            .collect();
        Ok(IsolationForest { schema: Arc::clone(matrix.schema()), sample_size, trees })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn every_range_ends_where_it_says() {
        let fits = |trees, sample_size| {
            IsolationForestParams::default()
                .trees(trees)
                .sample_size(sample_size)
                .check()
                .map_err(|bad| bad.faults.len())
        };
        assert!(fits(1, 2).is_ok() && fits(10_000, 65_536).is_ok());
        assert_eq!(fits(0, 2), Err(1));
        assert_eq!(fits(10_001, 2), Err(1));
        assert_eq!(fits(1, 1), Err(1));
        assert_eq!(fits(1, 65_537), Err(1));
        assert_eq!(fits(0, 0), Err(2));
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<IsolationForestParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(IsolationForestParams::default()));
        assert_eq!(read(r#"{"trees": 7}"#), Ok(IsolationForestParams::default().trees(7)));
        assert!(read(r#"{"tress": 7}"#).is_err());
        assert!(read(r#"{"trees": -1}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = IsolationForestParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none), 1), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none), 1), Err(FitError::TooFewRows { needed: 2, got: 0 }));
        assert_eq!(valid.fit(&synthetic::column(&[1.0]), 1), Err(FitError::TooFewRows { needed: 2, got: 1 }));
        assert!(valid.fit(&synthetic::column(&[1.0, 2.0]), 1).is_ok());
    }
}
