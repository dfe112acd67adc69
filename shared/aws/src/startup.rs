//! Starts a function: logging, settings, the configuration of the SDK, and the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, SdkConfig};
use tracing_subscriber::EnvFilter;

use crate::error::Error;
use crate::settings::{BadSettings, Variables};

/// Starts logging, reads the settings from the environment, and loads the SDK configuration of the clients, before the first
/// event.
///
/// # Errors
/// When environment variables are invalid.
pub async fn start<S>(
    read: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> Result<S, BadSettings>,
) -> Result<(S, SdkConfig), Error> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let lookup = |name: &str| std::env::var(name).ok();
    start_logs(Variables::new(&lookup).text("RUST_LOG").as_deref());
    let settings = read(&lookup).inspect_err(|e| tracing::error!(error = %e, "cannot start"))?;
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
    Ok((settings, config))
}

/// Starts logging: one JSON object per line, with time, on standard error; standard output is for metrics. `filter` is
/// `RUST_LOG`, by default `info`.
fn start_logs(filter: Option<&str>) {
    let filter = EnvFilter::try_new(filter.unwrap_or("info")).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

/// The current time, milliseconds since the epoch. The functions read the clock only here.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a binary reads the clock and hands it on")]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}
