//! Columns on one scale, for estimators that measure distances: `(value - centre) / scale`, column by column.
//!
//! [`StandardScaler`] centres on the mean and divides by the standard deviation; outliers in the training rows widen
//! both. [`RobustScaler`] centres on the median and divides by the interquartile range, which a quarter of the rows on
//! either side cannot move. For bell-shaped columns without outliers the two agree.
//!
//! A scaled matrix keeps its schema. Results are finite for all finite input: beyond ±1e150 they are clamped, so that
//! their squares are finite too.

mod columns;
pub(crate) mod robust;
mod standard;

pub use robust::RobustScaler;
pub use standard::StandardScaler;
