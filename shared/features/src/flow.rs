//! Flow records: folding them into windows, and a host's window as features.

mod fold;
mod matrix;

pub use fold::Folder;
pub use matrix::{host_row, host_schema};

#[cfg(test)]
mod tests;
