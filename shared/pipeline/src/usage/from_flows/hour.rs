//! The traffic with cloud providers in one hour of flow logs: bytes, packets and flows per provider, service, region and half
//! hour.
//!
//! Every step with rows has a measurement `rows` of the log itself. A service without a measurement in such a step has usage
//! 0.

use std::collections::BTreeMap;

use weir_domain::time::{HALF_HOUR_SECONDS, HOUR_SECONDS};
use weir_domain::usage::UsagePoint;
use weir_domain::window::Hour;
use weir_ingest::ranges::CloudService;

use super::attribution::other_provider;

/// The length of a step, seconds.
pub(crate) const STEP: i64 = HALF_HOUR_SECONDS;

/// The metrics of every place.
pub(crate) const METRICS: [&str; 3] = ["bytes", "packets", "flows"];

/// The metric of the log itself: the number of rows.
const ROWS: &str = "rows";

/// The name and value of the key that marks series derived from flow logs.
const SOURCE: (&str, &str) = ("source", "flow-logs");

/// The maximum number of places in an hour. Traffic beyond them counts as `other`.
pub(crate) const MAX_PLACES: usize = 2000;

/// The maximum length of a name in bytes.
const MAX_NAME_LEN: usize = 256;

/// Bytes, packets and flows by step, seconds since the epoch.
pub(crate) type Counts = BTreeMap<i64, [u64; 3]>;

/// The counts of an hour. Merging is commutative and associative, as long as there are at most 2,000 places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HourUsage {
    /// The rows of the log by step.
    pub(crate) rows: BTreeMap<i64, u64>,
    pub(crate) places: BTreeMap<CloudService, Counts>,
}

/// The stored form: `[step, rows]`, and provider, service, region, step and counts.
type Stored = (Vec<(i64, u64)>, Vec<(String, String, String, i64, [u64; 3])>);

impl HourUsage {
    /// Adds other counts of the same hour.
    pub fn merge(&mut self, other: Self) {
        for (step, rows) in other.rows {
            let sum = self.rows.entry(step).or_default();
            *sum = sum.saturating_add(rows);
        }
        for (place, counts) in other.places {
            let full = self.places.len() >= MAX_PLACES && !self.places.contains_key(&place);
            let sums = self.places.entry(if full { other_provider() } else { place }).or_default();
            for (step, more) in counts {
                add(sums.entry(step).or_default(), more);
            }
        }
    }

    /// The stored form as JSON. Equal counts give equal text.
    pub(crate) fn encode(&self) -> Result<String, serde_json::Error> {
        let places = self.places.iter().flat_map(|(place, counts)| {
            let CloudService { provider, service, region } = place;
            counts.iter().map(|(step, counts)| (provider.clone(), service.clone(), region.clone(), *step, *counts))
        });
        let stored: Stored = (self.rows.iter().map(|(step, rows)| (*step, *rows)).collect(), places.collect());
        serde_json::to_string(&stored)
    }

    /// Decodes the stored form, which may be damaged or forged; `None` if it is invalid or of another hour.
    pub(crate) fn decode(text: &str, hour: Hour) -> Option<Self> {
        let (rows, places): Stored = serde_json::from_str(text).ok()?;
        let of_hour = |step: i64| step % STEP == 0 && (0..HOUR_SECONDS).contains(&step.saturating_sub(hour.start()));
        let mut usage = Self::default();
        for (step, rows) in rows {
            of_hour(step).then(|| usage.rows.insert(step, rows))?;
        }
        for (provider, service, region, step, counts) in places {
            let named = [&provider, &service, &region]
                .iter()
                .all(|name| name.len() <= MAX_NAME_LEN && !name.chars().any(char::is_control));
            let of_step = usage.places.entry(CloudService { provider, service, region }).or_default();
            (named && of_hour(step)).then(|| of_step.insert(step, counts))?;
        }
        (usage.places.len() <= MAX_PLACES + 1).then_some(usage)
    }

