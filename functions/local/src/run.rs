//! Doing what was typed: one module per verb.

mod detect;
mod evaluate;
mod inspect;
mod preprocess;
mod publish;
mod schema;
mod score;

use std::process::ExitCode;

use anyhow::Context;

use crate::arguments::{Arguments, Verb};

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
        Verb::Score(store) => runtime.block_on(score::run(store)),
        Verb::Publish(publish) => runtime.block_on(publish::run(publish)),
    }
}

/// The time of writing, milliseconds since the epoch: the one place where this program reads the clock.
#[expect(clippy::disallowed_methods, reason = "a binary reads the clock and hands it on")]
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
