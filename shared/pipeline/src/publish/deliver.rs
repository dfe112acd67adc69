//! Delivers an alert channel by channel: claims it, sends it and marks it as sent.

use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::Severity;

use super::claim::{Claim, claim};
use super::decide::Alert;
use super::outcome::{PublishError, Published};
use crate::keys;
use crate::notifier::Notifier;
use crate::store::{Condition, Store};

/// Sends an alert to all its channels, and returns the first failure.
pub(super) async fn deliver(state: &impl Store, alert: Alert<'_>, now: i64) -> Result<Published, PublishError> {
    let Alert { finding, severity, channels } = alert;
    let (mut sent, mut failure) = (Vec::new(), None);
    for channel in channels {
        match deliver_to(state, channel, &finding, severity, now).await {
            Ok(true) => sent.push(channel.channel().to_owned()),
            Ok(false) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    match failure {
        Some(error) => Err(error),
        None if sent.is_empty() => Ok(Published::Before),
        None => Ok(Published::Sent { finding: Box::new(finding), channels: sent }),
    }
}

/// Claims, sends and marks. Returns whether it was sent now.
async fn deliver_to(
    state: &impl Store,
    channel: &dyn Notifier,
    finding: &DetectionFinding,
    severity: Severity,
    now: i64,
) -> Result<bool, PublishError> {
    let key = keys::published(&finding.finding_info.uid, severity, channel.channel());
    let Some(etag) = claim(state, &key, now).await? else { return Ok(false) };
    if let Err(error) = channel.send(finding).await {
        // Releases the claim, so that the next delivery does not wait until it expires.
        let _ = state.put(&key, Claim::RELEASED.encode(), Condition::IfMatch(etag)).await;
        return Err(error.into());
    }
    state.put(&key, Claim::Done { at: now }.encode(), Condition::IfMatch(etag)).await?;
    Ok(true)
}
