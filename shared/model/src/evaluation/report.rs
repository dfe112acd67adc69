//! A table of how well each class was predicted.

use std::fmt;

use super::{ClassMetrics, ConfusionMatrix};

/// How well each class was predicted, and all of them on average. It prints as scikit-learn's `classification_report`
/// does, to two places.
///
/// ```
/// use weir_model::evaluation::{ClassificationReport, ConfusionMatrix};
///
/// let matrix = ConfusionMatrix::binary(&[true, true, false, false], &[true, false, false, false])?;
/// let report = ClassificationReport::from_matrix(&matrix).to_string();
/// assert_eq!(report.lines().nth(3), Some("   anomalous       1.00      0.50      0.67         2"));
/// # Ok::<(), weir_model::evaluation::EvaluationError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationReport {
    /// Every class, by name, in the order of the matrix.
    pub classes: Vec<(String, ClassMetrics)>,
    /// The share of rows whose class was predicted: 0 to 1.
    pub accuracy: f64,
    /// The mean over the classes, each counting the same.
    pub macro_average: ClassMetrics,
    /// The mean over the classes, each counting by its support.
    pub weighted_average: ClassMetrics,
}

impl ClassificationReport {
    /// The report of a confusion matrix. O(classes²).
    #[must_use]
    pub fn from_matrix(matrix: &ConfusionMatrix) -> Self {
        let class = |(number, name): (usize, &String)| (name.clone(), matrix.class(number));
        Self {
            classes: matrix.classes().iter().enumerate().map(class).collect(),
            accuracy: matrix.accuracy(),
            macro_average: matrix.macro_average(),
            weighted_average: matrix.weighted_average(),
        }
    }
}

/// The longest name of an average, which the first column is never narrower than.
const WEIGHTED: &str = "weighted avg";

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.classes.iter().map(|(name, _)| name.chars().count());
        let width = names.max().unwrap_or(0).max(WEIGHTED.len());
        let row = |f: &mut fmt::Formatter<'_>, name: &str, m: &ClassMetrics| {
            writeln!(f, "{name:>width$}  {:>9.2} {:>9.2} {:>9.2} {:>9}", m.precision, m.recall, m.f1, m.support)
        };
        writeln!(f, "{:>width$}  {:>9} {:>9} {:>9} {:>9}\n", "", "precision", "recall", "f1-score", "support")?;
        for (name, metrics) in &self.classes {
            row(f, name, metrics)?;
        }
        let support = self.macro_average.support;
        writeln!(f, "\n{:>width$}  {:>9} {:>9} {:>9.2} {support:>9}", "accuracy", "", "", self.accuracy)?;
        row(f, "macro avg", &self.macro_average)?;
        row(f, WEIGHTED, &self.weighted_average)
    }
}
