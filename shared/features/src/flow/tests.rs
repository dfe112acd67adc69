use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use weir_domain::aggregate::{
    HostAggregate, HostWindows, HourAggregate, InterfaceAggregate, MonitoredAddresses, PairKey, Service,
};
use weir_domain::flow::{Action, Direction, FlowRecord, TCP, UDP};
use weir_domain::window::{Hour, Scope, WindowLength, WindowStart};

use super::*;

const FIVE: WindowLength = WindowLength::FIVE_MINUTES;

fn folder() -> Folder {
    Folder::new(FIVE, Scope::new("1", "r"))
}

fn fold(records: &[FlowRecord<'static>]) -> BTreeMap<(Scope, Hour), HourAggregate> {
    let mut folder = folder();
    for record in records {
        folder.fold(record);
    }
    folder.take().into_iter().map(|h| ((h.scope.clone(), h.hour), h)).collect()
}

fn merge(
    mut into: BTreeMap<(Scope, Hour), HourAggregate>,
    other: BTreeMap<(Scope, Hour), HourAggregate>,
) -> BTreeMap<(Scope, Hour), HourAggregate> {
    for (key, hour) in other {
        into.entry(key.clone()).or_insert_with(|| HourAggregate::new(key.0, key.1, FIVE)).merge(hour).unwrap();
    }
    into.values_mut().for_each(HourAggregate::prune);
    into
}

fn v4(n: u32) -> IpAddr {
    Ipv4Addr::from(n).into()
}

fn record(source: IpAddr, destination: IpAddr, source_port: u16, destination_port: u16) -> FlowRecord<'static> {
    FlowRecord {
        account: "1",
        region: "r",
        interface: "eni-1",
        source,
        destination,
        source_port,
        destination_port,
        protocol: TCP,
        packets: 5,
        bytes: 900,
        start: 1_700_000_000,
        end: 1_700_000_050,
        action: Action::Accept,
        tcp_flags: None,
        direction: None,
        packet_source: None,
        packet_destination: None,
        source_service: "",
        destination_service: "",
    }
}

