//! What is known when a day begins: of logins the history of users, of usage the detectors of the series.
//!
//! It is kept at `history/source=…/scope=…/dt=DAY.known` and advanced by each day that has batches. It names by a hash the
//! batches that it was made of, and is made anew where those are others: a cache, so that what a day is judged by is a function
//! of the batches before it alone. Written by compare-and-swap: whoever was slower leaves what is there.

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::source::Source;
use weir_domain::window::Scope;

use crate::keys::{self, HourOfScope};
use crate::score::{ScoreError, condition};
use crate::store::{Store, StoreError};

/// A day, seconds.
pub(crate) const DAY: i64 = 24 * 3600;

/// The batches of a day: their keys and bytes, in the order of keys.
pub(crate) type Batches = Vec<(String, Vec<u8>)>;

/// What is known of a source from before, and how a day adds to it.
pub(crate) trait Known: Sized + Send + Sync {
    /// The source.
    const SOURCE: Source;

    /// Its bytes; the same knowledge gives the same bytes.
    fn encode(&self) -> Result<Vec<u8>, String>;

    /// Reads it, in place of what is nothing yet. The bytes may be damaged.
    fn restore(&self, bytes: &[u8]) -> Result<Self, String>;

    /// Takes in a day that begins at a time, seconds since the epoch.
    fn advance(&mut self, day: i64, batches: Batches) -> Result<(), ScoreError>;
}

/// A day's batches, and what was known before them.
pub(crate) struct Today<K> {
    /// When it begins, seconds since the epoch.
    pub(crate) start: i64,
    pub(crate) known: K,
    pub(crate) batches: Batches,
}

/// The day that an hour belongs to, with what is known before it; `None` where it has no batches. `known` begins it.
pub(crate) async fn today<K: Known>(
    state: &impl Store,
    hour: &HourOfScope,
    nothing: K,
) -> Result<Option<Today<K>>, ScoreError> {
    let start = hour.hour.start().div_euclid(DAY) * DAY;
    let days = days(state, K::SOURCE, &hour.scope, start).await?;
    let Some(keys) = days.get(&start) else { return Ok(None) };
    let known = known_before(state, &hour.scope, &days, start, nothing).await?;
    Ok(Some(Today { start, known, batches: load(state, keys).await? }))
}

/// Names the batches that something was made of.
type MadeOf = [u8; 32];

/// The keys of a scope's batches by the day's beginning.
type Days = BTreeMap<i64, BTreeSet<String>>;

/// All batches of a scope up to a day, that day included.
async fn days(state: &impl Store, source: Source, scope: &Scope, today: i64) -> Result<Days, StoreError> {
    let mut days = Days::new();
    for key in state.list(&keys::processed_of(source, scope)).await? {
        if let Some(hour) = HourOfScope::of_batch(&key) {
            let day = hour.hour.start().div_euclid(DAY) * DAY;
            if day <= today {
                days.entry(day).or_default().insert(key);
            }
        }
    }
    Ok(days)
}

/// Read where it was kept and still holds, else advanced from the last day for which that is so, and kept.
async fn known_before<K: Known>(
    state: &impl Store,
    scope: &Scope,
    days: &Days,
    today: i64,
    nothing: K,
) -> Result<K, ScoreError> {
    let mut made_of = blake3::derive_key("weir known before a day", K::SOURCE.as_str().as_bytes());
    let mut names: Vec<(i64, MadeOf)> = Vec::new();
    for (day, batches) in days {
        names.push((*day, made_of));
        let mut hasher = blake3::Hasher::new_keyed(&made_of);
        for key in batches {
            hasher.update(key.as_bytes());
            hasher.update(b"\n");
        }
        made_of = *hasher.finalize().as_bytes();
    }
    let (mut kept_before, mut from) = (None, i64::MIN);
    let mut etag = None;
    for (day, name) in names.iter().rev() {
        let Some(object) = state.get(&keys::known(K::SOURCE, scope, *day)).await? else { continue };
        if *day == today {
            etag = Some(object.etag);
        }
        // What cannot be read, or was made of other batches, is as good as none.
        if let Some(kept) = opened(&object.bytes, name).and_then(|bytes| nothing.restore(bytes).ok()) {
            if *day == today {
                return Ok(kept);
            }
            (kept_before, from) = (Some(kept), *day);
            break;
        }
    }
    let mut known = kept_before.unwrap_or(nothing);
    for (day, keys) in days.range(from..today) {
        known.advance(*day, load(state, keys).await?)?;
    }
    if let Some((_, name)) = names.last().filter(|_| days.len() > 1) {
        let key = keys::known(K::SOURCE, scope, today);
        let bytes = known.encode().map_err(|e| StoreError::new("encode", &key, e))?;
        let bytes = [&MAGIC[..], name, &bytes].concat();
        state.put(&key, bytes, condition(etag)).await?;
    }
    Ok(known)
}

async fn load(state: &impl Store, keys: &BTreeSet<String>) -> Result<Batches, StoreError> {
    let mut batches = Batches::new();
    for key in keys {
        if let Some(object) = state.get(key).await? {
            batches.push((key.clone(), object.bytes));
        }
    }
    Ok(batches)
}

/// Begins what is kept; another version has another.
const MAGIC: &[u8; 8] = b"WEIRKNO1";

/// The content, if it was made of these batches.
fn opened<'a>(bytes: &'a [u8], made_of: &MadeOf) -> Option<&'a [u8]> {
    bytes.strip_prefix(MAGIC)?.strip_prefix(made_of)
}
