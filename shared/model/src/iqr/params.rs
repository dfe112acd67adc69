//! Parameters, their ranges, and fitting.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;

use super::quartiles::{MIN_IQR_RANGE, Quartiles};
use super::{GroupError, Iqr};
use crate::error::{BadParams, FitError, RangeCheck};

const GROUP_ROWS_RANGE: RangeInclusive<u32> = 4..=1_000_000;

/// What the quartiles are taken with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IqrParams {
    group_rows: u32,
    min_iqr: f64,
}

impl Default for IqrParams {
    /// Groups of at least 12 rows, interquartile ranges of at least 0.01.
    fn default() -> Self {
        Self { group_rows: 12, min_iqr: 0.01 }
    }
}

impl IqrParams {
    /// Rows a group needs for quartiles of its own, 4 to 1 000 000, by default 12; the rows of smaller groups are compared
    /// with all rows.
    #[must_use]
    pub fn group_rows(mut self, group_rows: u32) -> Self {
        self.group_rows = group_rows;
        self
    }

    /// The least interquartile range, in the units of the features, 1e-9 to 1e9, by default 0.01 (1 % where the feature
    /// is a logarithm or a share). It takes the place of smaller ones, those of constant features among them.
    #[must_use]
    pub fn min_iqr(mut self, min_iqr: f64) -> Self {
        self.min_iqr = min_iqr;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<IqrValid, BadParams> {
        RangeCheck::default()
            .require("group_rows", &self.group_rows, &GROUP_ROWS_RANGE)
            .require("min_iqr", &self.min_iqr, &MIN_IQR_RANGE)
            .finish()?;
        Ok(IqrValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct IqrValid {
    params: IqrParams,
}

impl IqrValid {
    /// Takes the quartiles of every feature over all rows. O(rows · log rows) per feature.
    ///
    /// # Errors
    /// When there are no rows or no features.
    pub fn fit(&self, matrix: &FeatureMatrix) -> Result<Iqr, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let smallest = self.params.min_iqr;
        let all = (0..matrix.width()).map(|feature| Quartiles::new(matrix.column(feature), smallest)).collect();
        Ok(Iqr { schema: Arc::clone(matrix.schema()), all, groups: BTreeMap::new() })
    }

    /// Takes the quartiles of every feature over all rows and over those of each group, named by one key per row: the
    /// hour of the week, say. Where a group's interquartile range is 0, that over all rows stands in for it.
    ///
    /// Takes O(rows · log rows) time per feature, and memory for two numbers per feature and group.
    ///
    /// # Errors
    /// When there are no rows or no features, or when there is not one key per row.
    pub fn fit_grouped(&self, matrix: &FeatureMatrix, groups: &[i64]) -> Result<Iqr, GroupError> {
        GroupError::check(matrix, groups)?;
        let mut fitted = self.fit(matrix)?;
        let mut members: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (row, &group) in groups.iter().enumerate() {
            members.entry(group).or_default().push(row);
        }
        members.retain(|_, rows| rows.len() >= self.params.group_rows as usize);
        for (group, rows) in members {
            let quartiles = fitted.all.iter().enumerate().map(|(feature, &all)| {
                let values = rows.iter().map(|&row| matrix.row(row)[feature]).collect();
                Quartiles::of_group(values, self.params.min_iqr, all)
            });
            let quartiles = quartiles.collect();
            fitted.groups.insert(group, quartiles);
        }
        Ok(fitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn every_range_ends_where_it_says() {
        let faults = |rows, smallest| {
            let params = IqrParams::default().group_rows(rows).min_iqr(smallest);
            params.check().map_or_else(|bad| bad.faults.len(), |_| 0)
        };
        assert_eq!(faults(4, 1e-9) + faults(1_000_000, 1e9), 0);
        assert_eq!([faults(3, 1.0), faults(1_000_001, 1.0), faults(4, 9e-10), faults(4, 2e9)], [1; 4]);
        assert_eq!((faults(4, f64::NAN), faults(0, -1.0)), (1, 2));
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<IqrParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(IqrParams::default()));
        assert_eq!(read(r#"{"group_rows": 7}"#), Ok(IqrParams::default().group_rows(7)));
        assert!(read(r#"{"rows": 7}"#).is_err());
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = IqrParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 1, got: 0 }));
        assert!(valid.fit(&synthetic::column(&[1.0])).is_ok());
        let err = valid.fit_grouped(&synthetic::column(&[1.0, 2.0]), &[7]).unwrap_err();
        assert_eq!(err.to_string(), "1 group keys for 2 rows: one is needed per row");
        let few = valid.fit_grouped(&synthetic::matrix(2, &none), &[]);
        assert_eq!(few, Err(GroupError::Fit(FitError::TooFewRows { needed: 1, got: 0 })));
    }
}
