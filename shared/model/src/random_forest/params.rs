//! Parameters and their ranges.

use std::ops::RangeInclusive;

use super::grow::Limits;
use crate::error::{BadParams, RangeCheck};

/// Numbers of trees that are allowed.
pub(super) const TREES_RANGE: RangeInclusive<u32> = 1..=10_000;
/// Depths that are allowed.
pub(super) const MAX_DEPTH_RANGE: RangeInclusive<u32> = 1..=64;
const MIN_SAMPLES_LEAF_RANGE: RangeInclusive<u32> = 1..=1_000_000;
/// Weights of a class that are allowed.
pub(super) const WEIGHT_RANGE: RangeInclusive<f64> = 1e-9..=1e9;

/// How many features are tried at each node, of those that vary in it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxFeatures {
    /// The square root of their number, rounded down.
    Sqrt,
    /// All of them.
    All,
    /// This share of them, above 0 to 1, at least one feature.
    Share(f64),
    /// As many as this, 1 to 65 536, or all there are.
    Count(u32),
}

impl MaxFeatures {
    fn for_width(self, width: usize) -> usize {
        let count = match self {
            Self::Sqrt => width.isqrt(),
            Self::All => width,
            Self::Share(share) => (share * width as f64) as usize,
            Self::Count(count) => count as usize,
        };
        count.clamp(1, width.max(1))
    }

    fn check(self, check: RangeCheck) -> RangeCheck {
        match self {
            Self::Sqrt | Self::All => check,
            Self::Share(share) => check.require("max_features", &share, &(f64::MIN_POSITIVE..=1.0)),
            Self::Count(count) => check.require("max_features", &count, &(1..=65_536)),
        }
    }
}

/// What a row of each class weighs.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// 1 in all classes.
    None,
    /// In inverse proportion to how many rows the class has, so that all classes weigh the same together.
    Balanced,
    /// One weight per class, from 10⁻⁹ to 10⁹; classes beyond the last given weigh 1.
    Given(Vec<f64>),
}

impl ClassWeights {
    /// The weight of each class, from how many rows each has.
    pub(super) fn for_counts(&self, counts: &[usize]) -> Vec<f64> {
        let rows: usize = counts.iter().sum();
        let weight = |(class, &count): (usize, &usize)| match self {
            Self::None => 1.0,
            Self::Balanced => rows as f64 / (counts.len() * count.max(1)) as f64,
            Self::Given(weights) => weights.get(class).copied().unwrap_or(1.0),
        };
        counts.iter().enumerate().map(weight).collect()
    }

    fn check(&self, check: RangeCheck) -> RangeCheck {
        let Self::Given(weights) = self else { return check };
        weights.iter().fold(check, |check, weight| check.require("class_weights", weight, &WEIGHT_RANGE))
    }
}

/// The parameters both forests have, their ranges and how they are set.
macro_rules! forest_params {
    ($params:ident, $valid:ident) => {
        impl $params {
            /// Number of trees, 1 to 10 000, by default 100. More trees, steadier answers.
            #[must_use]
            pub fn trees(mut self, trees: u32) -> Self {
                self.trees = trees;
                self
            }

            /// Splits on a path at most, 1 to 64, by default 64, which hardly any tree reaches.
            #[must_use]
            pub fn max_depth(mut self, max_depth: u32) -> Self {
                self.max_depth = max_depth;
                self
            }

            /// Rows in each leaf at least, those drawn twice counting twice; 1 to 1 000 000, by default 1. More make
            /// smaller trees and smoother answers.
            #[must_use]
            pub fn min_samples_leaf(mut self, min_samples_leaf: u32) -> Self {
                self.min_samples_leaf = min_samples_leaf;
                self
            }

            /// Features tried at each node: by default the square root of their number for classes, all for numbers.
            #[must_use]
            pub fn max_features(mut self, max_features: MaxFeatures) -> Self {
                self.max_features = max_features;
                self
            }

            fn ranges(&self) -> RangeCheck {
                let check = RangeCheck::default()
                    .require("trees", &self.trees, &TREES_RANGE)
                    .require("max_depth", &self.max_depth, &MAX_DEPTH_RANGE)
                    .require("min_samples_leaf", &self.min_samples_leaf, &MIN_SAMPLES_LEAF_RANGE);
                self.max_features.check(check)
            }
        }

        impl $valid {
            /// The number of trees and their limits over this many features.
            pub(super) fn trees_and_limits(&self, width: usize) -> (u32, Limits) {
                let $params { trees, max_depth, min_samples_leaf, max_features, .. } = self.params;
                (trees, Limits { max_depth, min_samples_leaf, max_features: max_features.for_width(width) })
            }
        }
    };
}

