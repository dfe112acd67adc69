//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use super::knee::knee;
use super::{BLOCK, Cores, Dbscan};
use crate::error::{BadParams, FitError, RangeCheck};
use crate::nearest::{Index, Nearest};

/// Distances that are allowed: their squares are neither 0 nor infinite.
pub(super) const EPS_RANGE: RangeInclusive<f64> = 1e-100..=1e140;

/// Numbers of neighbours that are allowed.
pub(super) const MIN_SAMPLES_RANGE: RangeInclusive<u32> = 1..=1000;

/// No cluster yet.
const NONE: u32 = u32::MAX;

/// What clusters are fitted with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DbscanParams {
    eps: f64,
    min_samples: u32,
}

impl Default for DbscanParams {
    /// A distance of 0.5 and 5 neighbours.
    fn default() -> Self {
        Self { eps: 0.5, min_samples: 5 }
    }
}

impl DbscanParams {
    /// The distance within which rows are neighbours, 1e-100 to 1e140, by default 0.5, which fits no data in particular:
    /// see [`DbscanValid::suggest_eps`].
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// The neighbours that a core row has at least, itself among them: 1 to 1 000, by default 5. Twice the number of
    /// features is a usual choice.
    #[must_use]
    pub fn min_samples(mut self, min_samples: u32) -> Self {
        self.min_samples = min_samples;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<DbscanValid, BadParams> {
        RangeCheck::default()
            .require("eps", &self.eps, &EPS_RANGE)
            .require("min_samples", &self.min_samples, &MIN_SAMPLES_RANGE)
            .finish()?;
        Ok(DbscanValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct DbscanValid {
    params: DbscanParams,
}

impl DbscanValid {
    /// Finds the core rows, in parallel on the current rayon pool, and what belongs together. The result depends on the
    /// rows and their order, and not on the number of threads; nothing is random.
    ///
    /// Takes O(rows · (log rows + neighbours within `eps`)) time where few features vary independently, O(rows²) where
    /// many do or `eps` spans most rows, and O(rows · features) memory.
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(&self, matrix: &FeatureMatrix) -> Result<Dbscan, FitError> {
        let DbscanParams { eps, min_samples } = self.params;
        let reaches = self.squared_reaches(matrix)?;
        let core = |row: &usize| reaches[*row] <= eps * eps && matrix.len() >= min_samples as usize;
        let rows: Vec<&[f64]> = (0..matrix.len()).filter(core).map(|row| matrix.row(row)).collect();
        let index = (!rows.is_empty()).then(|| Index::new(&rows));
        let clusters = index.as_ref().map_or_else(Vec::new, |index| connected(index, eps * eps));
        let cores = Cores { index, clusters };
        Ok(Dbscan {
            schema: Arc::clone(matrix.schema()),
            eps,
            min_samples,
            clusters: cores.clusters.iter().max().map_or(0, |last| last + 1),
            labels: cores.labels(matrix, eps),
            cores,
        })
    }

    /// An `eps` for these rows, whatever the one given: the distance of a row to its `min_samples`-th neighbour, itself
    /// counted, at the knee of these distances in ascending order, where that of rows in groups ends and that of noise
    /// begins. The knee is where the curve lies furthest below the straight line between its ends. It is a start: try
    /// half and twice as much. None where all these distances are 0: rows are equal, or `min_samples` is 1.
    ///
    /// References: the paper of DBSCAN, section 4.2; V. Satopää and others, *Finding a "Kneedle" in a Haystack*, ICDCS
    /// Workshops 2011.
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn suggest_eps(&self, matrix: &FeatureMatrix) -> Result<Option<f64>, FitError> {
        let mut distances: Vec<f64> = self.squared_reaches(matrix)?.into_iter().map(f64::sqrt).collect();
        distances.sort_by(f64::total_cmp);
        Ok(knee(&distances).map(|distance| distance.clamp(*EPS_RANGE.start(), *EPS_RANGE.end())))
    }

    /// The squared distance of every row to its `min_samples`-th neighbour, itself counted; to the last one where there
    /// are fewer rows.
    fn squared_reaches(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let index = Index::new(&matrix.rows().collect::<Vec<_>>());
        let wanted = (self.params.min_samples as usize).min(matrix.len());
        // Place by place, not row by row: rows near each other find theirs in what was just looked at.
        let mut by_place = vec![0.0; matrix.len()];
        by_place.par_chunks_mut(BLOCK).enumerate().for_each(|(block, reaches)| {
            let mut nearest = Nearest::new(wanted);
            for (at, reach) in reaches.iter_mut().enumerate() {
                index.search(&index.row(block * BLOCK + at), None, &mut nearest);
                *reach = nearest.found().last().map_or(0.0, |&(squared, _)| squared);
            }
        });
        Ok(index.places().into_iter().map(|place| by_place[place as usize]).collect())
    }
}

/// The cluster of every core row, in the order of their numbers: core rows within reach of each other have the same.
fn connected(index: &Index, squared: f64) -> Vec<u32> {
    let places = index.places();
    let mut by_place = vec![NONE; index.len()];
    let mut next = 0;
    let mut reached = vec![];
    for &first in &places {
        if by_place[first as usize] != NONE {
            continue;
        }
        by_place[first as usize] = next;
        reached.push(first as usize);
        while let Some(place) = reached.pop() {
            index.within(&index.row(place), squared, |other| {
                if by_place[other] == NONE {
                    by_place[other] = next;
                    reached.push(other);
                }
            });
        }
        next += 1;
    }
    places.into_iter().map(|place| by_place[place as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    #[test]
    fn every_range_ends_where_it_says() {
        let params = DbscanParams::default;
        let faults = |params: DbscanParams| params.check().map_or_else(|bad| bad.faults.len(), |_| 0);
        assert_eq!(faults(params().eps(1e-100).min_samples(1)), 0);
        assert_eq!(faults(params().eps(1e140).min_samples(1000)), 0);
        for bad in [f64::NAN, 0.0, -1.0, 1e-101, 1e141, f64::INFINITY] {
            assert_eq!(faults(params().eps(bad)), 1, "{bad}");
        }
        assert_eq!(faults(params().min_samples(0)) + faults(params().min_samples(1001)), 2);
        assert_eq!(faults(params().min_samples(0).eps(0.0)), 2);
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<DbscanParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(DbscanParams::default()));
        assert_eq!(read(r#"{"eps": 2.0}"#), Ok(DbscanParams::default().eps(2.0)));
        assert!(read(r#"{"epsilon": 2.0}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = DbscanParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 1, got: 0 }));
        assert_eq!(valid.suggest_eps(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 1, got: 0 }));
    }

    #[test]
    fn the_suggestion_tells_groups_from_noise() {
        let mut matrix = FeatureMatrix::new(synthetic::schema(2));
        for (at, row) in bell(600, 2, 1).rows().enumerate() {
            matrix.push(&[row[0] + 30.0 * (at % 3) as f64, row[1]]).unwrap();
        }
        for i in 0..12 {
            matrix.push(&[f64::from(i) * 17.0, 40.0 + f64::from(i * i)]).unwrap();
        }
        let params = DbscanParams::default();
        let eps = params.check().unwrap().suggest_eps(&matrix).unwrap().unwrap();
        let groups = params.eps(eps).check().unwrap().fit(&matrix).unwrap();
        assert_eq!(groups.clusters(), 3, "{eps}");
        assert!(groups.labels()[600..].iter().all(Option::is_none));
        assert!(groups.labels()[..600].iter().filter(|label| label.is_none()).count() < 12);
    }

    #[test]
    fn equal_rows_have_no_suggestion_and_huge_ones_one_in_range() {
        let valid = DbscanParams::default().check().unwrap();
        assert_eq!(valid.suggest_eps(&synthetic::column(&[4.0; 9])), Ok(None));
        assert_eq!(valid.suggest_eps(&synthetic::column(&[4.0])), Ok(None));
        let huge: Vec<f64> = (0..9).map(|i| if i % 2 == 0 { f64::MAX } else { f64::MIN }).collect();
        let eps = valid.min_samples_of(6).suggest_eps(&synthetic::column(&huge)).unwrap().unwrap();
        assert!(EPS_RANGE.contains(&eps), "{eps:e}");
    }

    impl DbscanValid {
        fn min_samples_of(&self, min_samples: u32) -> Self {
            self.params.clone().min_samples(min_samples).check().unwrap()
        }
    }
}
