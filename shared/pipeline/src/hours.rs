//! Lists, reads and merges the stored batches of an hour or a day.

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::aggregate::{HourAggregate, Mismatch};
use weir_domain::source::Source;
use weir_domain::time::DAY_SECONDS;
use weir_domain::window::Scope;

use crate::batch::{self, BatchError};
use crate::keys::{self, HourOfScope};
use crate::store::{Store, StoreError};
use crate::usage::from_flows::HourUsage;

/// The error of stored batches that could not be read or merged.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch is unreadable.
    #[error("{key}: {error}: preprocess its object again")]
    Batch {
        /// The batch.
        key: String,
        /// The fault in it.
        error: BatchError,
    },
    /// Batches of different window lengths.
    #[error("{key}: {error}")]
    Mismatch {
        /// The batch that differs.
        key: String,
        /// How it differs.
        error: Mismatch,
    },
}

/// The batches of an hour of flow logs, merged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadedHour {
    /// The windows; `None` where there is no batch.
    pub windows: Option<HourAggregate>,
    /// Traffic with cloud providers; `None` where no batch counted it.
    pub usage: Option<HourUsage>,
    /// Distinct batches that were merged: the same file under two keys counts once.
    pub batches: usize,
}

/// Reads and merges all batches of an hour of flow logs.
///
/// # Errors
/// When a store fails, a batch is unreadable, or batches have different window lengths.
pub async fn load_hour(state: &impl Store, hour: &HourOfScope) -> Result<LoadedHour, LoadError> {
    let mut loaded = LoadedHour::default();
    let mut hashes = BTreeSet::new();
    for key in state.list(&hour.prefix()).await? {
        let Some(object) = state.get(&key).await? else { continue };
        let batch = batch::decode(object.bytes).map_err(|error| LoadError::Batch { key: key.clone(), error })?;
        if !hashes.insert(batch.raw_hash) {
            continue;
        }
        if let Some(usage) = batch.usage {
            loaded.usage.get_or_insert_default().merge(usage);
        }
        match &mut loaded.windows {
            None => loaded.windows = Some(batch.hour),
            Some(windows) => windows.merge(batch.hour).map_err(|error| LoadError::Mismatch { key, error })?,
        }
    }
    if let Some(windows) = &mut loaded.windows {
        windows.prune();
    }
    loaded.batches = hashes.len();
    Ok(loaded)
}

/// The hours of all batches of flow logs in a store, by scope and time.
///
/// # Errors
/// When the store fails.
pub async fn flow_hours(state: &impl Store) -> Result<BTreeSet<HourOfScope>, StoreError> {
    let hours = all_hours(state).await?;
    Ok(hours.into_iter().filter(|hour| hour.source == Source::Flow).collect())
}

/// The hours of all batches in a store, of every source.
///
/// # Errors
/// When the store fails.
pub async fn all_hours(state: &impl Store) -> Result<BTreeSet<HourOfScope>, StoreError> {
    Ok(state.list(keys::PROCESSED).await?.into_iter().filter_map(|key| HourOfScope::from_batch_key(&key)).collect())
}

/// Stored batches as keys and bytes, in the order of keys.
pub type RawBatches = Vec<(String, Vec<u8>)>;

/// The keys of a scope's batches by day, seconds since the epoch.
pub(crate) type Days = BTreeMap<i64, BTreeSet<String>>;

/// The start of the day that contains a time; both are seconds since the epoch.
pub(crate) fn day_start(time: i64) -> i64 {
    time.div_euclid(DAY_SECONDS) * DAY_SECONDS
}

/// The batches of a scope by day, up to and including the day that begins at `last`.
pub(crate) async fn days_until(
    state: &impl Store,
    source: Source,
    scope: &Scope,
    last: i64,
) -> Result<Days, StoreError> {
    let mut days = Days::new();
    for key in state.list(&keys::processed_scope(source, scope)).await? {
        if let Some(hour) = HourOfScope::from_batch_key(&key) {
            let day = day_start(hour.hour.start());
            if day <= last {
                days.entry(day).or_default().insert(key);
            }
        }
    }
    Ok(days)
}

/// Reads stored batches without decoding them. Deleted ones are left out.
pub(crate) async fn read_batches(state: &impl Store, keys: &BTreeSet<String>) -> Result<RawBatches, StoreError> {
    let mut batches = RawBatches::new();
    for key in keys {
        if let Some(object) = state.get(key).await? {
            batches.push((key.clone(), object.bytes));
        }
    }
    Ok(batches)
}
