//! How raw logs are read, and the limits on what one may cost.

use std::sync::Arc;

use weir_domain::source::Source;
use weir_domain::window::WindowLength;
use weir_ingest::ReadLimits;
use weir_ingest::flow::FlowOptions;
use weir_ingest::ranges::ProviderRanges;

/// How objects are read and folded.
#[derive(Debug, Clone, PartialEq)]
pub struct PreprocessOptions {
    /// The length of windows. Default 5 minutes.
    pub window_length: WindowLength,
    /// Format and field order of the logs, where their content does not decide; by default it does. The format may be one of
    /// logins or of usage, too.
    pub flow: FlowOptions,
    /// The source whose formats are read; by default those of flow logs, logins and usage.
    pub source: Option<Source>,
    /// When a log was last written, milliseconds since the epoch, if its store does not say: time stamps without a year
    /// (syslog) are taken to lie before it. Default 0, the epoch, which suits no such log.
    pub written: i64,
    /// Address ranges of cloud providers, by which flow logs count traffic with providers beside their windows. By default they
    /// do not count it.
    pub usage: Option<Arc<ProviderRanges>>,
    /// Limits on what one object may cost.
    pub limits: ReadLimits,
    /// Rows that are folded before the windows are written out: bounds memory whatever the size of the object. Default 500,000.
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
