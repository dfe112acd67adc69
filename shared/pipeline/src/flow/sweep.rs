//! The scheduled sweep: runs the detections that need whole windows or hours on the changed hours of flow logs.
//!
//! A schedule starts it every five minutes. For each hour it merges the batches, computes the hour's rollup and runs every
//! detection, those over the last 24 hours included. Rollups are cached at `rollup/source=flow/scope=…/dt=…/hour=HH.json`:
//! compact JSON with the batches it was computed from and the time up to which the hour was swept. A rollup that does not
//! match the listing, or is unreadable, is recomputed.
//!
//! The traffic with cloud providers that the batches of an hour count is written as a batch of usage half an hour after the
//! end of the hour, because rows of its last minutes arrive late ([`crate::usage::from_flows`]).
//!
//! A late object causes a sweep of its own hour again. The later hours are not swept again, although their findings over long
//! windows may depend on it. Hits that late rows contradict are not withdrawn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_domain::rollup::HourRollup;
use weir_domain::source::Source;
use weir_domain::time::{HALF_HOUR_SECONDS, HOUR_SECONDS, SECOND_MILLIS};
use weir_domain::window::Scope;
use weir_features::flow::roll_up;
use weir_model::FlowModel;

use super::learned::WATERMARK_SECONDS;
use super::rollups::Rollups;
use super::score::detect_hour;
use crate::hours::load_hour;
use crate::keys::{self, HourOfScope};
use crate::score::ScoreError;
use crate::store::{Condition, Store, StoreError};
use crate::usage::from_flows::{HourUsage, write_usage_batch};

/// How far back a scheduled sweep looks for changed hours, seconds.
pub const SWEPT_SECONDS: i64 = 25 * HOUR_SECONDS;

/// The delay after the end of an hour before its usage is written, seconds: flow logs aggregate over at most ten minutes and
/// are delivered within ten more.
const USAGE_WATERMARK_SECONDS: i64 = HALF_HOUR_SECONDS;

/// The result of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// The number of hours swept.
    pub hours: usize,
    /// The number of hits.
    pub hits: usize,
    /// The keys of new and changed findings.
    pub findings: Vec<String>,
    /// The keys of the usage batches written, whose days must be scored.
    pub usage: Vec<String>,
}

/// The stored form of a rollup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRollup {
    version: u32,
    /// The keys of the batches it was computed from, ascending.
    batches: Vec<String>,
    /// The time up to which the windows of the hour were swept, seconds since the epoch; 0 before any sweep.
    swept: i64,
    rollup: HourRollup,
    /// The usage that the batches count, until it is written as a batch.
    usage: Option<String>,
}

/// The version of the stored rollup. Other versions are recomputed.
const VERSION: u32 = 3;

/// Sweeps the changed hours that start at or after `from` (seconds since the epoch), in order of time per scope. `now` is
/// milliseconds since the epoch: only windows that ended at least 15 minutes before are judged.
///
/// Lists all processed batches. It is idempotent.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub async fn sweep(state: &impl Store, model: Option<&FlowModel>, from: i64, now: i64) -> Result<Swept, ScoreError> {
    let mut by_scope: BTreeMap<Scope, BTreeMap<HourOfScope, Vec<String>>> = BTreeMap::new();
    let look_back = from.saturating_sub(24 * HOUR_SECONDS);
    for key in state.list(keys::PROCESSED).await? {
        if let Some(hour) = HourOfScope::from_batch_key(&key)
            .filter(|hour| hour.source == Source::Flow && hour.hour.start() >= look_back)
        {
            by_scope.entry(hour.scope.clone()).or_default().entry(hour).or_default().push(key);
        }
    }
    let mut swept = Swept::default();
    for (scope, hours) in by_scope {
        let mut rollups = Rollups::default();
        for (hour, batches) in hours {
            sweep_hour(state, model, (&scope, &hour, batches), (from, now), &mut rollups, &mut swept).await?;
        }
    }
    // A finding that spans several hours was written once per hour.
    swept.findings.sort_unstable();
    swept.findings.dedup();
    Ok(swept)
}

async fn sweep_hour(
    state: &impl Store,
    model: Option<&FlowModel>,
    (scope, hour, batches): (&Scope, &HourOfScope, Vec<String>),
    (from, now): (i64, i64),
    rollups: &mut Rollups,
    swept: &mut Swept,
) -> Result<(), ScoreError> {
    let whole_until =
        now.div_euclid(SECOND_MILLIS).saturating_sub(WATERMARK_SECONDS).min(hour.hour.start() + HOUR_SECONDS);
    let stored = read(state, hour, &batches).await?;
    let due = hour.hour.start() >= from && whole_until > hour.hour.start();
    let ended = hour.hour.start() + HOUR_SECONDS;
    let usage_due =
        hour.hour.start() >= from && now.div_euclid(SECOND_MILLIS) >= ended.saturating_add(USAGE_WATERMARK_SECONDS);
    if let Some(mut stored) = stored {
        let length = stored.rollup.window_seconds.max(1);
        let last_whole = whole_until.div_euclid(length) * length;
        if !due || stored.swept >= last_whole {
            rollups.push(stored.rollup.clone());
            if let Some(text) = stored.usage.take_if(|_| usage_due) {
                let usage = HourUsage::decode(&text, hour.hour);
                swept.usage.extend(write_usage_batch(state, hour, usage.as_ref()).await?);
                write(state, hour, &stored).await?;
            }
            return Ok(());
        }
    }
    let loaded = load_hour(state, hour).await?;
    let (Some(merged), mut usage) = (loaded.windows, loaded.usage) else { return Ok(()) };
    if let Some(usage) = usage.take_if(|_| usage_due) {
        swept.usage.extend(write_usage_batch(state, hour, Some(&usage)).await?);
    }
    let encode = |e| StoreError::new("encode", &keys::rollup(hour), e);
    let usage = usage.map(|usage| usage.encode()).transpose().map_err(encode)?;
    let rollup = roll_up(&merged);
    rollups.push(rollup.clone());
    let length = merged.window_length.seconds();
    let mut until = 0;
    if due {
        let baseline = model.map(|model| &model.baseline);
        let hits = detect_hour(model, &merged, Some(&rollups.day(scope, baseline)), now)?;
        let stored = hits.store(state, now).await?;
        swept.hours += 1;
        swept.hits += stored.hits;
        swept.findings.extend(stored.findings);
        until = whole_until.div_euclid(length) * length;
    }
    // Written last, so that a failed sweep is repeated.
    write(state, hour, &StoredRollup { version: VERSION, batches, swept: until, rollup, usage }).await
}

/// Reads the stored rollup of an hour, if it was computed from these batches.
async fn read(state: &impl Store, hour: &HourOfScope, batches: &[String]) -> Result<Option<StoredRollup>, StoreError> {
    let Some(object) = state.get(&keys::rollup(hour)).await? else { return Ok(None) };
    let stored: Option<StoredRollup> = serde_json::from_slice(&object.bytes).ok();
    Ok(stored
        .filter(|stored| stored.version == VERSION && stored.batches == batches && stored.rollup.hour == hour.hour))
}

async fn write(state: &impl Store, hour: &HourOfScope, stored: &StoredRollup) -> Result<(), ScoreError> {
    let key = keys::rollup(hour);
    let bytes = serde_json::to_vec(stored).map_err(|e| StoreError::new("encode", &key, e))?;
    state.put(&key, bytes, Condition::Always).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
