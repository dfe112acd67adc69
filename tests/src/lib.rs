//! Shared helpers of the tests that cross crates.
//!
//! [`flow_logs`] builds flow logs and finds real ones, [`program`] finds the `weir` program, [`moto`] runs a local S3, and
//! [`store_contract`] is the contract suite of stores.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "this crate is tests: what goes wrong here must fail the test that called, or say that it was skipped"
)]

pub mod flow_logs;
pub mod moto;
pub mod program;
pub mod store_contract;
