//! A conversation counts once, however many interfaces log it: both ends inside the VPC, or the client's and a NAT gateway's
//! twice. The test compares a simulated VPC with sums row by row, based on the ground truth of monitored hosts and gateways.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::IpAddr;
use std::path::Path;

use weir_domain::aggregate::{HostWindows, MonitoredAddresses};
use weir_domain::flow::{Direction, FlowRecord};
use weir_domain::window::{Hour, Scope, WindowLength, WindowStart};
use weir_features::flow::Folder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::{ObjectName, ReadLimits};
use weir_tests::flow_logs::{files, real};

const WINDOW: WindowLength = WindowLength::FIVE_MINUTES;

/// The bytes that a host sent and received, by window.
type Bytes = BTreeMap<(WindowStart, IpAddr), [u64; 2]>;

fn each_record(path: &Path, each: impl FnMut(&FlowRecord<'_>)) {
    let name = ObjectName::new(&path.display().to_string());
    let options = FlowOptions::default();
    flow::read(File::open(path).unwrap(), &name, ReadLimits::default(), &options, each).unwrap();
}

/// The addresses with a tier in the ground truth, of all tiers or of one.
fn hosts(truth: &serde_json::Value, tier: Option<&str>) -> BTreeSet<IpAddr> {
    let tiers = truth["tiers"].as_object().unwrap().iter();
    let named: Vec<_> =
        tiers.filter(|(_, t)| tier.is_none_or(|tier| *t == tier)).map(|(host, _)| host.as_str()).collect();
    let second = named.iter().filter_map(|host| truth["ipv6"][host].as_str());
    named.iter().copied().chain(second).map(|host| host.parse().unwrap()).collect()
}

#[test]
fn on_a_simulated_vpc_every_host_counts_its_conversations_once() {
    let Some(folder) = real("sim-dev") else { return };
    let truth: serde_json::Value = serde_json::from_reader(File::open(folder.join("truth.json")).unwrap()).unwrap();
    let (own, gateways) = (hosts(&truth, None), hosts(&truth, Some("nat")));
    assert!(own.len() > 60 && gateways.len() == 3);

    let mut folder_of_rows = Folder::new(WINDOW, Scope::new("123456789012", "us-east-1"));
    let mut expected = Bytes::new();
    let mut at_gateways: BTreeMap<IpAddr, Bytes> = BTreeMap::new();
    let mut forwarded = BTreeSet::new();
    let mut interfaces_of_key: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    let add = |sums: &mut Bytes, window, record: &FlowRecord<'_>, host: IpAddr| {
        let [sent, received]: &mut [u64; 2] = sums.entry((window, host)).or_default();
        if record.source == host {
            *sent += record.bytes;
        }
        if record.destination == host {
            *received += record.bytes;
        }
    };
    // Some hours of the second day: files are of five minutes each, and named by time.
    let some: Vec<_> = files(&folder).into_iter().filter(|f| f.to_string_lossy().contains("20250305T1")).collect();
    assert!(some.len() > 20);
    for file in &some {
        each_record(file, |record| {
            folder_of_rows.fold(record);
            let window = WINDOW.start_of(record.start);
            let (mine, other) = match record.direction.unwrap() {
                Direction::Egress => (record.source, record.destination),
                Direction::Ingress => (record.destination, record.source),
            };
            add(&mut expected, window, record, mine);
            if !own.contains(&other) {
                let sums = if gateways.contains(&mine) { at_gateways.entry(mine).or_default() } else { &mut expected };
                add(sums, window, record, other);
            } else if gateways.contains(&mine) && record.packet_source != Some(record.source) {
                forwarded.insert((mine, window, record.packet_source.unwrap()));
            } else if gateways.contains(&mine) && record.packet_destination != Some(record.destination) {
                forwarded.insert((mine, window, record.packet_destination.unwrap()));
            } else if own.contains(&mine) {
                let key = (record.source, record.destination, record.source_port, record.destination_port, window);
                interfaces_of_key.entry(key).or_default().insert(record.interface.to_owned());
            }
        });
    }
    // What gateways did for themselves (look-ups, scanners at their door) counts there, and so does what they passed on
    // for a client whose own rows began in the window before.
    let elsewhere: BTreeSet<_> = expected.keys().copied().collect();
    for (gateway, sums) in at_gateways {
        for ((window, host), [sent, received]) in sums {
            if !forwarded.contains(&(gateway, window, host)) || !elsewhere.contains(&(window, host)) {
                let sums = expected.entry((window, host)).or_default();
                *sums = [sums[0] + sent, sums[1] + received];
            }
        }
    }

    let twice = interfaces_of_key.values().filter(|interfaces| interfaces.len() > 1).count();
    assert!(twice * 10 > interfaces_of_key.len() * 8, "the premise: {twice} of {} keys", interfaces_of_key.len());

    let mut counted = Bytes::new();
    let mut by_hour: BTreeMap<Hour, _> = BTreeMap::new();
    for hour in folder_of_rows.take() {
        assert!(by_hour.insert(hour.hour, hour).is_none(), "one account and region");
    }
    for hour in by_hour.values() {
        let addresses = MonitoredAddresses::from_hour(hour);
        for (window, aggregate) in &hour.windows {
            for host in HostWindows::from_window(aggregate, &addresses).iter() {
                let (a, b) = (host.initiator.totals(), host.responder.totals());
                let sums = [a.bytes_sent + b.bytes_sent, a.bytes_received + b.bytes_received];
                counted.insert((*window, host.host), sums);
            }
        }
    }
    assert_eq!(counted.len(), expected.len());
    let differing: Vec<_> = expected.iter().filter(|(key, sums)| counted.get(key) != Some(sums)).take(5).collect();
    assert!(differing.is_empty(), "{differing:?}");
}
