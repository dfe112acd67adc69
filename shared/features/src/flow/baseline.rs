//! Learns a baseline from a merged hour.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::{
    HostWindow, HostWindows, HourAggregate, MonitoredAddresses, PairAggregate, PairKey, Role, Service, Span,
};
use weir_domain::baseline::{Baseline, Occurrence, PairProfile, TrafficProfile, host_name};
use weir_domain::bounded::Merge;
use weir_domain::flow::TCP;
use weir_domain::time::{DAY_HOURS, HOUR_SECONDS, WEEK_HOURS};
use weir_domain::window::{Hour, WindowStart};

/// Adds the windows of an hour that pass a filter to a baseline. An hour must be added once, when it is complete.
/// O(entries of the hour).
pub fn learn(baseline: &mut Baseline, hour: &HourAggregate, filter: impl Fn(WindowStart) -> bool) {
    let monitored = MonitoredAddresses::from_hour(hour);
    let mut hosts: BTreeMap<IpAddr, HostHour> = BTreeMap::new();
    let mut span = Span::default();
    for (start, window) in hour.windows.iter().filter(|(start, _)| filter(**start)) {
        span.merge(Span { first: start.0, last: start.end(hour.window_length) });
        for host in HostWindows::from_window(window, &monitored).iter().filter(|host| host.monitored) {
            hosts.entry(host.host).or_default().add_window(host);
        }
    }
    if hosts.is_empty() {
        return;
    }
    baseline.add_hour(hour.hour, span);
    for (host, of_hour) in hosts {
        of_hour.add_to(baseline, &host_name(&hour.scope, host), hour.hour);
    }
}

/// The traffic of a host in an hour.
#[derive(Default)]
struct HostHour {
    initiated: TrafficProfile,
    served: TrafficProfile,
    initiated_by_service: BTreeMap<Service, TrafficProfile>,
    served_by_service: BTreeMap<Service, TrafficProfile>,
    pairs: BTreeMap<PairKey, (PairProfile, [u64; 2])>,
    max_sent: u64,
    /// Services that the host answers on. Services that internet scanners try in vain are left out, or they would displace the
    /// others.
    answered: BTreeSet<Service>,
}

/// Sums over the pairs of a service, or over all.
#[derive(Default)]
struct Sums {
    flows: u64,
    max_peer_flows: u64,
    max_peer_response_bytes: u64,
    half_open: u64,
    peers: BTreeSet<IpAddr>,
    packets: u64,
    bytes: u64,
    response_bytes: u64,
}

impl Sums {
    fn observe(&self, profile: &mut TrafficProfile) {
        profile.flows.observe(self.flows);
        profile.peers.observe(self.peers.len() as u64);
        profile.packets.observe(self.packets);
        profile.bytes.observe(self.bytes);
        profile.response_bytes.observe(self.response_bytes);
        profile.max_peer_flows.observe(self.max_peer_flows);
        profile.max_peer_response_bytes.observe(self.max_peer_response_bytes);
        profile.half_open.observe(self.half_open);
    }
}

/// The pairs with attempts in one role. Pairs that a gateway forwards count for its clients and are left out.
fn attempted_pairs<'a>(host: &'a HostWindow<'_>, role: Role) -> impl Iterator<Item = (&'a PairKey, &'a PairAggregate)> {
    let aggregate = if role == Role::Initiator { &host.initiator } else { &host.responder };
    let pairs = aggregate.pairs().iter();
    pairs.filter(move |(key, pair)| pair.totals.attempt_rows > 0 && !host.is_forwarded(key))
}

