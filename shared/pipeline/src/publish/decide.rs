//! Decides whether a finding is an alert, once for all channels.

use weir_detect::limit::Admission;
use weir_detect::ocsf::DetectionFinding;
use weir_detect::suppression::Suppressions;
use weir_domain::finding::Severity;
use weir_model::FlowModel;

use super::claim::was_sent;
use super::outcome::{PublishError, Published};
use super::throttle::admit;
use crate::compare_and_swap::{Change, update};
use crate::models;
use crate::notifier::Notifier;
use crate::store::Store;

/// A finding to send.
pub(super) struct Alert<'a> {
    pub(super) finding: DetectionFinding,
    pub(super) severity: Severity,
    /// The channels that have not received it.
    pub(super) channels: Vec<&'a dyn Notifier>,
}

/// The decision about a finding.
pub(super) enum Decision<'a> {
    /// Send the finding.
    Alert(Box<Alert<'a>>),
    /// Nothing is left to do.
    Settled(Published),
}

/// Decides about the finding at a key. A finding that a rule or the alert limit holds back is rewritten with that decision.
pub(super) async fn decide<'a>(
    state: &impl Store,
    channels: &[&'a dyn Notifier],
    suppressions: &Suppressions,
    key: &str,
    now: i64,
) -> Result<Decision<'a>, PublishError> {
    let settled = |published| Ok(Change::Keep(Decision::Settled(published)));
    update(state, key, |bytes| async move {
        let Some(bytes) = bytes else { return settled(Published::Missing) };
        let (finding, severity) = parse(key, &bytes)?;
        if !finding.is_alert || finding.activity_id == 3 {
            return settled(Published::NotAnAlert);
        }
        if let Some(verdict) = suppressions.verdict(&finding, now) {
            let suppressed = Box::new(finding.suppressed(&verdict.by, verdict.why));
            return Ok(Change::json(key, &suppressed.clone(), Decision::Settled(Published::Suppressed(suppressed)))?);
        }
        let mut pending = Vec::new();
        for channel in channels {
            if !was_sent(state, &finding.finding_info.uid, severity, channel.channel()).await? {
                pending.push(*channel);
            }
        }
        if pending.is_empty() {
            return settled(Published::Before);
        }
        let limits = suppressions.limits(monitored_hosts(state).await);
        if let Some((group, max)) = limits.group(&finding)
            && admit(state, &group, &finding, max, now).await? == Admission::Hold
        {
            let throttled = Box::new(finding.throttled(&group.throttle_reason(max)));
            return Ok(Change::json(key, &throttled.clone(), Decision::Settled(Published::Throttled(throttled)))?);
        }
        Ok(Change::Keep(Decision::Alert(Box::new(Alert { finding, severity, channels: pending }))))
    })
    .await
}

/// The number of monitored hosts of the model in use; 0 without one.
async fn monitored_hosts(state: &impl Store) -> u64 {
    let pointer = models::pointer::<FlowModel>(state).await.ok().flatten();
    pointer.map_or(0, |pointer| pointer.hosts)
}

/// Parses a finding and its severity. Only uids that are safe in keys are accepted.
fn parse(key: &str, bytes: &[u8]) -> Result<(DetectionFinding, Severity), PublishError> {
    let not_a_finding = |problem: String| PublishError::NotAFinding { key: key.to_owned(), problem };
    let finding: DetectionFinding = serde_json::from_slice(bytes).map_err(|e| not_a_finding(e.to_string()))?;
    let severity = Severity::ALL.into_iter().find(|s| s.id() == finding.severity_id);
    let severity = severity.ok_or_else(|| not_a_finding(format!("severity_id {}", finding.severity_id)))?;
    let uid = &finding.finding_info.uid;
    if uid.is_empty() || !uid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(not_a_finding("its uid is not a valid uid".to_owned()));
    }
    Ok((finding, severity))
}
