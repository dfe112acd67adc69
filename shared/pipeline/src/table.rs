//! Tables of activity: what is usual in their rows, which rows are not, and how well labelled rows are told apart.
//!
//! [`learn()`] fits a model on an even sample of the rows, [`judge()`] goes over all of them once more and calls back for
//! each with what the model says, [`drift()`] compares a table with an earlier model or its second half with its first, and
//! [`evaluate()`] measures an estimator on labelled rows that were held out. Rows come from a [`Table`], which is read as often
//! as needed, so that memory is bounded by the sample.

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

/// Where rows come from, the same ones in the same order each time.
pub trait Table {
    /// Calls back for every row.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn read(&self, each: &mut dyn FnMut(&ActivityRow<'_>)) -> Result<ReadSummary, ReadError>;
}

/// Why a table was not learned, judged or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It does not fit into memory.
    #[error(transparent)]
    TooMuchText(#[from] TooMuchText),
    /// An estimator could not be fitted.
    #[error("learning from the table: {0}")]
    Fit(#[from] FitError),
    /// The model is of other columns.
    #[error("the model does not fit the table: {0}")]
    Schema(#[from] SchemaMismatch),
    /// Alerts a day were asked for of rows that are at no time.
    #[error("alerts a day need a time: give a column of the schema the role time, or use --contamination")]
    NoTime,
    /// No such label.
    #[error("no column {name:?} with the role label; there is {there}")]
    NoLabel {
        /// What was asked for.
        name: String,
        /// What there is.
        there: String,
    },
    /// Nothing can be learned from one class.
    #[error(
        "{part}: {anomalous} of {rows} rows are anomalous by column {label:?}, and rows of both classes are needed; \
         --normal says which value is the usual one"
    )]
    OneClass {
        /// Of which rows.
        part: &'static str,
        /// How many are anomalous.
        anomalous: u64,
        /// How many there are.
        rows: u64,
        /// The label column.
        label: String,
    },
    /// The measures are undefined.
    #[error("evaluating: {0}")]
    Evaluation(#[from] EvaluationError),
}

/// Which label column says whether a row is anomalous, by its place among the schema's labels: the one of a name, else the one
/// called `label`, else the last.
///
/// # Errors
/// When there is none of that name, or none at all.
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

/// A schema in which a column is a label, whatever it was: for tables whose truth is in a column that does not look like it.
///
/// # Errors
/// When there is no such column.
pub fn with_label(mut schema: ActivitySchema, name: &str) -> Result<ActivitySchema, ActivityError> {
    let there = schema.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let column = schema.columns.iter_mut().find(|column| column.name == name);
    let column = column.ok_or_else(|| ActivityError::NoLabel { name: name.to_owned(), there })?;
    if column.role != ColumnRole::Label {
        (column.role, column.missing) = (ColumnRole::Label, None);
    }
    Ok(schema)
}

/// Whether a label says that a row is as it should be: one value that is given, else the words that public tables have for it
/// (`normal`, `benign`, `0`, `false`, nothing; in any case, a full stop aside).
#[must_use]
pub fn is_usual(label: &str, normal: Option<&str>) -> bool {
    if let Some(normal) = normal {
        return label == normal;
    }
    let word = label.trim_end_matches('.').to_ascii_lowercase();
    matches!(word.as_str(), "" | "0" | "0.0" | "normal" | "benign" | "usual" | "false" | "no" | "background")
}

#[cfg(test)]
mod tests;
