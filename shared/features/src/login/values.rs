//! A bounded list of the values (addresses, devices and so on) that a user has logged in with.

/// How often a value was used, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct ValueStats {
    /// The value: a stable hash.
    pub(super) key: u64,
    /// Trusted successful logins with it.
    pub(super) count: u32,
    /// The highest version, where values have versions.
    pub(super) version: u16,
    /// The time of the first login with it, seconds since the epoch.
    pub(super) first: i64,
    /// The time of the last.
    pub(super) last: i64,
}

impl ValueStats {
    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.version = self.version.max(other.version);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// At most `CAPACITY` values, those whose hashes are lowest. The statistics of a kept value are complete, in whatever order
/// lists were filled and merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct ValueList<const CAPACITY: usize>(pub(super) Vec<ValueStats>);

impl<const CAPACITY: usize> ValueList<CAPACITY> {
    /// The statistics of a value.
    pub(super) fn get(&self, key: u64) -> Option<&ValueStats> {
        self.0.binary_search_by_key(&key, |value| value.key).ok().and_then(|at| self.0.get(at))
    }

    pub(super) fn contains(&self, key: u64) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn count(&self, key: u64) -> f64 {
        self.get(key).map_or(0.0, |value| f64::from(value.count))
    }

    /// Counts a value; 0 stands for an unknown value, which is not counted.
    pub(super) fn record(&mut self, key: u64, version: u16, time: i64) {
        if key != 0 {
            self.add(ValueStats { key, count: 1, version, first: time, last: time });
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for value in &other.0 {
            self.add(*value);
        }
    }

    fn add(&mut self, value: ValueStats) {
        match self.0.binary_search_by_key(&value.key, |mine| mine.key) {
            Ok(at) => {
                if let Some(mine) = self.0.get_mut(at) {
                    mine.add(value);
                }
            }
            Err(at) if at < CAPACITY => {
                self.0.insert(at, value);
                self.0.truncate(CAPACITY);
            }
            Err(_) => {}
        }
    }

    /// Whether this module could have produced the list, which may have been read from a file.
    pub(super) fn is_valid(&self) -> bool {
        self.0.len() <= CAPACITY
            && self.0.is_sorted_by(|a, b| a.key < b.key)
            && self.0.iter().all(|value| value.key != 0 && value.first <= value.last)
    }
}
