//! Confusion matrices of normal and anomalous rows, as a table.

use weir_model::evaluation::ConfusionMatrix;

use crate::output::{Rows, count};

/// One line per true class, one column per predicted class.
pub(super) fn confusion_table(title: &str, matrix: &ConfusionMatrix) -> Rows {
    let mut rows = Rows::new(1, &[title, "predicted normal", "predicted anomalous"]);
    for (at, name) in matrix.classes().iter().enumerate() {
        rows.push(vec![name.clone(), count(matrix.count(at, 0)), count(matrix.count(at, 1))]);
    }
    rows
}
