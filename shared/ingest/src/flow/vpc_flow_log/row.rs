//! One row: split, then interpreted. This is the hot path of the whole program; see `benches/parse.rs`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_domain::flow::{Action, Direction, FlowRecord, tcp_flag};
use weir_domain::reject::RejectReason;

use super::header::Header;

macro_rules! fields {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// The fields that are read; all others are skipped.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($variant),+ }

        /// How many fields are read.
        pub(super) const FIELDS: usize = [$(Field::$variant),+].len();

        impl Field {
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// By name, with dashes (text) or underscores (Parquet), in any case.
            pub(super) fn from_name(name: &[u8]) -> Option<Self> {
                let same = |known: &str| {
                    known.len() == name.len()
                        && known.bytes().zip(name).all(|(k, &n)| k == if n == b'_' { b'-' } else { n.to_ascii_lowercase() })
                };
                $(if same($name) { return Some(Self::$variant); })+
                None
            }
        }
    };
}

fields! {
    SrcAddr "srcaddr", DstAddr "dstaddr", SrcPort "srcport", DstPort "dstport", Protocol "protocol",
    Packets "packets", Bytes "bytes", Start "start", End "end", Action "action", LogStatus "log-status",
    TcpFlags "tcp-flags", FlowDirection "flow-direction", AccountId "account-id", Region "region",
    InterfaceId "interface-id", PacketSrcAddr "pkt-srcaddr", PacketDstAddr "pkt-dstaddr",
    PacketSrcService "pkt-src-aws-service", PacketDstService "pkt-dst-aws-service",
    AttachmentId "tgw-attachment-id",
}

/// The longest identifier that is kept; AWS's are below 40.
const LONGEST_IDENTIFIER: usize = 128;

/// Times from the first flow log to the end of the century; what lies outside is no time of a flow.
const TIMES: std::ops::Range<u64> = 0..4_102_444_800;

/// What a row is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row<'a> {
    Record(FlowRecord<'a>),
    NoData,
    SkipData,
}

const ABSENT: &[u8] = b"-";

impl Header {
    /// Reads a row under this header.
    pub(super) fn row<'a>(&self, line: &'a [u8]) -> Result<Row<'a>, RejectReason> {
        let cells = self.split(line)?;
        let cell = |field: Field| cells[field as usize];
        match cell(Field::LogStatus) {
            b"OK" => {}
            b"NODATA" => return Ok(Row::NoData),
            b"SKIPDATA" => return Ok(Row::SkipData),
            ABSENT if self.has(Field::LogStatus) => return Err(RejectReason::BadStatus),
            // Without the column, a row without addresses is how missing data shows.
            ABSENT if cell(Field::SrcAddr) == ABSENT && cell(Field::DstAddr) == ABSENT => return Ok(Row::NoData),
            ABSENT => {}
            _ => return Err(RejectReason::BadStatus),
        }
        let start = time(cell(Field::Start))?;
        let end = if cell(Field::End) == ABSENT { start } else { time(cell(Field::End))? };
        if end < start {
            return Err(RejectReason::BadTime);
        }
        let packets = self.required(Field::Packets, cell(Field::Packets), RejectReason::BadCount, i64::MAX as u64)?;
        Ok(Row::Record(FlowRecord {
            account: identifier(cell(Field::AccountId))?,
            region: identifier(cell(Field::Region))?,
            interface: identifier(cell(if self.transit_gateway() { Field::AttachmentId } else { Field::InterfaceId }))?,
            source: address(cell(Field::SrcAddr))?,
            destination: address(cell(Field::DstAddr))?,
            source_port: port(cell(Field::SrcPort))?,
            destination_port: port(cell(Field::DstPort))?,
            protocol: self.required(
                Field::Protocol,
                cell(Field::Protocol),
                RejectReason::BadProtocol,
                u8::MAX.into(),
            )? as u8,
            packets,
            bytes: self.required(Field::Bytes, cell(Field::Bytes), RejectReason::BadCount, i64::MAX as u64)?,
            start,
            end,
            action: match cell(Field::Action) {
                b"ACCEPT" | ABSENT => Action::Accept,
                b"REJECT" => Action::Reject,
                _ => return Err(RejectReason::BadAction),
            },
            tcp_flags: match cell(Field::TcpFlags) {
                ABSENT => None,
                flags => {
                    let flags = number(flags, u8::MAX.into()).ok_or(RejectReason::BadFlags)? as u8;
                    if self.transit_gateway() { transit_gateway_flags(flags, packets) } else { Some(flags) }
                }
            },
            direction: match (cell(Field::FlowDirection), self.transit_gateway()) {
                (b"ingress", false) | (b"egress", true) => Some(Direction::Ingress),
                (b"egress", false) | (b"ingress", true) => Some(Direction::Egress),
                (ABSENT, _) => None,
                _ => return Err(RejectReason::BadDirection),
            },
            packet_source: optional_address(cell(Field::PacketSrcAddr))?,
            packet_destination: optional_address(cell(Field::PacketDstAddr))?,
            source_service: identifier(cell(Field::PacketSrcService))?,
            destination_service: identifier(cell(Field::PacketDstService))?,
        }))
    }

    /// Whether the rows are a transit gateway's: an attachment takes the place of the interface, and what enters the
    /// gateway has left the attachment's network, so directions are the other way round.
    fn transit_gateway(&self) -> bool {
        self.has(Field::AttachmentId) && !self.has(Field::InterfaceId)
    }

    /// The cells of the fields that are read; fields without a column read as absent.
    #[inline]
    fn split<'a>(&self, line: &'a [u8]) -> Result<[&'a [u8]; FIELDS], RejectReason> {
        let mut cells = [ABSENT; FIELDS];
        let mut columns = self.columns.iter();
        let mut from = 0;
        for at in memchr::memchr_iter(b' ', line).chain(std::iter::once(line.len())) {
            let cell = &line[from..at];
            from = at + 1;
            match columns.next() {
                Some(Some(field)) => cells[*field as usize] = cell,
                Some(None) => {}
                // A blank at the end of the line is no further field.
                None if cell.is_empty() && at == line.len() => {}
                None => return Err(RejectReason::FieldCount),
            }
        }
        if columns.next().is_some() { Err(RejectReason::FieldCount) } else { Ok(cells) }
    }

    /// A number that rows must have if the header has the column, 0 if it has not.
    fn required(&self, field: Field, cell: &[u8], reason: RejectReason, most: u64) -> Result<u64, RejectReason> {
        if cell == ABSENT && !self.has(field) { Ok(0) } else { number(cell, most).ok_or(reason) }
    }
}

