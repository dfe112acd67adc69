//! Usage over time: when a step was by the clock of a place, and rows of what was measured before it.
//!
//! Nothing is invented: a step without a measurement has no row, and what a row lacks (a lag that lies in a gap, or before
//! the series) is marked as such or leaves the row out, as the caller says.

mod calendar;
mod lags;
mod rows;

pub use calendar::{LocalTime, local_times, same_clock};
pub use lags::LagChoice;
pub use rows::{Gaps, UsageRows, usage_rows};
