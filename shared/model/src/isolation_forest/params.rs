//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use super::draw::Urn;
use super::grow::{grow_axis, grow_oblique};
use super::{IsolationForest, Trees};
use crate::error::{BadParams, FitError, RangeCheck};
use crate::seeds::generator;

/// Numbers of trees that are allowed.
pub(super) const TREES_RANGE: RangeInclusive<u32> = 1..=10_000;
/// Numbers of rows per tree that are allowed.
pub(super) const SAMPLE_SIZE_RANGE: RangeInclusive<u32> = 2..=65_536;
/// Features: cuts number them with 16 bits.
pub(super) const MAX_FEATURES: usize = 65_536;
const EXTENSION_LEVEL_RANGE: RangeInclusive<u32> = 0..=65_535;

/// What an isolation forest is grown with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsolationForestParams {
    trees: u32,
    sample_size: u32,
    extension_level: u32,
}

impl Default for IsolationForestParams {
    /// 100 trees of 256 rows each, as the paper recommends, cut parallel to the axes.
    fn default() -> Self {
        Self { trees: 100, sample_size: 256, extension_level: 0 }
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

    /// Features beyond the first that each cut looks at, 0 to 65 535, by default 0: cuts parallel to the axes. With more,
    /// the forest is the extended one of Hariri et al.: cuts are hyperplanes over one more feature than the level, or over
    /// all there are. It sees what is unusual only in how features go together, but is slower, and features should be on
    /// one scale.
    #[must_use]
    pub fn extension_level(mut self, extension_level: u32) -> Self {
        self.extension_level = extension_level;
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
            .require("extension_level", &self.extension_level, &EXTENSION_LEVEL_RANGE)
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
    /// When there are fewer than 2 rows, no features, or more than 65 536 of them.
    pub fn fit(&self, matrix: &FeatureMatrix, seed: u64) -> Result<IsolationForest, FitError> {
        self.fit_from(matrix, &Urn::Rows(matrix.len()), seed)
    }

    /// The same, a row of weight w counting as w rows: it is drawn in proportion to its weight, and more than once where
    /// its weight is above 1. With a weight of 0 it is not there.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); and when there is not one weight per row, or a weight is negative or not finite.
    pub fn fit_weighted(
        &self,
        matrix: &FeatureMatrix,
        weights: &[f64],
        seed: u64,
    ) -> Result<IsolationForest, FitError> {
        self.fit_from(matrix, &Urn::weighted(matrix.len(), weights)?, seed)
    }

    fn fit_from(&self, matrix: &FeatureMatrix, urn: &Urn, seed: u64) -> Result<IsolationForest, FitError> {
        let width = matrix.width();
        if width == 0 {
            return Err(FitError::NoFeatures);
        }
        if width > MAX_FEATURES {
            return Err(FitError::TooMany { what: "features", most: MAX_FEATURES, got: width });
        }
        if urn.copies() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: urn.copies() });
        }
        let sample_size = urn.copies().min(self.params.sample_size as usize) as u32;
        let draw = |tree: u32| {
            let mut rng = generator(seed, u64::from(tree));
            (urn.draw(sample_size, &mut rng), rng)
        };
        let trees = (0..self.params.trees).into_par_iter().map(draw);
        let terms = width.min(self.params.extension_level as usize + 1);
        let trees = if terms == 1 {
            Trees::axis(trees.map(|(rows, rng)| grow_axis(matrix, &rows, rng)).collect(), width)
        } else {
            Trees::Oblique(trees.map(|(rows, rng)| grow_oblique(matrix, &rows, terms, rng)).collect())
        };
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
        assert!(IsolationForestParams::default().extension_level(65_535).check().is_ok());
        assert!(IsolationForestParams::default().extension_level(65_536).check().is_err());
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
        let weighted = |weights: &[f64]| valid.fit_weighted(&synthetic::column(&[1.0, 2.0]), weights, 1);
        assert_eq!(weighted(&[1.0]), Err(FitError::UnequalLengths { rows: 2, got: 1 }));
        assert_eq!(weighted(&[0.0, 1.0]), Err(FitError::TooFewRows { needed: 2, got: 1 }));
        assert!(weighted(&[0.0, 2.0]).is_ok());
    }
}
