//! What a whole hour adds to the baseline.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::{
    HostWindow, HostWindows, HourAggregate, MonitoredAddresses, PairAggregate, PairKey, Role, Service, Span,
};
use weir_domain::baseline::{Baseline, Occurrence, PairProfile, TrafficProfile, host_name};
use weir_domain::bounded::Merge;
use weir_domain::flow::TCP;
use weir_domain::time::HOUR_SECONDS;
use weir_domain::window::{Hour, WindowStart};

/// Takes the windows of an hour that pass a test into a baseline. An hour is to be taken once, when it is complete:
/// O(entries of the hour).
pub fn learn(baseline: &mut Baseline, hour: &HourAggregate, takes: impl Fn(WindowStart) -> bool) {
    let own = MonitoredAddresses::from_hour(hour);
    let mut hosts: BTreeMap<IpAddr, HostHour> = BTreeMap::new();
    let mut span = Span::default();
    for (start, window) in hour.windows.iter().filter(|(start, _)| takes(**start)) {
        span.merge(Span { first: start.0, last: start.end(hour.window_length) });
        for host in HostWindows::from_window(window, &own).iter().filter(|host| host.monitored) {
            hosts.entry(host.host).or_default().take(host);
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

/// What a host did in an hour.
#[derive(Default)]
struct HostHour {
    begins: TrafficProfile,
    serves: TrafficProfile,
    begins_by_service: BTreeMap<Service, TrafficProfile>,
    serves_by_service: BTreeMap<Service, TrafficProfile>,
    pairs: BTreeMap<PairKey, (PairProfile, [u64; 2])>,
    most_sent: u64,
    /// Services that the host serves: what the internet's scanners try in vain is none of them, and would crowd them out.
    served: BTreeSet<Service>,
}

/// Sums over the pairs of a service, or over all.
#[derive(Default)]
struct Sums {
    flows: u64,
    busiest: u64,
    most_back: u64,
    half_open: u64,
    peers: BTreeSet<IpAddr>,
    packets: u64,
    bytes: u64,
    bytes_back: u64,
}

impl Sums {
    fn observe(&self, habit: &mut TrafficProfile) {
        habit.flows.observe(self.flows);
        habit.peers.observe(self.peers.len() as u64);
        habit.packets.observe(self.packets);
        habit.bytes.observe(self.bytes);
        habit.response_bytes.observe(self.bytes_back);
        habit.max_peer_flows.observe(self.busiest);
        habit.max_peer_response_bytes.observe(self.most_back);
        habit.half_open.observe(self.half_open);
    }
}

/// What was begun in one role. What a gateway passes on for others is theirs.
fn begun<'a>(host: &'a HostWindow<'_>, role: Role) -> impl Iterator<Item = (&'a PairKey, &'a PairAggregate)> {
    let aggregate = if role == Role::Initiator { &host.initiator } else { &host.responder };
    let pairs = aggregate.pairs().iter();
    pairs.filter(move |(key, pair)| pair.totals.attempt_rows > 0 && !host.is_forwarded(key))
}

/// Sums by service of what was begun in one role; `bytes` and `packets` are those of who begins.
fn by_service(host: &HostWindow<'_>, role: Role) -> BTreeMap<Service, Sums> {
    let mut services: BTreeMap<Service, Sums> = BTreeMap::new();
    for (key, pair) in begun(host, role) {
        let (sums, t) = (services.entry(key.service).or_default(), &pair.totals);
        let (packets, bytes, bytes_back) = match role {
            Role::Initiator => (t.packets_sent, t.bytes_sent, t.bytes_received),
            Role::Responder => (t.packets_received, t.bytes_received, t.bytes_sent),
        };
        sums.flows = sums.flows.saturating_add(t.opening_rows);
        // A peer has one pair of a service.
        sums.busiest = sums.busiest.max(t.opening_rows);
        sums.most_back = sums.most_back.max(bytes_back);
        sums.half_open = sums.half_open.saturating_add(t.half_open_rows);
        sums.packets = sums.packets.saturating_add(packets);
        sums.bytes = sums.bytes.saturating_add(bytes);
        sums.bytes_back = sums.bytes_back.saturating_add(bytes_back);
        sums.peers.insert(key.peer);
    }
    services
}

impl HostHour {
    /// Takes one window of the hour.
    fn take(&mut self, host: &HostWindow<'_>) {
        for role in [Role::Initiator, Role::Responder] {
            let begins = role == Role::Initiator;
            let aggregate = if begins { &host.initiator } else { &host.responder };
            let totals = aggregate.totals();
            if totals.attempt_rows == 0 {
                continue;
            }
            let (habit, habits) = if begins {
                (&mut self.begins, &mut self.begins_by_service)
            } else {
                (&mut self.serves, &mut self.serves_by_service)
            };
            let (packets, bytes, bytes_back) = if begins {
                (totals.packets_sent, totals.bytes_sent, totals.bytes_received)
            } else {
                (totals.packets_received, totals.bytes_received, totals.bytes_sent)
            };
            habit.flows.observe(totals.opening_rows);
            habit.peers.observe(aggregate.distinct_peers());
            habit.packets.observe(packets);
            habit.bytes.observe(bytes);
            habit.response_bytes.observe(bytes_back);
            let services = by_service(host, role);
            habit.max_peer_flows.observe(services.values().map(|sums| sums.busiest).max().unwrap_or(0));
            habit.max_peer_response_bytes.observe(services.values().map(|sums| sums.most_back).max().unwrap_or(0));
            habit.half_open.observe(totals.half_open_rows);
            for (service, sums) in services {
                sums.observe(habits.entry(service).or_default());
            }
        }
        // Datagrams may be taken without an answer.
        let serves = |(key, pair): &(&PairKey, &PairAggregate)| {
            pair.answered() || (key.service.protocol != TCP && pair.totals.rejected_rows == 0)
        };
        self.served.extend(begun(host, Role::Responder).filter(serves).map(|(key, _)| key.service));
        self.most_sent = self.most_sent.max(host.initiator.totals().bytes_sent);
        for (key, pair) in begun(host, Role::Initiator) {
            let (habit, [sent, received]) = self.pairs.entry(*key).or_default();
            habit.flows.observe(pair.totals.opening_rows);
            *sent = sent.saturating_add(pair.totals.bytes_sent);
            *received = received.saturating_add(pair.totals.bytes_received);
        }
    }

    fn add_to(mut self, baseline: &mut Baseline, name: &str, hour: Hour) {
        let seen = Occurrence { first: hour.start(), last: hour.start(), hours: 1 };
        self.serves_by_service.retain(|service, _| self.served.contains(service));
        for contact in self.pairs.keys() {
            baseline.record_contact(name, *contact, hour);
        }
        for service in self.serves_by_service.keys() {
            baseline.record_service(name, *service, hour);
        }
        let Some(host) = baseline.host_mut(name) else { return };
        host.seen.merge(seen);
        for (mine, habit) in [(&mut host.initiated, self.begins), (&mut host.served, self.serves)] {
            if !habit.flows.is_empty() {
                mine.merge(TrafficProfile { seen, ..habit });
            }
        }
        let place = hour_of_week(hour);
        let bits = (u64::BITS - self.most_sent.leading_zeros()) as u8;
        host.sent_by_hour_of_week[place] = host.sent_by_hour_of_week[place].max(bits);
        let by_service = [
            (&mut host.initiated_by_service, self.begins_by_service),
            (&mut host.served_by_service, self.serves_by_service),
        ];
        for (mine, habits) in by_service {
            for (service, habit) in habits {
                if let Some(mine) = mine.entry(service) {
                    mine.merge(TrafficProfile { seen, ..habit });
                }
            }
        }
        for (key, (mut habit, [sent, received])) in self.pairs {
            habit.bytes_sent.observe(sent);
            habit.bytes_received.observe(received);
            if let Some(mine) = host.pairs.entry(key) {
                mine.merge(PairProfile { seen, ..habit });
            }
        }
    }
}

/// The hour of the week, 0 for Monday 00:00 UTC. The epoch began on a Thursday.
#[must_use]
pub fn hour_of_week(hour: Hour) -> usize {
    ((hour.start() / HOUR_SECONDS + 3 * 24).rem_euclid(168)) as usize
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
    fn an_hour_becomes_habits_pairs_and_prevalence() {
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
        let habit = host.initiated_by_service.get(&web).unwrap();
        assert_eq!((habit.flows.max(), habit.peers.max(), habit.flows.len()), (3.0, 3.0, 2), "2 of 2 bits are up to 3");
        assert_eq!(host.initiated.flows.len(), 2);
        assert_eq!(host.sent_by_hour_of_week[hour_of_week(Hour::from_time(0))], 11, "1,900 bytes in the first window");
        let contact = PairKey { peer: IpAddr::from([203, 0, 113, 8]), service: web };
        assert_eq!(baseline.contact(&contact).unwrap().hosts(), 1);
        assert_eq!(baseline.hosts(), 1, "who is outside has no baseline");
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2024-01-01 was a Monday.
        assert_eq!(hour_of_week(Hour::from_time(1_704_067_200)), 0);
        assert_eq!(hour_of_week(Hour::from_time(1_704_067_200 - 3600)), 167);
    }
}
