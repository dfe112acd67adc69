//! `weir detect`: reads log files, runs all detections of their source and prints the findings.

mod flow;
mod login;
mod report;
mod table;
mod table_rows;
mod usage;

use std::process::ExitCode;

use crate::arguments::{Detect, Source};

pub(super) async fn run(arguments: Detect) -> anyhow::Result<ExitCode> {
    match arguments.source {
        Source::Flow => flow::run(arguments).await,
        Source::Login => login::run(&arguments),
        Source::Activity => table::run(&arguments),
        Source::Usage => usage::run(&arguments),
    }
}
