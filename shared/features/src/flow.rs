//! Flow records: folding them into windows, a host's window as features, and what a whole hour adds to the baseline.

mod baseline;
mod fold;
mod matrix;

pub use baseline::{hour_of_week, learn};
pub use fold::Folder;
pub use matrix::{host_row, host_schema};

#[cfg(test)]
mod tests;
