//! Values a user was seen with, in a list that never grows past a capacity.

/// How often a value was seen, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Seen {
    /// The value: a stable hash.
    pub(super) key: u64,
    /// Successful logins with it that were believed.
    pub(super) count: u32,
    /// The highest version seen, where values have versions.
    pub(super) version: u16,
    /// First time, seconds since the epoch.
    pub(super) first: i64,
    /// Last time.
    pub(super) last: i64,
}

impl Seen {
    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.version = self.version.max(other.version);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// At most `CAPACITY` values, those whose hashes are lowest: what is kept of a value is complete, whatever the order in
/// which lists were made and merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct SeenList<const CAPACITY: usize>(pub(super) Vec<Seen>);

impl<const CAPACITY: usize> SeenList<CAPACITY> {
    /// What was seen of a value.
    pub(super) fn get(&self, key: u64) -> Option<&Seen> {
        self.0.binary_search_by_key(&key, |seen| seen.key).ok().and_then(|at| self.0.get(at))
    }

    pub(super) fn has(&self, key: u64) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn count(&self, key: u64) -> f64 {
        self.get(key).map_or(0.0, |seen| f64::from(seen.count))
    }

    /// Counts a value; 0 stands for none.
    pub(super) fn see(&mut self, key: u64, version: u16, time: i64) {
        if key != 0 {
            self.absorb(Seen { key, count: 1, version, first: time, last: time });
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for seen in &other.0 {
            self.absorb(*seen);
        }
    }

    fn absorb(&mut self, seen: Seen) {
        match self.0.binary_search_by_key(&seen.key, |mine| mine.key) {
            Ok(at) => {
                if let Some(mine) = self.0.get_mut(at) {
                    mine.absorb(seen);
                }
            }
            Err(at) if at < CAPACITY => {
                self.0.insert(at, seen);
                self.0.truncate(CAPACITY);
            }
            Err(_) => {}
        }
    }

    /// Whether it is as this module makes them: for what was read from a file.
    pub(super) fn is_sound(&self) -> bool {
        self.0.len() <= CAPACITY
            && self.0.is_sorted_by(|a, b| a.key < b.key)
            && self.0.iter().all(|seen| seen.key != 0 && seen.first <= seen.last)
    }
}
