//! Counts bytes, packets and flows of flow logs per provider, service and region of the external end ([`super::attribution`]).
//!
//! A row counts in the step in which it starts. Only accepted traffic counts. Traffic inside the network is logged by both
//! interfaces; if the log has directions, it counts once, at the sender. In a step with any row of the log, a provider
//! without rows has usage 0; a step without any row is a gap.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use weir_domain::flow::{Action, FlowRecord};
use weir_domain::usage::UsageSeries;
use weir_domain::window::Hour;
use weir_ingest::ranges::{CloudService, ProviderRanges};
use weir_ingest::usage::{ResampleParams, TooMuchUsage};

use super::attribution::{Attribution, attribute, other_provider};
use super::hour::{Counts, HourUsage, METRICS, add};

/// Sums of flows by provider and step. The order of rows does not matter.
#[derive(Debug, Clone)]
pub struct FlowUsage {
    ranges: Arc<ProviderRanges>,
    limits: ResampleParams,
    /// Bytes, packets and flows by place and step.
    places: Vec<(CloudService, Counts)>,
    numbers: HashMap<CloudService, usize>,
    /// The number of each service of the published ranges that has traffic.
    of_ranges: Vec<Option<usize>>,
    /// The number of the provider `other`, if it has traffic.
    others: Option<usize>,
    /// The last named place, cached.
    last: Option<(Named, usize)>,
    /// Rows of the log per step; steps without rows are absent.
    steps: BTreeMap<i64, u64>,
    entries: u64,
}

/// An [`Attribution::Named`] with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    provider: &'static str,
    service: String,
    region: String,
}

impl FlowUsage {
    /// Starts without flows. Of the limits, step length, number of series and number of steps apply.
    #[must_use]
    pub fn new(ranges: Arc<ProviderRanges>, limits: ResampleParams) -> Self {
        Self {
            ranges,
            limits,
            places: Vec::new(),
            numbers: HashMap::new(),
            of_ranges: Vec::new(),
            others: None,
            last: None,
            steps: BTreeMap::new(),
            entries: 0,
        }
    }

    /// Adds a row. O(log ranges).
    ///
    /// # Errors
    /// When there are more series or steps than the limits. The row is then not counted.
    pub fn add(&mut self, record: &FlowRecord<'_>) -> Result<(), TooMuchUsage> {
        let (step, ranges) = (self.step(record), Arc::clone(&self.ranges));
        let attribution = match record.action {
            Action::Accept => attribute(&ranges, record),
            Action::Reject => None,
        };
        if let Some(attribution) = attribution {
            let number = self.number(&attribution)?;
            self.count(number, step, [record.bytes, record.packets, 1])?;
        }
        self.count_rows(step, 1)
    }

    /// Adds a row as traffic with the provider `other`, after [`add`](Self::add) failed on the limit of series.
    ///
    /// # Errors
    /// When there are more steps than the limit. The row is then not counted.
    pub fn add_to_other(&mut self, record: &FlowRecord<'_>) -> Result<(), TooMuchUsage> {
        let step = self.step(record);
        let number = self.number_of(other_provider());
        self.count(number, step, [record.bytes, record.packets, 1])?;
        self.count_rows(step, 1)
    }

    fn step(&self, record: &FlowRecord<'_>) -> i64 {
        record.start.div_euclid(i64::from(self.limits.step_seconds.get()))
    }

    /// An empty counter with the same ranges and limits, for a file that may turn out unreadable.
    #[must_use]
    pub fn empty(&self) -> Self {
        Self::new(Arc::clone(&self.ranges), self.limits)
    }

    /// Adds the counts of another counter with the same limits.
    ///
    /// # Errors
    /// When together they exceed the limits of series or steps. Part of the other is then counted.
    pub fn merge(&mut self, other: Self) -> Result<(), TooMuchUsage> {
        for (step, rows) in other.steps {
            self.count_rows(step, rows)?;
        }
        for (place, counts) in other.places {
            let number = self.new_number(&place)?;
            for (step, more) in counts {
                self.count(number, step, more)?;
            }
        }
        Ok(())
    }

    fn count_rows(&mut self, step: i64, rows: u64) -> Result<(), TooMuchUsage> {
        if let Some(sum) = self.steps.get_mut(&step) {
            *sum = sum.saturating_add(rows);
            return Ok(());
        }
        if self.steps.len() as u64 >= self.limits.max_steps {
            return Err(TooMuchUsage::Steps { limit: self.limits.max_steps });
        }
        self.steps.insert(step, rows);
        Ok(())
    }

