//! The alert limit over deliveries: what is kept of an hour, by compare-and-swap.

use serde::Serialize;
use weir_detect::limit::{Admission, Group, HourOfGroup};
use weir_detect::ocsf::DetectionFinding;
use weir_domain::window::utc_day;

use super::PublishError;
use crate::keys;
use crate::store::{Condition, Put, Store, StoreError, Versioned};

/// How often a conditional write is tried against others.
pub(super) const ATTEMPTS: u32 = 12;

/// Whether a finding may be sent; if not, the summary that stands for it, if one does, has been written.
///
/// Deliveries at the same time are put in an order by the hour's object, so the limit holds however many run. A delivery
/// that is repeated gets the same answer: what may be sent keeps its place.
pub(super) async fn admit(
    state: &impl Store,
    group: &Group,
    finding: &DetectionFinding,
    most: usize,
    now: i64,
) -> Result<Admission, PublishError> {
    let key = keys::hour_of_group(group);
    for attempt in 0..ATTEMPTS {
        let before = state.get(&key).await?;
        let mut hour = read(before.as_ref());
        let known = hour.clone();
        let admission = hour.admit_finding(finding, most);
        if hour != known && !put(state, &key, &hour, before).await? {
            back_off(attempt).await;
            continue;
        }
        if admission == Admission::Hold && group.has_summary() {
            write_summary(state, group, most, now).await?;
        }
        return Ok(admission);
    }
    Err(PublishError::Contended { key })
}

/// Writes the summary of an hour as it stands. The hour is read after the summary, so that what is written over a summary
/// never knows less.
async fn write_summary(state: &impl Store, group: &Group, most: usize, now: i64) -> Result<(), PublishError> {
    let uid = HourOfGroup::default().summary(group, most, None, now).finding_info.uid;
    let key = keys::finding_of(&utc_day(group.start()), &uid);
    for attempt in 0..ATTEMPTS {
        let before = state.get(&key).await?;
        let said = before.as_ref().and_then(|v| serde_json::from_slice::<DetectionFinding>(&v.bytes).ok());
        let hour = read(state.get(&keys::hour_of_group(group)).await?.as_ref());
        let created = said.as_ref().map(|said| said.finding_info.created_time);
        let summary = hour.summary(group, most, created, now);
        if said.is_some_and(|said| said.says_the_same(&summary)) || put(state, &key, &summary, before).await? {
            return Ok(());
        }
        back_off(attempt).await;
    }
    Err(PublishError::Contended { key })
}

/// What is kept of an hour; what nobody can read is nothing, so that alerts are sent rather than lost.
fn read(object: Option<&Versioned>) -> HourOfGroup {
    object.and_then(|object| serde_json::from_slice(&object.bytes).ok()).unwrap_or_default()
}

/// Writes an object over the version that was read; says whether nobody else did.
pub(super) async fn put(
    state: &impl Store,
    key: &str,
    value: &impl Serialize,
    before: Option<Versioned>,
) -> Result<bool, StoreError> {
    let bytes = serde_json::to_vec(value).map_err(|e| StoreError::new("encode", key, e))?;
    let condition = before.map_or(Condition::IfAbsent, |before| Condition::IfMatch(before.etag));
    Ok(matches!(state.put(key, bytes, condition).await?, Put::Done(_)))
}

/// Waits 10 ms, then twice as long each time, at most a second.
async fn back_off(attempt: u32) {
    tokio::time::sleep(std::time::Duration::from_millis((10 << attempt.min(7)).min(1000))).await;
}
