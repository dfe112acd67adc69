//! What can be wrong with parameters, training data and schemas.

use std::fmt::Display;
use std::ops::RangeInclusive;

use weir_domain::matrix::{Feature, FeatureSchema};

/// Parameters outside their ranges: all of them, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadParams {
    /// One entry per parameter at fault, at least one.
    pub faults: Vec<OutOfRange>,
}

/// One parameter outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}: must be from {lowest} to {highest}")]
pub struct OutOfRange {
    /// Name of the parameter, as in files.
    pub name: &'static str,
    /// The value given.
    pub value: String,
    /// Lowest value allowed.
    pub lowest: String,
    /// Highest value allowed.
    pub highest: String,
}

/// Collects the faults of a set of parameters.
#[derive(Debug, Default)]
pub(crate) struct RangeCheck {
    faults: Vec<OutOfRange>,
}

impl RangeCheck {
    /// Notes a fault unless the value is in the range; NaN is in none.
    pub(crate) fn require<T: PartialOrd + Display>(
        mut self,
        name: &'static str,
        value: &T,
        range: &RangeInclusive<T>,
    ) -> Self {
        if !range.contains(value) {
            self.faults.push(OutOfRange {
                name,
                value: value.to_string(),
                lowest: range.start().to_string(),
                highest: range.end().to_string(),
            });
        }
        self
    }

    pub(crate) fn finish(self) -> Result<(), BadParams> {
        if self.faults.is_empty() { Ok(()) } else { Err(BadParams { faults: self.faults }) }
    }
}

/// Training data that nothing can be fitted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Too few rows, or too few scores.
    #[error("{got} rows to fit on: at least {needed} are needed")]
    TooFewRows {
        /// The fewest that will do.
        needed: usize,
        /// Rows given.
        got: usize,
    },
    /// The schema has no features.
    #[error("nothing to fit on: the schema has no features")]
    NoFeatures,
    /// Every column is constant.
    #[error("nothing to fit on: no feature varies from row to row")]
    NoVariance,
    /// Another number of values to learn than of rows.
    #[error("{targets} targets for {rows} rows: there must be one per row")]
    TargetCount {
        /// Rows given.
        rows: usize,
        /// Targets given.
        targets: usize,
    },
    /// A value to learn that is infinite or no number.
    #[error("the target of row {row} is {value}: every target must be finite")]
    TargetNotFinite {
        /// The first such row, from 0.
        row: usize,
        /// Its target.
        value: String,
    },
    /// Parts of what is to be fitted on have different columns.
    #[error("the rows to fit on differ in their columns: {0}")]
    Schema(#[from] SchemaMismatch),
    /// An ensemble of nothing.
    #[error("an ensemble needs at least one estimator")]
    NoEstimators,
    /// An iterative fit did not reach its tolerance in the iterations it was allowed.
    #[error("{iterations} iterations did not reach the tolerance {tolerance}: allow more of them or a larger one")]
    NotConverged {
        /// Iterations allowed.
        iterations: u32,
        /// The tolerance asked for.
        tolerance: String,
    },
    /// More of something than the estimator can number.
    #[error("{got} {what} to fit on: at most {most} are possible")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The most that will do.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// Not one label, target or weight per row.
    #[error("{rows} rows but {got} labels, targets or weights: give one per row")]
    UnequalLengths {
        /// Rows of the matrix.
        rows: usize,
        /// Labels, targets or weights given.
        got: usize,
    },
    /// A target or weight that nothing can be learned from.
    #[error("the {what} at row {row} is {value}: it must be finite, and a weight neither negative nor huge")]
    BadNumber {
        /// Target or weight.
        what: &'static str,
        /// Row it belongs to, from 0.
        row: usize,
        /// The value given.
        value: String,
    },
}

