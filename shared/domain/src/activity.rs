//! One row of an activity table, and the schema of its columns.

use std::collections::BTreeSet;

/// The role of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnRole {
    /// A finite number that models learn from.
    Numeric,
    /// A word, or a number that is a code, that models learn from.
    Categorical,
    /// The name of the row or of its user. At most one column.
    Id,
    /// The time of the row. At most one column.
    Time,
    /// The ground truth of the row. No model reads it. There may be any number of columns, and tables may lack them.
    Label,
    /// The column is not read. Tables may lack it.
    Ignore,
}

/// How a missing value of a column is treated.
///
/// A reader of rows applies [`DropRow`](Self::DropRow) only and passes all other missing values on. The imputed values are
/// learned when a model is fitted, and are part of that model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingPolicy {
    /// The row is rejected.
    DropRow,
    /// The median of the training rows is imputed. For numeric columns.
    Median,
    /// The most frequent value of the training rows is imputed. For numeric and categorical columns.
    MostFrequent,
    /// A missing value is a category like any other. For categorical columns.
    OwnCategory,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSchema {
    /// The name, as in the table's header.
    pub name: String,
    /// The role of the column.
    pub role: ColumnRole,
    /// The treatment of missing values, where it is not the [default of the role](Self::missing_policy).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingPolicy>,
}

impl ColumnSchema {
    /// A column with the default policy of its role.
    #[must_use]
    pub fn new(name: impl Into<String>, role: ColumnRole) -> Self {
        Self { name: name.into(), role, missing: None }
    }

    /// The treatment of missing values: the stated policy, else the median for numeric columns and a separate category for
    /// categorical ones. `None` for the other roles: the row is kept without id, time or label.
    #[must_use]
    pub fn missing_policy(&self) -> Option<MissingPolicy> {
        self.missing.or(match self.role {
            ColumnRole::Numeric => Some(MissingPolicy::Median),
            ColumnRole::Categorical => Some(MissingPolicy::OwnCategory),
            ColumnRole::Id | ColumnRole::Time | ColumnRole::Label | ColumnRole::Ignore => None,
        })
    }

    /// Whether models learn from the column.
    #[must_use]
    pub fn is_feature(&self) -> bool {
        matches!(self.role, ColumnRole::Numeric | ColumnRole::Categorical)
    }

    fn policy_fits(&self) -> bool {
        use ColumnRole as R;
        use MissingPolicy as M;
        match self.missing {
            None => true,
            Some(M::DropRow) => self.role != R::Ignore,
            Some(M::Median) => self.role == R::Numeric,
            Some(M::MostFrequent) => self.is_feature(),
            Some(M::OwnCategory) => self.role == R::Categorical,
        }
    }
}

/// The schema of a table.
///
/// The file format is TOML. Everything but `columns` has the default shown:
///
/// ```toml
/// header = true
/// delimiter = ","
/// missing_values = ["", "-", "NA", "NaN", "null"]
/// columns = [
///   { name = "session", role = "id" },
///   { name = "started", role = "time" },
///   { name = "bytes", role = "numeric", missing = "drop-row" },
///   { name = "service", role = "categorical" },
///   { name = "is_attack", role = "label" },
///   { name = "comment", role = "ignore" },
/// ]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivitySchema {
    /// Whether the first line names the columns. Columns are then found by name, in any order, and columns that the schema does
    /// not name are not read. Without a header, columns are found by position, and the schema names all of them.
    #[serde(default = "default_header")]
    pub header: bool,
    /// The character between two values, in ASCII.
    #[serde(default = "default_delimiter")]
    pub delimiter: char,
    /// The texts of a missing value beside the empty text. Values are compared exactly, after surrounding blanks are removed.
    #[serde(default = "default_missing_values")]
    pub missing_values: Vec<String>,
    /// The columns; where there is no header, in the order of the table.
    pub columns: Vec<ColumnSchema>,
}

