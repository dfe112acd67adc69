//! Anomalous rows of tables: fits a model, scores rows, measures drift, and evaluates estimators on labelled rows.
//!
//! [`learn()`] fits a model on an even sample of the rows, [`judge()`] scores all rows in a second pass, [`drift()`] compares a table with
//! an earlier model or its second half with its first, and [`evaluate()`] measures an estimator on held-out labelled rows. A [`Table`] is
//! read as often as needed, so that memory is bounded by the sample.

mod drift;
mod evaluate;
mod findings;
mod judge;
mod learn;
mod reason;

pub use drift::drift;
pub use evaluate::{EvaluateOptions, Evaluated, HeldOut, Judge, Split, UnknownJudge, evaluate};
pub use findings::Findings;
pub use judge::{Judged, JudgedRow, Threshold, judge};
pub use learn::{Learned, learn};
pub use reason::{Observed, RowReason};

use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole};
use weir_domain::reject::ReadSummary;
use weir_features::activity::TooMuchText;
use weir_ingest::ReadError;
use weir_model::evaluation::EvaluationError;
use weir_model::{FitError, SchemaMismatch};

/// A source of rows that can be read several times, each time with the same rows in the same order.
pub trait Table {
    /// Calls back for every row.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn read(&self, each: &mut dyn FnMut(&ActivityRow<'_>)) -> Result<ReadSummary, ReadError>;
}

/// Why a table could not be learned from, scored or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// The table cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text of the sample does not fit into memory.
    #[error(transparent)]
    TooMuchText(#[from] TooMuchText),
    /// An estimator could not be fitted.
    #[error("learning from the table: {0}")]
    Fit(#[from] FitError),
    /// The model was trained on other columns.
    #[error("the model does not fit the table: {0}")]
    Schema(#[from] SchemaMismatch),
    /// A limit of alerts per day was given for rows without a time.
    #[error("alerts a day need a time: give a column of the schema the role time, or use --contamination")]
    NoTime,
    /// No label column has the name.
    #[error("no column {name:?} with the role label; there is {there}")]
    NoLabel {
        /// The requested name.
        name: String,
        /// The names of all label columns.
        there: String,
    },
    /// All rows are of one class.
    #[error(
        "{part}: {anomalous} of {rows} rows are anomalous by column {label:?}, and rows of both classes are needed; \
         --normal names the label of normal rows"
    )]
    OneClass {
        /// The rows concerned.
        part: &'static str,
        /// Number of anomalous rows.
        anomalous: u64,
        /// Number of rows.
        rows: u64,
        /// The label column.
        label: String,
    },
    /// The metrics are undefined.
    #[error("evaluating: {0}")]
    Evaluation(#[from] EvaluationError),
}

/// The index, among the label columns of the schema, of the column that marks anomalous rows: the one with the given name, else the one
/// named `label`, else the last.
///
/// # Errors
/// When no label column has the name, or there is none.
pub fn label_column(schema: &ActivitySchema, name: Option<&str>) -> Result<usize, ActivityError> {
    let names: Vec<&str> = schema.labels().map(|c| c.name.as_str()).collect();
    let place = |name: &str| names.iter().position(|n| *n == name);
    let found = match name {
        Some(name) => place(name),
        None => place("label").or(names.len().checked_sub(1)),
    };
    found.ok_or_else(|| ActivityError::NoLabel {
        name: name.unwrap_or("label").to_owned(),
        there: if names.is_empty() { "none".to_owned() } else { names.join(", ") },
    })
}

/// Makes a column of a schema a label column, for tables whose labels were not recognised as such.
///
/// # Errors
/// When no column has the name.
pub fn with_label(mut schema: ActivitySchema, name: &str) -> Result<ActivitySchema, ActivityError> {
    let there = schema.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let column = schema.columns.iter_mut().find(|column| column.name == name);
    let column = column.ok_or_else(|| ActivityError::NoLabel { name: name.to_owned(), there })?;
    if column.role != ColumnRole::Label {
        (column.role, column.missing) = (ColumnRole::Label, None);
    }
    Ok(schema)
}

/// Whether a label marks a normal row: the given value, else the words that public tables use (`normal`, `benign`, `0`, `false`, an
/// empty label; in any case, with or without a full stop).
#[must_use]
pub fn is_normal_label(label: &str, normal: Option<&str>) -> bool {
    if let Some(normal) = normal {
        return label == normal;
    }
    let word = label.trim_end_matches('.').to_ascii_lowercase();
    matches!(word.as_str(), "" | "0" | "0.0" | "normal" | "benign" | "usual" | "false" | "no" | "background")
}

#[cfg(test)]
mod tests;
