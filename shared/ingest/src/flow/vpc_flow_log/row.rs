//! Converts the cells of one row, from text or Parquet, to a flow record. This is the hot path of the program: see
//! `benches/parse`.

use std::net::IpAddr;

use weir_domain::flow::{Action, Direction, FlowRecord, tcp_flag};
use weir_domain::reject::RejectReason;

use super::field::{Field, Fields};
use super::value::Cell;

pub(crate) use super::value::ABSENT;

/// The last second of the century, which is the last valid time.
const LAST_TIME: u64 = 4_102_444_799;

/// What a row is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row<'a> {
    Record(FlowRecord<'a>),
    NoData,
    SkipData,
}

/// The cells of a row. Fields without a column are absent.
pub(crate) trait Cells<'a> {
    /// A cell as text, [`ABSENT`] if it is absent.
    fn text(&self, field: Field) -> &'a [u8];
    /// A cell as an identifier, empty if it is absent.
    fn identifier(&self, field: Field) -> Result<&'a str, RejectReason>;
    /// A cell as a number that is not negative.
    fn number(&self, field: Field) -> Cell<u64>;
    /// A cell as an address.
    fn address(&self, field: Field) -> Cell<IpAddr>;
}

/// Interprets a row.
#[inline]
pub(crate) fn row<'a>(fields: &Fields, cells: &impl Cells<'a>) -> Result<Row<'a>, RejectReason> {
    match cells.text(Field::LogStatus) {
        b"OK" => {}
        b"NODATA" => return Ok(Row::NoData),
        b"SKIPDATA" => return Ok(Row::SkipData),
        ABSENT if fields.has(Field::LogStatus) => return Err(RejectReason::BadStatus),
        // Without the column, a row without addresses is how missing data shows.
        ABSENT if cells.text(Field::SrcAddr) == ABSENT && cells.text(Field::DstAddr) == ABSENT => {
            return Ok(Row::NoData);
        }
        ABSENT => {}
        _ => return Err(RejectReason::BadStatus),
    }
    let transit_gateway = fields.transit_gateway();
    let start = time(cells.number(Field::Start))?.ok_or(RejectReason::BadTime)?;
    let end = time(cells.number(Field::End))?.unwrap_or(start);
    if end < start {
        return Err(RejectReason::BadTime);
    }
    // A number that rows must have if there is a column for it; it is 0 if there is none.
    let required = |field, most, reason| match cells.number(field) {
        Cell::Is(value) if value <= most => Ok(value),
        Cell::Absent if !fields.has(field) => Ok(0),
        _ => Err(reason),
    };
    let packets = required(Field::Packets, i64::MAX as u64, RejectReason::BadCount)?;
    let interface = if transit_gateway { Field::AttachmentId } else { Field::InterfaceId };
    Ok(Row::Record(FlowRecord {
        account: cells.identifier(Field::AccountId)?,
        region: cells.identifier(Field::Region)?,
        interface: cells.identifier(interface)?,
        source: address(cells.address(Field::SrcAddr))?.ok_or(RejectReason::BadAddress)?,
        destination: address(cells.address(Field::DstAddr))?.ok_or(RejectReason::BadAddress)?,
        source_port: port(cells.number(Field::SrcPort))?,
        destination_port: port(cells.number(Field::DstPort))?,
        protocol: required(Field::Protocol, u8::MAX.into(), RejectReason::BadProtocol)? as u8,
        packets,
        bytes: required(Field::Bytes, i64::MAX as u64, RejectReason::BadCount)?,
        start,
        end,
        action: match cells.text(Field::Action) {
            b"ACCEPT" | ABSENT => Action::Accept,
            b"REJECT" => Action::Reject,
            _ => return Err(RejectReason::BadAction),
        },
        tcp_flags: match cells.number(Field::TcpFlags) {
            Cell::Absent => None,
            Cell::Is(flags @ 0..=255) if transit_gateway => transit_gateway_flags(flags as u8, packets),
            Cell::Is(flags @ 0..=255) => Some(flags as u8),
            _ => return Err(RejectReason::BadFlags),
        },
        direction: match (cells.text(Field::FlowDirection), transit_gateway) {
            (b"ingress", false) | (b"egress", true) => Some(Direction::Ingress),
            (b"egress", false) | (b"ingress", true) => Some(Direction::Egress),
            (ABSENT, _) => None,
            _ => return Err(RejectReason::BadDirection),
        },
        packet_source: address(cells.address(Field::PacketSrcAddr))?,
        packet_destination: address(cells.address(Field::PacketDstAddr))?,
        source_service: cells.identifier(Field::PacketSrcService)?,
        destination_service: cells.identifier(Field::PacketDstService)?,
    }))
}

#[inline]
fn time(cell: Cell<u64>) -> Result<Option<i64>, RejectReason> {
    match cell {
        Cell::Is(time @ 0..=LAST_TIME) => Ok(Some(time as i64)),
        Cell::Absent => Ok(None),
        _ => Err(RejectReason::BadTime),
    }
}

#[inline]
fn port(cell: Cell<u64>) -> Result<u16, RejectReason> {
    match cell {
        Cell::Is(port @ 0..=0xffff) => Ok(port as u16),
        Cell::Absent => Ok(0),
        _ => Err(RejectReason::BadPort),
    }
}

#[inline]
fn address(cell: Cell<IpAddr>) -> Result<Option<IpAddr>, RejectReason> {
    match cell {
        Cell::Is(address) => Ok(Some(address)),
        Cell::Absent => Ok(None),
        Cell::Bad => Err(RejectReason::BadAddress),
    }
}

/// A transit gateway logs ACK, PSH and URG as well. OR-ed over an interval, SYN and ACK are the same for an answer and for
/// an opening that was answered, unless there was only one packet.
fn transit_gateway_flags(flags: u8, packets: u64) -> Option<u8> {
    let both = flags & tcp_flag::SYN_ACK == tcp_flag::SYN_ACK;
    match (both, packets) {
        (true, 1) => Some(tcp_flag::SYN_ACK),
        (true, _) => None,
        (false, _) => Some(flags & (tcp_flag::FIN | tcp_flag::SYN | tcp_flag::RST)),
    }
}
