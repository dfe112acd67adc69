//! Scores every row of a table with a model, and explains the anomalous ones.

use weir_domain::activity::{ActivityRow, Value};
use weir_domain::matrix::FeatureMatrix;
use weir_domain::reject::ReadSummary;
use weir_domain::score::{Explanation, PValue, Score};
use weir_features::activity::TableSample;
use weir_model::table_model::{Novelty, UserDeviation};
use weir_model::{AlertBudget, TableModel};

use super::learn::encode;
use super::reason::{RowReason, reasons};
use super::{ActivityError, Table};

/// Number of rows that are scored together.
const CHUNK: usize = 4096;

/// The condition for an anomalous row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Its p-value is at most this, above 0 to 1.
    PValue(f64),
    /// Limit on the expected false alerts per day.
    AlertsPerDay(AlertBudget),
}

impl Default for Threshold {
    /// One normal row in a hundred may be reported.
    fn default() -> Self {
        Self::PValue(0.01)
    }
}

impl Threshold {
    /// The largest p-value of an anomalous row.
    ///
    /// # Errors
    /// When alerts per day are limited and the training rows had no times.
    pub fn p_value(self, model: &TableModel) -> Result<f64, ActivityError> {
        match self {
            Self::PValue(p_value) => Ok(p_value),
            Self::AlertsPerDay(budget) => {
                let summary = model.summary();
                let timed = summary.from < summary.to;
                let p_value = timed.then(|| budget.threshold(summary.rows_per_day())).flatten();
                p_value.map(PValue::get).ok_or(ActivityError::NoTime)
            }
        }
    }
}

/// A scored row.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedRow<'a> {
    /// Its number among the rows that could be read, from 1.
    pub number: u64,
    /// The row.
    pub row: ActivityRow<'a>,
    /// The score of the estimator, or of the one with the smallest p-value.
    pub score: Score,
    /// Probability that a normal row has a score and a [deviation from the baseline of its user](TableModel::user_deviation) as high, or
    /// a value as [new](TableModel::novelties).
    pub p_value: PValue,
    /// Whether it passes the threshold.
    pub anomalous: bool,
    /// Reasons, the strongest first; empty if the row is not anomalous.
    pub reasons: Vec<RowReason>,
}

/// The result of scoring a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Number of rows.
    pub rows: u64,
    /// Number of anomalous rows.
    pub anomalous: u64,
    /// The largest p-value of an anomalous row.
    pub p_value: f64,
    /// Counts of rows read and rejected.
    pub read: ReadSummary,
}

/// Contributions of each feature to the score of a row, as surprise (decimal logarithm of 1/p): from the estimators, new values, and the
/// deviation from the baseline of the user.
fn explain(
    model: &TableModel,
    scaled: &FeatureMatrix,
    row: usize,
    new: &[Novelty],
    deviation: Option<&UserDeviation>,
) -> Option<Explanation> {
    let mut amounts = vec![0.0; scaled.width()];
    for contribution in model.behaviour().explain(scaled, row).ok()?.contributions {
        amounts[contribution.feature] += contribution.amount;
    }
    for new in new {
        amounts[new.feature] -= new.p_value.log10();
    }
    if let Some(deviation) = deviation {
        amounts[deviation.feature] -= deviation.p_value.get().log10();
    }
    Some(Explanation::from_amounts(&amounts))
}

/// Scores every row of a table, in order. O(trees) per row, and O(trees · features) per anomalous one.
///
/// # Errors
/// When the table cannot be read or does not fit the model, or the threshold needs times that the training rows did not have.
pub fn judge(
    model: &TableModel,
    table: &impl Table,
    threshold: Threshold,
    mut each: impl FnMut(&JudgedRow<'_>),
) -> Result<Judged, ActivityError> {
    let p_value = threshold.p_value(model)?;
    let empty = || TableSample::new(model.schema(), usize::MAX, 0);
    let labels = model.schema().labels().count();
    let (mut chunk, mut rows, mut anomalous) = (empty(), 0, 0);
    let mut judge_chunk = |chunk: &mut TableSample| {
        let chunk = std::mem::replace(chunk, empty());
        let all: Vec<usize> = (0..chunk.len()).collect();
        let matrix = encode(model.encoder(), &chunk, &all);
        let scaled = model.behaviour().scale(&matrix)?;
        let mut values: Vec<Value<'_>> = Vec::new();
        for (at, verdict) in model.behaviour().judge(&scaled)?.into_iter().enumerate() {
            chunk.values(at, &mut values);
            let labels: Vec<&str> = (0..labels).map(|label| chunk.label(label, at)).collect();
            let new = model.novelties(&values, matrix.row(at));
            let newest = new.iter().map(|new| new.p_value).fold(1.0, f64::min);
            // Both are p-values, so the smaller one is in range.
            let deviation = model.user_deviation(chunk.id(at), matrix.row(at));
            let unusual = model.combine_with_user(verdict.p_value, deviation.as_ref());
            let chance = PValue::new(newest).filter(|new| new < &unusual).unwrap_or(unusual);
            let is_anomalous = chance.get() <= p_value;
            let explanation = if is_anomalous { explain(model, &scaled, at, &new, deviation.as_ref()) } else { None };
            rows += 1;
            anomalous += u64::from(is_anomalous);
            each(&JudgedRow {
                number: rows,
                row: ActivityRow { values: &values, time: chunk.time(at), id: chunk.id(at), labels: &labels },
                score: verdict.most_significant().score,
                p_value: chance,
                anomalous: is_anomalous,
                reasons: explanation.map(|e| reasons(model, &values, &e, deviation.as_ref())).unwrap_or_default(),
            });
        }
        Ok::<(), ActivityError>(())
    };
    let mut outcome = Ok(());
    let read = table.read(&mut |row| {
        if outcome.is_ok() {
            outcome = chunk.push(row).map_err(ActivityError::from);
        }
        if outcome.is_ok() && chunk.len() >= CHUNK {
            outcome = judge_chunk(&mut chunk);
        }
    })?;
    outcome?;
    judge_chunk(&mut chunk)?;
    Ok(Judged { rows, anomalous, p_value, read })
}
