//! The data types that every Weir crate shares.
//!
//! No I/O, no async, no clock, no AWS: values, the algebra of merging them, and the types of findings. The reading order
//! follows the data:
//!
//! - [`flow`]: one row of a flow log, and which of its two ends opened the conversation;
//! - [`login`], [`activity`], [`usage`]: one record of each other log source;
//! - [`source`]: the log sources;
//! - [`reject`]: the rows that could not be read;
//! - [`address`], [`service`], [`prefix_table`]: classes of addresses, classes of services, and CIDR blocks;
//! - [`window`]: the hours and windows that rows are folded into;
//! - [`time`], [`stats`]: lengths of time, and order statistics;
//! - [`text`]: numbers and untrusted text, formatted for people;
//! - [`bounded`], [`distinct`], [`fixed`]: the mergeable building blocks;
//! - [`aggregate`]: the aggregate of a window, a commutative monoid;
//! - [`rollup`]: the summary of an hour for the detections over long windows;
//! - [`baseline`]: the typical traffic of a network, learned from windows;
//! - [`matrix`]: feature rows for the estimators, and their schema;
//! - [`score`]: anomaly scores, p-values and their explanation;
//! - [`finding`]: kinds, severities, the hit of one window and the incident of many.
//!
//! Invariant: nothing in this crate depends on another Weir crate.

pub mod activity;
pub mod flow;
pub mod login;
pub mod reject;
pub mod source;
pub mod usage;

pub mod address;
pub mod prefix_table;
pub mod service;
pub mod window;

pub mod stats;
pub mod text;
pub mod time;

pub mod bounded;
pub mod distinct;
pub mod fixed;

pub mod aggregate;
pub mod baseline;
pub mod matrix;
pub mod rollup;
pub mod score;

pub mod finding;
