//! Tests of the stored form of windows: decoding inverts encoding, and everything else is refused.

mod forged;
mod records;

use std::net::Ipv4Addr;

use proptest::prelude::*;
use weir_domain::aggregate::{HostAggregate, InterfaceAggregate};
use weir_domain::flow::{Action, Direction, FlowRecord, ICMP, TCP, UDP};
use weir_domain::window::{Scope, WindowLength};
use weir_features::flow::Folder;

use super::*;

/// 2023-11-14 22:15 UTC, the start of a window.
const START: i64 = 1_700_000_100;

fn record() -> FlowRecord<'static> {
    FlowRecord {
        account: "123456789012",
        region: "eu-west-1",
        interface: "eni-1",
        source: Ipv4Addr::new(10, 0, 0, 1).into(),
        destination: Ipv4Addr::new(203, 0, 113, 1).into(),
        source_port: 50000,
        destination_port: 443,
        protocol: TCP,
        packets: 3,
        bytes: 900,
        start: START,
        end: START + 50,
        action: Action::Accept,
        tcp_flags: Some(2),
        direction: Some(Direction::Egress),
        packet_source: None,
        packet_destination: None,
        source_service: "",
        destination_service: "",
    }
}

/// A record of the hour: any interface, direction, protocol and outcome, IPv4 and IPv6, few hosts so that pairs repeat.
fn any_record() -> impl Strategy<Value = FlowRecord<'static>> {
    let host = || {
        prop::sample::select(vec!["10.0.0.1", "10.0.0.2", "203.0.113.7", "2001:db8::1", "fd00::5", "::"])
            .prop_map(|text| text.parse().unwrap())
    };
    let port = || prop::sample::select(vec![0u16, 22, 53, 443, 40000, 65535]);
    let size = (1u64..9, prop_oneof![0u64..5000, Just(i64::MAX as u64)]);
    let when = (0i64..2700, 0i64..700);
    let how = (
        any::<bool>(),
        prop::option::of(prop::sample::select(vec![0u8, 2, 4, 6, 18, 19])),
        prop::option::of(any::<bool>()),
        prop::sample::select(vec!["eni-1", "eni-2", ""]),
        prop::sample::select(vec![ICMP, TCP, UDP, 47]),
    );
    (host(), host(), port(), port(), size, when, how).prop_map(|(source, destination, from, to, size, when, how)| {
        let (accept, tcp_flags, ingress, interface, protocol) = how;
        FlowRecord {
            interface,
            source,
            destination,
            source_port: from,
            destination_port: to,
            protocol,
            packets: size.0,
            bytes: size.1,
            start: START + when.0,
            end: START + when.0 + when.1,
            action: if accept { Action::Accept } else { Action::Reject },
            tcp_flags,
            direction: ingress.map(|i| if i { Direction::Ingress } else { Direction::Egress }),
            ..record()
        }
    })
}

fn records() -> impl Strategy<Value = Vec<FlowRecord<'static>>> {
    prop::collection::vec(any_record(), 1..80)
}

/// Folds records of one hour.
fn fold<'a>(records: impl IntoIterator<Item = &'a FlowRecord<'static>>) -> HourAggregate {
    let mut folder = Folder::new(WindowLength::FIVE_MINUTES, Scope::new("", ""));
    records.into_iter().for_each(|record| folder.fold(record));
    let mut hours = folder.take();
    assert_eq!(hours.len(), 1, "records of one hour and scope");
    hours.remove(0)
}

fn merge(mut hour: HourAggregate, other: HourAggregate) -> HourAggregate {
    hour.merge(other).unwrap();
    hour.prune();
    hour
}

fn encode(parts: &[HourAggregate]) -> Vec<u8> {
    let first = &parts[0];
    let mut writer = BatchWriter::new(first.scope.clone(), first.hour, first.window_length).unwrap();
    for part in parts {
        writer.append(part).unwrap();
    }
    writer.finish("abc").unwrap()
}

fn read_back(parts: &[HourAggregate]) -> HourAggregate {
    let batch = decode(encode(parts)).unwrap();
    assert_eq!(batch.raw_hash, "abc");
    batch.hour
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn decoding_inverts_encoding(records in records()) {
        let hour = fold(&records);
        let back = read_back(std::slice::from_ref(&hour));
        prop_assert_eq!(&back, &hour);
        prop_assert_eq!(encode(&[back]), encode(&[hour]), "and writes to the same bytes");
    }

    #[test]
    fn decoded_hours_merge_like_the_originals(a in records(), b in records()) {
        let (a, b) = (fold(&a), fold(&b));
        prop_assert_eq!(merge(read_back(std::slice::from_ref(&a)), read_back(std::slice::from_ref(&b))), merge(a, b));
    }

    #[test]
    fn a_batch_in_parts_decodes_to_the_whole(records in records(), part in 1usize..40) {
        let parts: Vec<_> = records.chunks(part).map(fold).collect();
        prop_assert_eq!(read_back(&parts), fold(&records));
    }

    #[test]
    fn equal_content_gives_equal_bytes_in_any_order(records in records(), turn in any::<prop::sample::Index>()) {
        let mut turned = records.clone();
        turned.rotate_left(turn.index(records.len()));
        turned.reverse();
        prop_assert_eq!(encode(&[fold(&turned)]), encode(&[fold(&records)]));
    }

    #[test]
    fn random_bytes_are_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..300), parquet in any::<bool>()) {
        if parquet {
            bytes = [b"PAR1", &bytes[..], b"PAR1"].concat();
        }
        prop_assert!(decode(bytes).is_err());
    }
}