    /// The number of a place. Allocates no text for a place that already has one.
    fn number(&mut self, attribution: &Attribution<'_>) -> Result<usize, TooMuchUsage> {
        match *attribution {
            Attribution::Range(range) => {
                let at = range as usize;
                if let Some(number) = self.of_ranges.get(at).copied().flatten() {
                    return Ok(number);
                }
                let place = self.ranges.service(range).cloned().unwrap_or_else(other_provider);
                let number = self.new_number(&place)?;
                if self.of_ranges.len() <= at {
                    self.of_ranges.resize(at + 1, None);
                }
                self.of_ranges[at] = Some(number);
                Ok(number)
            }
            Attribution::Named { provider, service, region } => {
                let is =
                    |named: &Named| named.provider == provider && named.service == service && named.region == region;
                if let Some((_, number)) = self.last.as_ref().filter(|(named, _)| is(named)) {
                    return Ok(*number);
                }
                let number = self.new_number(&CloudService {
                    provider: provider.to_owned(),
                    service: service.to_ascii_lowercase(),
                    region: region.to_owned(),
                })?;
                self.last = Some((Named { provider, service: service.to_owned(), region: region.to_owned() }, number));
                Ok(number)
            }
            Attribution::Other => {
                if let Some(number) = self.others {
                    return Ok(number);
                }
                let number = self.new_number(&other_provider())?;
                self.others = Some(number);
                Ok(number)
            }
        }
    }

    /// The number of a place, assigned if it has none.
    fn new_number(&mut self, place: &CloudService) -> Result<usize, TooMuchUsage> {
        if let Some(number) = self.numbers.get(place) {
            return Ok(*number);
        }
        // Each place is one series for every metric.
        if (self.places.len() + 1) * METRICS.len() > self.limits.max_series {
            return Err(TooMuchUsage::Series { limit: self.limits.max_series });
        }
        Ok(self.number_of(place.clone()))
    }

    fn number_of(&mut self, place: CloudService) -> usize {
        let Self { places, numbers, .. } = self;
        *numbers.entry(place).or_insert_with_key(|place| {
            places.push((place.clone(), Counts::new()));
            places.len() - 1
        })
    }

    fn count(&mut self, number: usize, step: i64, more: [u64; 3]) -> Result<(), TooMuchUsage> {
        let (_, counts) = &mut self.places[number];
        if let Some(sums) = counts.get_mut(&step) {
            add(sums, more);
            return Ok(());
        }
        if self.entries >= self.limits.max_steps {
            return Err(TooMuchUsage::Steps { limit: self.limits.max_steps });
        }
        self.entries += 1;
        counts.insert(step, more);
        Ok(())
    }

    /// The counts by hour. The step length must divide an hour.
    #[must_use]
    pub fn by_hour(self) -> BTreeMap<Hour, HourUsage> {
        let length = i64::from(self.limits.step_seconds.get());
        let mut hours: BTreeMap<Hour, HourUsage> = BTreeMap::new();
        for (step, rows) in self.steps {
            let time = step.saturating_mul(length);
            hours.entry(Hour::from_time(time)).or_default().rows.insert(time, rows);
        }
        for (place, counts) in self.places {
            for (step, counts) in counts {
                let time = step.saturating_mul(length);
                let places = &mut hours.entry(Hour::from_time(time)).or_default().places;
                places.entry(place.clone()).or_default().insert(time, counts);
            }
        }
        hours
    }

