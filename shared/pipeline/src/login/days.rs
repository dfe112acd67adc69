//! Logins as they come: what scoring does with batches of logins.
//!
//! A day is judged whole whenever some of it comes in, each login by what was before it. What was known when the day began is
//! kept at `history/source=login/scope=…/dt=DAY.known`: the history of all logins before, advanced day by day, so that
//! yesterday's new device is not new today. It names by a hash the batches that it was made of, and is made anew where those are
//! others: a cache, and a day's findings are a function of the batches up to that day alone.
//!
//! A late object has its own day judged again. The days after it know of it from then on, but are not judged again.

use std::collections::{BTreeMap, BTreeSet};

use weir_detect::login::anomalous_user;
use weir_domain::finding::{Hit, Subject};
use weir_domain::window::Scope;
use weir_features::login::{ApiUse, BadHistory, BadPlaces, History, Places};

use super::{LoginOptions, LoginTable, LoginsJudged, detect_logins_after};
use crate::batch::LoginBatch;
use crate::keys::{self, HourOfScope};
use crate::score::{ScoreError, Scored, condition, keep_hits};
use crate::store::{Store, StoreError};

/// Of API calls so many days are remembered (seconds).
const CALLS_REMEMBERED: i64 = 30 * DAY;

const DAY: i64 = 24 * 3600;

/// What is known when a day begins.
#[derive(Debug, Clone, Default)]
struct Known {
    history: History,
    calls: ApiUse,
}

/// Names the batches that something was made of.
type MadeOf = [u8; 32];

/// The batches of a scope's logins, by the day's beginning, seconds since the epoch.
type Days = BTreeMap<i64, BTreeSet<String>>;

/// Judges the day that an hour belongs to. `now` is milliseconds since the epoch.
///
/// Doing it again changes nothing. Reads the day's batches, and, when the day is new or older days have changed, those of the
/// days since what is known was last written.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub(crate) async fn score_day(state: &impl Store, hour: &HourOfScope, now: i64) -> Result<Scored, ScoreError> {
    let today = hour.hour.start().div_euclid(DAY) * DAY;
    let days = days(state, &hour.scope, today).await?;
    let Some(batches) = days.get(&today) else { return Ok(Scored::default()) };
    let options = LoginOptions { places: places(state).await?, ..LoginOptions::default() };
    let known = known(state, &hour.scope, &days, today, &options).await?;
    let mut calls = known.calls;
    let table = read(state, batches, &mut calls).await?;
    let judged = detect_logins_after(known.history, table, &options);
    let mut by_subject: BTreeMap<Subject, Vec<Hit>> = BTreeMap::new();
    for (subject, hit) in hits(&judged, &calls, today) {
        by_subject.entry(subject).or_default().push(hit);
    }
    Ok(Scored { batches: batches.len(), ..keep_hits(state, by_subject, now).await? })
}

fn hits(judged: &LoginsJudged, calls: &ApiUse, today: i64) -> Vec<(Subject, Hit)> {
    let mut hits = weir_detect::login::detect(&judged.logins);
    let hours = calls.hours();
    hits.extend(hours.iter().filter(|hour| hour.last >= today).filter_map(anomalous_user::detect));
    hits
}

/// All batches of a scope up to a day, that day included.
async fn days(state: &impl Store, scope: &Scope, today: i64) -> Result<Days, StoreError> {
    let mut days = Days::new();
    for key in state.list(&keys::processed_logins(scope)).await? {
        if let Some(hour) = HourOfScope::of_batch(&key) {
            let day = hour.hour.start().div_euclid(DAY) * DAY;
            if day <= today {
                days.entry(day).or_default().insert(key);
            }
        }
    }
    Ok(days)
}