/// What a forest of classes is grown with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomForestClassifierParams {
    trees: u32,
    max_depth: u32,
    min_samples_leaf: u32,
    max_features: MaxFeatures,
    class_weights: ClassWeights,
}

impl Default for RandomForestClassifierParams {
    /// 100 trees without limits, trying the square root of the number of features; rows weigh the same.
    fn default() -> Self {
        Self {
            trees: 100,
            max_depth: 64,
            min_samples_leaf: 1,
            max_features: MaxFeatures::Sqrt,
            class_weights: ClassWeights::None,
        }
    }
}

forest_params!(RandomForestClassifierParams, RandomForestClassifierValid);

impl RandomForestClassifierParams {
    /// What rows of each class weigh, by default the same.
    #[must_use]
    pub fn class_weights(mut self, class_weights: ClassWeights) -> Self {
        self.class_weights = class_weights;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<RandomForestClassifierValid, BadParams> {
        self.class_weights.check(self.ranges()).finish()?;
        Ok(RandomForestClassifierValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomForestClassifierValid {
    params: RandomForestClassifierParams,
}

impl RandomForestClassifierValid {
    pub(super) fn class_weights(&self) -> &ClassWeights {
        &self.params.class_weights
    }
}

/// What a forest of numbers is grown with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomForestRegressorParams {
    trees: u32,
    max_depth: u32,
    min_samples_leaf: u32,
    max_features: MaxFeatures,
}

impl Default for RandomForestRegressorParams {
    /// 100 trees without limits, trying all features.
    fn default() -> Self {
        Self { trees: 100, max_depth: 64, min_samples_leaf: 1, max_features: MaxFeatures::All }
    }
}

forest_params!(RandomForestRegressorParams, RandomForestRegressorValid);

impl RandomForestRegressorParams {
    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<RandomForestRegressorValid, BadParams> {
        self.ranges().finish()?;
        Ok(RandomForestRegressorValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomForestRegressorValid {
    params: RandomForestRegressorParams,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_ends_where_it_says() {
        let params = RandomForestClassifierParams::default;
        let given = |weights: Vec<f64>| params().class_weights(ClassWeights::Given(weights));
        let good = [
            params().trees(1).max_depth(1).min_samples_leaf(1).max_features(MaxFeatures::Count(1)),
            params().trees(10_000).max_depth(64).min_samples_leaf(1_000_000).max_features(MaxFeatures::Share(1.0)),
            given(vec![1e-9, 1e9]),
        ];
        assert!(good.iter().all(|params| params.check().is_ok()));
        let bad = [
            params().trees(0),
            params().trees(10_001),
            params().max_depth(65),
            params().min_samples_leaf(0),
            params().max_features(MaxFeatures::Count(0)),
            params().max_features(MaxFeatures::Share(0.0)),
            params().max_features(MaxFeatures::Share(f64::NAN)),
            given(vec![1.0, 0.0]),
            given(vec![f64::NAN]),
        ];
        assert!(bad.iter().all(|params| params.check().is_err()));
        assert_eq!(params().trees(0).max_depth(0).check().unwrap_err().faults.len(), 2);
        assert!(RandomForestRegressorParams::default().trees(0).check().is_err());
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<RandomForestClassifierParams>(text).map_err(|e| e.to_string());
        let defaults = RandomForestClassifierParams::default();
        assert_eq!(read("{}"), Ok(defaults.clone()));
        assert_eq!(read(r#"{"max_features": {"share": 0.5}}"#), Ok(defaults.max_features(MaxFeatures::Share(0.5))));
        assert!(read(r#"{"tress": 7}"#).is_err());
    }

    #[test]
    fn shares_and_weights_by_hand() {
        let of = |max: MaxFeatures| [1, 20].map(|width| max.for_width(width));
        assert_eq!(of(MaxFeatures::Sqrt), [1, 4]);
        assert_eq!(of(MaxFeatures::Share(0.33)), [1, 6]);
        assert_eq!(of(MaxFeatures::Count(7)), [1, 7]);
        assert_eq!(ClassWeights::Balanced.for_counts(&[3, 0, 1]), [4.0 / 9.0, 4.0 / 3.0, 4.0 / 3.0]);
        assert_eq!(ClassWeights::Given(vec![2.0]).for_counts(&[1, 1]), [2.0, 1.0]);
    }
}
