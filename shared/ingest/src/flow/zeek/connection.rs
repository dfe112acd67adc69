//! Converts the cells of a Zeek row to a conversation.

use std::net::IpAddr;

use weir_domain::flow::{Action, ICMP, ICMP_V6, TCP, UDP};
use weir_domain::reject::RejectReason;

use super::cell::Cell;
use super::field::{Cells, Field};
use super::flags;
use crate::flow::conversation::{Conversation, Sent, with_headers};
use crate::flow::value;

/// States in which only the responder was seen.
const ANSWERS_ONLY: [&[u8]; 2] = [b"RSTRH", b"SHR"];

/// States of datagrams in which the responder was seen.
const ANSWERED: [&[u8]; 2] = [b"SF", b"SHR"];

/// Interprets one row.
pub(super) fn conversation(cells: &Cells<'_>) -> Result<Conversation<'static>, RejectReason> {
    let cell = |field| cells.get(field);
    let originator = (cell(Field::OrigH).address()?, cell(Field::OrigP).port()?);
    let responder = (cell(Field::RespH).address()?, cell(Field::RespP).port()?);
    let protocol = protocol(cell(Field::Proto), cell(Field::IpProto), originator.0)?;
    let (start, end) = times(cell(Field::Ts), cell(Field::Duration))?;
    let forth = Counts::from_cells(cells, Field::OrigPkts, Field::OrigIpBytes, Field::OrigBytes)?;
    let back = Counts::from_cells(cells, Field::RespPkts, Field::RespIpBytes, Field::RespBytes)?;

    let state = cell(Field::ConnState).word();
    let (forth_flags, back_flags) = if protocol == TCP {
        flags::tcp_flags(state, cell(Field::History).word(), (forth.payload > 0, back.payload > 0))
    } else {
        (None, None)
    };
    let back_seen = back_flags.is_some_and(|f| f != 0) || (protocol != TCP && ANSWERED.contains(&state));
    let forth_seen = forth_flags.is_some_and(|f| f != 0) || !ANSWERS_ONLY.contains(&state);
    Ok(Conversation {
        account: "",
        region: "",
        interface: "",
        originator,
        responder,
        protocol,
        start,
        end,
        action: Action::Accept,
        forth: forth.sent(forth_seen, forth_flags),
        back: back.sent(back_seen, back_flags),
    })
}

/// The counts of one side.
struct Counts {
    packets: Option<u64>,
    bytes: Option<u64>,
    payload: u64,
}

impl Counts {
    fn from_cells(cells: &Cells<'_>, packets: Field, bytes: Field, payload: Field) -> Result<Self, RejectReason> {
        Ok(Self {
            packets: cells.get(packets).count()?,
            bytes: cells.get(bytes).count()?,
            payload: cells.get(payload).count()?.unwrap_or(0),
        })
    }

    /// What the side sent. Without a packet count, `seen` or payload means that it sent at least one.
    fn sent(&self, seen: bool, tcp_flags: Option<u8>) -> Option<Sent> {
        let packets = self.packets.unwrap_or(u64::from(seen || self.payload > 0));
        let bytes = self.bytes.unwrap_or(with_headers(self.payload, packets));
        (packets > 0).then_some(Sent { packets, bytes, tcp_flags })
    }
}

fn protocol(name: &Cell<'_>, number: &Cell<'_>, address: IpAddr) -> Result<u8, RejectReason> {
    Ok(match name.word() {
        b"tcp" => TCP,
        b"udp" => UDP,
        b"icmp" if address.is_ipv4() => ICMP,
        b"icmp" => ICMP_V6,
        _ => match number.count() {
            Ok(number) => number.unwrap_or(0).try_into().map_err(|_| RejectReason::BadProtocol)?,
            Err(_) => return Err(RejectReason::BadProtocol),
        },
    })
}

fn times(start: &Cell<'_>, duration: &Cell<'_>) -> Result<(i64, i64), RejectReason> {
    let start = start.time()?;
    let end = start + duration.duration()?.unwrap_or(0.0);
    if end < start {
        return Err(RejectReason::BadTime);
    }
    Ok((value::second(start)?, value::second(end)?))
}
