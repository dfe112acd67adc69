//! The options of preprocessing, and the limits on the cost of one raw log.

use std::sync::Arc;

use weir_domain::source::Source;
use weir_domain::window::WindowLength;
use weir_ingest::ReadLimits;
use weir_ingest::flow::FlowOptions;
use weir_ingest::ranges::ProviderRanges;

/// Options of preprocessing.
#[derive(Debug, Clone, PartialEq)]
pub struct PreprocessOptions {
    /// The length of windows. Default: 5 minutes.
    pub window_length: WindowLength,
    /// The format and field order of the logs. Default: detected from the content. The format may also be one of logins or
    /// usage.
    pub flow: FlowOptions,
    /// The source whose formats are accepted. Default: flow logs, logins and usage.
    pub source: Option<Source>,
    /// The time of the last write of a log, milliseconds since the epoch, if its store does not provide it. Timestamps
    /// without a year (syslog) are taken to be before it. Default: 0, which fits no such log.
    pub written: i64,
    /// The address ranges by which traffic with cloud providers is counted. Default: it is not counted.
    pub usage: Option<Arc<ProviderRanges>>,
    /// The limits on the cost of one object.
    pub limits: ReadLimits,
    /// The number of rows folded before windows are written, which bounds memory for objects of any size. Default: 500,000.
    pub rows_per_part: u64,
}

impl Default for PreprocessOptions {
    fn default() -> Self {
        Self {
            window_length: WindowLength::FIVE_MINUTES,
            flow: FlowOptions::default(),
            source: None,
            written: 0,
            usage: None,
            limits: ReadLimits::default(),
            rows_per_part: 500_000,
        }
    }
}