/// A matrix of another schema than the estimator was fitted on, with the first difference found.
///
/// What counts is what the numbers mean: source, window, and each column's name, unit and transform. Labels are for
/// people and may be reworded without making fitted models useless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaMismatch {
    /// Another log source.
    #[error("fitted on source {expected:?}, not {got:?}")]
    Source {
        /// Source fitted on.
        expected: String,
        /// Source given.
        got: String,
    },
    /// Another window length.
    #[error("fitted on windows of {expected} s, not {got} s")]
    Window {
        /// Seconds fitted on.
        expected: i64,
        /// Seconds given.
        got: i64,
    },
    /// Another column.
    #[error("column {column} was fitted as {expected}, not {got}")]
    Feature {
        /// First column that differs, from 0.
        column: usize,
        /// Name, unit and transform fitted on.
        expected: String,
        /// Name, unit and transform given.
        got: String,
    },
    /// The same columns, then more or fewer of them.
    #[error("fitted on {expected} features, not {got}")]
    Width {
        /// Columns fitted on.
        expected: usize,
        /// Columns given.
        got: usize,
    },
}

impl SchemaMismatch {
    pub(crate) fn check(expected: &FeatureSchema, got: &FeatureSchema) -> Result<(), Self> {
        if std::ptr::eq(expected, got) {
            return Ok(());
        }
        if expected.source != got.source {
            return Err(Self::Source { expected: expected.source.clone(), got: got.source.clone() });
        }
        if expected.window_seconds != got.window_seconds {
            return Err(Self::Window { expected: expected.window_seconds, got: got.window_seconds });
        }
        let columns = expected.features.iter().zip(&got.features);
        if let Some((column, (e, g))) = columns.enumerate().find(|(_, (e, g))| meaning(e) != meaning(g)) {
            return Err(Self::Feature { column, expected: describe(e), got: describe(g) });
        }
        if expected.features.len() != got.features.len() {
            return Err(Self::Width { expected: expected.features.len(), got: got.features.len() });
        }
        Ok(())
    }
}

fn meaning(feature: &Feature) -> (&str, &str, weir_domain::matrix::Transform) {
    (&feature.name, &feature.unit, feature.transform)
}

fn describe(feature: &Feature) -> String {
    format!("{} (unit {:?}, {:?})", feature.name, feature.unit, feature.transform)
}

/// A row that cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The matrix has another schema than the estimator.
    #[error(transparent)]
    Schema(#[from] SchemaMismatch),
    /// The matrix has no such row.
    #[error("no row {row} in a matrix of {rows} rows")]
    NoSuchRow {
        /// Row asked for, from 0.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
}

/// Unwraps default parameters.
#[expect(clippy::expect_used, reason = "a test holds that the defaults are in range")]
pub(crate) fn checked<T>(valid: Result<T, BadParams>) -> T {
    valid.expect("default parameters in range")
}

#[cfg(test)]
mod tests {
    use weir_domain::matrix::Transform;

    use super::*;
    use crate::synthetic;

    #[test]
    fn every_parameter_at_fault_is_named_and_nan_is_in_no_range() {
        let check = RangeCheck::default()
            .require("trees", &0, &(1..=9))
            .require("nu", &f64::NAN, &(0.0..=1.0))
            .require("k", &5, &(5..=5));
        let bad = check.finish().unwrap_err();
        assert_eq!(bad.to_string(), "trees is 0: must be from 1 to 9; nu is NaN: must be from 0 to 1");
        assert_eq!(RangeCheck::default().finish(), Ok(()));
    }

    #[test]
    fn a_mismatch_names_what_differs() {
        let fitted = synthetic::schema(3);
        let says = |change: fn(&mut FeatureSchema)| {
            let mut other = FeatureSchema::clone(&fitted);
            change(&mut other);
            SchemaMismatch::check(&fitted, &other).map_err(|e| e.to_string())
        };
        let err = |text: &str| Err(text.to_owned());
        assert_eq!(says(|_| ()), Ok(()));
        assert_eq!(says(|s| s.features[0].label = "reworded".into()), Ok(()));
        assert_eq!(says(|s| s.source = "dns".into()), err(r#"fitted on source "flow", not "dns""#));
        assert_eq!(says(|s| s.window_seconds = 60), err("fitted on windows of 300 s, not 60 s"));
        assert_eq!(says(|s| s.features.truncate(2)), err("fitted on 3 features, not 2"));
        assert_eq!(
            says(|s| s.features[1].transform = Transform::Log1p),
            err(r#"column 1 was fitted as f1 (unit "", Identity), not f1 (unit "", Log1p)"#)
        );
        assert_eq!(
            says(|s| drop(s.features.remove(0))),
            err(r#"column 0 was fitted as f0 (unit "", Identity), not f1 (unit "", Identity)"#)
        );
    }
}
