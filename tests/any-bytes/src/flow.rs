//! Flow logs.

use std::sync::LazyLock;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;
use weir_ingest::flow::csv_mapping::{self, Mapping};
use weir_ingest::flow::vpc_flow_log::{self, FieldOrder};
use weir_ingest::flow::{vpc_parquet, zeek};
use weir_ingest::{Problem, ReadError};

use crate::reading::{LIMITS, check_doubled, check_lines, check_rows, doubled, name, parts, twice};

/// The end of the century: no time of a flow.
const END: i64 = 4_102_444_800;

/// The most that a count may be.
const MAX: u64 = i64::MAX as u64;

/// The longest identifier.
const MAX_LEN: usize = 128;

/// What every record must be.
fn check_record(record: &FlowRecord<'_>) {
    assert!(0 <= record.start && record.start <= record.end && record.end < END, "times: {record:?}");
    assert!(record.packets <= MAX && record.bytes <= MAX, "counts: {record:?}");
    for identifier in
        [record.account, record.region, record.interface, record.source_service, record.destination_service]
    {
        let graphic = identifier.bytes().all(|b| b.is_ascii_graphic());
        assert!(identifier.len() <= MAX_LEN && graphic, "an identifier: {record:?}");
        assert_ne!(identifier, "-", "absent is empty");
    }
    for address in [Some(record.source), Some(record.destination), record.packet_source, record.packet_destination] {
        assert!(address.is_none_or(|a| a == a.to_canonical()), "IPv4 in IPv6: {record:?}");
    }
    // Whatever the row says, it can be judged.
    let _ = (record.sender(), record.header_only(), record.unproven(), record.refuses(), record.half_open());
}

/// Lines that become one or two records each.
fn check_conversations(bytes: &[u8], read: Result<(ReadSummary, u64), ReadError>) {
    if let Ok((summary, times)) = read {
        check_lines(bytes, &summary);
        assert!(summary.records <= times && times <= 2 * summary.records, "{times} records: {summary:?}");
        assert_eq!(summary.skip_data, 0);
    }
}

/// VPC and Transit Gateway Flow Logs as text, with a header line or by the default orders.
pub(crate) fn vpc_flow_log(bytes: &[u8]) {
    static ORDERS: LazyLock<[FieldOrder; 2]> =
        LazyLock::new(|| [FieldOrder::version_2(), FieldOrder::transit_gateway()]);
    let read = |order: Option<&FieldOrder>| {
        let read = twice(bytes, |input, called| {
            vpc_flow_log::read(input, &name(), LIMITS, order, |record| {
                check_record(record);
                called.with(record);
            })
        });
        if let Ok((summary, times)) = &read {
            check_lines(bytes, summary);
            assert_eq!(*times, summary.records);
            if let (None, Some(text)) = (order, doubled(bytes)) {
                check_doubled(summary, vpc_flow_log::read(&text[..], &name(), LIMITS, None, |_| {}));
            }
        }
        read
    };
    if matches!(read(None), Err(ReadError { problem: Problem::NoHeader, .. })) {
        for order in &*ORDERS {
            let _ = read(Some(order));
        }
        // What stands in the first line may be the order of another log.
        let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
        let order = str::from_utf8(line).ok().and_then(|line| FieldOrder::parse(line).ok());
        if let Some(order) = order {
            let _ = read(Some(&order));
        }
    }
}

/// VPC and Transit Gateway Flow Logs in Parquet.
pub(crate) fn vpc_parquet(bytes: &[u8]) {
    let read = twice(bytes, |input, called| {
        vpc_parquet::read(input, &name(), LIMITS, |record| {
            check_record(record);
            called.with(record);
        })
    });
    if let Ok((summary, times)) = read {
        check_rows(&summary);
        assert_eq!((times, summary.not_rows), (summary.records, 0));
        assert!(summary.rows() * 32 <= LIMITS.expanded_bytes, "a row counts 32 bytes at least: {summary:?}");
        assert!(summary.rejects.last().is_none_or(|last| last.line <= summary.rows()), "a row that is not there");
    }
}

/// Zeek connection logs.
pub(crate) fn zeek(bytes: &[u8]) {
    let read = twice(bytes, |input, called| {
        zeek::read(input, &name(), LIMITS, |record| {
            check_record(record);
            called.with(record);
        })
    });
    check_conversations(bytes, read);
}

/// CSV by the mappings that come with Weir.
pub(crate) fn csv_mapping(bytes: &[u8]) {
    static MAPPINGS: LazyLock<Vec<Mapping>> =
        LazyLock::new(|| Mapping::shipped_names().filter_map(Mapping::shipped).collect());
    assert_eq!(MAPPINGS.len(), Mapping::shipped_names().count(), "a shipped mapping has faults");
    for mapping in &*MAPPINGS {
        read_mapped(bytes, mapping);
    }
}

fn read_mapped(bytes: &[u8], mapping: &Mapping) {
    let read = twice(bytes, |input, called| {
        csv_mapping::read(input, &name(), mapping, LIMITS, |record| {
            check_record(record);
            called.with(record);
        })
    });
    check_conversations(bytes, read);
}

/// A mapping file, and behind a line of three dashes CSV that it describes.
pub(crate) fn csv_mapping_file(bytes: &[u8]) {
    let (file, log) = parts(bytes);
    let Ok(file) = str::from_utf8(file) else { return };
    match (Mapping::parse(file), Mapping::parse(file)) {
        (Ok(mapping), Ok(again)) => {
            assert_eq!(mapping, again);
            let _ = (mapping.description(), mapping.label().map(ToString::to_string));
            read_mapped(log, &mapping);
        }
        (Err(faults), Err(again)) => {
            assert_eq!(faults, again);
            assert!(!faults.faults.is_empty(), "a fault without a fault");
            assert!(faults.to_string().starts_with("the mapping cannot be used: "));
        }
        (mapping, again) => panic!("{mapping:?}, then {again:?}"),
    }
}
