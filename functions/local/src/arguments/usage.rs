//! `weir usage`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use weir_ingest::Format;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::usage::Statistic;

use super::values::{duration, percentage, zone};

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// Files of usage over time (CSV, JSON lines) or flow logs, or folders that are searched for them. Measurements without keys
    /// are one series per file, or one for all files of a folder whose names differ only in a date (cpu-2024-01-01.csv,
    /// cpu-2024-01-02.csv). Flow logs are summed to bytes, packets and flows by provider, service and region of the peer
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read the files as this format instead of detecting the format from their content (see `weir inspect`)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<Format>,
    /// The fields of flow logs without a header line; `v2` and `tgw` stand for the default formats
    #[arg(long, value_name = "FIELDS")]
    pub(crate) fields: Option<FieldOrder>,
    /// Length of a time step
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = duration)]
    pub(crate) step: i64,
    /// How the measurements of a step are aggregated: sum (counts, bytes, costs) or mean (utilisation, rates)
    #[arg(long, value_enum, default_value_t = StatisticName::Sum)]
    pub(crate) statistic: StatisticName,
    /// The time zone of hours and days: UTC, Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) timezone: TimeZone,
    /// Forecast horizon
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    pub(crate) horizon: i64,
    /// The share of steps that the regressions report: those with the largest residuals
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percentage)]
    pub(crate) top: f64,
    /// Random seed
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// IP ranges of cloud providers, instead of the small built-in copy, which is old and incomplete. The ranges that AWS
    /// (ip-ranges.amazonaws.com/ip-ranges.json) and Google (www.gstatic.com/ipranges/goog.json, and cloud.json with services and
    /// regions) publish, Microsoft's service tags (`ServiceTags_Public_….json` of its download centre), or text: lines of
    /// provider, service, region and prefix, or of prefixes alone, which belong to the provider that names the file (apple.txt)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ranges: Vec<PathBuf>,
    /// Output format: tables to read, JSON (everything), or CSV (anomalies, gaps and forecasts)
    #[arg(long, value_enum, default_value_t = UsageFormat::Table)]
    pub(crate) format: UsageFormat,
    /// Write the result to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Also write a self-contained HTML page with charts
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UsageFormat {
    Table,
    Json,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatisticName {
    Sum,
    Mean,
}

impl From<StatisticName> for Statistic {
    fn from(name: StatisticName) -> Self {
        match name {
            StatisticName::Sum => Self::Sum,
            StatisticName::Mean => Self::Mean,
        }
    }
}
