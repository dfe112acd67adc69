//! Turns records into mergeable aggregates and aggregates into feature matrices, one module per log source.
//!
//! - [`flow::Folder`] folds flow records into hours of windows. [`flow::host_schema`] and [`flow::host_row`] turn the traffic of
//!   a host in a merged window into a feature row.
//! - [`login::History`] counts logins and gives the evidence of each from the logins before it.
//! - [`activity::TableSample`] keeps rows of a table.
//! - [`usage::usage_rows`] turns the steps of a series into feature rows.

pub mod activity;
pub mod flow;
pub mod login;
pub mod usage;
