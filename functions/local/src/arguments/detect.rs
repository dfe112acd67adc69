//! `weir detect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use weir_domain::finding::Severity;

use super::logs::{Estimators, Logs, OutputFormat, PlaceArguments, Source};
use super::values::{duration, positive, share, zone};

#[derive(Debug, Args)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) logs: Logs,
    /// Type of the logs
    #[arg(long, value_enum, default_value_t = Source::Flow)]
    pub(crate) source: Source,
    /// Learn the baseline from this much time after the first log row (24h, 90m, 2d), ideally a clean period. By default the
    /// baseline is learned from the whole input
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "model")]
    pub(crate) baseline: Option<i64>,
    /// Use the baseline of a model that `weir train` wrote with the same --source, instead of learning from the input. A model of
    /// logins includes the history of users: use it on logs that come after its training data
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// With --source activity: the schema of the table, as a file that `weir schema` wrote or the name of a built-in schema
    /// (kdd99, nsl-kdd, unsw-nb15). By default it is inferred
    #[arg(long, value_name = "FILE|NAME", conflicts_with = "model")]
    pub(crate) schema: Option<String>,
    /// With --source activity: the expected share of normal rows reported as anomalous (false positive rate); default 0.01
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with = "alerts_per_day")]
    pub(crate) contamination: Option<f64>,
    #[command(flatten)]
    pub(crate) logins: LoginArguments,
    #[command(flatten)]
    pub(crate) places: PlaceArguments,
    #[command(flatten)]
    pub(crate) usage: DetectUsage,
    #[command(flatten)]
    pub(crate) estimators: Estimators,
    /// The expected number of host windows per day that exceed the anomaly threshold by chance (those far above the host's
    /// baseline become findings); default 3 in 100 host windows. For tables: the number of rows per day
    #[arg(long, value_name = "NUMBER", value_parser = positive)]
    pub(crate) alerts_per_day: Option<f64>,
    /// Output format of findings: a table to read, OCSF (one JSON object per line), or CSV
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
    /// Write findings to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with code 1 if there is an unsuppressed finding of this severity or higher
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<SeverityName>,
    /// Apply the suppression rules and expected actors of this file (TOML; `weir feedback` writes rules)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
    /// Turn off the alert limit, which caps the findings per hour of one kind and network
    #[arg(long)]
    pub(crate) no_limit: bool,
    /// Also show findings that are suppressed or above the alert limit, with the reason
    #[arg(long)]
    pub(crate) all: bool,
}

/// Arguments that apply to logins only.
#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// With --source login: write one CSV line per scored login: its row number (from 0, over all files in order, rejected rows
    /// included), score, p-value, kind, user, time and reasons
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
}

/// Arguments that apply to usage only.
#[derive(Debug, Args)]
pub(crate) struct DetectUsage {
    /// With --source usage: the time zone of hours and weekdays, with daylight saving time: UTC, Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) timezone: TimeZone,
    /// With --source usage: IP ranges of cloud providers, as for `weir usage`, to attribute flows to providers
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ranges: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityName {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Informational => Self::Informational,
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}
