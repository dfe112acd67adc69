//! The alert limit across deliveries: one object per hour and group has the admitted findings, updated by compare-and-swap.

use weir_detect::limit::{Admission, Group, HourOfGroup};
use weir_detect::ocsf::DetectionFinding;
use weir_domain::window::utc_day;

use super::outcome::PublishError;
use crate::compare_and_swap::{Change, update};
use crate::keys;
use crate::store::Store;

/// Whether a finding may be sent. If not, the summary of the group is written, if there is one. `max` is the number of
/// findings that the group may send in the hour.
///
/// The object of the hour serialises concurrent deliveries, so the limit always holds. A repeated delivery gets the same
/// answer.
pub(super) async fn admit(
    state: &impl Store,
    group: &Group,
    finding: &DetectionFinding,
    max: usize,
    now: i64,
) -> Result<Admission, PublishError> {
    let key = &keys::throttle(group);
    let admission = update(state, key, |bytes| async move {
        let before = decode(bytes);
        let mut hour = before.clone();
        let admission = hour.admit_finding(finding, max);
        if hour == before {
            return Ok(Change::Keep(admission));
        }
        Ok::<_, PublishError>(Change::json(key, &hour, admission)?)
    })
    .await?;
    if admission == Admission::Hold && group.has_summary() {
        write_summary(state, group, max, now).await?;
    }
    Ok(admission)
}

/// Writes the current summary of an hour. The hour is read after the summary, so a newer summary is never overwritten by an
/// older one.
async fn write_summary(state: &impl Store, group: &Group, max: usize, now: i64) -> Result<(), PublishError> {
    let uid = HourOfGroup::default().summary(group, max, None, now).finding_info.uid;
    let key = &keys::finding_by_uid(&utc_day(group.start()), &uid);
    update(state, key, |bytes| async move {
        let before = bytes.and_then(|bytes| serde_json::from_slice::<DetectionFinding>(&bytes).ok());
        let hour = decode(state.get(&keys::throttle(group)).await?.map(|object| object.bytes));
        let created = before.as_ref().map(|before| before.finding_info.created_time);
        let summary = hour.summary(group, max, created, now);
        if before.is_some_and(|before| before.has_same_content(&summary)) {
            return Ok(Change::Keep(()));
        }
        Ok(Change::json(key, &summary, ())?)
    })
    .await
}

/// Decodes the admitted findings of an hour. An unreadable object counts as empty, so that alerts are sent rather than lost.
fn decode(bytes: Option<Vec<u8>>) -> HourOfGroup {
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