    /// Calls back for every measurement.
    pub(crate) fn each<E>(&self, mut each: impl FnMut(&UsagePoint<'_>) -> Result<(), E>) -> Result<(), E> {
        for (step, rows) in &self.rows {
            each(&UsagePoint { time: *step, keys: &[SOURCE], metric: ROWS, value: *rows as f64, label: "" })?;
        }
        for (place, counts) in &self.places {
            let CloudService { provider, service, region } = place;
            let keys = [("provider", &**provider), ("region", &**region), ("service", &**service), SOURCE];
            for (step, counts) in counts {
                for (metric, count) in METRICS.iter().zip(counts) {
                    each(&UsagePoint { time: *step, keys: &keys, metric, value: *count as f64, label: "" })?;
                }
            }
        }
        Ok(())
    }
}

/// Adds counts, saturating.
pub(super) fn add(sums: &mut [u64; 3], more: [u64; 3]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(more);
    }
}

/// Whether these are the keys of a series derived from flow logs.
pub(crate) fn is_from_flow_logs(keys: &[(String, String)]) -> bool {
    keys.iter().any(|(name, value)| (&**name, &**value) == SOURCE)
}

/// Whether a measurement is the number of rows of the log itself.
pub(crate) fn is_row_count(metric: &str, keys: &[(String, String)]) -> bool {
    metric == ROWS && keys.len() == 1 && is_from_flow_logs(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 1_700_000_000 - 1_700_000_000 % 3600;

    fn usage(places: usize, count: u64) -> HourUsage {
        let place = |n: usize| CloudService { provider: format!("p{n}"), service: "s".into(), region: "r".into() };
        HourUsage {
            rows: BTreeMap::from([(HOUR, 7), (HOUR + STEP, 1)]),
            places: (0..places).map(|n| (place(n), Counts::from([(HOUR + STEP, [count; 3])]))).collect(),
        }
    }

    #[test]
    fn decoding_inverts_encoding_and_sums_do_not_overflow() {
        let mut one = usage(3, u64::MAX - 1);
        let text = one.encode().unwrap();
        assert_eq!(HourUsage::decode(&text, Hour::from_time(HOUR)), Some(one.clone()));
        assert_eq!(HourUsage::decode(&text, Hour::from_time(HOUR + 3600)), None);
        assert_eq!(HourUsage::decode("[[],[]] ", Hour::from_time(HOUR)), Some(HourUsage::default()));
        for damaged in ["", "[]", "{}", &text.replace("[17", "[18"), &text.replace("p0", "p\\u0000")] {
            assert!(HourUsage::decode(damaged, Hour::from_time(HOUR)).is_none(), "{damaged}");
        }
        one.merge(usage(4, 2));
        assert_eq!((one.rows[&HOUR], one.places.len()), (14, 4));
        assert!(one.places.values().take(3).all(|counts| counts[&(HOUR + STEP)] == [u64::MAX; 3]));
    }

    #[test]
    fn places_beyond_the_limit_count_as_other() {
        let mut all = usage(MAX_PLACES - 1, 1);
        all.merge(usage(MAX_PLACES + 100, 1));
        assert_eq!(all.places.len(), MAX_PLACES + 1);
        assert_eq!(all.places[&other_provider()][&(HOUR + STEP)], [100; 3]);
        assert!(HourUsage::decode(&all.encode().unwrap(), Hour::from_time(HOUR)).is_some());
    }

    #[test]
    fn every_step_has_its_rows() {
        let mut points = Vec::new();
        let each = |point: &UsagePoint<'_>| {
            points.push((point.time, point.metric.to_owned(), point.value));
            Ok::<(), ()>(())
        };
        usage(1, 5).each(each).unwrap();
        assert_eq!((points.len(), &points[0], &points[1].1[..]), (5, &(HOUR, "rows".to_owned(), 7.0), "rows"));
        assert_eq!(points[4], (HOUR + STEP, "flows".to_owned(), 5.0));
    }
}
