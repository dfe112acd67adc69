//! The stored form of a baseline: sorted lists, which are checked when they are read.

use std::collections::{BTreeMap, BTreeSet};

use super::Baseline;
use super::prevalence::{Network, Prevalence};
use super::profile::{HostBaseline, Occurrence, PairProfile, TrafficProfile};
use crate::aggregate::{PairKey, Span};
use crate::bounded::{BottomK, Merge, Priority};
use crate::service::Service;
use crate::time::WEEK_HOURS;
use crate::window::Hour;

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBaseline {
    hours: BTreeSet<i64>,
    /// From the start of the first window learned from to the end of the last; 0 and 0 where there is none.
    span: (i64, i64),
    hosts: BTreeMap<String, StoredHost>,
    contacts: StoredMap<PairKey, Prevalence>,
    networks: StoredMap<Network, Prevalence>,
    services: StoredMap<Service, Prevalence>,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHost {
    seen: Occurrence,
    #[serde(rename = "begins")]
    initiated: TrafficProfile,
    #[serde(rename = "serves")]
    served: TrafficProfile,
    sent_by_hour_of_week: Vec<u8>,
    #[serde(rename = "begins_by_service")]
    initiated_by_service: StoredMap<Service, TrafficProfile>,
    #[serde(rename = "serves_by_service")]
    served_by_service: StoredMap<Service, TrafficProfile>,
    pairs: StoredMap<PairKey, PairProfile>,
}

/// The entries of a capped map, ascending, and whether the map dropped any.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMap<K, V> {
    entries: Vec<(K, V)>,
    overflowed: bool,
}

impl<K: Priority, V: Merge + Clone> StoredMap<K, V> {
    fn from_map(mut map: BottomK<K, V>) -> Self {
        map.prune();
        let overflowed = map.overflowed();
        Self { entries: map.sorted().into_iter().map(|(key, value)| (*key, value.clone())).collect(), overflowed }
    }

    fn restore(self, capacity: usize) -> Result<BottomK<K, V>, &'static str> {
        if self.entries.len() > capacity || !self.entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("a baseline with too many entries, or with entries out of order");
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
                initiated: host.initiated,
                served: host.served,
                sent_by_hour_of_week: host.sent_by_hour_of_week,
                initiated_by_service: StoredMap::from_map(host.initiated_by_service),
                served_by_service: StoredMap::from_map(host.served_by_service),
                pairs: StoredMap::from_map(host.pairs),
            };
            (name, stored)
        };
        Self {
            span: if baseline.hours.is_empty() { (0, 0) } else { (baseline.span.first, baseline.span.last) },
            hours: baseline.hours.iter().map(|hour| hour.start()).collect(),
            hosts: baseline.hosts.into_iter().map(host).collect(),
            contacts: StoredMap::from_map(baseline.contacts),
            networks: StoredMap::from_map(baseline.networks),
            services: StoredMap::from_map(baseline.services),
        }
    }
}

impl TryFrom<StoredBaseline> for Baseline {
    type Error = &'static str;

    fn try_from(stored: StoredBaseline) -> Result<Self, &'static str> {
        /// Times from 1970 to 2100, whose sums do not overflow.
        const TIMES: std::ops::Range<i64> = 0..4_102_444_800;
        let hour = |start: i64| {
            (TIMES.contains(&start) && Hour::from_time(start).start() == start).then(|| Hour::from_time(start))
        };
        let hours: Option<BTreeSet<Hour>> = stored.hours.into_iter().map(hour).collect();
        let (first, last) = stored.span;
        if !TIMES.contains(&first) || !TIMES.contains(&last) || first > last {
            return Err("a baseline with an invalid time span");
        }
        let host = |(name, host): (String, StoredHost)| {
            if host.sent_by_hour_of_week.len() != WEEK_HOURS {
                return Err("a baseline whose week does not have 168 hours");
            }
            let restored = HostBaseline {
                seen: host.seen,
                initiated: host.initiated,
                served: host.served,
                sent_by_hour_of_week: host.sent_by_hour_of_week,
                initiated_by_service: host.initiated_by_service.restore(HostBaseline::MAX_SERVICES)?,
                served_by_service: host.served_by_service.restore(HostBaseline::MAX_SERVICES)?,
                pairs: host.pairs.restore(HostBaseline::MAX_PAIRS)?,
            };
            Ok((name, restored))
        };
        if stored.hosts.len() > Self::MAX_HOSTS {
            return Err("a baseline with too many hosts");
        }
        let hours = hours.ok_or("a baseline with an invalid hour")?;
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

impl serde::Serialize for Baseline {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredBaseline::from(self.clone()).serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Baseline {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = <StoredBaseline as serde::Deserialize>::deserialize(deserializer)?;
        Self::try_from(stored).map_err(serde::de::Error::custom)
    }
}

/// Baselines are equal when their stored forms are.
impl PartialEq for Baseline {
    fn eq(&self, other: &Self) -> bool {
        StoredBaseline::from(self.clone()) == StoredBaseline::from(other.clone())
    }
}