    /// One series per place and metric.
    ///
    /// # Errors
    /// When all series together have more steps than the limit.
    pub fn finish(self) -> Result<Vec<UsageSeries>, TooMuchUsage> {
        let Self { limits, mut places, steps, .. } = self;
        places.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (Some((first, _)), Some((last, _))) = (steps.first_key_value(), steps.last_key_value()) else {
            return Ok(vec![]);
        };
        let (first, last) = (*first, *last);
        let count = last.abs_diff(first).saturating_add(1);
        let all = count.saturating_mul(places.len() as u64).saturating_mul(METRICS.len() as u64);
        if all > limits.max_steps {
            return Err(TooMuchUsage::Steps { limit: limits.max_steps });
        }
        let step = limits.step_seconds.get();
        let series = places.iter().flat_map(|(place, counts)| {
            METRICS.iter().enumerate().map(|(which, metric)| {
                let value = |at: i64| {
                    let counted = counts.get(&at).map(|counts| counts[which] as f64);
                    counted.or_else(|| steps.contains_key(&at).then_some(0.0))
                };
                let keys = [("provider", &place.provider), ("region", &place.region), ("service", &place.service)];
                UsageSeries {
                    metric: (*metric).to_owned(),
                    keys: keys.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
                    start: first.saturating_mul(i64::from(step)),
                    step,
                    values: (first..=last).map(value).collect(),
                }
            })
        });
        Ok(series.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use weir_domain::flow::Direction;

    use super::*;

    fn row(source: [u8; 4], destination: [u8; 4], start: i64) -> FlowRecord<'static> {
        FlowRecord {
            account: "",
            region: "",
            interface: "eni-1",
            source: Ipv4Addr::from(source).into(),
            destination: Ipv4Addr::from(destination).into(),
            source_port: 50_000,
            destination_port: 443,
            protocol: 6,
            packets: 2,
            bytes: 100,
            start,
            end: start,
            action: Action::Accept,
            tcp_flags: None,
            direction: None,
            packet_source: None,
            packet_destination: None,
            source_service: "",
            destination_service: "",
        }
    }

    fn usage(rows: &[FlowRecord<'_>]) -> BTreeMap<String, Vec<Option<f64>>> {
        let mut usage = FlowUsage::new(Arc::new(ProviderRanges::shipped().unwrap()), ResampleParams::default());
        for row in rows {
            usage.add(row).unwrap();
        }
        let name = |series: &UsageSeries| {
            let keys: Vec<&str> = series.keys.iter().map(|(_, value)| value.as_str()).collect();
            format!("{} {}", keys.join(" "), series.metric)
        };
        let mut halves = (usage.empty(), usage.empty());
        for (at, row) in rows.iter().enumerate() {
            let half = if at % 2 == 0 { &mut halves.0 } else { &mut halves.1 };
            half.add(row).unwrap();
        }
        halves.1.merge(halves.0).unwrap();
        assert_eq!(halves.1.finish(), usage.clone().finish(), "files in any order");
        usage.finish().unwrap().into_iter().map(|series| (name(&series), series.values)).collect()
    }

    const OWN: [u8; 4] = [10, 0, 0, 1];

    #[test]
    fn the_external_end_decides_the_provider() {
        let found = usage(&[
            row(OWN, [17, 1, 1, 1], 0),
            row([17, 1, 1, 1], OWN, 10),
            row(OWN, [52, 216, 1, 1], 1800),
            row(OWN, [192, 0, 2, 1], 5400),
            row(OWN, [10, 0, 0, 2], 5400),
            FlowRecord { action: Action::Reject, ..row(OWN, [17, 1, 1, 1], 5400) },
        ]);
        let (zero, none) = (Some(0.0), None);
        assert_eq!(found["apple - - bytes"], [Some(200.0), zero, none, zero]);
        assert_eq!(found["apple - - flows"], [Some(2.0), zero, none, zero]);
        assert_eq!(found["aws us-east-1 s3 packets"], [zero, Some(2.0), none, zero]);
        assert_eq!(found["other - - bytes"], [zero, zero, none, Some(100.0)]);
        assert_eq!(found["internal - - bytes"], [zero, zero, none, Some(100.0)]);
        assert_eq!(found.len(), 12);
    }

    #[test]
    fn services_in_the_log_win_over_ranges_and_internal_traffic_counts_once() {
        let named = FlowRecord {
            destination_service: "DYNAMODB",
            region: "eu-west-1",
            packet_destination: Some(Ipv4Addr::new(10, 9, 9, 9).into()),
            ..row(OWN, [10, 0, 0, 9], 0)
        };
        let inside = row(OWN, [10, 0, 0, 2], 0);
        let found = usage(&[
            named,
            FlowRecord { direction: Some(Direction::Egress), ..inside },
            FlowRecord { direction: Some(Direction::Ingress), ..inside },
        ]);
        assert_eq!(found["aws eu-west-1 dynamodb flows"], [Some(1.0)]);
        assert_eq!(found["internal - - flows"], [Some(1.0)]);
    }

    #[test]
    fn limits_hold_and_no_rows_give_no_series() {
        let limits = ResampleParams { max_series: 3, max_steps: 6, ..ResampleParams::default() };
        let mut usage = FlowUsage::new(Arc::new(ProviderRanges::shipped().unwrap()), limits);
        assert_eq!(usage.clone().finish(), Ok(vec![]));
        usage.add(&row(OWN, [17, 1, 1, 1], 0)).unwrap();
        assert_eq!(usage.add(&row(OWN, [52, 216, 1, 1], 0)), Err(TooMuchUsage::Series { limit: 3 }));
        usage.add_to_other(&row(OWN, [52, 216, 1, 1], 0)).unwrap();
        usage.add(&row(OWN, [17, 1, 1, 1], i64::MAX)).unwrap();
        assert_eq!(usage.finish(), Err(TooMuchUsage::Steps { limit: 6 }));
    }
}
