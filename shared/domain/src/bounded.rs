//! Maps of bounded size whose content does not depend on the order of insertion: the keys that hash lowest are kept.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// A value that merges with another. Merging is associative and commutative, with `Default` as identity.
pub trait Merge: Default {
    /// Merges another value into this one.
    fn merge(&mut self, other: Self);
}

/// A key with a stable, uniformly distributed priority. Keys of low priority values are kept longest.
pub trait Priority: Copy + Eq + Hash + Ord {
    /// A hash of the key, the same on every machine and in every version of the stored format.
    fn priority(&self) -> u64;
}

/// A map of at most `capacity` keys: of all inserted keys, those with the lowest priority values (a bottom-k sample).
///
/// A key among the lowest of a union is among the lowest of each part that has it. So the value of a kept key is complete, and
/// inserting and merging give the same result in any order and grouping. Keys beyond the capacity are dropped;
/// [`BottomK::overflowed`] says whether there were any.
#[derive(Debug, Clone)]
pub struct BottomK<K, V> {
    entries: FxHashMap<K, V>,
    capacity: usize,
    /// The highest (priority, key) that may still be inserted, once a key was dropped.
    limit: Option<(u64, K)>,
}

impl<K: Priority, V: Merge> BottomK<K, V> {
    /// An empty map with a capacity of at least 1.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { entries: FxHashMap::default(), capacity: capacity.max(1), limit: None }
    }

    /// The value of a key, inserted if absent; `None` when the key is beyond the capacity.
    ///
    /// Amortised O(1): the map grows to twice its capacity and is then pruned.
    pub fn entry(&mut self, key: K) -> Option<&mut V> {
        if self.limit.is_some_and(|limit| (key.priority(), key) > limit) {
            return None;
        }
        if self.entries.len() >= self.capacity * 2 && !self.entries.contains_key(&key) {
            self.prune();
            return self.entry_after_prune(key);
        }
        Some(self.entries.entry(key).or_default())
    }

    fn entry_after_prune(&mut self, key: K) -> Option<&mut V> {
        match self.limit {
            Some(limit) if (key.priority(), key) > limit => None,
            _ => Some(self.entries.entry(key).or_default()),
        }
    }

    /// Merges another map of the same capacity into this one.
    pub fn merge(&mut self, other: Self) {
        if let Some(theirs) = other.limit {
            self.limit = Some(self.limit.map_or(theirs, |mine| mine.min(theirs)));
            if let Some(limit) = self.limit {
                self.entries.retain(|k, _| (k.priority(), *k) <= limit);
            }
        }
        for (key, value) in other.entries {
            if let Some(mine) = self.entry(key) {
                mine.merge(value);
            }
        }
    }

    /// Drops keys beyond the capacity. To be called before the map is read as a whole.
    pub fn prune(&mut self) {
        if self.entries.len() <= self.capacity {
            return;
        }
        let mut order: Vec<(u64, K)> = self.entries.keys().map(|k| (k.priority(), *k)).collect();
        let (_, last, _) = order.select_nth_unstable(self.capacity - 1);
        let limit = *last;
        self.entries.retain(|k, _| (k.priority(), *k) <= limit);
        self.limit = Some(limit);
    }

    /// Lowers the capacity, to at least 1, and drops keys beyond it.
    pub fn shrink_to(&mut self, capacity: usize) {
        self.capacity = self.capacity.min(capacity.max(1));
        self.prune();
    }

    /// Whether keys were dropped or would be by [`BottomK::prune`].
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.limit.is_some() || self.entries.len() > self.capacity
    }

    /// Marks the map as one that dropped keys, when it is restored from its stored form.
    pub fn restore_overflow(&mut self) {
        if self.limit.is_none() {
            self.limit = self.entries.keys().map(|k| (k.priority(), *k)).max();
        }
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key, if kept.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// All entries in no particular order. Sort them before they are shown or stored.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    /// Changes every value.
    pub fn for_each_mut(&mut self, change: impl FnMut(&mut V)) {
        self.entries.values_mut().for_each(change);
    }

    /// All entries in the order of their keys.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(k, _)| **k);
        entries
    }

    /// All entries, by value and in no particular order.
    pub fn into_entries(self) -> impl Iterator<Item = (K, V)> {
        self.entries.into_iter()
    }
}

/// Maps are equal when they have the same entries after pruning.
impl<K: Priority, V: Merge + Clone + PartialEq> PartialEq for BottomK<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let (mut a, mut b) = (self.clone(), other.clone());
        a.prune();
        b.prune();
        a.capacity == b.capacity && a.overflowed() == b.overflowed() && a.entries == b.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distinct::stable_hash;
    use proptest::prelude::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    struct Key(u16);

    impl Priority for Key {
        fn priority(&self) -> u64 {
            stable_hash(&self.0.to_le_bytes())
        }
    }

    #[derive(Debug, Clone, Default, PartialEq)]
    struct Count(u64);

    impl Merge for Count {
        fn merge(&mut self, other: Self) {
            self.0 += other.0;
        }
    }

    fn map(keys: &[u16]) -> BottomK<Key, Count> {
        let mut m = BottomK::<Key, Count>::new(8);
        for k in keys {
            if let Some(count) = m.entry(Key(*k)) {
                count.0 += 1;
            }
        }
        m
    }

    proptest! {
        #[test]
        fn any_order_and_grouping_gives_the_same(keys in prop::collection::vec(0u16..60, 0..120), cut in 0usize..120, turn in 0usize..120) {
            let whole = map(&keys);
            let cut = cut.min(keys.len());
            let mut parts = map(&keys[cut..]);
            parts.merge(map(&keys[..cut]));
            prop_assert_eq!(&whole, &parts);
            let mut rotated = keys.clone();
            rotated.rotate_left(turn.min(keys.len()));
            prop_assert_eq!(&whole, &map(&rotated));
            let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
            prop_assert_eq!(whole.overflowed(), distinct.len() > 8);
        }
    }
}
