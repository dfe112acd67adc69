//! Which class was taken for which.

use std::collections::BTreeSet;

use super::EvaluationError;

/// Counts of rows by true class and predicted class, of which there are at most 1 000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: Vec<String>,
    /// One row per true class, one column per predicted class.
    counts: Vec<u64>,
}

/// How well one class, or several on average, were predicted.
///
/// A share of nothing is 0, as scikit-learn has it: the precision of a class that was never predicted, the recall of one
/// that never occurred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassMetrics {
    /// Of the rows predicted to be of the class, the share that are: 0 to 1.
    pub precision: f64,
    /// Of the rows that are of the class, the share predicted to be: 0 to 1.
    pub recall: f64,
    /// Harmonic mean of precision and recall: 0 to 1.
    pub f1: f64,
    /// Rows that are of the class.
    pub support: u64,
}

impl ConfusionMatrix {
    /// The most classes there may be: the matrix has as many entries as their square.
    pub const MAX_CLASSES: usize = 1000;

    /// Counts rows of several classes, numbered from 0 in the order of their names. O(rows + classes²).
    ///
    /// # Errors
    /// When there are no rows, as many labels as predictions are not given, there are no classes or more than
    /// [`Self::MAX_CLASSES`], two have one name, or a row is of none of them.
    pub fn new(classes: &[&str], labels: &[usize], predictions: &[usize]) -> Result<Self, EvaluationError> {
        let most = Self::MAX_CLASSES;
        if classes.is_empty() || classes.len() > most {
            return Err(EvaluationError::Classes { most, got: classes.len() });
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = classes.iter().find(|name| !names.insert(**name)) {
            return Err(EvaluationError::SameName((*twice).to_owned()));
        }
        if labels.len() != predictions.len() {
            return Err(EvaluationError::Lengths { labels: labels.len(), predictions: predictions.len() });
        }
        if labels.is_empty() {
            return Err(EvaluationError::Empty);
        }
        let mut counts = vec![0; classes.len() * classes.len()];
        for (row, (&label, &prediction)) in labels.iter().zip(predictions).enumerate() {
            let class = label.max(prediction);
            if class >= classes.len() {
                return Err(EvaluationError::NoSuchClass { row, class, last: classes.len() - 1 });
            }
            counts[label * classes.len() + prediction] += 1;
        }
        Ok(Self { classes: classes.iter().map(|name| (*name).to_owned()).collect(), counts })
    }

    /// Counts rows that are anomalous (class 1) or usual (class 0).
    ///
    /// # Errors
    /// When there are no rows, or not as many labels as predictions.
    pub fn binary(anomalous: &[bool], predicted: &[bool]) -> Result<Self, EvaluationError> {
        let numbers = |flags: &[bool]| flags.iter().copied().map(usize::from).collect::<Vec<_>>();
        Self::new(&["usual", "anomalous"], &numbers(anomalous), &numbers(predicted))
    }

    /// Names of the classes.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Rows of one class that were predicted to be of another, or the same.
    ///
    /// # Panics
    /// When there is no such class.
    #[must_use]
    pub fn count(&self, label: usize, prediction: usize) -> u64 {
        assert!(label < self.classes.len() && prediction < self.classes.len(), "no such class");
        self.counts[label * self.classes.len() + prediction]
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share of rows whose class was predicted: 0 to 1.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes.len()).map(|class| self.count(class, class)).sum();
        share(right, self.total())
    }

    /// How well one class was predicted.
    ///
    /// # Panics
    /// When there is no such class.
    #[must_use]
    pub fn class(&self, class: usize) -> ClassMetrics {
        let right = self.count(class, class);
        let all = 0..self.classes.len();
        let support = all.clone().map(|prediction| self.count(class, prediction)).sum();
        let predicted: u64 = all.map(|label| self.count(label, class)).sum();
        ClassMetrics {
            precision: share(right, predicted),
            recall: share(right, support),
            f1: share(2 * right, predicted + support),
            support,
        }
    }

