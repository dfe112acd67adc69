use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::*;

fn simulation(change: impl FnOnce(&mut Parameters)) -> Simulation {
    let mut parameters = Parameters::default();
    change(&mut parameters);
    Simulation::new(parameters).unwrap()
}

fn seen(simulation: &Simulation) -> Vec<(Row, Traffic)> {
    let rows = simulation.files().flat_map(|file| file.rows);
    rows.filter_map(|row| if let Status::Ok(seen) = row.status { Some((row, seen)) } else { None }).collect()
}

#[test]
fn the_same_parameters_give_the_same_bytes_and_other_seeds_others() {
    let objects = |seed| {
        let simulation = simulation(|p| (p.seed, p.hosts) = (seed, 30));
        let truth = serde_json::to_vec(simulation.truth()).unwrap();
        let files = simulation.files().skip(270).take(40).map(|file| (file.key.clone(), file.gzip().unwrap()));
        (truth, files.collect::<Vec<_>>())
    };
    assert_eq!(objects(1), objects(1));
    assert_ne!(objects(1), objects(2));
}

#[test]
fn files_follow_one_another_and_hold_the_minutes_that_ended_in_them() {
    let simulation = simulation(|p| p.hosts = 30);
    let starts: Vec<_> = simulation.files().map(|file| file.start).collect();
    assert_eq!(starts.len(), 2 * 288);
    assert!(starts.windows(2).all(|pair| pair[1] == pair[0] + 300));
    for file in simulation.files().step_by(50) {
        assert!(!file.rows.is_empty());
        for row in &file.rows {
            assert!(row.start <= row.end && row.end < file.start + 300 && row.start >= file.start - 60, "{row:?}");
        }
        assert!(file.rows.windows(2).all(|pair| pair[0].end <= pair[1].end));
    }
}

/// Start, end and destination port of what is between two addresses.
type Times = Vec<(i64, i64, u16)>;

#[test]
fn every_incident_is_in_the_log_between_its_start_and_its_end() {
    let simulation = simulation(|_| ());
    let mut between: BTreeMap<(IpAddr, IpAddr), Times> = BTreeMap::new();
    for (row, seen) in seen(&simulation) {
        between.entry(seen.packet).or_default().push((row.start, row.end, seen.ports.1));
    }
    let address = |text: &String| text.parse::<IpAddr>().unwrap();
    let truth = simulation.truth();
    assert_eq!(truth.incidents.len(), 68);
    for incident in &truth.incidents {
        assert!(incident.start >= truth.eval_start && incident.end < truth.end, "{}", incident.id);
        let rows: Vec<_> = incident
            .actors
            .iter()
            .flat_map(|actor| incident.targets.iter().map(move |target| (address(actor), address(target))))
            .filter_map(|pair| between.get(&pair))
            .flatten()
            .filter(|(from, to, port)| {
                *from >= incident.start
                    && *to < incident.end
                    && (incident.ports.is_empty() || incident.ports.len() == 50 || incident.ports.contains(port))
            })
            .collect();
        let named = incident.actors.len() as f64 / incident.actors_total as f64;
        let least = (incident.flows as f64 * named.min(300.0 / incident.flows as f64).min(1.0)) as usize;
        assert!(rows.len() >= least, "{} {}: {} rows of {}", incident.id, incident.subtype, rows.len(), incident.flows);
        // Its last actors and targets may be beyond those that are named.
        let all_named = incident.actors_total == incident.actors.len() && incident.targets.len() < 300;
        assert!(rows.iter().any(|row| row.0 == incident.start), "{}: {}", incident.id, incident.subtype);
        let last = rows.iter().any(|row| row.1 == incident.end - 1);
        assert!(last || !all_named, "{}: {}", incident.id, incident.subtype);
    }
}

#[test]
fn the_first_day_is_clean_and_attacks_change_nothing_else() {
    let (with, without) = (simulation(|p| p.hosts = 30), simulation(|p| (p.hosts, p.attacks) = (30, false)));
    assert_eq!(without.truth().incidents, []);
    let conversations = |simulation: &Simulation| {
        let mut count: BTreeMap<_, i64> = BTreeMap::new();
        for (row, seen) in seen(simulation) {
            *count.entry((row.start, row.host, seen.packet, seen.ports, seen.volume.bytes, row.end)).or_default() += 1;
        }
        count
    };
    let (mut with_attacks, benign) = (conversations(&with), conversations(&without));
    for (row, count) in &benign {
        let left = with_attacks.get_mut(row).unwrap();
        assert!(*left >= *count, "{row:?}");
        *left -= count;
    }
    with_attacks.retain(|_, count| *count > 0);
    let named: BTreeSet<IpAddr> = with
        .truth()
        .incidents
        .iter()
        .filter(|incident| incident.actors_total == incident.actors.len())
        .flat_map(|incident| incident.actors.iter().chain(&incident.targets).chain(&incident.via))
        .map(|address| address.parse().unwrap())
        .collect();
    assert!(with_attacks.len() > 10_000);
    for (start, _, packet, ..) in with_attacks.keys() {
        assert!(*start >= with.truth().eval_start);
        assert!(named.contains(&packet.0) || named.contains(&packet.1), "{packet:?}");
    }
}

