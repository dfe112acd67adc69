//! Records to mergeable windows, and merged windows to feature matrices. One module per log source.
//!
//! [`flow::Folder`] folds rows into hours of windows; [`flow::host_schema`] and [`flow::host_row`] turn what a host did
//! in a merged window into numbers for the estimators. [`activity::TableSample`] keeps rows of a table.
//! [`login::History`] counts logins, and says of each how it differs from
//! those before it.
//! in a merged window into numbers for the estimators. [`usage::usage_rows`] turns the steps of a series into rows.

pub mod activity;
pub mod flow;
pub mod login;
pub mod usage;
