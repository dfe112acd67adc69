//! The steps of the pipeline: `weir preprocess`, `weir score` and `weir publish`.

use clap::Args;
use jiff::tz::TimeZone;

use super::logs::{InStore, Logs};
use super::values::zone;

#[derive(Debug, Args)]
pub(crate) struct Preprocess {
    #[command(flatten)]
    pub(crate) logs: Logs,
    #[command(flatten)]
    pub(crate) store: InStore,
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    #[command(flatten)]
    pub(crate) store: InStore,
    /// The time zone of hours and weekdays of usage: UTC, Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) timezone: TimeZone,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) store: InStore,
    /// Send one test finding instead, to check that the channel works
    #[arg(long)]
    pub(crate) test: bool,
}
