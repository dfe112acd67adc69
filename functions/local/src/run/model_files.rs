//! Model files: reading and writing them, and the options that models are trained with.

use std::path::Path;

use anyhow::Context;
use weir_model::ModelFileError;
use weir_pipeline::training::TrainOptions;

use super::clock::now;
use crate::arguments::{Estimators, Train};

/// Training options from the command line.
pub(super) fn train_options(estimators: &Estimators) -> TrainOptions {
    TrainOptions {
        estimators: estimators.estimators.clone(),
        seed: estimators.seed,
        now: now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Reads a model file of the kind that `decode` reads.
pub(super) fn read_model<M>(path: &Path, decode: fn(&[u8]) -> Result<M, ModelFileError>) -> anyhow::Result<M> {
    let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    decode(&bytes).with_context(|| format!("{}", path.display()))
}

/// Writes an encoded model to `--output`.
pub(super) fn write_model(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// The earlier model that drift is measured against: the one of `--earlier`, else the one at `--output` if it can be read.
///
/// # Errors
/// When `--earlier` cannot be read as a model. Any other file at `--output` is simply overwritten.
pub(super) fn earlier_model<M>(
    arguments: &Train,
    decode: fn(&[u8]) -> Result<M, ModelFileError>,
) -> anyhow::Result<Option<M>> {
    match &arguments.earlier {
        Some(path) => read_model(path, decode).map(Some),
        None => Ok(arguments.output.exists().then(|| read_model(&arguments.output, decode).ok()).flatten()),
    }
}
