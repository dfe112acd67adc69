//! Detects anomalies in usage series, point by point or over a whole series, and analyses series.
//!
//! [`score_day`] scores a day of measurements with the detectors of their series; [`detect_usage`] does the same for whole
//! series in memory. [`analysis`] describes series: anomalies, regressions, risky hours, forecasts, groups and a comparison
//! of providers. [`from_flows`] derives usage from flow logs.

pub mod analysis;
mod detect;
pub mod from_flows;
mod logs;
mod score;
mod series;
mod series_names;

pub use analysis::{UsageAnalysis, UsageOptions, analyse};
pub use detect::{UsagePoints, detect_usage};
pub use logs::{CollectPoints, UsageLogError, UsageLogOptions, UsageLogs};
pub(crate) use score::score_day;
pub use series_names::SeriesNames;
