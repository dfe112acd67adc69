//! Doing what was typed: one module per verb.

mod activity;
mod detect;
mod drift;
mod evaluate;
mod feedback;
mod findings;
mod inspect;
mod listing;
mod login;
mod models;
mod preprocess;
mod publish;
mod report;
mod schema;
mod score;
mod simulate;
mod train;
mod usage;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use weir_detect::suppression::Suppressions;
use weir_model::ModelFileError;
use weir_pipeline::training::TrainOptions;

use crate::arguments::{Arguments, Estimators, Verb};

/// Runs a verb and gives the exit code: 0 when it ran, 1 when `--fail-on` was met, 2 when some of the data could not be
/// read (the rest was). An error is exit code 2 as well.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    match arguments.verb {
        Verb::Detect(detect) => runtime.block_on(detect::run(detect)),
        Verb::Inspect(inspect) => inspect::run(&inspect),
        Verb::Schema(schema) => schema::run(&schema),
        Verb::Evaluate(evaluate) => evaluate::run(&evaluate),
        Verb::Preprocess(preprocess) => runtime.block_on(preprocess::run(preprocess)),
        Verb::Train(train) => runtime.block_on(train::run(train)),
        Verb::Models(models) => runtime.block_on(models::run(models)),
        Verb::Score(store) => runtime.block_on(score::run(store)),
        Verb::Simulate(simulate) => simulate::run(&simulate),
        Verb::Usage(usage) => usage::run(&usage),
        Verb::Publish(publish) => runtime.block_on(publish::run(publish)),
        Verb::Findings(findings) => runtime.block_on(findings::run(findings)),
        Verb::Feedback(feedback) => runtime.block_on(feedback::run(feedback)),
    }
}

/// The time of writing, milliseconds since the epoch: the one place where this program reads the clock.
#[expect(clippy::disallowed_methods, reason = "a binary reads the clock and hands it on")]
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// When a file was last written, milliseconds since the epoch; now, where that is not known.
fn written(path: &Path) -> i64 {
    let modified = std::fs::metadata(path).and_then(|file| file.modified()).ok();
    modified.and_then(|time| jiff::Timestamp::try_from(time).ok()).map_or_else(now, jiff::Timestamp::as_millisecond)
}

fn train_options(estimators: &Estimators) -> TrainOptions {
    TrainOptions {
        estimators: estimators.estimators.clone(),
        seed: estimators.seed,
        now: now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Reads a model of the kind that `decode` reads.
fn read_model<M>(path: &Path, decode: fn(&[u8]) -> Result<M, ModelFileError>) -> anyhow::Result<M> {
    let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    decode(&bytes).with_context(|| format!("{}", path.display()))
}

fn read_suppressions(path: &Path) -> anyhow::Result<Suppressions> {
    let mut bytes = Vec::new();
    // One byte more than may be, so that what is too large is seen to be.
    let read = File::open(path).and_then(|f| f.take(Suppressions::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("{}", path.display()))?;
    Suppressions::parse(&bytes).with_context(|| format!("{}", path.display()))
}
