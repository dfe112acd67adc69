//! Parameters and their ranges.

use std::ops::RangeInclusive;

use crate::error::{BadParams, RangeCheck};

/// Numbers of neighbours that are allowed.
pub(super) const NEIGHBOURS_RANGE: RangeInclusive<u32> = 1..=1000;

/// How much each neighbour counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnnWeights {
    /// All the same.
    #[default]
    Uniform,
    /// By 1 / distance; where there are rows equal to the one asked for, those alone.
    Distance,
}

/// What a regressor is fitted with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KnnRegressorParams {
    pub(super) neighbours: u32,
    pub(super) weights: KnnWeights,
}

impl Default for KnnRegressorParams {
    /// 5 neighbours that count the same.
    fn default() -> Self {
        Self { neighbours: 5, weights: KnnWeights::Uniform }
    }
}

impl KnnRegressorParams {
    /// Number of neighbours, 1 to 1 000, by default 5; all training rows where there are fewer. More of them smooth out
    /// noise, and detail.
    #[must_use]
    pub fn neighbours(mut self, neighbours: u32) -> Self {
        self.neighbours = neighbours;
        self
    }

    /// How much each neighbour counts, by default the same.
    #[must_use]
    pub fn weights(mut self, weights: KnnWeights) -> Self {
        self.weights = weights;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<KnnRegressorValid, BadParams> {
        RangeCheck::default().require("neighbours", &self.neighbours, &NEIGHBOURS_RANGE).finish()?;
        Ok(KnnRegressorValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnnRegressorValid {
    pub(super) params: KnnRegressorParams,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FitError;
    use crate::synthetic;

    #[test]
    fn the_range_ends_where_it_says() {
        let fits = |k| KnnRegressorParams::default().neighbours(k).check().map_err(|e| e.to_string());
        assert!(fits(1).is_ok() && fits(1000).is_ok() && fits(1001).is_err());
        assert_eq!(fits(0), Err("neighbours is 0: must be from 1 to 1000".into()));
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<KnnRegressorParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(KnnRegressorParams::default()));
        let expected = KnnRegressorParams::default().neighbours(7).weights(KnnWeights::Distance);
        assert_eq!(read(r#"{"neighbours": 7, "weights": "distance"}"#), Ok(expected));
        assert!(read(r#"{"k": 7}"#).is_err() && read(r#"{"weights": "far"}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = KnnRegressorParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none), &[]), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none), &[]), Err(FitError::TooFewRows { needed: 1, got: 0 }));
        let two = synthetic::column(&[1.0, 2.0]);
        assert_eq!(valid.fit(&two, &[1.0]), Err(FitError::TargetCount { rows: 2, targets: 1 }));
        for bad in [f64::NAN, f64::INFINITY] {
            let error = valid.fit(&two, &[1.0, bad]).unwrap_err();
            assert_eq!(error, FitError::TargetNotFinite { row: 1, value: bad.to_string() });
        }
    }
}
