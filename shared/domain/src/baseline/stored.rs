//! The stored form of a baseline: in order, and checked when read.

use std::collections::{BTreeMap, BTreeSet};

use super::{Baseline, Habit, HostBaseline, Network, PairHabit, Prevalence, Seen};
use crate::aggregate::{PairKey, Service, Span};
use crate::bounded::{BottomK, Merge, Priority};
use crate::window::Hour;

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredBaseline {
    hours: BTreeSet<i64>,
    /// When the first window learned from begins and the last one ends; 0 and 0 where there is none.
    span: (i64, i64),
    hosts: BTreeMap<String, StoredHost>,
    contacts: Kept<PairKey, Prevalence>,
    networks: Kept<Network, Prevalence>,
    services: Kept<Service, Prevalence>,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHost {
    seen: Seen,
    begins: Habit,
    serves: Habit,
    sent_by_hour_of_week: Vec<u8>,
    begins_by_service: Kept<Service, Habit>,
    serves_by_service: Kept<Service, Habit>,
    pairs: Kept<PairKey, PairHabit>,
}

/// What a capped map keeps, ascending, and whether it dropped anything.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<K, V> {
    entries: Vec<(K, V)>,
    overflowed: bool,
}

impl<K: Priority, V: Merge + Clone> Kept<K, V> {
    fn of(mut map: BottomK<K, V>) -> Self {
        map.prune();
        let overflowed = map.overflowed();
        Self { entries: map.sorted().into_iter().map(|(key, value)| (*key, value.clone())).collect(), overflowed }
    }

    fn restore(self, capacity: usize) -> Result<BottomK<K, V>, &'static str> {
        if self.entries.len() > capacity || !self.entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("a baseline with more entries than are kept, or not in order");
        }
        let mut map = BottomK::new(capacity);
        for (key, value) in self.entries {
            if let Some(mine) = map.entry(key) {
                *mine = value;
            }
        }
        if self.overflowed {
            map.restore_overflow();
        }
        Ok(map)
    }
}

impl From<Baseline> for StoredBaseline {
    fn from(baseline: Baseline) -> Self {
        let host = |(name, host): (String, HostBaseline)| {
            let stored = StoredHost {
                seen: host.seen,
                begins: host.begins,
                serves: host.serves,
                sent_by_hour_of_week: host.sent_by_hour_of_week,
                begins_by_service: Kept::of(host.begins_by_service),
                serves_by_service: Kept::of(host.serves_by_service),
                pairs: Kept::of(host.pairs),
            };
            (name, stored)
        };
        Self {
            span: if baseline.hours.is_empty() { (0, 0) } else { (baseline.span.first, baseline.span.last) },
            hours: baseline.hours.iter().map(|hour| hour.start()).collect(),
            hosts: baseline.hosts.into_iter().map(host).collect(),
            contacts: Kept::of(baseline.contacts),
            networks: Kept::of(baseline.networks),
            services: Kept::of(baseline.services),
        }
    }
}

impl TryFrom<StoredBaseline> for Baseline {
    type Error = &'static str;

    fn try_from(stored: StoredBaseline) -> Result<Self, &'static str> {
        /// Times whose sums do not overflow: until the year 2100.
        const TIMES: std::ops::Range<i64> = 0..4_102_444_800;
        let hour = |start: i64| (TIMES.contains(&start) && Hour::of(start).start() == start).then(|| Hour::of(start));
        let hours: Option<BTreeSet<Hour>> = stored.hours.into_iter().map(hour).collect();
        let (first, last) = stored.span;
        if !TIMES.contains(&first) || !TIMES.contains(&last) || first > last {
            return Err("a baseline of a time that is none");
        }
        let host = |(name, host): (String, StoredHost)| {
            if host.sent_by_hour_of_week.len() != HostBaseline::WEEK {
                return Err("a baseline with a week of other than 168 hours");
            }
            let restored = HostBaseline {
                seen: host.seen,
                begins: host.begins,
                serves: host.serves,
                sent_by_hour_of_week: host.sent_by_hour_of_week,
                begins_by_service: host.begins_by_service.restore(HostBaseline::MAX_SERVICES)?,
                serves_by_service: host.serves_by_service.restore(HostBaseline::MAX_SERVICES)?,
                pairs: host.pairs.restore(HostBaseline::MAX_PAIRS)?,
            };
            Ok((name, restored))
        };
        if stored.hosts.len() > Self::MAX_HOSTS {
            return Err("a baseline of more hosts than are kept");
        }
        let hours = hours.ok_or("a baseline with hours that are none")?;
        Ok(Self {
            span: if hours.is_empty() { Span::default() } else { Span { first, last } },
            hours,
            hosts: stored.hosts.into_iter().map(host).collect::<Result<_, &'static str>>()?,
            contacts: stored.contacts.restore(Self::MAX_CONTACTS)?,
            networks: stored.networks.restore(Self::MAX_NETWORKS)?,
            services: stored.services.restore(Self::MAX_SERVICES)?,
        })
    }
}
