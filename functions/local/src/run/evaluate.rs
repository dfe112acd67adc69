//! `weir evaluate`: measures findings and estimators against labelled truth.
//!
//! - [`findings`]: findings against the incidents of a truth file;
//! - [`labels`]: one estimator on held-out rows of a labelled table;
//! - [`suite`]: the estimators on the tables of `ADBench`;
//! - [`nab`] and [`cloudmon`]: the detectors for time series.

mod adbench;
mod cloudmon;
mod estimators;
mod findings;
mod labels;
mod nab;
mod output;
mod reference;
mod series;
mod suite;

use std::process::ExitCode;

use crate::arguments::{Evaluate, Suite};
use output::{number, read, show};

pub(super) fn run(arguments: &Evaluate) -> anyhow::Result<ExitCode> {
    match (&arguments.findings, &arguments.truth, arguments.suite, &arguments.path) {
        (Some(findings), Some(truth), _, _) => findings::run(findings, truth, arguments.format),
        (_, _, Some(Suite::Adbench), Some(path)) => suite::run(path, arguments),
        (_, _, Some(Suite::Nab), Some(path)) => nab::run(path, arguments.format),
        (_, _, Some(Suite::Cloudmon), Some(path)) => cloudmon::run(path, arguments.format),
        (_, _, None, Some(path)) if arguments.labels.is_some() => labels::run(path, arguments),
        _ => anyhow::bail!("nothing to evaluate: give --findings and --truth, or a path with --suite or --labels"),
    }
}
