//! Flow records: folding them into windows, a host's window as features, what a whole hour adds to the baseline, and its rollup.

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
