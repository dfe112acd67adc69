//! `weir usage`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use weir_ingest::Format;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::usage::Statistic;

use super::{duration, percentage, zone};

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// Files of usage over time (CSV, JSON lines) or flow logs, or folders of them (walked). Measurements without keys are a
    /// series for each file, or for all files of a folder whose names differ in a date alone (cpu-2024-01-01.csv,
    /// cpu-2024-01-02.csv); flow logs give bytes, packets and flows by provider, service and region of the other end
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read them as this format instead of the one their content shows (`weir inspect` tells)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<Format>,
    /// The fields of flow logs that come without a header line; `v2` and `tgw` stand for the default formats
    #[arg(long, value_name = "FIELDS")]
    pub(crate) fields: Option<FieldOrder>,
    /// Length of a step
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = duration)]
    pub(crate) step: i64,
    /// What becomes of the measurements of a step: their sum (counts, bytes, costs), or their mean (utilisation, rates)
    #[arg(long, value_enum, default_value_t = StatisticName::Sum)]
    pub(crate) statistic: StatisticName,
    /// By whose clock hours and days are told: UTC, Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) timezone: TimeZone,
    /// How far ahead is forecast
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    pub(crate) horizon: i64,
    /// The share of the steps that regressions mark, those of the largest residuals
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percentage)]
    pub(crate) top: f64,
    /// Seed of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Ranges of providers' addresses, instead of the small copy that is shipped, which is old and not complete. AWS's
    /// (ip-ranges.amazonaws.com/ip-ranges.json), Google's (www.gstatic.com/ipranges/goog.json, and cloud.json, which knows
    /// services and regions), Microsoft's service tags (`ServiceTags_Public_….json` of its download centre), or text: lines
    /// of provider, service, region and prefix, or of prefixes alone, which belong to the provider that the file is named
    /// after (apple.txt)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ranges: Vec<PathBuf>,
    /// How what was found is written: tables to look at, JSON (all of it), or CSV (anomalies and forecasts)
    #[arg(long, value_enum, default_value_t = UsageFormat::Table)]
    pub(crate) format: UsageFormat,
    /// Write it to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write a page with charts, too, that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

/// What concerns usage alone where findings are looked for.
#[derive(Debug, Args)]
pub(crate) struct DetectUsage {
    /// With --source usage: by whose clock hours of day and week are told, daylight-saving time included: UTC, Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) timezone: TimeZone,
    /// With --source usage: ranges of providers' addresses, as for `weir usage`, to tell whose the other end of a flow is
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ranges: Vec<PathBuf>,
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
