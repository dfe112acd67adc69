//! The stored form of a login history: `WEIRHIST`, a version, and the content in postcard.
//!
//! The content is validated when it is read: lists are sorted, without duplicates and within their capacities, tables have
//! the expected size, coordinates are on the globe. A file that is of another kind, truncated, of another version or larger
//! than [`MAX_BYTES`] is an error with its reason.

use weir_domain::bounded::{BottomK, Merge};

use super::all_users::AllUsers;
use super::counts::{Changes, Counts, Key, Moments};
use super::history::History;
use super::recent::{Latest, MAX_ENTRIES, MAX_KEYS, Recent, Timed, UserLogin, Visit};
use super::user_history::UserHistory;

/// The version of the stored form. Other versions are refused.
pub const HISTORY_VERSION: u16 = 2;

/// The maximum size of a history that is read, in bytes.
const MAX_BYTES: usize = 1 << 30;

const MAGIC: &[u8; 8] = b"WEIRHIST";

/// A stored history that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHistory {
    /// It does not start with the magic bytes.
    #[error("not a login history: it does not start with WEIRHIST")]
    Foreign,
    /// Written by another version.
    #[error(
        "the login history has version {0}, and this program reads version {HISTORY_VERSION}: build a new one from the logs"
    )]
    Version(u16),
    /// It is too large, truncated or inconsistent.
    #[error("the login history cannot be used: {0}; build a new one from the logs")]
    Content(&'static str),
}

type Pairs<V> = Vec<(Key, V)>;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    users: (bool, Pairs<UserHistory>),
    first: i64,
    logins: u64,
    familiarity: Vec<u64>,
    outcomes: Vec<u64>,
    counts: Vec<(bool, Pairs<Counts>)>,
    novel: Counts,
    hours: Vec<u64>,
    weekdays: [u64; 7],
    cities: [[u64; 2]; 2],
    absences: Vec<u64>,
    changes: Changes,
    bytes: [Moments; 2],
    round_trips: (bool, Pairs<Moments>),
    volumes: Vec<u64>,
    failing: u64,
    recent_addresses: Vec<(u64, Latest<Visit>)>,
    recent_devices: Vec<(u64, Latest<Visit>)>,
    recent_users: Vec<(u64, Latest<UserLogin>)>,
    recent_failing: Latest<Visit>,
    newest: i64,
}

fn pairs<V: Merge + Clone>(map: &BottomK<Key, V>) -> (bool, Pairs<V>) {
    let mut map = map.clone();
    map.prune();
    (map.overflowed(), map.sorted().into_iter().map(|(key, value)| (*key, value.clone())).collect())
}

fn restore<V: Merge>(into: &mut BottomK<Key, V>, (overflowed, pairs): (bool, Pairs<V>)) -> Result<(), BadHistory> {
    let n = pairs.len();
    for (key, value) in pairs {
        if let Some(entry) = into.entry(key) {
            entry.merge(value);
        }
    }
    into.prune();
    if into.len() != n {
        return Err(BadHistory::Content("a table repeats a key or is larger than its capacity"));
    }
    if overflowed {
        into.restore_overflow();
    }
    Ok(())
}

fn fill(into: &mut [u64], from: &[u64]) -> Result<(), BadHistory> {
    if into.len() != from.len() {
        return Err(BadHistory::Content("a table has another size"));
    }
    into.copy_from_slice(from);
    Ok(())
}

fn maps(all: &AllUsers) -> [&BottomK<Key, Counts>; 8] {
    let AllUsers { networks, countries, agents, browsers, systems, device_types, addresses, devices, .. } = all;
    [networks, countries, agents, browsers, systems, device_types, addresses, devices]
}

fn maps_mut(all: &mut AllUsers) -> [&mut BottomK<Key, Counts>; 8] {
    let AllUsers { networks, countries, agents, browsers, systems, device_types, addresses, devices, .. } = all;
    [networks, countries, agents, browsers, systems, device_types, addresses, devices]
}

