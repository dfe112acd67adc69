//! The options of an analysis of usage, and its errors.

use jiff::tz::TimeZone;
use weir_domain::matrix::BadRow;
use weir_domain::time::DAY_SECONDS;
use weir_model::{BadParams, FitError, GroupError, SchemaMismatch};

/// Options of an analysis of usage.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageOptions {
    /// The time zone of hours and days. Default UTC.
    pub zone: TimeZone,
    /// Horizon of forecasts in seconds, at most 2,000 steps. Default one day.
    pub horizon: u32,
    /// The share of the steps, above 0 to 1, with the largest residuals that each regression marks. Default 0.05.
    pub top_share: f64,
    /// Coverage of the forecast intervals, 0.5 to 0.99. Default 0.9.
    pub level: f64,
    /// Random seed. Default 42.
    pub seed: u64,
}

impl Default for UsageOptions {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, horizon: DAY_SECONDS as u32, top_share: 0.05, level: 0.9, seed: 42 }
    }
}

/// Why an analysis of usage failed.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// A parameter is out of its range.
    #[error(transparent)]
    Params(#[from] BadParams),
    /// A model could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A model was given rows of another schema, which is a bug of this program.
    #[error(transparent)]
    Schema(#[from] SchemaMismatch),
    /// A model was given an unknown group, which is a bug of this program.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A value is not finite.
    #[error(transparent)]
    Row(#[from] BadRow),
    /// The share of residuals is out of its range.
    #[error("a top share of {0}: choose one above 0 and up to 1")]
    TopShare(f64),
}
