//! Scores, sweeps and detects over the windows of flow logs, and trains the flow model.
//!
//! [`score_hour`] runs when a batch arrives and needs no model; [`sweep()`] runs on a schedule and covers whole windows and
//! the detections over long windows; [`detect()`] does both over all batches of a store, as `weir detect` does; [`train()`]
//! fits the model of the learned detection ([`learned`]).

mod detect;
mod learned;
mod rollups;
mod score;
mod sweep;
mod train;

pub use detect::{DetectError, DetectOptions, Detected, Fitted, ModelSource, detect};
pub(crate) use score::score_hour;
pub use sweep::{SWEPT_SECONDS, Swept, sweep};
pub use train::{MIN_WINDOWS, TrainError, train, train_since};