/// Sums by service over the pairs with attempts in one role. `bytes` and `packets` are those of the initiator.
fn by_service(host: &HostWindow<'_>, role: Role) -> BTreeMap<Service, Sums> {
    let mut services: BTreeMap<Service, Sums> = BTreeMap::new();
    for (key, pair) in attempted_pairs(host, role) {
        let (sums, t) = (services.entry(key.service).or_default(), &pair.totals);
        let (packets, bytes, response_bytes) = match role {
            Role::Initiator => (t.packets_sent, t.bytes_sent, t.bytes_received),
            Role::Responder => (t.packets_received, t.bytes_received, t.bytes_sent),
        };
        sums.flows = sums.flows.saturating_add(t.opening_rows);
        // A peer has one pair per service.
        sums.max_peer_flows = sums.max_peer_flows.max(t.opening_rows);
        sums.max_peer_response_bytes = sums.max_peer_response_bytes.max(response_bytes);
        sums.half_open = sums.half_open.saturating_add(t.half_open_rows);
        sums.packets = sums.packets.saturating_add(packets);
        sums.bytes = sums.bytes.saturating_add(bytes);
        sums.response_bytes = sums.response_bytes.saturating_add(response_bytes);
        sums.peers.insert(key.peer);
    }
    services
}

impl HostHour {
    /// Adds one window of the hour.
    fn add_window(&mut self, host: &HostWindow<'_>) {
        for role in [Role::Initiator, Role::Responder] {
            let is_initiator = role == Role::Initiator;
            let aggregate = if is_initiator { &host.initiator } else { &host.responder };
            let totals = aggregate.totals();
            if totals.attempt_rows == 0 {
                continue;
            }
            let (profile, by_service_profiles) = if is_initiator {
                (&mut self.initiated, &mut self.initiated_by_service)
            } else {
                (&mut self.served, &mut self.served_by_service)
            };
            let (packets, bytes, response_bytes) = if is_initiator {
                (totals.packets_sent, totals.bytes_sent, totals.bytes_received)
            } else {
                (totals.packets_received, totals.bytes_received, totals.bytes_sent)
            };
            profile.flows.observe(totals.opening_rows);
            profile.peers.observe(aggregate.distinct_peers());
            profile.packets.observe(packets);
            profile.bytes.observe(bytes);
            profile.response_bytes.observe(response_bytes);
            let services = by_service(host, role);
            profile.max_peer_flows.observe(services.values().map(|sums| sums.max_peer_flows).max().unwrap_or(0));
            profile
                .max_peer_response_bytes
                .observe(services.values().map(|sums| sums.max_peer_response_bytes).max().unwrap_or(0));
            profile.half_open.observe(totals.half_open_rows);
            for (service, sums) in services {
                sums.observe(by_service_profiles.entry(service).or_default());
            }
        }
        // A service may accept datagrams without an answer.
        let is_answered = |(key, pair): &(&PairKey, &PairAggregate)| {
            pair.answered() || (key.service.protocol != TCP && pair.totals.rejected_rows == 0)
        };
        self.answered.extend(attempted_pairs(host, Role::Responder).filter(is_answered).map(|(key, _)| key.service));
        self.max_sent = self.max_sent.max(host.initiator.totals().bytes_sent);
        for (key, pair) in attempted_pairs(host, Role::Initiator) {
            let (profile, [sent, received]) = self.pairs.entry(*key).or_default();
            profile.flows.observe(pair.totals.opening_rows);
            *sent = sent.saturating_add(pair.totals.bytes_sent);
            *received = received.saturating_add(pair.totals.bytes_received);
        }
    }

    fn add_to(mut self, baseline: &mut Baseline, name: &str, hour: Hour) {
        let seen = Occurrence { first: hour.start(), last: hour.start(), hours: 1 };
        self.served_by_service.retain(|service, _| self.answered.contains(service));
        for contact in self.pairs.keys() {
            baseline.record_contact(name, *contact, hour);
        }
        for service in self.served_by_service.keys() {
            baseline.record_service(name, *service, hour);
        }
        let Some(host) = baseline.host_mut(name) else { return };
        host.seen.merge(seen);
        for (mine, profile) in [(&mut host.initiated, self.initiated), (&mut host.served, self.served)] {
            if !profile.flows.is_empty() {
                mine.merge(TrafficProfile { seen, ..profile });
            }
        }
        let hour_of_week = hour_of_week(hour);
        let bits = (u64::BITS - self.max_sent.leading_zeros()) as u8;
        host.sent_by_hour_of_week[hour_of_week] = host.sent_by_hour_of_week[hour_of_week].max(bits);
        let by_service = [
            (&mut host.initiated_by_service, self.initiated_by_service),
            (&mut host.served_by_service, self.served_by_service),
        ];
        for (mine, by_service_profiles) in by_service {
            for (service, profile) in by_service_profiles {
                if let Some(mine) = mine.entry(service) {
                    mine.merge(TrafficProfile { seen, ..profile });
                }
            }
        }
        for (key, (mut profile, [sent, received])) in self.pairs {
            profile.bytes_sent.observe(sent);
            profile.bytes_received.observe(received);
            if let Some(mine) = host.pairs.entry(key) {
                mine.merge(PairProfile { seen, ..profile });
            }
        }
    }
}

