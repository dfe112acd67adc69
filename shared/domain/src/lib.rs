//! The plain data every Weir crate speaks.
//!
//! No I/O, no async, no clock, no AWS: values, the algebra of merging them, and the vocabulary of findings.
//! Reading order follows the way of the data:
//!
//! - [`flow`]: one row of a flow log, and who of its two ends began the conversation;
//! - [`login`], [`activity`], [`usage`]: one record of the other log sources;
//! - [`source`]: which source a log is of;
//! - [`reject`]: what became of rows that could not be read;
//! - [`window`]: the grid of time that rows are folded onto;
//! - [`time`], [`stats`]: lengths of time, and order statistics;
//! - [`text`]: numbers and untrusted text as people read them;
//! - [`bounded`], [`distinct`], [`fixed`]: the mergeable building blocks;
//! - [`aggregate`]: what is kept of a window, a commutative monoid;
//! - [`rollup`]: what is kept of an hour for the detections that look over many;
//! - [`baseline`]: what is usual in a network, learned from windows;
//! - [`matrix`]: feature rows for the estimators, with the schema they were made by;
//! - [`score`]: anomaly scores, p-values and their explanation;
//! - [`finding`]: kinds, severities, the hit of one window and the finding of one incident.
//!
//! Invariant: nothing in this crate depends on another Weir crate.

pub mod activity;
pub mod flow;
pub mod login;
pub mod reject;
pub mod source;
pub mod usage;
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
