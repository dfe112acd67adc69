//! The channels that alerts are sent to: one file per channel, each an implementation of [`weir_pipeline::Notifier`].

mod sns;

pub use sns::SnsChannel;
