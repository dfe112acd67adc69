//! What publishing returns: what became of a finding, or why it could not be published.

use weir_detect::ocsf::DetectionFinding;

use crate::compare_and_swap::Contended;
use crate::notifier::NotifyError;
use crate::store::StoreError;

/// What became of a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// It was sent now.
    Sent {
        /// The finding.
        finding: Box<DetectionFinding>,
        /// The channels that it was sent to now.
        channels: Vec<String>,
    },
    /// It had been sent to every channel before, at this severity or a higher one.
    Before,
    /// It is not to be sent: closed, or no alert.
    NotAnAlert,
    /// A rule or an expected actor keeps it from being sent, as it now says itself.
    Suppressed(Box<DetectionFinding>),
    /// The alert limit of its hour is reached, as it now says itself; a summary stands for it.
    Throttled(Box<DetectionFinding>),
    /// There is no such finding (any more).
    Missing,
}

/// Why a finding could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A store failed. Trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A channel did not take it. Trying again may help.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The object is no finding.
    #[error("{key}: not a finding: {problem}")]
    NotAFinding {
        /// The object.
        key: String,
        /// The fault in it.
        problem: String,
    },
    /// Other writers kept changing the same object.
    #[error(transparent)]
    Contended(#[from] Contended),
    /// Another delivery is sending it. Trying again later will show whether it did.
    #[error("{key}: another delivery is sending it")]
    InProgress {
        /// The claim.
        key: String,
    },
}
