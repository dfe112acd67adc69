//! The result of publishing a finding, and its errors.

use weir_detect::ocsf::DetectionFinding;

use crate::compare_and_swap::Contended;
use crate::notifier::NotifyError;
use crate::store::StoreError;

/// The result of publishing a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// The finding was sent.
    Sent {
        /// The finding.
        finding: Box<DetectionFinding>,
        /// The channels that it was sent to.
        channels: Vec<String>,
    },
    /// The finding was sent to every channel before, at this or a higher severity.
    Before,
    /// The finding is closed or not an alert.
    NotAnAlert,
    /// A rule or an expected actor suppresses the finding, which is marked as suppressed.
    Suppressed(Box<DetectionFinding>),
    /// The alert limit of the hour is reached. The finding is marked as throttled, and a summary counts it.
    Throttled(Box<DetectionFinding>),
    /// The finding does not exist, or no longer exists.
    Missing,
}

/// The error of publishing.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A channel failed. A retry may succeed.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The object is not a finding.
    #[error("{key}: not a finding: {problem}")]
    NotAFinding {
        /// The key of the object.
        key: String,
        /// The cause.
        problem: String,
    },
    /// Other writers kept changing the same object.
    #[error(transparent)]
    Contended(#[from] Contended),
    /// Another delivery is sending the finding. A later retry shows whether it was sent.
    #[error("{key}: another delivery is sending it")]
    InProgress {
        /// The key of the claim.
        key: String,
    },
}
