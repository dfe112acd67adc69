//! Runs the verb of the command line: one file or folder per verb, and the files that several verbs share.

// The verbs, in the order of a first session.
mod detect;
mod evaluate;
mod inspect;
mod schema;
mod simulate;
mod train;
mod usage;

// The steps of the pipeline, and what is in its store.
mod feedback;
mod findings;
mod models;
mod preprocess;
mod publish;
mod score;

// Input that several verbs read.
mod clock;
mod flow_logs;
mod login_logs;
mod model_files;
mod suppressions;
mod table_files;
mod usage_logs;

// Output that several verbs write.
mod confusion;
mod findings_output;

use std::process::ExitCode;

use anyhow::Context;

use crate::arguments::{Arguments, Verb};

/// Runs a verb and returns the exit code: 0 on success, 1 if a finding reaches the severity of `--fail-on`, 2 if some of the
/// data could not be read (the rest was). An error is also exit code 2.
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
