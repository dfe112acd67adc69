//! Claims: the exclusive right to send a finding at a severity to a channel, by a conditional write.
//!
//! Of concurrent deliveries, one gets the claim. A claim expires, so a crash before the finding is marked as sent does not
//! suppress it. Only a crash between sending and marking can repeat a message.

use serde::{Deserialize, Serialize};
use weir_domain::finding::Severity;

use super::outcome::PublishError;
use crate::keys;
use crate::store::{Condition, Etag, Put, Store, StoreError};

/// The lifetime of a claim, milliseconds: longer than the timeout of the publish function.
pub const CLAIM_MILLIS: i64 = 120_000;

/// The state of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum Claim {
    /// A delivery is sending; the claim expires at this time.
    Claimed { until: i64 },
    /// The finding was sent at this time.
    Done { at: i64 },
}

impl Claim {
    /// An expired claim, which any delivery may take over.
    pub(super) const RELEASED: Self = Self::Claimed { until: 0 };

    /// The stored form.
    pub(super) fn encode(self) -> Vec<u8> {
        match self {
            Self::Claimed { until } => format!(r#"{{"state":"claimed","until":{until}}}"#),
            Self::Done { at } => format!(r#"{{"state":"done","at":{at}}}"#),
        }
        .into_bytes()
    }
}

/// Whether a finding was sent to a channel at this or a higher severity.
pub(super) async fn was_sent(
    state: &impl Store,
    uid: &str,
    severity: Severity,
    channel: &str,
) -> Result<bool, StoreError> {
    let enough: Vec<String> =
        Severity::ALL.into_iter().filter(|s| *s >= severity).map(|s| keys::published(uid, s, channel)).collect();
    let listed = state.list(&keys::published_prefix(uid)).await?;
    for key in listed.into_iter().filter(|key| enough.contains(key)) {
        if let Some(claim) = state.get(&key).await?
            && let Ok(Claim::Done { .. }) = serde_json::from_slice(&claim.bytes)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Claims the right to send; `None` if the finding was sent before.
pub(super) async fn claim(state: &impl Store, key: &str, now: i64) -> Result<Option<Etag>, PublishError> {
    let ours = Claim::Claimed { until: now + CLAIM_MILLIS }.encode();
    if let Put::Done(etag) = state.put(key, ours.clone(), Condition::IfAbsent).await? {
        return Ok(Some(etag));
    }
    let in_progress = || PublishError::InProgress { key: key.to_owned() };
    // The claim changed between two calls, so another delivery is active.
    let before = state.get(key).await?.ok_or_else(in_progress)?;
    match serde_json::from_slice(&before.bytes) {
        Ok(Claim::Done { .. }) => Ok(None),
        Ok(Claim::Claimed { until }) if until > now => Err(in_progress()),
        // An expired or unreadable claim is taken over.
        Ok(Claim::Claimed { .. }) | Err(_) => match state.put(key, ours, Condition::IfMatch(before.etag)).await? {
            Put::Done(etag) => Ok(Some(etag)),
            Put::Conflict => Err(in_progress()),
        },
    }
}
