//! Converts the cells of one row to a conversation.

use weir_domain::flow::Action;
use weir_domain::reject::RejectReason;

use super::field::{FIELDS, Field};
use super::mapping::Mapping;
use super::protocol;
use crate::flow::conversation::{Conversation, Sent, with_headers};
use crate::flow::value;

/// The longest identifier that is kept; AWS's are below 40.
const MAX_IDENTIFIER_LEN: usize = 128;

/// What a line is.
pub(super) enum Seen<'a> {
    /// A header, or a row of empty cells.
    NoRow,
    Row(Conversation<'a>),
}

/// The cells of one row, by field; empty ones and `-` are absent.
#[derive(Default)]
pub(super) struct Cells<'a>([&'a [u8]; FIELDS]);

impl<'a> Cells<'a> {
    pub(super) fn set(&mut self, field: Field, cell: &'a [u8]) {
        self.0[field as usize] = if cell == b"-" { b"" } else { cell };
    }

    fn get(&self, field: Field) -> Option<&'a [u8]> {
        Some(self.0[field as usize]).filter(|cell| !cell.is_empty())
    }

    fn required(&self, field: Field) -> Result<&'a [u8], RejectReason> {
        self.get(field).ok_or(RejectReason::MissingValue)
    }

    fn port(&self, field: Field) -> Result<u16, RejectReason> {
        self.get(field).map_or(Ok(0), value::port)
    }

    fn identifier(&self, field: Field) -> Result<&'a str, RejectReason> {
        let cell = self.get(field).unwrap_or_default();
        if cell.len() > MAX_IDENTIFIER_LEN || !cell.iter().all(u8::is_ascii_graphic) {
            return Err(RejectReason::BadIdentifier);
        }
        str::from_utf8(cell).map_err(|_| RejectReason::BadIdentifier)
    }
}

impl Mapping {
    /// Interprets one row.
    pub(super) fn row<'a>(&self, cells: &Cells<'a>) -> Result<Conversation<'a>, RejectReason> {
        let address = |field| value::address(cells.required(field)?);
        let originator = (address(Field::Source)?, cells.port(Field::SourcePort)?);
        let responder = (address(Field::Destination)?, cells.port(Field::DestinationPort)?);
        let protocol = match self.column(Field::Protocol) {
            Some(_) => protocol::number(cells.required(Field::Protocol)?, &self.protocols)?,
            None => 0,
        };
        let (start, end) = self.times(cells)?;
        let forth = self.sent(cells, Field::Packets, Field::Bytes, self.payload[0])?;
        let back = self.sent(cells, Field::ReplyPackets, Field::ReplyBytes, self.payload[1])?;
        Ok(Conversation {
            account: cells.identifier(Field::Account)?,
            region: cells.identifier(Field::Region)?,
            interface: cells.identifier(Field::Interface)?,
            originator,
            responder,
            protocol,
            start,
            end,
            action: self.action(cells)?,
            // A row that counts nothing is still an attempt of its source.
            forth: if sent_any(forth) || !sent_any(back) { Some(forth) } else { None },
            back: Some(back).filter(|&back| sent_any(back)),
        })
    }

    fn times(&self, cells: &Cells<'_>) -> Result<(i64, i64), RejectReason> {
        let start = self.start.read(cells.required(Field::Start)?)?;
        let end = if self.column(Field::End).is_some() {
            self.end.read(cells.required(Field::End)?)?
        } else if self.column(Field::Duration).is_some() {
            start + self.duration.read(cells.required(Field::Duration)?)?
        } else {
            start
        };
        if end < start { Err(RejectReason::BadTime) } else { Ok((value::second(start)?, value::second(end)?)) }
    }

    fn sent(&self, cells: &Cells<'_>, packets: Field, bytes: Field, payload: bool) -> Result<Sent, RejectReason> {
        let count = |field| match self.column(field) {
            Some(_) => value::count(cells.required(field)?),
            None => Ok(0),
        };
        let (packets, bytes) = (count(packets)?, count(bytes)?);
        let bytes = if payload { with_headers(bytes, packets) } else { bytes };
        Ok(Sent { packets, bytes, tcp_flags: None })
    }

    fn action(&self, cells: &Cells<'_>) -> Result<Action, RejectReason> {
        let Some(word) = cells.get(Field::Action) else { return Ok(Action::Accept) };
        let is_one_of = |words: &[String]| words.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(word));
        if is_one_of(&self.accept) {
            Ok(Action::Accept)
        } else if is_one_of(&self.reject) {
            Ok(Action::Reject)
        } else {
            Err(RejectReason::BadAction)
        }
    }
}

fn sent_any(sent: Sent) -> bool {
    sent.packets > 0 || sent.bytes > 0
}
