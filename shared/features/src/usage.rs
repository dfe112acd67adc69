//! Feature rows of usage series: calendar features by the clock of a time zone, and lagged values.
//!
//! Nothing is imputed. A step without a measurement has no row. A row with a missing lag (in a gap, or before the series) is
//! marked or left out, as the caller chooses.

mod calendar;
mod lags;
mod rows;

pub use calendar::{LocalTime, local_times, same_clock};
pub use lags::LagChoice;
pub use rows::{Gaps, UsageRows, usage_rows};
