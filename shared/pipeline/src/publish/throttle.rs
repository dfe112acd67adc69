//! The alert limit over deliveries: what an hour admitted is kept in one object, by compare-and-swap.

use weir_detect::limit::{Admission, Group, HourOfGroup};
use weir_detect::ocsf::DetectionFinding;
use weir_domain::window::utc_day;

use super::outcome::PublishError;
use crate::compare_and_swap::{Change, update};
use crate::keys;
use crate::store::Store;

/// Whether a finding may be sent; if not, the summary that stands for it, if one does, has been written. `max` is how many
/// findings the group may send in the hour.
///
/// Deliveries at the same time are put in an order by the hour's object, so the limit holds however many run. A delivery
/// that is repeated gets the same answer: what may be sent keeps its place.
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

/// Writes the summary of an hour as it stands. The hour is read after the summary, so that what is written over a summary
/// is never older.
async fn write_summary(state: &impl Store, group: &Group, max: usize, now: i64) -> Result<(), PublishError> {
    let uid = HourOfGroup::default().summary(group, max, None, now).finding_info.uid;
    let key = &keys::finding_by_uid(&utc_day(group.start()), &uid);
    update(state, key, |bytes| async move {
        let before = bytes.and_then(|bytes| serde_json::from_slice::<DetectionFinding>(&bytes).ok());
        let hour = decode(state.get(&keys::throttle(group)).await?.map(|object| object.bytes));
        let created = before.as_ref().map(|before| before.finding_info.created_time);
        let summary = hour.summary(group, max, created, now);
        if before.is_some_and(|before| before.says_the_same(&summary)) {
            return Ok(Change::Keep(()));
        }
        Ok(Change::json(key, &summary, ())?)
    })
    .await
}

/// What an hour admitted. An unreadable object counts as none, so that alerts are sent rather than lost.
fn decode(bytes: Option<Vec<u8>>) -> HourOfGroup {
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