/// Digits only, at most 19 of them, at most `most`.
#[inline]
fn number(cell: &[u8], most: u64) -> Option<u64> {
    if cell.is_empty() || cell.len() > 19 {
        return None;
    }
    let mut value = 0u64;
    for &byte in cell {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    (value <= most).then_some(value)
}

fn time(cell: &[u8]) -> Result<i64, RejectReason> {
    number(cell, u64::MAX).filter(|t| TIMES.contains(t)).map(|t| t as i64).ok_or(RejectReason::BadTime)
}

fn port(cell: &[u8]) -> Result<u16, RejectReason> {
    if cell == ABSENT {
        return Ok(0);
    }
    number(cell, u16::MAX.into()).map(|p| p as u16).ok_or(RejectReason::BadPort)
}

fn identifier(cell: &[u8]) -> Result<&str, RejectReason> {
    if cell == ABSENT {
        return Ok("");
    }
    if cell.len() > LONGEST_IDENTIFIER || !cell.iter().all(u8::is_ascii_graphic) {
        return Err(RejectReason::BadIdentifier);
    }
    str::from_utf8(cell).map_err(|_| RejectReason::BadIdentifier)
}

fn optional_address(cell: &[u8]) -> Result<Option<IpAddr>, RejectReason> {
    if cell == ABSENT { Ok(None) } else { address(cell).map(Some) }
}

/// A transit gateway logs ACK, PSH and URG as well. OR-ed over an interval, SYN and ACK no longer tell an answer from an
/// opening that was answered, unless there was but one packet.
fn transit_gateway_flags(flags: u8, packets: u64) -> Option<u8> {
    let both = flags & tcp_flag::SYN_ACK == tcp_flag::SYN_ACK;
    match (both, packets) {
        (true, 1) => Some(tcp_flag::SYN_ACK),
        (true, _) => None,
        (false, _) => Some(flags & (tcp_flag::FIN | tcp_flag::SYN | tcp_flag::RST)),
    }
}

#[inline]
fn address(cell: &[u8]) -> Result<IpAddr, RejectReason> {
    ipv4(cell).map(IpAddr::V4).or_else(|| ipv6(cell)).ok_or(RejectReason::BadAddress)
}

/// Four decimal numbers up to 255, as RFC 6943 wants them: no leading zeros, which some readers take for octal.
#[inline]
fn ipv4(cell: &[u8]) -> Option<Ipv4Addr> {
    let (mut octets, mut part, mut digits, mut value) = ([0u8; 4], 0, 0, 0u32);
    for &byte in cell {
        if byte == b'.' {
            if digits == 0 || part == 3 {
                return None;
            }
            octets[part] = value as u8;
            (part, digits, value) = (part + 1, 0, 0);
        } else {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            if digit > 9 || (digits > 0 && value == 0) {
                return None;
            }
            value = value * 10 + digit;
            digits += 1;
            if value > 255 {
                return None;
            }
        }
    }
    octets[part] = value as u8;
    (part == 3 && digits > 0).then(|| octets.into())
}

/// IPv6; an IPv4 address mapped into IPv6 is that IPv4 address.
#[cold]
fn ipv6(cell: &[u8]) -> Option<IpAddr> {
    if cell.len() > 45 {
        return None;
    }
    let address: Ipv6Addr = str::from_utf8(cell).ok()?.parse().ok()?;
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ipv4_agrees_with_the_standard_library(text in "[0-9.]{0,16}|([0-9]{1,3}\\.){3}[0-9]{1,3}") {
            prop_assert_eq!(ipv4(text.as_bytes()), text.parse().ok());
        }

        #[test]
        fn numbers_agree_with_the_standard_library(text in "[0-9a-]{0,21}|[0-9]{18,20}") {
            let expected = text.parse::<u64>().ok().filter(|_| text.len() <= 19);
            prop_assert_eq!(number(text.as_bytes(), u64::MAX), expected);
        }
    }

    #[test]
    fn ipv6_and_mapped_ipv4() {
        assert_eq!(address(b"2001:db8::1"), Ok("2001:db8::1".parse().unwrap()));
        assert_eq!(address(b"::ffff:10.0.0.1"), Ok(Ipv4Addr::new(10, 0, 0, 1).into()));
        assert_eq!(address(b"fe80::1%eth0"), Err(RejectReason::BadAddress));
        assert_eq!(address(b"\xff\xfe"), Err(RejectReason::BadAddress));
    }
}
