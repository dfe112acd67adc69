//! Weir's ports on AWS, and what the Lambda binaries share.
//!
//! [`S3Store`] and [`SnsNotifier`] implement the ports of `weir-pipeline`; [`envelope`] peels every event shape down to
//! references to objects or log lines, in one place; [`Settings`] reads the environment once and reports every fault at once; [`App`]
//! puts it together, one handler per function.
//!
//! Invariant: `aws-sdk-*` occurs in this crate alone.

pub mod envelope;
pub mod metrics;
pub mod settings;

mod app;
mod errors;
mod logs;
mod sns;
mod store;

pub use app::{App, Error};
pub use logs::start_logs;
pub use settings::{Function, Settings};
pub use sns::SnsNotifier;
pub use store::S3Store;

pub use aws_config::SdkConfig;