fn any_record() -> impl Strategy<Value = FlowRecord<'static>> {
    let ends = (0u32..6, 0u32..6, prop::sample::select(vec![22u16, 53, 443, 8080, 40000, 50000, 0]), 0u16..4);
    let what = (prop::sample::select(vec![1u8, 6, 17]), 1u64..20, prop_oneof![0u64..5000, Just(u64::MAX >> 1)]);
    let when = (0i64..8000, 0i64..700);
    let how = (
        any::<bool>(),
        prop::option::of(prop::sample::select(vec![0u8, 2, 3, 4, 18, 19])),
        prop::option::of(any::<bool>()),
        prop::sample::select(vec!["eni-1", "eni-2", ""]),
        prop::option::of(0u32..6),
    );
    (ends, what, when, how).prop_map(|((a, b, port, other), (protocol, packets, bytes), (start, lasts), how)| {
        let (accept, tcp_flags, ingress, interface, forwarded) = how;
        FlowRecord {
            packet_destination: forwarded.map(|n| v4(0xc000_0200 + n)),
            interface,
            protocol,
            packets,
            bytes,
            start: 1_700_000_000 + start,
            end: 1_700_000_000 + start + lasts,
            action: if accept { Action::Accept } else { Action::Reject },
            tcp_flags,
            direction: ingress.map(|i| if i { Direction::Ingress } else { Direction::Egress }),
            ..record(v4(0x0a00_0000 + a), v4(0xc000_0200 + b), port, 30000 + other * 9000)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_associative_commutative_and_has_an_identity(
        a in prop::collection::vec(any_record(), 0..40),
        b in prop::collection::vec(any_record(), 0..40),
        c in prop::collection::vec(any_record(), 0..40),
    ) {
        let (a, b, c) = (fold(&a), fold(&b), fold(&c));
        prop_assert_eq!(merge(a.clone(), BTreeMap::new()), a.clone());
        prop_assert_eq!(merge(BTreeMap::new(), a.clone()), a.clone());
        prop_assert_eq!(merge(a.clone(), b.clone()), merge(b.clone(), a.clone()));
        prop_assert_eq!(merge(merge(a.clone(), b.clone()), c.clone()), merge(a, merge(b, c)));
    }

    #[test]
    fn any_split_in_any_order_gives_the_same(
        records in prop::collection::vec(any_record(), 1..120),
        parts in 1usize..6,
        shuffle in any::<u64>(),
    ) {
        let whole = fold(&records);
        let mut split = vec![Vec::new(); parts];
        for (i, r) in records.iter().enumerate() {
            split[(i as u64 ^ shuffle).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % parts].push(*r);
        }
        split.rotate_left(shuffle as usize % parts);
        for part in &mut split {
            part.reverse();
        }
        let merged = split.iter().map(|part| fold(part)).fold(BTreeMap::new(), merge);
        prop_assert_eq!(whole, merged);
    }
}

#[test]
fn both_directions_make_one_answered_pair() {
    let (client, server) = (v4(0x0a00_0001), v4(0x0808_0808));
    let hours =
        fold(&[record(client, server, 50000, 443), FlowRecord { bytes: 70_000, ..record(server, client, 443, 50000) }]);
    let hour = hours.values().next().unwrap();
    let monitored = MonitoredAddresses::from_hour(hour);
    assert_eq!(monitored.hosts().collect::<Vec<_>>(), [client], "the private end of an interface with one peer");
    let windows = HostWindows::from_window(&hour.windows[&WindowStart(1_699_999_800)], &monitored);
    let host = windows.iter().find(|h| h.host == client).unwrap();
    let (key, pair) = host.initiator.pairs().sorted()[0];
    assert_eq!((key.peer, key.service), (server, Service { protocol: TCP, port: 443 }));
    assert!(pair.attempted() && pair.answered() && !pair.failed());
    assert_eq!((pair.totals.bytes_sent, pair.totals.bytes_received), (900, 70_000));
}

#[test]
fn a_conversation_logged_at_both_ends_counts_once() {
    let (a, b) = (v4(0x0a00_0001), v4(0x0a00_0002));
    let there = record(a, b, 50000, 443);
    for directed in [false, true] {
        let at = |interface, ingress| FlowRecord {
            interface,
            direction: directed.then_some(if ingress { Direction::Ingress } else { Direction::Egress }),
            ..there
        };
        // A second peer each, so that the address of the interface shows in logs without direction.
        let other = |interface, host| FlowRecord {
            interface,
            direction: directed.then_some(Direction::Egress),
            ..record(host, v4(0x0808_0808), 50001, 53)
        };
        let hours = fold(&[at("eni-a", false), at("eni-b", true), other("eni-a", a), other("eni-b", b)]);
        let hour = hours.values().next().unwrap();
        let monitored = MonitoredAddresses::from_hour(hour);
        assert_eq!(monitored.hosts().collect::<Vec<_>>(), [a, b]);
        let windows = HostWindows::from_window(hour.windows.values().next().unwrap(), &monitored);
        let sent: Vec<_> = windows.iter().map(|h| h.initiator.totals().bytes_sent).collect();
        let outside: Vec<_> =
            windows.iter().filter(|h| !h.monitored).map(|h| h.responder.totals().bytes_received).collect();
        assert_eq!((sent, outside), (vec![0, 1800, 900], vec![1800]), "directed: {directed}");
    }
}

/// The rows of a client, a NAT gateway and a host outside: those of the client's interface, and those of the gateway's.
fn through_a_gateway(directed: bool) -> (Vec<FlowRecord<'static>>, Vec<FlowRecord<'static>>) {
    use Direction::{Egress, Ingress};
    let (client, gateway, outside) = (v4(0x0a00_0001), v4(0x0a00_0009), v4(0xcb00_7107));
    let logged = |direction| directed.then_some(direction);
    let packet = |from, to| (Some(from), Some(to));
    let leg = |interface, source, destination, direction, (packet_source, packet_destination), back: bool| {
        let (from, to) = if back { (443, 50000) } else { (50000, 443) };
        let direction = logged(direction);
        let bytes = if back { 7_000 } else { 900 };
        FlowRecord {
            interface,
            bytes,
            direction,
            packet_source,
            packet_destination,
            ..record(source, destination, from, to)
        }
    };
    let at_client = vec![
        leg("eni-client", client, outside, Egress, packet(client, outside), false),
        leg("eni-client", outside, client, Ingress, packet(outside, client), true),
    ];
    let at_gateway = vec![
        leg("eni-gateway", client, gateway, Ingress, packet(client, outside), false),
        leg("eni-gateway", gateway, outside, Egress, packet(gateway, outside), false),
        leg("eni-gateway", outside, gateway, Ingress, packet(outside, gateway), true),
        leg("eni-gateway", gateway, client, Egress, packet(outside, client), true),
    ];
    (at_client, at_gateway)
}

#[test]
fn a_conversation_through_a_nat_gateway_counts_once_for_the_host_outside() {
    for directed in [false, true] {
        let (at_client, at_gateway) = through_a_gateway(directed);
        let both = [at_client.clone(), at_gateway.clone()].concat();
        // Without flow logs of the client, the host outside counts from the gateway.
        for (records, interfaces) in [(both, ["eni-client"]), (at_gateway, ["eni-gateway"])] {
            let hours = fold(&records);
            let hour = hours.values().next().unwrap();
            let monitored = MonitoredAddresses::from_hour(hour);
            let windows = HostWindows::from_window(hour.windows.values().next().unwrap(), &monitored);
            let outside = windows.get(v4(0xcb00_7107)).unwrap();
            let totals = outside.responder.totals();
            assert_eq!((totals.bytes_sent, totals.bytes_received), (7_000, 900), "directed: {directed}");
            assert_eq!(outside.interfaces, interfaces, "directed: {directed}");
        }
    }
}

#[test]
fn a_nat_gateway_forwards_the_pairs_that_its_clients_logged() {
    let (client, gateway, outside) = (v4(0x0a00_0001), v4(0x0a00_0009), v4(0xcb00_7107));
    let (at_client, at_gateway) = through_a_gateway(true);
    let web = Service { protocol: TCP, port: 443 };
    for (records, is_forwarded) in [([at_client, at_gateway.clone()].concat(), true), (at_gateway, false)] {
        let hours = fold(&records);
        let hour = hours.values().next().unwrap();
        let windows =
            HostWindows::from_window(hour.windows.values().next().unwrap(), &MonitoredAddresses::from_hour(hour));
        let gateway = windows.get(gateway).unwrap();
        for peer in [client, outside] {
            assert_eq!(gateway.is_forwarded(&PairKey { peer, service: web }), is_forwarded, "{peer}");
        }
        assert_eq!(
            gateway.clients().contains(&client),
            is_forwarded,
            "a client without flow logs counts from the gateway only"
        );
        let mut baseline = weir_domain::baseline::Baseline::default();
        super::learn(&mut baseline, hour, |_| true);
        let contact = baseline.contact(&PairKey { peer: outside, service: web }).unwrap();
        assert_eq!(contact.hosts(), 1, "the gateway is not counted as another client");
    }
}

/// A pod has another address than its node's interface. It counts as the node there, and is not dropped at its peer.
#[test]
fn a_pod_is_not_a_host_that_its_node_forwards_for() {
    let (node, pod, peer) = (v4(0x0a00_0001), v4(0x0a00_0055), v4(0x0a00_0002));
    let egress = Some(Direction::Egress);
    let hours = fold(&[
        FlowRecord { direction: egress, packet_source: Some(pod), ..record(node, peer, 50000, 443) },
        FlowRecord { interface: "eni-2", direction: Some(Direction::Ingress), ..record(pod, peer, 50000, 443) },
    ]);
    let hour = hours.values().next().unwrap();
    let windows = HostWindows::from_window(hour.windows.values().next().unwrap(), &MonitoredAddresses::from_hour(hour));
    let sent: Vec<_> = windows.iter().map(|h| (h.host, h.initiator.totals().bytes_sent)).collect();
    assert_eq!(sent, [(node, 900), (peer, 0), (pod, 900)]);
}

#[test]
fn an_attempt_each_way_is_an_answer_without_ports() {
    let (a, b) = (v4(0x0a00_0001), v4(0x0a00_0002));
    let request = FlowRecord { protocol: 1, direction: Some(Direction::Egress), ..record(a, b, 0, 0) };
    let echo = FlowRecord { protocol: 1, direction: Some(Direction::Ingress), ..record(b, a, 0, 0) };
    for (records, failed) in [(vec![request], true), (vec![request, echo], false)] {
        let hours = fold(&records);
        let hour = hours.values().next().unwrap();
        let windows =
            HostWindows::from_window(hour.windows.values().next().unwrap(), &MonitoredAddresses::from_hour(hour));
        let host = windows.iter().find(|h| h.host == a).unwrap();
        assert_eq!(host.failed(b, Service { protocol: 1, port: 0 }), failed);
    }
}

/// Half a million spoofed sources in one window neither grow memory without bound nor hide the victim.
#[test]
fn a_spoofed_flood_is_capped_and_counted() {
    const SOURCES: u32 = 500_000;
    let victim = v4(0x0a00_0001);
    let flood = |i: u32| FlowRecord {
        packets: 1,
        bytes: 60,
        protocol: UDP,
        ..record(v4(0x2000_0000 + i.wrapping_mul(2_654_435_761) % 0x4000_0000), victim, 1024 + (i % 60000) as u16, 53)
    };
    let (mut all, mut odd, mut even) = (folder(), folder(), folder());
    for i in 0..SOURCES {
        all.fold(&flood(i));
        if i % 2 == 0 { even.fold(&flood(i)) } else { odd.fold(&flood(i)) }
    }
    let mut whole = all.take().remove(0);
    let mut merged = odd.take().remove(0);
    merged.merge(even.take().remove(0)).unwrap();
    merged.prune();
    assert_eq!(whole, merged, "the same whatever the split");

    whole.prune();
    let interface = &whole.windows.values().next().unwrap().interfaces["eni-1"];
    assert_eq!(interface.totals.rows, u64::from(SOURCES));
    assert!(interface.remote.len() <= InterfaceAggregate::MAX_REMOTE_HOSTS);
    let monitored = MonitoredAddresses::from_hour(&whole);
    assert_eq!(monitored.hosts().collect::<Vec<_>>(), [victim]);
    let windows = HostWindows::from_window(whole.windows.values().next().unwrap(), &monitored);
    let host = windows.iter().find(|h| h.host == victim).unwrap();
    assert_eq!(host.responder.pairs().len(), HostAggregate::MAX_PAIRS);
    assert_eq!(host.responder.totals().rows(), u64::from(SOURCES), "totals stay exact");
    let peers = host.responder.distinct_peers() as f64;
    assert!((peers / f64::from(SOURCES) - 1.0).abs() < 0.1, "sketched: {peers}");
}

#[test]
fn rows_without_account_or_region_take_the_fallback() {
    let hours = fold(&[FlowRecord { account: "unknown", region: "", ..record(v4(1), v4(2), 1, 2) }]);
    assert_eq!(hours.keys().next().unwrap().0, Scope::new("1", "r"));
}

#[test]
fn feature_rows_fit_the_schema_and_are_finite() {
    let huge = FlowRecord { bytes: u64::MAX >> 1, packets: u64::MAX >> 1, ..record(v4(1), v4(2), 50000, 443) };
    let hours = fold(&[huge, huge, huge]);
    let hour = hours.values().next().unwrap();
    let mut matrix = weir_domain::matrix::FeatureMatrix::new(host_schema(FIVE));
    for host in
        HostWindows::from_window(hour.windows.values().next().unwrap(), &MonitoredAddresses::from_hour(hour)).iter()
    {
        matrix.push(&host_row(host)).unwrap();
    }
    assert_eq!(matrix.len(), 2);
}
