//! Who came by in the last day, by address, device and user: what bursts are seen in.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

/// A day, milliseconds.
pub(super) const DAY: i64 = 86_400_000;
/// An hour.
pub(super) const HOUR: i64 = 3_600_000;

/// Somebody at an address, or with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Glance {
    pub(super) time: i64,
    pub(super) user: u64,
    /// How strange the place was to the user, in hundredths.
    pub(super) stranger: u8,
    pub(super) failed: bool,
}

/// A login of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Own {
    pub(super) time: i64,
    pub(super) address: u64,
    pub(super) network: u64,
    pub(super) device: u64,
    pub(super) failed: bool,
    /// What it was scored, in thousandths.
    pub(super) score: i32,
    /// How surprising its bytes were, in hundredths of `−ln p`.
    pub(super) surprise: u16,
}

pub(super) trait Timed: Copy + Ord {
    fn time(&self) -> i64;

    /// Whether it is as this program makes them: for what was read from a file.
    fn is_sound(&self) -> bool {
        true
    }
}

impl Timed for Glance {
    fn time(&self) -> i64 {
        self.time
    }

    fn is_sound(&self) -> bool {
        self.stranger <= 100
    }
}

impl Timed for Own {
    fn time(&self) -> i64 {
        self.time
    }
}

/// The last entries of a key, in order of time, at most [`MAX`]; the latest stay.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Latest<T>(pub(super) Vec<T>);

/// Entries of a key at most.
pub(super) const MAX: usize = 256;

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
            let at = self.0.partition_point(|known| *known <= entry);
            self.0.insert(at, entry);
        }
        // Twice the capacity before anything moves: amortised O(1).
        if self.0.len() >= 2 * MAX {
            self.prune(i64::MIN);
        }
    }

    /// Drops what is older than a time, and all but the latest.
    pub(super) fn prune(&mut self, oldest: i64) {
        let old = self.0.partition_point(|entry| entry.time() < oldest);
        let beyond = self.0.len().saturating_sub(MAX);
        self.0.drain(..old.max(beyond));
    }

    /// The entries of a window that ends at a time, at most [`MAX`] of them.
    pub(super) fn within(&self, now: i64, window: i64) -> &[T] {
        let from = self.0.partition_point(|entry| entry.time() < now.saturating_sub(window));
        let to = self.0.partition_point(|entry| entry.time() <= now);
        let slice = self.0.get(from..to).unwrap_or_default();
        slice.get(slice.len().saturating_sub(MAX)..).unwrap_or_default()
    }
}

/// The last day.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    pub(super) addresses: FxHashMap<u64, Latest<Glance>>,
    pub(super) devices: FxHashMap<u64, Latest<Glance>>,
    pub(super) users: FxHashMap<u64, Latest<Own>>,
    /// Strangers who failed, wherever.
    pub(super) failing: Latest<Glance>,
    /// The latest time seen.
    pub(super) newest: i64,
    pub(super) since_sweep: u32,
}

/// Keys of a kind at most; of more, those with the lowest hashes stay.
pub(super) const MAX_KEYS: usize = 1 << 18;

impl Recent {
    /// Notes that time has come to here, and now and then forgets what is a day old.
    pub(super) fn advance(&mut self, time: i64) {
        self.newest = self.newest.max(time);
        self.since_sweep += 1;
        if self.since_sweep >= 1 << 16 {
            self.sweep();
        }
    }

    /// Forgets what is a day old or beyond a capacity. What is told of a login is the same before and after.
    pub(super) fn sweep(&mut self) {
        self.since_sweep = 0;
        let oldest = self.newest.saturating_sub(DAY);
        sweep(&mut self.addresses, oldest);
        sweep(&mut self.devices, oldest);
        sweep(&mut self.users, oldest);
        self.failing.prune(self.newest.saturating_sub(HOUR));
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
        let known = mine.entry(key).or_default();
        *known = merged(std::mem::take(known), list);
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
