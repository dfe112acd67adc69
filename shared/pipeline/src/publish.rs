//! Publishing: one finding, decided about once and sent to every channel at most once.
//!
//! [`decide`] settles whether a finding is an alert: not if it is suppressed or beyond the alert limit ([`throttle`]), which it
//! then says itself. [`deliver`] sends an alert to each channel that has not had it, under a claim ([`claim`]).
//!
//! Invariant: only an alert is written again, and never as an alert; so what such a write triggers ends there.

mod claim;
mod decide;
mod deliver;
mod outcome;
mod throttle;

use weir_detect::suppression::Suppressions;

use crate::notifier::Notifier;
use crate::store::Store;
use decide::{Decision, decide};
use deliver::deliver;

pub use claim::CLAIM_MILLIS;
pub use outcome::{PublishError, Published};

/// Publishes the finding at a key to channels, unless a rule or a limit keeps it back. `now` is milliseconds since the epoch.
///
/// A channel that fails keeps no other channel from its alert.
///
/// # Errors
/// When the object is no finding, the store or a channel fails, or another delivery is sending the finding.
pub async fn publish(
    state: &impl Store,
    channels: &[&dyn Notifier],
    suppressions: &Suppressions,
    key: &str,
    now: i64,
) -> Result<Published, PublishError> {
    match decide(state, channels, suppressions, key, now).await? {
        Decision::Alert(alert) => deliver(state, *alert, now).await,
        Decision::Settled(published) => Ok(published),
    }
}

#[cfg(test)]
mod tests;
