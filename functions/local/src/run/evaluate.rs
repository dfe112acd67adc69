//! `weir evaluate`: measures findings and estimators against labelled truth.
//!
//! - [`findings`]: findings against the incidents of a truth file;
//! - [`labels`]: one estimator on held-out rows of a labelled table;
//! - [`suites`]: estimators and time-series detectors on benchmarks.

mod findings;
mod labels;
mod output;
#[cfg(feature = "suites")]
mod suites;

use std::process::ExitCode;

use crate::arguments::Evaluate;

pub(super) fn run(arguments: &Evaluate) -> anyhow::Result<ExitCode> {
    match (&arguments.findings, &arguments.truth, arguments.suite, &arguments.path) {
        (Some(findings), Some(truth), _, _) => findings::run(findings, truth, arguments.format),
        #[cfg(feature = "suites")]
        (_, _, Some(suite), Some(path)) => suites::run(suite, path, arguments),
        #[cfg(not(feature = "suites"))]
        (_, _, Some(_), _) => {
            anyhow::bail!("this program was built without benchmarks: build it with the feature `suites`")
        }
        (_, _, None, Some(path)) if arguments.labels.is_some() => labels::run(path, arguments),
        _ => anyhow::bail!("nothing to evaluate: give --findings and --truth, or a path with --suite or --labels"),
    }
}