#[test]
fn a_conversation_inside_is_logged_alike_at_both_ends() {
    let simulation = simulation(|p| (p.hosts, p.days, p.attacks) = (40, 1, false));
    let network = simulation.network();
    let own: BTreeMap<IpAddr, u16> = (0..)
        .zip(&network.hosts)
        .flat_map(|(id, _)| [(network.endpoint(id).address, id), (network.endpoint_v6(id).address, id)])
        .collect();
    let end = simulation.truth().end;
    let mut sums: BTreeMap<_, [[u64; 2]; 2]> = BTreeMap::new();
    let mut late = BTreeSet::new();
    for (row, seen) in seen(&simulation) {
        let (Some(&from), Some(&to)) = (own.get(&seen.ends.0), own.get(&seen.ends.1)) else { continue };
        if seen.packet != seen.ends {
            continue;
        }
        assert_eq!(row.host, if seen.egress { from } else { to });
        let conversation = (seen.ends, seen.ports, seen.protocol);
        // The log is cut off at its ends, at every interface at another second.
        if row.end >= end - 120 || row.start < simulation.truth().start + 120 {
            late.insert(conversation);
        }
        let [packets, bytes] = &mut sums.entry(conversation).or_default()[usize::from(seen.egress)];
        *packets += seen.volume.packets;
        *bytes += seen.volume.bytes;
    }
    sums.retain(|conversation, _| !late.contains(conversation));
    assert!(sums.len() > 50_000, "{}", sums.len());
    for (conversation, [received, sent]) in sums {
        assert_eq!(received, sent, "{conversation:?}");
    }
}

#[test]
fn what_a_gateway_takes_in_it_passes_on() {
    let simulation = simulation(|p| (p.hosts, p.days, p.attacks) = (40, 1, false));
    let network = simulation.network();
    let gateways: BTreeSet<u16> = network.tier(Tier::NatGateway, 0).into_iter().collect();
    let own: BTreeSet<IpAddr> = gateways.iter().map(|&id| network.endpoint(id).address).collect();
    // By gateway and minute: to and from the inside, to and from the outside.
    let mut bytes: BTreeMap<(u16, IpAddr), [u64; 4]> = BTreeMap::new();
    let mut at_hosts: BTreeMap<IpAddr, u64> = BTreeMap::new();
    for (row, seen) in seen(&simulation).into_iter().filter(|(_, seen)| seen.accepted) {
        let outside = |address: IpAddr| !own.contains(&address) && network.hosts.iter().all(|h| h.address != address);
        if gateways.contains(&row.host) {
            assert!(own.contains(&seen.ends.0) || own.contains(&seen.ends.1));
            let (world, side) = match (seen.egress, seen.packet == seen.ends) {
                (false, false) => (seen.packet.1, 0),
                (true, true) => (seen.ends.1, 1),
                (false, true) => (seen.ends.0, 2),
                (true, false) => (seen.packet.0, 3),
            };
            assert!(outside(world), "{seen:?}");
            bytes.entry((row.host, world)).or_default()[side] += seen.volume.bytes;
        } else if seen.egress && outside(seen.ends.1) && seen.ends.1.is_ipv4() {
            let host = network.host(row.host).unwrap();
            if !host.tier.is_public() {
                *at_hosts.entry(seen.ends.1).or_default() += seen.volume.bytes;
            }
        }
    }
    assert!(bytes.len() > 100);
    // What is cut off at the log's ends is cut at the same second on either side of a gateway.
    for ((_, world), [taken, passed, answered, returned]) in &bytes {
        assert_eq!((taken, answered), (passed, returned), "{world}");
    }
    let whole = bytes.values().map(|sides| sides[0]).sum::<u64>() as f64;
    let sent = at_hosts.values().sum::<u64>() as f64;
    assert!((whole / sent - 1.0).abs() < 0.001, "{whole} {sent}: all but what is cut off at the ends");
}

#[test]
fn nobody_is_two_things() {
    let simulation = simulation(|_| ());
    let truth = simulation.truth();
    let noise: BTreeSet<_> = truth.unlabelled_peers.iter().collect();
    assert!(truth.incidents.iter().all(|i| i.actors.iter().chain(&i.targets).all(|a| !noise.contains(a))));
    let involved: BTreeSet<_> = truth.incidents.iter().flat_map(|i| i.actors.iter().chain(&i.targets)).collect();
    assert!(truth.benign_hosts.len() > 10 && truth.benign_hosts.iter().all(|host| !involved.contains(host)));
    assert_eq!(truth.monitored_hosts.len(), 60);
    assert_eq!(truth.expected.len(), 1);
    assert!(truth.expected[0].start >= truth.eval_start && truth.expected[0].end <= truth.end);
}
