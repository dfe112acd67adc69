//! Usage derived from flow logs: bytes, packets and flows per provider, service and region of the other end.
//!
//! The other end of a row is told by the AWS service the log names (`pkt-src-aws-service`, `pkt-dst-aws-service`), and by
//! the ranges that providers publish, of the packet's own addresses where the log has them. Rows between private addresses
//! are of the provider `internal`; public addresses that no range holds are of `other`.
//!
//! A row counts in the step in which it begins. Only what was let through counts. Traffic inside the network is logged by
//! both interfaces; where the log tells directions it counts once, where it leaves. In a step in which the log has any row,
//! a provider without one was used for 0; a step without any row is a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use weir_domain::flow::{Action, Direction, FlowRecord};
use weir_domain::usage::UsageSeries;
use weir_ingest::ranges::{Place, ProviderRanges};
use weir_ingest::usage::{ResampleParams, TooMuchUsage};

/// What is counted of every place.
const METRICS: [&str; 3] = ["bytes", "packets", "flows"];

/// Adds up flows. Nothing depends on their order.
#[derive(Debug, Clone)]
pub struct FlowUsage {
    ranges: Arc<ProviderRanges>,
    limits: ResampleParams,
    /// Bytes, packets and flows by place and step.
    places: BTreeMap<Place, BTreeMap<i64, [u64; 3]>>,
    /// Steps in which there was any row.
    steps: BTreeSet<i64>,
    entries: u64,
}

impl FlowUsage {
    /// No flows yet. Of the limits, the length of a step, the number of series and that of steps hold.
    #[must_use]
    pub fn new(ranges: Arc<ProviderRanges>, limits: ResampleParams) -> Self {
        Self { ranges, limits, places: BTreeMap::new(), steps: BTreeSet::new(), entries: 0 }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When there are more series or steps than the limits. The row is then not counted.
    pub fn add(&mut self, record: &FlowRecord<'_>) -> Result<(), TooMuchUsage> {
        let step = record.start.div_euclid(i64::from(self.limits.step_seconds.get()));
        if self.steps.insert(step) && self.steps.len() as u64 > self.limits.most_steps {
            self.steps.remove(&step);
            return Err(TooMuchUsage::Steps { limit: self.limits.most_steps });
        }
        let place = match record.action {
            Action::Accept => self.place(record),
            Action::Reject => None,
        };
        match place {
            Some(place) => self.count(place, step, [record.bytes, record.packets, 1]),
            None => Ok(()),
        }
    }

    /// As many flows as none, of the same ranges and limits: to add up a file that may turn out unreadable.
    #[must_use]
    pub fn empty(&self) -> Self {
        Self::new(Arc::clone(&self.ranges), self.limits)
    }

    /// Adds all that another has added up, which has the same limits.
    ///
    /// # Errors
    /// When together they have more series or steps than the limits. Some of it is then counted.
    pub fn merge(&mut self, other: Self) -> Result<(), TooMuchUsage> {
        self.steps.extend(other.steps);
        if self.steps.len() as u64 > self.limits.most_steps {
            return Err(TooMuchUsage::Steps { limit: self.limits.most_steps });
        }
        for (place, counts) in other.places {
            for (step, more) in counts {
                self.count(place.clone(), step, more)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, place: Place, step: i64, more: [u64; 3]) -> Result<(), TooMuchUsage> {
        // Each place is one series for every metric.
        if !self.places.contains_key(&place) && (self.places.len() + 1) * METRICS.len() > self.limits.most_series {
            return Err(TooMuchUsage::Series { limit: self.limits.most_series });
        }
        let counts = self.places.entry(place).or_default();
        if !counts.contains_key(&step) {
            if self.entries >= self.limits.most_steps {
                return Err(TooMuchUsage::Steps { limit: self.limits.most_steps });
            }
            self.entries += 1;
        }
        for (sum, more) in counts.entry(step).or_default().iter_mut().zip(more) {
            *sum = sum.saturating_add(more);
        }
        Ok(())
    }

    /// The series, by place and metric.
    ///
    /// # Errors
    /// When all series together have more steps than the limit.
    pub fn finish(self) -> Result<Vec<UsageSeries>, TooMuchUsage> {
        let Self { limits, places, steps, .. } = self;
        let (Some(first), Some(last)) = (steps.first().copied(), steps.last().copied()) else { return Ok(vec![]) };
        let count = last.abs_diff(first).saturating_add(1);
        let all = count.saturating_mul(places.len() as u64).saturating_mul(METRICS.len() as u64);
        if all > limits.most_steps {
            return Err(TooMuchUsage::Steps { limit: limits.most_steps });
        }
        let step = limits.step_seconds.get();
        let series = places.iter().flat_map(|(place, counts)| {
            METRICS.iter().enumerate().map(|(which, metric)| {
                let value = |at: i64| {
                    let counted = counts.get(&at).map(|counts| counts[which] as f64);
                    counted.or_else(|| steps.contains(&at).then_some(0.0))
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

    /// Whose traffic a row is; none where it counts elsewhere.
    fn place(&self, record: &FlowRecord<'_>) -> Option<Place> {
        let from = record.packet_source.unwrap_or(record.source);
        let to = record.packet_destination.unwrap_or(record.destination);
        // The end that is not ours; of two public ones that which is someone's.
        let ends = [(to, record.destination_service), (from, record.source_service)];
        let outside = ends.into_iter().filter(|(address, service)| !is_private(*address) || !service.is_empty());
        let known = |(address, service): (IpAddr, &str)| {
            let found = self.ranges.find(address);
            if service.is_empty() {
                return found.cloned();
            }
            let region = found.map_or("-", |place| place.region.as_str());
            let region = if region == "-" && !record.region.is_empty() { record.region } else { region };
            Some(named("aws", &service.to_ascii_lowercase(), region))
        };
        let mut outside = outside.peekable();
        if outside.peek().is_none() {
            let once = record.direction != Some(Direction::Ingress);
            let region = if record.region.is_empty() { "-" } else { record.region };
            return once.then(|| named("internal", "-", region));
        }
        Some(outside.find_map(known).unwrap_or_else(|| named("other", "-", "-")))
    }
}

fn named(provider: &str, service: &str, region: &str) -> Place {
    Place { provider: provider.to_owned(), service: service.to_owned(), region: region.to_owned() }
}

/// Addresses that are nobody's on the internet: private networks, the machine itself, and messages to a neighbourhood.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // 100.64.0.0/10: shared by providers' networks (RFC 6598).
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || a == 0
                || a == 255
                || shared
        }
        IpAddr::V6(v6) => {
            v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

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
    fn the_other_end_tells_the_provider() {
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
    fn what_the_log_names_comes_before_ranges_and_inside_counts_once() {
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
    fn limits_hold_and_nothing_is_nothing() {
        let limits = ResampleParams { most_series: 3, most_steps: 6, ..ResampleParams::default() };
        let mut usage = FlowUsage::new(Arc::new(ProviderRanges::shipped().unwrap()), limits);
        assert_eq!(usage.clone().finish(), Ok(vec![]));
        usage.add(&row(OWN, [17, 1, 1, 1], 0)).unwrap();
        assert_eq!(usage.add(&row(OWN, [52, 216, 1, 1], 0)), Err(TooMuchUsage::Series { limit: 3 }));
        usage.add(&row(OWN, [17, 1, 1, 1], i64::MAX)).unwrap();
        assert_eq!(usage.finish(), Err(TooMuchUsage::Steps { limit: 6 }));
    }
}