fn default_header() -> bool {
    true
}

fn default_delimiter() -> char {
    ','
}

fn default_missing_values() -> Vec<String> {
    ActivitySchema::MISSING_VALUES.map(str::to_owned).to_vec()
}

impl ActivitySchema {
    /// The texts of a missing value by default.
    pub const MISSING_VALUES: [&'static str; 5] = ["", "-", "NA", "NaN", "null"];

    /// The maximum number of columns a table may have.
    pub const MAX_COLUMNS: usize = 4096;

    /// The schema of a comma-separated table with a header.
    #[must_use]
    pub fn new(columns: Vec<ColumnSchema>) -> Self {
        Self {
            header: default_header(),
            delimiter: default_delimiter(),
            missing_values: default_missing_values(),
            columns,
        }
    }

    /// The columns that models learn from, in the order in which [`ActivityRow::values`] has them.
    pub fn features(&self) -> impl Iterator<Item = &ColumnSchema> {
        self.columns.iter().filter(|c| c.is_feature())
    }

    /// The label columns, in the order in which [`ActivityRow::labels`] has them.
    pub fn labels(&self) -> impl Iterator<Item = &ColumnSchema> {
        self.columns.iter().filter(|c| c.role == ColumnRole::Label)
    }

    /// Checks that a table can be read by this schema.
    ///
    /// # Errors
    /// Every fault of the schema.
    pub fn check(&self) -> Result<(), BadSchema> {
        let mut faults = Vec::new();
        if !self.delimiter.is_ascii() || matches!(self.delimiter, '"' | '\r' | '\n') {
            faults.push(SchemaFault::Delimiter(self.delimiter));
        }
        if self.columns.len() > Self::MAX_COLUMNS {
            faults.push(SchemaFault::TooManyColumns(self.columns.len()));
        }
        if self.features().next().is_none() {
            faults.push(SchemaFault::NoFeatures);
        }
        let mut names = BTreeSet::new();
        for (at, column) in self.columns.iter().enumerate() {
            if column.name.trim().is_empty() || column.name.chars().any(char::is_control) {
                faults.push(SchemaFault::BadName(at));
            } else if !names.insert(&column.name) {
                faults.push(SchemaFault::RepeatedName(column.name.clone()));
            }
            if !column.policy_fits() {
                faults.push(SchemaFault::Policy(column.name.clone()));
            }
        }
        for (role, word) in [(ColumnRole::Id, "id"), (ColumnRole::Time, "time")] {
            if self.columns.iter().filter(|c| c.role == role).count() > 1 {
                faults.push(SchemaFault::RepeatedRole(word));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(BadSchema { faults }) }
    }
}

/// An invalid schema, with all its faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadSchema {
    /// The faults, at least one.
    pub faults: Vec<SchemaFault>,
}

/// One fault of a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// The delimiter is not allowed.
    #[error("delimiter {0:?}: must be one ASCII character other than a quote or a line end")]
    Delimiter(char),
    /// There are too many columns.
    #[error("{columns} columns: at most {max} are read", columns = .0, max = ActivitySchema::MAX_COLUMNS)]
    TooManyColumns(usize),
    /// There is no feature column.
    #[error("no column is numeric or categorical: there is nothing to learn from")]
    NoFeatures,
    /// A name is empty or has control characters; the position of the column, from 0.
    #[error("the name of column {place}: must not be empty or have control characters", place = .0 + 1)]
    BadName(usize),
    /// Two columns have the same name.
    #[error("two columns are named {0:?}")]
    RepeatedName(String),
    /// The treatment of missing values does not fit the role.
    #[error(
        "column {0:?}: missing must be drop-row, median or most-frequent for numeric columns, drop-row, most-frequent or \
         own-category for categorical ones, drop-row or nothing for id, time and label, and nothing for ignore"
    )]
    Policy(String),
    /// Two columns have a role that only one may have.
    #[error("two columns have the role {0}: make one of them ignore")]
    RepeatedRole(&'static str),
}

