//! How good an estimator is, where the truth is known.
//!
//! - [`ConfusionMatrix`]: which class was taken for which, and from it precision, recall, F1 and accuracy;
//! - [`ClassificationReport`]: those of every class and their averages, with a table to print;
//! - [`Ranking`]: how well scores put anomalous rows before normal ones, whatever the threshold: ROC and
//!   precision/recall curves, ROC AUC, average precision, recall at a number of false alarms;
//! - [`stratified_by_group`]: which rows to hold out, so that no duplicate of a row is on both sides.
//!
//! The definitions are scikit-learn's, ties included, and so are the numbers: `tests/metrics.rs` holds them to 1e-9.
//! ROC AUC flatters where anomalies are rare (a thousand false alarms are a small share of a million typical rows); average
//! precision and recall at a number of false alarms do not.
//!
//! References: T. Fawcett, *An introduction to ROC analysis*, Pattern Recognition Letters 27, 2006; J. Davis, M.
//! Goadrich, *The Relationship Between Precision-Recall and ROC Curves*, ICML 2006.
//!
//! ```
//! use weir_domain::score::Score;
//! use weir_model::evaluation::Ranking;
//!
//! let scores: Vec<Score> = [0.1, 0.4, 0.35, 0.8].into_iter().filter_map(Score::new).collect();
//! let ranking = Ranking::new(&[false, false, true, true], &scores)?;
//! assert_eq!(ranking.roc_auc()?, 0.75);
//! assert_eq!(ranking.recall_at(0)?.recall, 0.5);
//! # Ok::<(), weir_model::evaluation::EvaluationError>(())
//! ```

mod confusion;
mod ranking;
mod report;
mod split;

pub use confusion::{ClassMetrics, ConfusionMatrix};
pub use ranking::{OperatingPoint, PrecisionRecallPoint, Ranking, RocPoint};
pub use report::ClassificationReport;
pub use split::stratified_by_group;

/// Labels, predictions or scores that nothing can be said about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// There are no rows.
    #[error("no rows to evaluate: at least one is needed")]
    Empty,
    /// As many labels as predictions, or scores, are needed.
    #[error("{labels} labels and {predictions} predictions: there must be one of each per row")]
    Lengths {
        /// Labels given.
        labels: usize,
        /// Predictions, or scores, given.
        predictions: usize,
    },
    /// There are no class names, or too many of them.
    #[error("{got} classes: must be from 1 to {most}")]
    Classes {
        /// The most there may be.
        most: usize,
        /// Names given.
        got: usize,
    },
    /// Two classes have one name.
    #[error("two classes are named {0:?}: give each a name of its own")]
    SameName(String),
    /// A label or prediction is none of the classes.
    #[error("row {row} is of class {class}: the classes are numbered from 0 to {last}")]
    NoSuchClass {
        /// The row, from 0.
        row: usize,
        /// Its class.
        class: usize,
        /// Number of the last class.
        last: usize,
    },
    /// No row is anomalous: there is nothing to recall.
    #[error("no row is labelled anomalous: recall and what rests on it are undefined")]
    NoPositives,
    /// Every row is anomalous: there is nothing to raise a false alarm on.
    #[error("every row is labelled anomalous: the rate of false alarms is undefined")]
    NoNegatives,
}