impl History {
    /// Encodes the history. Equal histories give equal bytes.
    ///
    /// # Errors
    /// When it is larger than 1 GiB, the largest that is read.
    pub fn encode(&self) -> Result<Vec<u8>, BadHistory> {
        let all = &self.all_users;
        let mut recent = self.recent.clone();
        recent.sweep();
        let stored = Stored {
            users: pairs(&self.users),
            first: all.first,
            logins: all.logins,
            familiarity: all.familiarity.as_flattened().as_flattened().to_vec(),
            outcomes: all.outcomes.as_flattened().to_vec(),
            counts: maps(all).into_iter().map(pairs).collect(),
            novel: all.novel,
            hours: all.hours.to_vec(),
            weekdays: all.weekdays,
            cities: all.cities,
            absences: all.absences.as_flattened().to_vec(),
            changes: all.changes,
            bytes: all.bytes,
            round_trips: pairs(&all.round_trips),
            volumes: all.volumes.as_flattened().to_vec(),
            failing: all.failing,
            recent_addresses: sorted(recent.addresses),
            recent_devices: sorted(recent.devices),
            recent_users: sorted(recent.users),
            recent_failing: recent.failing,
            newest: recent.newest,
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&HISTORY_VERSION.to_le_bytes());
        let content = postcard::to_allocvec(&stored).map_err(|_| BadHistory::Content("it cannot be written"))?;
        if content.len() > MAX_BYTES {
            return Err(BadHistory::Content("it is too large"));
        }
        bytes.extend_from_slice(&content);
        Ok(bytes)
    }

    /// Decodes and validates a history.
    ///
    /// # Errors
    /// When the bytes are no history, of another version, or inconsistent.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadHistory> {
        let content = bytes.strip_prefix(MAGIC).ok_or(BadHistory::Foreign)?;
        let (version, content) = content.split_first_chunk::<2>().ok_or(BadHistory::Content("it is cut off"))?;
        let version = u16::from_le_bytes(*version);
        if version != HISTORY_VERSION {
            return Err(BadHistory::Version(version));
        }
        if content.len() > MAX_BYTES {
            return Err(BadHistory::Content("it is too large"));
        }
        let stored: Stored = match postcard::take_from_bytes(content) {
            Ok((stored, [])) => stored,
            _ => return Err(BadHistory::Content("it is cut off or damaged")),
        };
        let mut history = Self::default();
        if !stored.users.1.iter().all(|(_, user)| user.is_valid()) {
            return Err(BadHistory::Content("the history of a user is inconsistent"));
        }
        restore(&mut history.users, stored.users)?;
        let all = &mut history.all_users;
        (all.first, all.logins, all.novel, all.failing) = (stored.first, stored.logins, stored.novel, stored.failing);
        fill(all.familiarity.as_flattened_mut().as_flattened_mut(), &stored.familiarity)?;
        fill(all.outcomes.as_flattened_mut(), &stored.outcomes)?;
        fill(&mut all.hours, &stored.hours)?;
        fill(all.absences.as_flattened_mut(), &stored.absences)?;
        fill(all.volumes.as_flattened_mut(), &stored.volumes)?;
        (all.weekdays, all.cities, all.changes, all.bytes) =
            (stored.weekdays, stored.cities, stored.changes, stored.bytes);
        if stored.counts.len() != maps(all).len() {
            return Err(BadHistory::Content("a table is missing"));
        }
        for (into, from) in maps_mut(all).into_iter().zip(stored.counts) {
            restore(into, from)?;
        }
        restore(&mut all.round_trips, stored.round_trips)?;
        history.recent = Recent {
            addresses: visits(stored.recent_addresses)?,
            devices: visits(stored.recent_devices)?,
            users: visits(stored.recent_users)?,
            failing: stored.recent_failing,
            newest: stored.newest,
            since_sweep: 0,
        };
        if !is_valid(&history.recent.failing) {
            return Err(BadHistory::Content("recent logins are out of order"));
        }
        Ok(history)
    }
}

fn sorted<T>(map: rustc_hash::FxHashMap<u64, Latest<T>>) -> Vec<(u64, Latest<T>)> {
    let mut list: Vec<_> = map.into_iter().collect();
    list.sort_unstable_by_key(|(key, _)| *key);
    list
}

fn is_valid<T: Timed>(latest: &Latest<T>) -> bool {
    latest.0.len() <= MAX_ENTRIES && latest.0.is_sorted() && latest.0.iter().all(Timed::is_valid)
}

fn visits<T: Timed>(list: Vec<(u64, Latest<T>)>) -> Result<rustc_hash::FxHashMap<u64, Latest<T>>, BadHistory> {
    let valid = |(_, latest): &(u64, Latest<T>)| is_valid(latest) && !latest.0.is_empty();
    if list.len() > MAX_KEYS || !list.is_sorted_by(|a, b| a.0 < b.0) || !list.iter().all(valid) {
        return Err(BadHistory::Content("recent logins are out of order, duplicated, or too many"));
    }
    Ok(list.into_iter().collect())
}
