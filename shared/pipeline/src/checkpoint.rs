//! Keeps what was learned before each day: the history of users for logins, the detectors of the series for usage.
//!
//! A checkpoint is stored at `history/source=…/scope=…/dt=DAY.known` and advanced by every day that has batches. It carries a
//! hash of the keys of the batches it was computed from, and is recomputed when the batches differ. So it is a cache: the
//! state that a day is judged by depends on the batches before it alone. It is written by one conditional write; a slower
//! writer keeps the stored version.

use weir_domain::source::Source;
use weir_domain::window::Scope;

use crate::compare_and_swap::unchanged_since;
use crate::hours::{Days, RawBatches, day_start, days_until, read_batches};
use crate::keys::{self, HourOfScope};
use crate::score::ScoreError;
use crate::store::{Store, StoreError};

/// State that is learned from the days of a source, one after the other.
pub(crate) trait Checkpoint: Sized + Send + Sync {
    /// The source.
    const SOURCE: Source;

    /// The stored form. Equal checkpoints give equal bytes.
    fn encode(&self) -> Result<Vec<u8>, String>;

    /// Decodes the stored form with the settings of this empty checkpoint. The bytes may be damaged.
    fn restore(&self, bytes: &[u8]) -> Result<Self, String>;

    /// Learns from the batches of the day that starts at `day`, seconds since the epoch.
    fn advance(&mut self, day: i64, batches: RawBatches) -> Result<(), ScoreError>;
}

/// A day to be judged: its batches, and the checkpoint at its start.
pub(crate) struct DayToJudge<C> {
    /// The start of the day, seconds since the epoch.
    pub(crate) start: i64,
    pub(crate) checkpoint: C,
    pub(crate) batches: RawBatches,
}

/// The day that contains an hour; `None` when the day has no batches. `empty` is the checkpoint before any day.
pub(crate) async fn day_to_judge<C: Checkpoint>(
    state: &impl Store,
    hour: &HourOfScope,
    empty: C,
) -> Result<Option<DayToJudge<C>>, ScoreError> {
    let start = day_start(hour.hour.start());
    let days = days_until(state, C::SOURCE, &hour.scope, start).await?;
    let Some(keys) = days.get(&start) else { return Ok(None) };
    let checkpoint = checkpoint_before(state, &hour.scope, &days, start, empty).await?;
    Ok(Some(DayToJudge { start, checkpoint, batches: read_batches(state, keys).await? }))
}

/// A chained hash of the keys of all batches that a checkpoint was computed from.
type InputsHash = [u8; 32];

/// The checkpoint at the start of a day: the stored one if it is valid, else the last valid one, advanced to the day and
/// stored.
async fn checkpoint_before<C: Checkpoint>(
    state: &impl Store,
    scope: &Scope,
    days: &Days,
    today: i64,
    empty: C,
) -> Result<C, ScoreError> {
    let mut inputs = blake3::derive_key("weir known before a day", C::SOURCE.as_str().as_bytes());
    let mut inputs_by_day: Vec<(i64, InputsHash)> = Vec::new();
    for (day, batches) in days {
        inputs_by_day.push((*day, inputs));
        let mut hasher = blake3::Hasher::new_keyed(&inputs);
        for key in batches {
            hasher.update(key.as_bytes());
            hasher.update(b"\n");
        }
        inputs = *hasher.finalize().as_bytes();
    }
    let (mut latest, mut from) = (None, i64::MIN);
    let mut etag = None;
    for (day, inputs) in inputs_by_day.iter().rev() {
        let Some(object) = state.get(&keys::checkpoint(C::SOURCE, scope, *day)).await? else { continue };
        if *day == today {
            etag = Some(object.etag);
        }
        // A checkpoint that is unreadable, or was computed from other batches, is ignored.
        if let Some(stored) = unseal(&object.bytes, inputs).and_then(|bytes| empty.restore(bytes).ok()) {
            if *day == today {
                return Ok(stored);
            }
            (latest, from) = (Some(stored), *day);
            break;
        }
    }
    let mut checkpoint = latest.unwrap_or(empty);
    for (day, keys) in days.range(from..today) {
        checkpoint.advance(*day, read_batches(state, keys).await?)?;
    }
    if let Some((_, inputs)) = inputs_by_day.last().filter(|_| days.len() > 1) {
        let key = keys::checkpoint(C::SOURCE, scope, today);
        let bytes = checkpoint.encode().map_err(|e| StoreError::new("encode", &key, e))?;
        let bytes = [&MAGIC[..], inputs, &bytes].concat();
        state.put(&key, bytes, unchanged_since(etag)).await?;
    }
    Ok(checkpoint)
}

/// The magic bytes of a stored checkpoint, which include its version.
const MAGIC: &[u8; 8] = b"WEIRKNO1";

/// The content of a stored checkpoint, if it was computed from these inputs.
fn unseal<'a>(bytes: &'a [u8], inputs: &InputsHash) -> Option<&'a [u8]> {
    bytes.strip_prefix(MAGIC)?.strip_prefix(inputs)
}
