//! Sends each finding once to each channel: claim, send, mark.
//!
//! A claim is a conditional create, so of concurrent deliveries one sends. It expires, so that a crash between claim and
//! mark does not silence the finding; only such a crash between send and mark can repeat a message.
//!
//! Before that, what is suppressed or beyond the alert limit is written again with what was decided, and not sent.
//! Invariant: only an alert is written again, and never as an alert; so what such a write triggers ends there.

mod held;

use serde::{Deserialize, Serialize};
use weir_detect::limit::Admission;
use weir_detect::ocsf::DetectionFinding;
use weir_detect::suppression::Suppressions;
use weir_domain::finding::Severity;

use crate::keys;
use crate::models;
use crate::notifier::{Notifier, NotifyError};
use crate::store::{Condition, Etag, Put, Store, StoreError, Versioned};

/// How long a claim holds, milliseconds: longer than a Lambda invocation of publish may take.
pub const CLAIM_HOLDS: i64 = 120_000;

/// What became of a finding at a channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// It was sent now.
    Sent(Box<DetectionFinding>),
    /// It had been sent before, at this severity or a higher one.
    Before,
    /// It is not to be sent: closed, or no alert.
    NotAnAlert,
    /// A rule or an expected actor keeps it from being sent, as it now says itself.
    Suppressed(Box<DetectionFinding>),
    /// Enough of its like were sent in its hour, as it now says itself; a summary stands for it.
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
    /// The channel did not take it. Trying again may help.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The object is no finding.
    #[error("{key}: not a finding: {problem}")]
    NotAFinding {
        /// The object.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Others kept writing the same object. Trying again later will help.
    #[error("{key}: still being written by others after {} tries", held::ATTEMPTS)]
    Contended {
        /// The object.
        key: String,
    },
    /// Another delivery is sending it. Trying again later will see whether it did.
    #[error("{key}: another delivery is sending it")]
    InProgress {
        /// The claim.
        key: String,
    },
}

/// What stands at a claim's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum Claim {
    /// Somebody is sending, until then.
    Claimed { until: i64 },
    /// It was sent, then.
    Done { at: i64 },
}

/// Publishes the finding at a key to one channel, if nothing keeps it from being sent. `now` is milliseconds since the epoch.
///
/// # Errors
/// When the object is no finding, the store or the channel fails, or another delivery is at it.
pub async fn publish(
    state: &impl Store,
    channel: &impl Notifier,
    suppressions: &Suppressions,
    key: &str,
    now: i64,
) -> Result<Published, PublishError> {
    for _ in 0..held::ATTEMPTS {
        let Some(object) = state.get(key).await? else { return Ok(Published::Missing) };
        let (finding, severity) = read(key, &object)?;
        if !finding.is_alert || finding.activity_id == 3 {
            return Ok(Published::NotAnAlert);
        }
        if let Some(verdict) = suppressions.verdict(&finding, now) {
            let suppressed = finding.suppressed(&verdict.by, verdict.why);
            if held::put(state, key, &suppressed, Some(object)).await? {
                return Ok(Published::Suppressed(Box::new(suppressed)));
            }
            // It says something new: decide again.
            continue;
        }
        if sent_at_severity(state, &finding.finding_info.uid, severity, channel.channel()).await? {
            return Ok(Published::Before);
        }
        let limits = suppressions.limits(hosts(state).await);
        if let Some((group, most)) = limits.group(&finding)
            && held::admit(state, &group, &finding, most, now).await? == Admission::Hold
        {
            let throttled = finding.throttled(&group.throttle_reason(most));
            if held::put(state, key, &throttled, Some(object)).await? {
                return Ok(Published::Throttled(Box::new(throttled)));
            }
            continue;
        }
        return send(state, channel, finding, severity, now).await;
    }
    Err(PublishError::Contended { key: key.to_owned() })
}

/// Monitored hosts, as far as the model in use knows them.
async fn hosts(state: &impl Store) -> u64 {
    let pointer = models::pointer::<weir_model::FlowModel>(state).await.ok().flatten();
    pointer.map_or(0, |pointer| pointer.hosts)
}

/// The finding of an object, with its severity; its uid is safe to make keys of.
fn read(key: &str, object: &Versioned) -> Result<(DetectionFinding, Severity), PublishError> {
    let not_a_finding = |problem: String| PublishError::NotAFinding { key: key.to_owned(), problem };
    let finding: DetectionFinding = serde_json::from_slice(&object.bytes).map_err(|e| not_a_finding(e.to_string()))?;
    let severity = Severity::ALL.into_iter().find(|s| s.id() == finding.severity_id);
    let severity = severity.ok_or_else(|| not_a_finding(format!("severity_id {}", finding.severity_id)))?;
    let uid = &finding.finding_info.uid;
    if uid.is_empty() || !uid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(not_a_finding("its uid is no uid".to_owned()));
    }
    Ok((finding, severity))
}

/// Claims, sends and marks.
async fn send(
    state: &impl Store,
    channel: &impl Notifier,
    finding: DetectionFinding,
    severity: Severity,
    now: i64,
) -> Result<Published, PublishError> {
    let claim_key = keys::published(&finding.finding_info.uid, severity, channel.channel());
    let Some(claim) = claim(state, &claim_key, now).await? else { return Ok(Published::Before) };
    if let Err(error) = channel.send(&finding).await {
        // Let go, so that the next delivery need not wait for the claim to expire. If this fails, it expires.
        let _ = state.put(&claim_key, encode(Claim::Claimed { until: 0 }), Condition::IfMatch(claim)).await;
        return Err(error.into());
    }
    state.put(&claim_key, encode(Claim::Done { at: now }), Condition::IfMatch(claim)).await?;
    Ok(Published::Sent(Box::new(finding)))
}

/// Whether it was sent at this severity or a higher one: then it takes no further place in its hour.
async fn sent_at_severity(
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

/// Claims the right to send; `None` when it was sent before.
async fn claim(state: &impl Store, key: &str, now: i64) -> Result<Option<Etag>, PublishError> {
    let mine = encode(Claim::Claimed { until: now + CLAIM_HOLDS });
    if let Put::Done(etag) = state.put(key, mine.clone(), Condition::IfAbsent).await? {
        return Ok(Some(etag));
    }
    let in_progress = || PublishError::InProgress { key: key.to_owned() };
    // Gone or unwritten between two calls: another delivery is at it.
    let before = state.get(key).await?.ok_or_else(in_progress)?;
    match serde_json::from_slice(&before.bytes) {
        Ok(Claim::Done { .. }) => Ok(None),
        Ok(Claim::Claimed { until }) if until > now => Err(in_progress()),
        // Expired, or unreadable and so nobody's.
        Ok(Claim::Claimed { .. }) | Err(_) => match state.put(key, mine, Condition::IfMatch(before.etag)).await? {
            Put::Done(etag) => Ok(Some(etag)),
            Put::Conflict => Err(in_progress()),
        },
    }
}

fn encode(claim: Claim) -> Vec<u8> {
    match claim {
        Claim::Claimed { until } => format!(r#"{{"state":"claimed","until":{until}}}"#),
        Claim::Done { at } => format!(r#"{{"state":"done","at":{at}}}"#),
    }
    .into_bytes()
}

#[cfg(test)]
mod tests;
