//! Publishing: decides once whether a finding is an alert, and sends it to every channel at most once.
//!
//! [`decide`] checks suppressions and the alert limit ([`throttle`]), and marks a finding that either holds back. [`deliver`]
//! sends an alert to each channel that has not received it, under a claim ([`claim`]).
//!
//! Invariant: a finding is rewritten only if it is an alert, and never as an alert, so the event that the write causes ends
//! there.

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

/// Publishes the finding at a key to channels, unless a rule or the limit holds it back. `now` is milliseconds since the
/// epoch.
///
/// A failing channel does not affect the others.
///
/// # Errors
/// When the object is not a finding, the store or a channel fails, or another delivery is sending the finding.
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
