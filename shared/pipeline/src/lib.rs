//! The steps of the pipeline, as plain functions over two ports.
//!
//! A raw log becomes batches ([`preprocess`]), batches become findings ([`score`]), and findings become alerts ([`publish`]).
//! Each log source has a module for scoring and training:
//!
//! - [`flow`]: windows of flow logs; also the scheduled sweep, and detection over a whole store at once;
//! - [`login`]: logins and API calls, judged one by one against the history of their users;
//! - [`usage`]: series of usage over time, watched point by point or analysed as a whole;
//! - [`table`]: tables of any columns, a row per user and day or per connection.
//!
//! The sources share [`keys`] (where everything is stored), [`batch`] (the stored form of an hour), [`hours`] (the batches of
//! an hour or a day), [`incidents`] (hits grouped into findings), [`models`], [`suppressions`] and [`training`].
//!
//! The ports are [`Store`] (where objects are kept) and [`Notifier`] (where alerts are sent). Stores in memory and in a folder
//! are here; S3 and SNS are in `weir-aws`.
//!
//! Invariant: nothing here reads a clock or the environment; `now` is an argument, milliseconds since the epoch.

pub mod keys;
pub mod store;

pub mod batch;
mod compare_and_swap;
pub mod hours;

pub mod preprocess;

mod checkpoint;
pub mod flow;
pub mod incidents;
pub mod login;
pub mod models;
pub mod score;
pub mod table;
pub mod training;
pub mod usage;

pub mod notifier;
pub mod publish;
pub mod suppressions;

pub use compare_and_swap::Contended;
pub use notifier::Notifier;
pub use preprocess::{RawLog, preprocess, preprocess_reader};
pub use publish::publish;
pub use score::score;
pub use store::{FolderStore, MemoryStore, Store};

#[cfg(test)]
mod testing;