    /// The mean over the classes, each counting the same.
    #[must_use]
    pub fn macro_average(&self) -> ClassMetrics {
        self.average(|_| 1.0)
    }

    /// The mean over the classes, each counting by its support.
    #[must_use]
    pub fn weighted_average(&self) -> ClassMetrics {
        self.average(|class| class.support as f64)
    }

    fn average(&self, weight: impl Fn(&ClassMetrics) -> f64) -> ClassMetrics {
        let classes: Vec<_> = (0..self.classes.len()).map(|class| self.class(class)).collect();
        let weights: f64 = classes.iter().map(&weight).sum();
        let mean = |of: fn(&ClassMetrics) -> f64| classes.iter().map(|c| of(c) * weight(c)).sum::<f64>() / weights;
        ClassMetrics {
            precision: mean(|c| c.precision),
            recall: mean(|c| c.recall),
            f1: mean(|c| c.f1),
            support: self.total(),
        }
    }
}

/// A share of nothing is 0.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let matrix = ConfusionMatrix::binary(
            &[true, true, true, false, false, false, false, false],
            &[true, true, false, true, false, false, false, false],
        )
        .unwrap();
        assert_eq!([matrix.count(0, 0), matrix.count(0, 1), matrix.count(1, 0), matrix.count(1, 1)], [4, 1, 1, 2]);
        assert_eq!((matrix.total(), matrix.accuracy()), (8, 0.75));
        let anomalous = matrix.class(1);
        assert_eq!((anomalous.precision, anomalous.recall, anomalous.f1), (2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0));
        assert_eq!((anomalous.support, matrix.class(0).recall), (3, 0.8));
        assert_eq!(matrix.macro_average().recall, f64::midpoint(0.8, 2.0 / 3.0));
        assert_eq!(matrix.weighted_average().recall, 0.75);
    }

    #[test]
    fn a_share_of_nothing_is_zero() {
        let none_predicted = ConfusionMatrix::binary(&[true, false], &[false, false]).unwrap().class(1);
        assert_eq!((none_predicted.precision, none_predicted.recall, none_predicted.f1), (0.0, 0.0, 0.0));
        let none_there = ConfusionMatrix::binary(&[false, false], &[true, false]).unwrap().class(1);
        assert_eq!((none_there.precision, none_there.recall, none_there.support), (0.0, 0.0, 0));
        let neither = ConfusionMatrix::binary(&[false], &[false]).unwrap();
        assert_eq!((neither.class(1).f1, neither.macro_average().f1, neither.weighted_average().f1), (0.0, 0.5, 1.0));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let new = |classes: &[&str], labels: &[usize], predictions: &[usize]| {
            ConfusionMatrix::new(classes, labels, predictions).map_err(|e| e.to_string())
        };
        let says = |text: &str| Err(text.to_owned());
        assert_eq!(new(&["a"], &[], &[]), says("no rows to evaluate: at least one is needed"));
        assert_eq!(new(&[], &[0], &[0]), says("0 classes: must be from 1 to 1000"));
        assert!(new(&["a"; 1001], &[0], &[0]).unwrap_err().contains("1001 classes"));
        assert_eq!(new(&["a", "a"], &[0], &[0]), says(r#"two classes are named "a": give each a name of its own"#));
        assert!(new(&["a"], &[0, 0], &[0]).unwrap_err().starts_with("2 labels and 1 predictions"));
        let row_1 = "row 1 is of class 2: the classes are numbered from 0 to 1";
        assert_eq!(new(&["a", "b"], &[0, 2], &[0, 1]), says(row_1));
        assert_eq!(new(&["a", "b"], &[0, 1], &[0, 2]), says(row_1));
        assert_eq!(ConfusionMatrix::binary(&[], &[]), Err(EvaluationError::Empty));
    }
}
