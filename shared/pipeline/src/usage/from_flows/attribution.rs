//! Attributes a row of a flow log to the cloud provider, service and region that it exchanges traffic with.
//!
//! The external end of a row decides: by the AWS service in the log (`pkt-src-aws-service`, `pkt-dst-aws-service`), else by
//! the published ranges of providers, with the packet's own addresses where the log has them. Rows between internal addresses
//! belong to the provider `internal`, public addresses in no range to `other`.

use std::net::IpAddr;

use weir_domain::flow::{Direction, FlowRecord};
use weir_ingest::ranges::{CloudService, ProviderRanges};

/// The provider, service and region that a row exchanges traffic with.
pub(super) enum Attribution<'a> {
    /// A service of the published ranges, by its index.
    Range(u32),
    /// An AWS service or the internal network, in a region, as named by the log.
    Named { provider: &'static str, service: &'a str, region: &'a str },
    /// A public address in no published range.
    Other,
}

/// The attribution of a row; `None` for the second of the two rows of internal traffic.
pub(super) fn attribute<'a>(ranges: &'a ProviderRanges, record: &FlowRecord<'a>) -> Option<Attribution<'a>> {
    let from = record.packet_source.unwrap_or(record.source);
    let to = record.packet_destination.unwrap_or(record.destination);
    // The external end decides; of two external ends, the one in a published range.
    let ends = [(to, record.destination_service), (from, record.source_service)];
    let outside = ends.into_iter().filter(|(address, service)| !is_internal(*address) || !service.is_empty());
    let attributed = |(address, service): (IpAddr, &'a str)| {
        let found = ranges.find_number(address);
        if service.is_empty() {
            return found.map(Attribution::Range);
        }
        let region = found.and_then(|number| ranges.service(number)).map_or("-", |service| service.region.as_str());
        let region = if region == "-" && !record.region.is_empty() { record.region } else { region };
        Some(Attribution::Named { provider: "aws", service, region })
    };
    let mut outside = outside.peekable();
    if outside.peek().is_none() {
        let once = record.direction != Some(Direction::Ingress);
        let region = if record.region.is_empty() { "-" } else { record.region };
        return once.then_some(Attribution::Named { provider: "internal", service: "-", region });
    }
    Some(outside.find_map(attributed).unwrap_or(Attribution::Other))
}

/// The provider of public addresses in no range.
pub(super) fn other_provider() -> CloudService {
    CloudService { provider: "other".to_owned(), service: "-".to_owned(), region: "-".to_owned() }
}

/// Whether an address cannot belong to a host on the internet: private, loopback, link-local, multicast, broadcast or
/// unspecified.
fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // 100.64.0.0/10 is shared address space (RFC 6598).
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
