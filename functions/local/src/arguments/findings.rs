//! `weir findings` and `weir feedback`.

use std::path::PathBuf;

use clap::Args;

use super::logs::{InStore, OutputFormat};
use super::values::duration;

#[derive(Debug, Args)]
pub(crate) struct Findings {
    #[command(flatten)]
    pub(crate) store: InStore,
    /// Apply the suppression rules of this file instead of those in the store (suppressions.toml)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
    /// Also show findings that are suppressed, above the alert limit or closed, with the reason
    #[arg(long)]
    pub(crate) all: bool,
    /// Output format of findings: a table to read, OCSF (one JSON object per line), or CSV
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
    /// Write findings to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Feedback {
    /// The uid of the finding
    #[arg(value_name = "UID")]
    pub(crate) uid: String,
    /// Why the finding is benign. Findings with the same kind, entity, peer and port are suppressed from now on
    #[arg(long, value_name = "WHY", required_unless_present = "undo")]
    pub(crate) benign: Option<String>,
    /// Suppress for this long only (90d, 24h); by default the rule does not expire
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "benign")]
    pub(crate) duration: Option<i64>,
    /// Remove the rule that was written for the finding
    #[arg(long, conflicts_with = "benign")]
    pub(crate) undo: bool,
    /// The store folder (it stands for the state bucket) with the finding and the rules
    #[arg(long, value_name = "FOLDER", required_unless_present = "suppressions",
          conflicts_with_all = ["findings", "suppressions"])]
    pub(crate) store: Option<PathBuf>,
    /// The file of findings that `weir detect --format ocsf` wrote
    #[arg(long, value_name = "FILE", required_unless_present_any = ["store", "undo"], requires = "suppressions")]
    pub(crate) findings: Option<PathBuf>,
    /// The file to write the rule to
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
}
