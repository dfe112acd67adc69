//! Logs the result of preprocessing.

use std::fmt::Display;

use weir_pipeline::preprocess::Preprocessed;

/// Logs the counts of one raw log.
pub(crate) fn log_preprocessed(log: &impl Display, done: &Preprocessed) {
    tracing::info!(
        object = %log,
        records = done.summary.records,
        no_data = done.summary.no_data,
        skip_data = done.summary.skip_data,
        rejected = done.summary.rejected_rows(),
        longer_than_window = done.summary.longer_than_window,
        batches = done.batches.len(),
        "preprocessed"
    );
}
