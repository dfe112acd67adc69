//! The port to where findings go.

use std::future::Future;

use weir_detect::ocsf::DetectionFinding;

/// A channel that findings are sent to.
pub trait Notifier: Send + Sync {
    /// The channel's name, as it stands in the keys of claims: letters, digits and dashes.
    fn channel(&self) -> &str;

    /// Sends a finding. It is called once per finding and severity, unless an earlier call failed or was cut off.
    fn send(&self, finding: &DetectionFinding) -> impl Future<Output = Result<(), NotifyError>> + Send;
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
