//! One row of a table of activity, and the schema that says what the table's columns are.

use std::collections::BTreeSet;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnRole {
    /// A finite number that models learn from.
    Numeric,
    /// A word, or a number that is a code, that models learn from.
    Categorical,
    /// Names the row, or who it is about. At most one column.
    Id,
    /// When the row happened. At most one column.
    Time,
    /// The truth about the row. No model sees it; any number of columns, and tables may lack them.
    Label,
    /// Not read. Tables may lack it.
    Ignore,
}

/// What becomes of a row in which a column has no value.
///
/// A reader of rows applies [`DropRow`](Self::DropRow) only and passes all other missing values on: what is usual instead is
/// learned from data, by whoever fits a model, and is part of that model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingPolicy {
    /// The row is not read: it is a reject.
    DropRow,
    /// The median of the training rows stands in. For numeric columns.
    Median,
    /// The most frequent value of the training rows stands in. For numeric and categorical columns.
    MostFrequent,
    /// Having no value is a category like any other. For categorical columns.
    OwnCategory,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSchema {
    /// The name, as in the table's header.
    pub name: String,
    /// What the column is for.
    pub role: ColumnRole,
    /// What becomes of missing values, where it is not the [default of the role](Self::missing_policy).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingPolicy>,
}

impl ColumnSchema {
    /// A column with the default policy of its role.
    #[must_use]
    pub fn new(name: impl Into<String>, role: ColumnRole) -> Self {
        Self { name: name.into(), role, missing: None }
    }

    /// What becomes of missing values: the stated policy, else the median for numeric columns and a category of their own for
    /// categorical ones. `None` for the other roles: the row is kept, without id, time or label.
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

/// What the columns of a table are.
///
/// As a file it is TOML; everything but `columns` has the default shown:
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
    /// Whether the first line names the columns. They are then found by name, in any order, and columns that the schema does
    /// not name are not read. Without a header they are found by position, and the schema names all of them.
    #[serde(default = "default_header")]
    pub header: bool,
    /// What stands between two values: one ASCII character.
    #[serde(default = "default_delimiter")]
    pub delimiter: char,
    /// What stands for a missing value beside the empty one, compared exactly with values stripped of surrounding blanks.
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
    /// What stands for a missing value unless the schema says otherwise.
    pub const MISSING_VALUES: [&'static str; 5] = ["", "-", "NA", "NaN", "null"];

    /// The most columns a table may have.
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

    /// Whether a table can be read by this schema.
    ///
    /// # Errors
    /// Names every fault.
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

/// A schema that no table can be read by: all its faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadSchema {
    /// At least one.
    pub faults: Vec<SchemaFault>,
}

/// One fault of a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// A delimiter that none can be.
    #[error("delimiter {0:?}: must be one ASCII character other than a quote or a line end")]
    Delimiter(char),
    /// More columns than are read.
    #[error("{columns} columns: at most {most} are read", columns = .0, most = ActivitySchema::MAX_COLUMNS)]
    TooManyColumns(usize),
    /// Nothing to learn from.
    #[error("no column is numeric or categorical: there is nothing to learn from")]
    NoFeatures,
    /// An empty name, or one with control characters; the column's place, from 0.
    #[error("the name of column {place}: must not be empty or have control characters", place = .0 + 1)]
    BadName(usize),
    /// Two columns of one name.
    #[error("two columns are named {0:?}")]
    RepeatedName(String),
    /// A policy for missing values that does not fit the role.
    #[error(
        "column {0:?}: missing must be drop-row, median or most-frequent for numeric columns, drop-row, most-frequent or \
         own-category for categorical ones, drop-row or nothing for id, time and label, and nothing for ignore"
    )]
    Policy(String),
    /// Two columns of a role that one can have.
    #[error("two columns have the role {0}: make one of them ignore")]
    RepeatedRole(&'static str),
}

/// The value of one column in one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Of a numeric column; finite.
    Number(f64),
    /// Of a categorical column; neither empty nor blank at its ends.
    Text(&'a str),
    /// None, under a policy other than [`MissingPolicy::DropRow`].
    Missing,
}

/// One row of a table. Text borrows from the line being read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivityRow<'a> {
    /// The values models learn from, in the order of [`ActivitySchema::features`].
    pub values: &'a [Value<'a>],
    /// When, in seconds since the epoch, where the table says.
    pub time: Option<i64>,
    /// What the row is called; empty where the table does not say.
    pub id: &'a str,
    /// The truth about the row, in the order of [`ActivitySchema::labels`]; empty where the table does not say.
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
    fn every_fault_is_named() {
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
    fn what_a_file_leaves_out_has_its_default() {
        let read = |text| serde_json::from_str::<ActivitySchema>(text).map_err(|e| e.to_string());
        let short = read(r#"{"columns": [{"name": "a", "role": "numeric"}]}"#);
        assert_eq!(short, Ok(ActivitySchema::new(vec![ColumnSchema::new("a", ColumnRole::Numeric)])));
        assert!(read(r#"{"columns": [], "coluns": []}"#).is_err());
        assert!(read(r#"{"columns": [{"name": "a", "role": "number"}]}"#).is_err());
    }
}
