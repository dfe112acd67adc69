//! Flow records: folds them into windows, and computes feature rows, the baseline and rollups from merged hours.

mod baseline;
mod fold;
mod matrix;
mod rollup;

pub use baseline::{hour_of_week, learn};
pub use fold::Folder;
pub use matrix::{host_row, host_schema};
pub use rollup::roll_up;

#[cfg(test)]
mod tests;