/// What is known when a day begins: read where it was kept and still holds, else advanced from the last day for which that
/// is so, and kept.
async fn known(
    state: &impl Store,
    scope: &Scope,
    days: &Days,
    today: i64,
    options: &LoginOptions,
) -> Result<Known, ScoreError> {
    let mut made_of = blake3::derive_key("weir known of logins", b"");
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
    let (mut known, mut from) = (Known::default(), i64::MIN);
    let mut etag = None;
    for (day, name) in names.iter().rev() {
        let Some(object) = state.get(&keys::known_of_logins(scope, *day)).await? else { continue };
        if *day == today {
            etag = Some(object.etag);
        }
        // What cannot be read, or was made of other batches, is as good as none.
        if let Some(kept) = decode(&object.bytes, name).ok().flatten() {
            if *day == today {
                return Ok(kept);
            }
            (known, from) = (kept, *day);
            break;
        }
    }
    for (_, batches) in days.range(from..today) {
        let table = read(state, batches, &mut known.calls).await?;
        known.history = detect_logins_after(known.history, table, options).history;
    }
    known.calls.forget_before(today - CALLS_REMEMBERED);
    if let Some((_, name)) = names.last().filter(|_| days.len() > 1) {
        let key = keys::known_of_logins(scope, today);
        let bytes = encode(&known, name).map_err(|e| StoreError::new("encode", &key, e))?;
        // Whoever was faster made it of the same batches, or of more: the next to read it will see.
        state.put(&key, bytes, condition(etag)).await?;
    }
    Ok(known)
}

/// The logins of some batches; their API calls are counted. Equal batches (the same file under two keys) count once.
async fn read(state: &impl Store, batches: &BTreeSet<String>, calls: &mut ApiUse) -> Result<LoginTable, ScoreError> {
    let (mut table, mut seen) = (LoginTable::default(), BTreeSet::new());
    let mut index = 0;
    for key in batches {
        let Some(object) = state.get(key).await? else { continue };
        let batch = LoginBatch::decode(object.bytes).map_err(|error| ScoreError::Batch { key: key.clone(), error })?;
        if !seen.insert((batch.raw_hash, batch.hour)) {
            continue;
        }
        for login in &batch.logins {
            table.push(index, &login.event());
            index += 1;
        }
        for call in &batch.calls {
            calls.push(&call.activity());
        }
    }
    Ok(table)
}

/// What is known of addresses, where somebody put it into the store: nothing by default.
async fn places(state: &impl Store) -> Result<Places, ScoreError> {
    let mut places = Places::none();
    for (key, read) in [
        (keys::PLACES, Places::read_table as fn(&mut Places, &str) -> Result<(), BadPlaces>),
        (keys::NETWORKS, Places::read_list),
    ] {
        let Some(object) = state.get(key).await? else { continue };
        let text = String::from_utf8_lossy(&object.bytes);
        read(&mut places, &text).map_err(|error| ScoreError::Places { key: key.to_owned(), error })?;
    }
    Ok(places)
}

const MAGIC: &[u8; 8] = b"WEIRKNOW";

/// Version of what is kept of a day; any other is made anew.
const VERSION: u8 = 1;

/// Why what is known cannot be kept or read.
#[derive(Debug, thiserror::Error)]
enum BadKnown {
    #[error("it is cut off, or of another version")]
    CutOff,
    #[error(transparent)]
    History(#[from] BadHistory),
    #[error("API calls: {0}")]
    Calls(#[from] postcard::Error),
}

fn encode(known: &Known, made_of: &MadeOf) -> Result<Vec<u8>, BadKnown> {
    let history = known.history.encode()?;
    let mut bytes = [&MAGIC[..], &[VERSION], made_of, &(history.len() as u64).to_le_bytes()].concat();
    bytes.extend_from_slice(&history);
    bytes.extend_from_slice(&postcard::to_allocvec(&known.calls)?);
    Ok(bytes)
}

/// `None` where it was made of other batches.
fn decode(bytes: &[u8], made_of: &MadeOf) -> Result<Option<Known>, BadKnown> {
    let rest = bytes.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(&[VERSION])).ok_or(BadKnown::CutOff)?;
    let (name, rest) = rest.split_first_chunk::<32>().ok_or(BadKnown::CutOff)?;
    if name != made_of {
        return Ok(None);
    }
    let (length, rest) = rest.split_first_chunk::<8>().ok_or(BadKnown::CutOff)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| BadKnown::CutOff)?;
    let (history, calls) = rest.split_at_checked(length).ok_or(BadKnown::CutOff)?;
    let known = Known { history: History::decode(history)?, calls: postcard::from_bytes(calls)? };
    Ok(Some(known))
}

#[cfg(test)]
mod tests;