proptest! {
    // The Parquet crate panics on some half a percent of damaged files.
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn damaged_bytes_are_an_error_or_a_batch_that_is_stored_as_it_is_read(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = encode(&[fold(&[record(), FlowRecord { action: Action::Reject, ..record() }])]);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(batch) = decode(bytes) {
            prop_assert_eq!(read_back(std::slice::from_ref(&batch.hour)), batch.hour);
        }
    }
}

/// The Parquet crate would take 17 GB for this one.
#[test]
fn a_forged_list_is_refused_without_allocating_it() {
    let footer = [0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x48, 1, b'x', 0, 0];
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    let forged = [b"PAR1", &footer[..], &length, b"PAR1"].concat();
    assert!(matches!(decode(forged), Err(BatchError::Refused(_))));
}

#[test]
fn truncated_bytes_are_an_error_at_every_length() {
    let records: Vec<_> = (0..200).map(|i| FlowRecord { destination_port: i, ..record() }).collect();
    let bytes = encode(&[fold(&records)]);
    for length in (0..bytes.len()).step_by(bytes.len() / 499).chain([bytes.len() - 1]) {
        assert!(decode(bytes[..length].to_vec()).is_err(), "{length} of {} bytes", bytes.len());
    }
    assert!(decode(bytes).is_ok());
}

#[test]
fn a_part_of_another_hour_scope_or_window_length_is_refused() {
    let hour = fold(&[record()]);
    let mut writer = BatchWriter::new(hour.scope.clone(), hour.hour, hour.window_length).unwrap();
    let others = [
        fold(&[FlowRecord { start: START + 3600, end: START + 3600, ..record() }]),
        fold(&[FlowRecord { account: "2", ..record() }]),
        HourAggregate { window_length: WindowLength::TEN_MINUTES, ..hour.clone() },
    ];
    for other in others {
        assert!(matches!(writer.append(&other), Err(BatchError::Format(_))), "{:?}", other.scope);
    }
}

/// More contacts than the cap: the sketches and the overflow flag must be stored, so that merging continues.
#[test]
fn an_overflowing_host_decodes_and_keeps_merging() {
    let ports = |ports: std::ops::Range<u16>| -> Vec<_> {
        ports.map(|port| FlowRecord { destination_port: port, action: Action::Reject, ..record() }).collect()
    };
    let (all, low, high) = (ports(1..9000), ports(1..5000), ports(3000..9000));
    let whole = fold(&all);
    let pairs = |hour: &HourAggregate| {
        let hosts = hour.windows.values().flat_map(|w| w.interfaces.values()).flat_map(InterfaceAggregate::hosts);
        hosts.map(|(_, host)| (host.pairs().len(), host.sketches().is_some())).max()
    };
    assert_eq!(pairs(&whole), Some((HostAggregate::MAX_PAIRS, true)), "the cap is what this is about");
    assert_eq!(read_back(std::slice::from_ref(&whole)), whole);
    assert_eq!(read_back(&[fold(&all[..100]), fold(&all[100..4500]), fold(&all[4500..])]), whole);

    let (low, high) = (fold(&low), fold(&high));
    let merged = merge(read_back(std::slice::from_ref(&low)), read_back(std::slice::from_ref(&high)));
    assert_eq!(merged, merge(low, high));
    assert_eq!(pairs(&merged), Some((HostAggregate::MAX_PAIRS, true)));
}

/// More peers than the cap: the overflow must be stored, or dropped peers could return later.
#[test]
fn an_overflowing_interface_decodes_and_keeps_merging() {
    let strangers = |hosts: std::ops::Range<u32>| -> Vec<_> {
        hosts.map(|n| FlowRecord { destination: Ipv4Addr::from(0xc633_0000 + n).into(), ..record() }).collect()
    };
    let (all, few, many) = (strangers(0..6000), strangers(0..100), strangers(50..6000));
    let whole = fold(&all);
    let interface = |hour: &HourAggregate| hour.windows.values().next().unwrap().interfaces["eni-1"].clone();
    assert_eq!(interface(&whole).remote.len(), InterfaceAggregate::MAX_REMOTE_HOSTS);
    assert!(interface(&read_back(std::slice::from_ref(&whole))).remote.overflowed());
    assert!(!interface(&read_back(std::slice::from_ref(&whole))).local.overflowed());
    assert_eq!(read_back(std::slice::from_ref(&whole)), whole);

    let (few, many) = (fold(&few), fold(&many));
    let back = merge(read_back(std::slice::from_ref(&many)), read_back(std::slice::from_ref(&few)));
    assert_eq!(back, merge(many, few));
}
