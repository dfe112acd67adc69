//! `weir train`: learns a model from log files of one source and writes it to a file.

mod drift;
mod flow;
mod login;
mod table;

use std::process::ExitCode;

use crate::arguments::{Source, Train};

pub(super) async fn run(arguments: Train) -> anyhow::Result<ExitCode> {
    match arguments.source {
        Source::Flow => flow::run(arguments).await,
        Source::Login => login::run(&arguments),
        Source::Activity => table::run(&arguments),
        Source::Usage => {
            anyhow::bail!("usage has no models to train: weir detect --source usage learns while it detects")
        }
    }
}
