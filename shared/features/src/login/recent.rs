//! The logins of the last day by address, device and user, in which bursts are detected.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;
use weir_domain::time::{DAY_MILLIS, HOUR_MILLIS};

/// A login at an address or with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Visit {
    pub(super) time: i64,
    pub(super) user: u64,
    /// How new the location was to the user, in hundredths.
    pub(super) novelty: u8,
    pub(super) failed: bool,
}

/// A login of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct UserLogin {
    pub(super) time: i64,
    pub(super) address: u64,
    pub(super) network: u64,
    pub(super) device: u64,
    pub(super) failed: bool,
    /// Its score, in thousandths.
    pub(super) score: i32,
    /// The surprise of its bytes (`−ln p`), in hundredths.
    pub(super) surprise: u16,
}

/// An entry with a time, milliseconds since the epoch.
pub(super) trait Timed: Copy + Ord {
    fn time(&self) -> i64;

    /// Whether this program could have produced the entry, which may have been read from a file.
    fn is_valid(&self) -> bool {
        true
    }
}

impl Timed for Visit {
    fn time(&self) -> i64 {
        self.time
    }

    fn is_valid(&self) -> bool {
        self.novelty <= 100
    }
}

impl Timed for UserLogin {
    fn time(&self) -> i64 {
        self.time
    }
}

/// The latest entries of a key, at most [`MAX_ENTRIES`], in order of time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Latest<T>(pub(super) Vec<T>);

/// The maximum number of entries of a key.
pub(super) const MAX_ENTRIES: usize = 256;

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Timed> Latest<T> {
    pub(super) fn push(&mut self, entry: T) {
        if self.0.last().is_none_or(|last| last.cmp(&entry) != Ordering::Greater) {
            self.0.push(entry);
        } else {
            let at = self.0.partition_point(|other| *other <= entry);
            self.0.insert(at, entry);
        }
        // Pruned only at twice the capacity: amortised O(1).
        if self.0.len() >= 2 * MAX_ENTRIES {
            self.prune(i64::MIN);
        }
    }

    /// Drops entries older than a time, and all but the latest [`MAX_ENTRIES`].
    pub(super) fn prune(&mut self, oldest: i64) {
        let old = self.0.partition_point(|entry| entry.time() < oldest);
        let beyond = self.0.len().saturating_sub(MAX_ENTRIES);
        self.0.drain(..old.max(beyond));
    }

    /// The entries of a time window that ends now, at most the latest [`MAX_ENTRIES`].
    pub(super) fn within(&self, now: i64, window: i64) -> &[T] {
        let from = self.0.partition_point(|entry| entry.time() < now.saturating_sub(window));
        let to = self.0.partition_point(|entry| entry.time() <= now);
        let slice = self.0.get(from..to).unwrap_or_default();
        slice.get(slice.len().saturating_sub(MAX_ENTRIES)..).unwrap_or_default()
    }
}

/// The logins of the last day.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    pub(super) addresses: FxHashMap<u64, Latest<Visit>>,
    pub(super) devices: FxHashMap<u64, Latest<Visit>>,
    pub(super) users: FxHashMap<u64, Latest<UserLogin>>,
    /// Failed logins from new locations, at any address.
    pub(super) failing: Latest<Visit>,
    /// The time of the latest login.
    pub(super) newest: i64,
    pub(super) since_sweep: u32,
}

/// The maximum number of addresses, devices and users each. Beyond, those with the lowest hashes are kept.
pub(super) const MAX_KEYS: usize = 1 << 18;

impl Recent {
    /// Advances the clock, and from time to time drops what is a day old.
    pub(super) fn advance(&mut self, time: i64) {
        self.newest = self.newest.max(time);
        self.since_sweep += 1;
        if self.since_sweep >= 1 << 16 {
            self.sweep();
        }
    }

    /// Drops what is a day old or beyond a capacity. The evidence of later logins is the same before and after.
    pub(super) fn sweep(&mut self) {
        self.since_sweep = 0;
        let oldest = self.newest.saturating_sub(DAY_MILLIS);
        sweep(&mut self.addresses, oldest);
        sweep(&mut self.devices, oldest);
        sweep(&mut self.users, oldest);
        self.failing.prune(self.newest.saturating_sub(HOUR_MILLIS));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.newest = self.newest.max(other.newest);
        join(&mut self.addresses, other.addresses);
        join(&mut self.devices, other.devices);
        join(&mut self.users, other.users);
        self.failing = merged(std::mem::take(&mut self.failing), other.failing);
        self.sweep();
    }
}

fn merged<T: Timed>(mut mine: Latest<T>, theirs: Latest<T>) -> Latest<T> {
    mine.0.extend(theirs.0);
    mine.0.sort_unstable();
    mine.prune(i64::MIN);
    mine
}

fn join<T: Timed>(mine: &mut FxHashMap<u64, Latest<T>>, theirs: FxHashMap<u64, Latest<T>>) {
    for (key, list) in theirs {
        let entries = mine.entry(key).or_default();
        *entries = merged(std::mem::take(entries), list);
    }
}

fn sweep<T: Timed>(map: &mut FxHashMap<u64, Latest<T>>, oldest: i64) {
    map.retain(|_, list| {
        list.prune(oldest);
        !list.0.is_empty()
    });
    if map.len() > MAX_KEYS {
        let mut keys: Vec<u64> = map.keys().copied().collect();
        let (_, last, _) = keys.select_nth_unstable(MAX_KEYS - 1);
        let limit = *last;
        map.retain(|key, _| *key <= limit);
    }
}
