//! Splits a conversation with both directions in one row, as Zeek and most CSV have it, into records.

use std::net::IpAddr;

use weir_domain::flow::{Action, FlowRecord, ICMP, ICMP_V6};

/// IPv4 (20) and TCP (20) headers without options: what a payload count leaves out, per packet.
pub(super) const HEADERS: u64 = 40;

/// The largest count; sums saturate there.
pub(super) const MAX: u64 = i64::MAX as u64;

/// What one side sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) tcp_flags: Option<u8>,
}

/// One row of a log that has both directions in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversation<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) interface: &'a str,
    /// Address and port of the side that opened the conversation.
    pub(super) originator: (IpAddr, u16),
    /// Address and port of the other side.
    pub(super) responder: (IpAddr, u16),
    pub(super) protocol: u8,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) action: Action,
    /// What the originator sent.
    pub(super) forth: Option<Sent>,
    /// What the responder sent.
    pub(super) back: Option<Sent>,
}

impl<'a> Conversation<'a> {
    /// Whether neither side sent anything.
    pub(super) fn is_empty(&self) -> bool {
        self.forth.is_none() && self.back.is_none()
    }

    /// The records: what the originator sent, then what the responder sent.
    pub(super) fn records(&self) -> impl Iterator<Item = FlowRecord<'a>> {
        let forth = self.forth.map(|sent| self.record(self.originator, self.responder, sent));
        let back = self.back.map(|sent| self.record(self.responder, self.originator, sent));
        forth.into_iter().chain(back)
    }

    fn record(&self, from: (IpAddr, u16), to: (IpAddr, u16), sent: Sent) -> FlowRecord<'a> {
        // Type and code of ICMP are no ports.
        let port = |port| if matches!(self.protocol, ICMP | ICMP_V6) { 0 } else { port };
        FlowRecord {
            account: self.account,
            region: self.region,
            interface: self.interface,
            source: from.0,
            destination: to.0,
            source_port: port(from.1),
            destination_port: port(to.1),
            protocol: self.protocol,
            packets: sent.packets,
            bytes: sent.bytes,
            start: self.start,
            end: self.end,
            action: self.action,
            tcp_flags: sent.tcp_flags,
            direction: None,
            packet_source: None,
            packet_destination: None,
            source_service: "",
            destination_service: "",
        }
    }
}

/// Bytes with headers, from bytes of payload.
pub(super) fn with_headers(payload: u64, packets: u64) -> u64 {
    payload.saturating_add(packets.saturating_mul(HEADERS)).min(MAX)
}
