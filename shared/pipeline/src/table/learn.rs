//! Fits a model on an even sample of the rows of a table.

use std::sync::Arc;

use weir_domain::activity::{ActivitySchema, Value};
use weir_domain::matrix::FeatureMatrix;
use weir_domain::reject::ReadSummary;
use weir_features::activity::TableSample;
use weir_model::{CategoryEncoding, TableEncoder, TableEncoderBuilder, TableModel, TrainingSummary};

use super::{ActivityError, Table};
use crate::training::TrainOptions;

/// Maximum number of training rows, and of values in them.
const MAX_ROWS: usize = 200_000;
const MAX_VALUES: usize = 1 << 24;

/// A fitted model and its training data.
#[derive(Debug)]
pub struct Learned {
    /// The model.
    pub model: TableModel,
    /// Counts of rows read and rejected.
    pub read: ReadSummary,
    /// The training rows.
    pub sample: TableSample,
}

/// Fits a model on the rows of a table, or on an even sample of 200 000 of them. Labels are not used. The same rows and seed give the
/// same model. Costs six fits of each estimator.
///
/// # Errors
/// When the table cannot be read, has too few rows, or more text than fits into memory.
pub fn learn(schema: &ActivitySchema, table: &impl Table, options: &TrainOptions) -> Result<Learned, ActivityError> {
    let max_rows = MAX_ROWS.min(MAX_VALUES / schema.features().count().max(1));
    let (sample, times, read) = collect(schema, table, max_rows, options.seed)?;
    let all: Vec<usize> = (0..sample.len()).collect();
    let encoder = encoder(schema, &sample, CategoryEncoding::Rarity, &all)?;
    let rows = encode(&encoder, &sample, &all);
    let (from, to) = times.map_or((0, 0), |(first, last)| (first, last.saturating_add(1)));
    let summary = TrainingSummary {
        program: options.program.clone(),
        trained_at: options.now,
        from,
        to,
        rows: sample.seen(),
        fitted_on: sample.len() as u64,
        entities: sample.distinct_ids(),
        seed: options.seed,
    };
    let model = TableModel::fit(schema.clone(), encoder, &rows, &options.estimators, summary)?;
    let users: Vec<&str> = all.iter().map(|row| sample.id(*row)).collect();
    let model = model.with_user_baselines(&rows, &users);
    Ok(Learned { model, read, sample })
}

/// First and last time of all rows.
type Times = Option<(i64, i64)>;

/// Reads a table into a sample.
pub(super) fn collect(
    schema: &ActivitySchema,
    table: &impl Table,
    max_rows: usize,
    seed: u64,
) -> Result<(TableSample, Times, ReadSummary), ActivityError> {
    let mut sample = TableSample::new(schema, max_rows, seed);
    let (mut times, mut pushed) = (None::<(i64, i64)>, Ok(()));
    let read = table.read(&mut |row| {
        if let Some(time) = row.time {
            let (first, last) = times.get_or_insert((time, time));
            (*first, *last) = ((*first).min(time), (*last).max(time));
        }
        if pushed.is_ok() {
            pushed = sample.push(row);
        }
    })?;
    pushed?;
    Ok((sample, times, read))
}

/// Fits the encoder of categories on some rows of a sample.
pub(super) fn encoder(
    schema: &ActivitySchema,
    sample: &TableSample,
    encoding: CategoryEncoding,
    rows: &[usize],
) -> Result<TableEncoder, ActivityError> {
    let mut builder = TableEncoderBuilder::new(schema, encoding);
    let mut values = Vec::new();
    for row in rows {
        sample.values(*row, &mut values);
        builder.see(&values);
    }
    Ok(builder.finish()?)
}

/// Encodes some rows of a sample.
pub(super) fn encode(encoder: &TableEncoder, sample: &TableSample, rows: &[usize]) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(Arc::clone(encoder.schema()));
    let mut values: Vec<Value<'_>> = Vec::new();
    for row in rows {
        sample.values(*row, &mut values);
        // Rows of a sample have the columns of its schema, and encoded they are finite.
        let _ = encoder.encode(&values).map(|row| matrix.push(&row));
    }
    matrix
}
