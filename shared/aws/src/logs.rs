//! Logs: one JSON object a line, with time, on standard error. Standard output is for metrics.

use tracing_subscriber::EnvFilter;

/// Starts logging. `filter` is what `RUST_LOG` says; `info` without it.
pub fn start_logs(filter: Option<&str>) {
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
