//! Benchmark suites: how well Weir's estimators and detectors do on public, labelled data sets.
//!
//! - [`Suite::Adbench`] fits every outlier estimator on the tables of `ADBench` and compares ROC AUC and average precision
//!   with what scikit-learn reaches on the same rows;
//! - [`Suite::Nab`] scores every time-series detector as the Numenta Anomaly Benchmark does;
//! - [`Suite::Cloudmon`] scores them by points and by ranges on labelled series, such as Microsoft's cloud monitoring data.
//!
//! [`run`] reads the files of a suite and returns an [`Evaluation`]: tables and notes for people, JSON for programs. The
//! crate holds what only a benchmark needs (readers of `.npz` files, baseline detectors of the literature, scoring rules),
//! so that the program that reads logs can be built without it.

mod adbench;
mod baseline_detectors;
mod cloudmon;
mod detectors;
mod estimators;
mod evaluation;
mod files;
mod nab;
mod nab_score;
mod npz;
mod range_tally;
mod reference;
mod series;

use std::path::Path;

pub use adbench::AdbenchOptions;
pub use evaluation::{Evaluation, FigureTable, Progress};
pub use reference::Reference;

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Outlier detection on tables: `.npz` files of `X` and `y`.
    Adbench,
    /// The Numenta Anomaly Benchmark: a folder with `combined_windows.json` and the series it names.
    Nab,
    /// Series whose points are labelled: CSV files of time, value and label.
    Cloudmon,
}

/// Runs a suite on a file, or on a folder of files, and returns its figures. `progress` is called after each step with the
/// steps done and the steps in all.
///
/// # Errors
/// When there are no files of the suite, or when a series or its labels cannot be read. A table that cannot be read is an
/// entry of [`Evaluation::problems`].
pub fn run(suite: Suite, path: &Path, options: &AdbenchOptions, progress: Progress<'_>) -> anyhow::Result<Evaluation> {
    match suite {
        Suite::Adbench => adbench::run(path, options, progress),
        Suite::Nab => nab::run(path, progress),
        Suite::Cloudmon => cloudmon::run(path, progress),
    }
}