/// The value of one column in one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// The value of a numeric column; finite.
    Number(f64),
    /// The value of a categorical column; not empty, without surrounding blanks.
    Text(&'a str),
    /// A missing value, under a policy other than [`MissingPolicy::DropRow`].
    Missing,
}

/// One row of a table. Text borrows from the line being read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivityRow<'a> {
    /// The values of the feature columns, in the order of [`ActivitySchema::features`].
    pub values: &'a [Value<'a>],
    /// The time in seconds since the epoch, where the table has one.
    pub time: Option<i64>,
    /// The id of the row; empty where the table has none.
    pub id: &'a str,
    /// The labels of the row, in the order of [`ActivitySchema::labels`]; empty where the table has none.
    pub labels: &'a [&'a str],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(roles: &[ColumnRole]) -> ActivitySchema {
        let column = |(i, role): (usize, &ColumnRole)| ColumnSchema::new(format!("c{i}"), *role);
        ActivitySchema::new(roles.iter().enumerate().map(column).collect())
    }

    #[test]
    fn check_returns_every_fault() {
        use ColumnRole::{Categorical, Id, Ignore, Label, Numeric, Time};
        assert_eq!(columns(&[Id, Numeric, Time, Label, Label, Ignore]).check(), Ok(()));
        let mut bad = columns(&[Id, Id, Time, Time, Label]);
        bad.delimiter = '"';
        bad.columns[1].name = "c0".into();
        bad.columns[2].name = "a\nb".into();
        bad.columns[4].missing = Some(MissingPolicy::Median);
        let faults = [
            SchemaFault::Delimiter('"'),
            SchemaFault::NoFeatures,
            SchemaFault::RepeatedName("c0".into()),
            SchemaFault::BadName(2),
            SchemaFault::Policy("c4".into()),
            SchemaFault::RepeatedRole("id"),
            SchemaFault::RepeatedRole("time"),
        ];
        assert_eq!(bad.check(), Err(BadSchema { faults: faults.into() }));
        let many = columns(&vec![Categorical; ActivitySchema::MAX_COLUMNS + 1]);
        assert_eq!(many.check().unwrap_err().to_string(), "4097 columns: at most 4096 are read");
    }

    #[test]
    fn policies_fit_roles() {
        use ColumnRole::{Categorical, Id, Ignore, Label, Numeric, Time};
        use MissingPolicy::{DropRow, Median, MostFrequent, OwnCategory};
        let fits =
            |role, missing| ColumnSchema { missing: Some(missing), ..ColumnSchema::new("c", role) }.policy_fits();
        for (policy, roles) in [
            (DropRow, &[Numeric, Categorical, Id, Time, Label][..]),
            (Median, &[Numeric]),
            (MostFrequent, &[Numeric, Categorical]),
            (OwnCategory, &[Categorical]),
        ] {
            for role in [Numeric, Categorical, Id, Time, Label, Ignore] {
                assert_eq!(fits(role, policy), roles.contains(&role), "{role:?} {policy:?}");
            }
        }
        let default = |role| ColumnSchema::new("c", role).missing_policy();
        assert_eq!([Numeric, Categorical, Id].map(default), [Some(Median), Some(OwnCategory), None]);
    }

    #[test]
    fn omitted_fields_have_defaults() {
        let read = |text| serde_json::from_str::<ActivitySchema>(text).map_err(|e| e.to_string());
        let short = read(r#"{"columns": [{"name": "a", "role": "numeric"}]}"#);
        assert_eq!(short, Ok(ActivitySchema::new(vec![ColumnSchema::new("a", ColumnRole::Numeric)])));
        assert!(read(r#"{"columns": [], "coluns": []}"#).is_err());
        assert!(read(r#"{"columns": [{"name": "a", "role": "number"}]}"#).is_err());
    }
}
