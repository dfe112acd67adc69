//! The notifier port: a channel that alerts are sent to.

use std::pin::Pin;

use weir_detect::ocsf::DetectionFinding;

/// A send in progress.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), NotifyError>> + Send + 'a>>;

/// A channel that alerts are sent to. It is object safe, so that channels of different kinds form one list: `&[&dyn
/// Notifier]`.
pub trait Notifier: Send + Sync {
    /// The name of the channel, which is part of the keys of claims: letters, digits and dashes.
    fn channel(&self) -> &str;

    /// Sends a finding. Called once per finding and severity, and again only after a call that failed or was interrupted.
    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a>;
}

/// The error of a finding that did not reach its channel.
#[derive(Debug, thiserror::Error)]
#[error("sending finding {uid} to {channel}: {problem}")]
pub struct NotifyError {
    /// The channel.
    pub channel: String,
    /// The uid of the finding.
    pub uid: String,
    /// The cause.
    pub problem: String,
}
