//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use super::{BLOCK, LocalOutlierFactor, density, factor};
use crate::error::{BadParams, FitError, RangeCheck};
use crate::nearest::{Index, Nearest};

/// Numbers of neighbours that are allowed.
pub(super) const NEIGHBOURS_RANGE: RangeInclusive<u32> = 1..=1000;

/// What a local outlier factor is fitted with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalOutlierFactorParams {
    neighbours: u32,
}

impl Default for LocalOutlierFactorParams {
    /// 20 neighbours.
    fn default() -> Self {
        Self { neighbours: 20 }
    }
}

impl LocalOutlierFactorParams {
    /// Number of neighbours (the paper's `MinPts`), 1 to 1 000, by default 20; all other rows where there are fewer. A
    /// group of fewer rows than this, far from the rest, is anomalous; a larger one is not.
    #[must_use]
    pub fn neighbours(mut self, neighbours: u32) -> Self {
        self.neighbours = neighbours;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<LocalOutlierFactorValid, BadParams> {
        RangeCheck::default().require("neighbours", &self.neighbours, &NEIGHBOURS_RANGE).finish()?;
        Ok(LocalOutlierFactorValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOutlierFactorValid {
    params: LocalOutlierFactorParams,
}

impl LocalOutlierFactorValid {
    /// Finds the neighbours of every row and its density, in parallel on the current rayon pool. The result depends on
    /// the rows and their order, to the bit, and not on the number of threads.
    ///
    /// Takes O(rows · log rows) time where few features vary independently, O(rows²) where many do, and O(rows ·
    /// (features + neighbours)) memory: sample the rows where there are more than some 100 000.
    ///
    /// # Errors
    /// When there are fewer than 2 rows, or no features.
    pub fn fit(&self, matrix: &FeatureMatrix) -> Result<LocalOutlierFactor, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: matrix.len() });
        }
        let index = Index::new(&matrix.rows().collect::<Vec<_>>());
        let neighbours = (self.params.neighbours as usize).min(matrix.len() - 1);
        // Place by place, not row by row: rows near each other find theirs in what was just looked at.
        let mut found = vec![(0.0, 0); matrix.len() * neighbours];
        found.par_chunks_mut(BLOCK * neighbours).enumerate().for_each(|(block, found)| {
            let mut nearest = Nearest::new(neighbours);
            for (at, found) in found.chunks_exact_mut(neighbours).enumerate() {
                let place = block * BLOCK + at;
                index.search(&index.row(place), Some(index.number(place)), &mut nearest);
                found.copy_from_slice(nearest.found());
                for (distance, _) in found {
                    *distance = distance.sqrt();
                }
            }
        });
        let places = index.places();
        let found = |row: usize| &found[places[row] as usize * neighbours..][..neighbours];
        let rows = 0..matrix.len();
        let reach: Vec<f64> = rows.clone().into_par_iter().map(|row| found(row)[neighbours - 1].0).collect();
        let densities: Vec<f64> = rows.clone().into_par_iter().map(|row| density(found(row), &reach)).collect();
        let training_scores = rows.into_par_iter().map(|row| factor(found(row), &densities, densities[row])).collect();
        let neighbours = neighbours as u32;
        Ok(LocalOutlierFactor {
            schema: Arc::clone(matrix.schema()),
            neighbours,
            index,
            reach,
            densities,
            training_scores,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn the_range_ends_where_it_says() {
        let fits = |k| LocalOutlierFactorParams::default().neighbours(k).check().map_err(|e| e.to_string());
        assert!(fits(1).is_ok() && fits(1000).is_ok());
        assert_eq!(fits(0), Err("neighbours is 0: must be from 1 to 1000".into()));
        assert!(fits(1001).is_err());
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<LocalOutlierFactorParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(LocalOutlierFactorParams::default()));
        assert_eq!(read(r#"{"neighbours": 7}"#), Ok(LocalOutlierFactorParams::default().neighbours(7)));
        assert!(read(r#"{"neighbors": 7}"#).is_err());
        assert!(read(r#"{"neighbours": -1}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = LocalOutlierFactorParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 2, got: 0 }));
        assert_eq!(valid.fit(&synthetic::column(&[1.0])), Err(FitError::TooFewRows { needed: 2, got: 1 }));
        assert_eq!(valid.fit(&synthetic::column(&[1.0, 2.0])).map(|lof| lof.neighbours()), Ok(1));
    }
}