/// The hour of the week, 0 for Monday 00:00 UTC. The epoch was a Thursday.
#[must_use]
pub fn hour_of_week(hour: Hour) -> usize {
    ((hour.start() / HOUR_SECONDS + 3 * DAY_HOURS as i64).rem_euclid(WEEK_HOURS as i64)) as usize
}

#[cfg(test)]
mod tests {
    use weir_domain::flow::{Action, Direction, FlowRecord, TCP};
    use weir_domain::window::{Scope, WindowLength};

    use super::*;
    use crate::flow::Folder;

    fn record(peer: u8, port: u16, start: i64, bytes: u64) -> FlowRecord<'static> {
        FlowRecord {
            account: "1",
            region: "r",
            interface: "eni-1",
            source: IpAddr::from([10, 0, 0, 1]),
            destination: IpAddr::from([203, 0, 113, peer]),
            source_port: 50000,
            destination_port: port,
            protocol: TCP,
            packets: 3,
            bytes,
            start,
            end: start + 5,
            action: Action::Accept,
            tcp_flags: None,
            direction: Some(Direction::Egress),
            packet_source: None,
            packet_destination: None,
            source_service: "",
            destination_service: "",
        }
    }

    #[test]
    fn an_hour_becomes_profiles_pairs_and_prevalence() {
        let mut folder = Folder::new(WindowLength::FIVE_MINUTES, Scope::new("1", "r"));
        let rows = [(9, 443, 0, 900), (9, 443, 10, 900), (8, 443, 20, 100), (9, 443, 600, 100), (9, 22, 600, 60)];
        for (peer, port, start, bytes) in rows {
            folder.fold(&record(peer, port, start, bytes));
        }
        let mut baseline = Baseline::default();
        for hour in folder.take() {
            learn(&mut baseline, &hour, |_| true);
        }
        let name = host_name(&Scope::new("1", "r"), IpAddr::from([10, 0, 0, 1]));
        let host = baseline.host(&name).unwrap();
        let web = Service { protocol: TCP, port: 443 };
        let pair = host.pairs.get(&PairKey { peer: IpAddr::from([203, 0, 113, 9]), service: web }).unwrap();
        assert_eq!(
            (pair.seen.hours, pair.flows.len(), pair.bytes_sent.max()),
            (1, 2, 2047.0),
            "1,900 bytes in the hour"
        );
        let profile = host.initiated_by_service.get(&web).unwrap();
        assert_eq!(
            (profile.flows.max(), profile.peers.max(), profile.flows.len()),
            (3.0, 3.0, 2),
            "2 of 2 bits are up to 3"
        );
        assert_eq!(host.initiated.flows.len(), 2);
        assert_eq!(host.sent_by_hour_of_week[hour_of_week(Hour::from_time(0))], 11, "1,900 bytes in the first window");
        let contact = PairKey { peer: IpAddr::from([203, 0, 113, 8]), service: web };
        assert_eq!(baseline.contact(&contact).unwrap().hosts(), 1);
        assert_eq!(baseline.hosts(), 1, "an external host has no baseline");
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2024-01-01 was a Monday.
        assert_eq!(hour_of_week(Hour::from_time(1_704_067_200)), 0);
        assert_eq!(hour_of_week(Hour::from_time(1_704_067_200 - 3600)), 167);
    }
}
