//! The port to where alerts are sent.

use std::pin::Pin;

use weir_detect::ocsf::DetectionFinding;

/// A send that is under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), NotifyError>> + Send + 'a>>;

/// A channel that alerts are sent to. Channels of different kinds make one list: `&[&dyn Notifier]`.
pub trait Notifier: Send + Sync {
    /// The channel's name, which is part of the keys of claims: letters, digits and dashes.
    fn channel(&self) -> &str;

    /// Sends a finding. It is called once per finding and severity, unless an earlier call failed or was cut off.
    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a>;
}

/// A finding that did not reach its channel.
#[derive(Debug, thiserror::Error)]
#[error("sending finding {uid} to {channel}: {problem}")]
pub struct NotifyError {
    /// The channel.
    pub channel: String,
    /// The finding.
    pub uid: String,
    /// What went wrong.
    pub problem: String,
}
