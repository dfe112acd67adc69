//! The shared parts of the Lambda functions, and the implementations of Weir's ports on AWS.
//!
//! [`S3Store`] is the store port, [`channels`] are the notifier ports. [`start`] starts a function with its [`settings`];
//! [`envelope`] parses every shape of event into references to objects or log lines; [`respond()`] handles an event and
//! reports which parts failed; [`metrics`] writes metrics as log lines. Each function has its own `main`, `settings` and
//! `handler` in `functions/`, and creates only the clients that it uses.
//!
//! Invariant: `aws-sdk-*` occurs in this crate alone.

pub mod channels;
pub mod envelope;
pub mod metrics;
pub mod settings;

mod error;
mod respond;
mod s3_store;
mod sdk_errors;
mod startup;

pub use error::Error;
pub use respond::respond;
pub use s3_store::S3Store;
pub use startup::{now, start};

pub use aws_config::SdkConfig;
