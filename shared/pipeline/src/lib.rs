//! The use cases, as plain functions over two ports.
//!
//! [`preprocess()`] turns a raw object into processed batches ([`preprocess_reader()`] any [`RawLog`]), [`score()`] merges batches, runs the detections and keeps
//! incidents and findings, [`sweep()`] does so for what needs whole windows or hours, [`publish()`] sends each finding once to
//! each channel, but for those that [`suppressions`] or the alert limit hold back. [`train()`] learns what is usual, and
//! [`models`] keeps what was learned. [`detect()`] goes the whole way over a folder of batches at once, with a model given or
//! one fitted on the data itself or on its beginning. [`activity`] has the same for tables of any columns, and what
//! evaluates on labelled ones.
//!
//! [`login`] does so for logins, in memory.
//! one fitted on the data itself or on its beginning. [`usage`] looks at series of usage over time.
//!
//! The ports are [`Store`] (where everything is kept) and [`Notifier`] (where findings go). Memory and folder stores are
//! here; S3 and SNS are in `weir-aws`.
//!
//! Invariant: nothing here reads a clock or the environment; `now` is an argument, milliseconds since the epoch.

pub mod activity;
pub mod batch;
pub mod keys;
pub mod notifier;
pub mod raw_log;
pub mod store;

pub mod preprocess;
pub mod publish;
pub mod score;
pub mod suppressions;
pub mod sweep;
pub mod train;

pub mod models;

pub mod drift;

mod behaviour;
mod days;
mod known;

pub mod detect;
pub mod login;

pub mod usage;

pub use detect::detect;
pub use notifier::Notifier;
pub use preprocess::{preprocess, preprocess_reader};
pub use publish::publish;
pub use raw_log::RawLog;
pub use score::score;
pub use store::{FolderStore, MemoryStore, Store};
pub use sweep::sweep;
pub use train::train;

#[cfg(test)]
mod testing;
