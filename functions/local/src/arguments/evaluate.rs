//! `weir evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use weir_pipeline::table::Judge;

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The findings to evaluate: OCSF, one JSON object per line (`weir detect --format ocsf`)
    #[arg(long, value_name = "FILE", requires = "truth", required_unless_present_any = ["suite", "labels"],
          conflicts_with_all = ["suite", "labels"])]
    pub(crate) findings: Option<PathBuf>,
    /// The truth file (JSON) with the incidents that are in the logs
    #[arg(long, value_name = "FILE", requires = "findings")]
    pub(crate) truth: Option<PathBuf>,
    /// Run the estimators, or the detectors for time series, on a benchmark
    #[arg(long, value_enum, value_name = "NAME", requires = "path")]
    pub(crate) suite: Option<Suite>,
    /// Evaluate an estimator on a held-out third of a labelled table; this column has the labels
    #[arg(long, value_name = "COLUMN", requires = "path", conflicts_with = "suite")]
    pub(crate) labels: Option<String>,
    /// The schema of the table, as a file that `weir schema` wrote or the name of a built-in schema (kdd99, nsl-kdd, unsw-nb15).
    /// By default it is inferred
    #[arg(long, value_name = "FILE|NAME", requires = "labels")]
    pub(crate) schema: Option<String>,
    /// The label of normal rows; by default normal, benign, 0, false and the empty label
    #[arg(long, value_name = "VALUE", requires = "labels")]
    pub(crate) normal: Option<String>,
    /// The estimator for --labels: random-forest, which is supervised, or an unsupervised one (isolation-forest,
    /// local-outlier-factor, one-class-svm, ecod, pca)
    #[arg(long, value_name = "NAME", default_value = "random-forest")]
    pub(crate) estimator: Judge,
    /// Random seed of the split and of the estimator, for --labels
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// The benchmark (a file or a folder), or the table
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Number of runs of randomised estimators, with the seeds 0, 1, …; the mean is reported
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) seeds: u32,
    /// Results of another implementation to compare with (default: tests/parity/adbench.json, if it exists)
    #[arg(long, value_name = "FILE", requires = "suite")]
    pub(crate) reference: Option<PathBuf>,
    /// Output format: tables to read, or JSON
    #[arg(long, value_enum, default_value_t = EvaluationFormat::Table)]
    pub(crate) format: EvaluationFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// `ADBench`, outlier detection on tables: .npz files of X and y
    Adbench,
    /// Numenta Anomaly Benchmark, anomalies in time series: a folder with `combined_windows.json` and the files it names
    Nab,
    /// Time series with labelled anomalies: CSV files of time, value and label, such as Microsoft's cloud monitoring set
    Cloudmon,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvaluationFormat {
    Table,
    Json,
}
