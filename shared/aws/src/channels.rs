//! The channels of alerts, one implementation of [`weir_pipeline::Notifier`] per file.

mod sns;

pub use sns::SnsChannel;
