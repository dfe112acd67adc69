//! One conversation between two addresses, before anybody logs it.

use std::net::IpAddr;

/// TCP's protocol number.
pub(crate) const TCP: u8 = 6;
/// UDP's protocol number.
pub(crate) const UDP: u8 = 17;
/// ICMP's protocol number.
pub(crate) const ICMP: u8 = 1;

/// Payload of a full TCP segment, and the headers of a packet that has none.
const SEGMENT: u64 = 1448;
const HEADERS: u64 = 52;

/// An end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// Which host of the network it is, if any.
    pub host: Option<u16>,
}

impl Endpoint {
    /// Somebody on the internet, or an address of the network that nobody has.
    #[must_use]
    pub fn external(address: IpAddr) -> Self {
        Self { address, host: None }
    }
}

/// What one end sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Packets.
    pub packets: u64,
    /// Bytes with headers, as flow logs count them.
    pub bytes: u64,
}

/// What became of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Both ends talked and, with TCP, closed it.
    Completed,
    /// Both ends talked until the one that began broke it off with a RST.
    Aborted,
    /// The other end answered with a RST: nobody listens there.
    Refused,
    /// Nobody answered.
    Unanswered,
    /// The receiver's security group dropped it.
    Rejected,
}

/// A conversation: both directions, from its first packet to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversation {
    /// First packet, milliseconds since the epoch.
    pub start: i64,
    /// Last packet, not before the first.
    pub end: i64,
    /// Who began.
    pub from: Endpoint,
    /// Whom they spoke to.
    pub to: Endpoint,
    /// The port of who began; 0 where the protocol has none.
    pub source_port: u16,
    /// The port spoken to; 0 where the protocol has none.
    pub destination_port: u16,
    /// IANA protocol number.
    pub protocol: u8,
    /// What who began sent.
    pub sent: Volume,
    /// What came back.
    pub received: Volume,
    /// How it went.
    pub outcome: Outcome,
}

impl Conversation {
    /// A TCP connection that carries some payload either way over some milliseconds, and is closed.
    #[must_use]
    pub fn tcp(
        start: i64,
        duration: i64,
        from: Endpoint,
        to: Endpoint,
        ports: (u16, u16),
        payload: (u64, u64),
    ) -> Self {
        let segments = |payload: u64| payload.div_ceil(SEGMENT);
        let (out, back) = (segments(payload.0), segments(payload.1));
        // The handshake and the end, the data, and an acknowledgement for every second segment of the other end.
        let volume = |data: u64, others: u64, payload: u64, extra: u64| {
            let packets = extra + data + others / 2;
            Volume { packets, bytes: payload + HEADERS * packets }
        };
        Self {
            start,
            end: start + duration.max(0),
            from,
            to,
            source_port: ports.0,
            destination_port: ports.1,
            protocol: TCP,
            sent: volume(out, back, payload.0, 4),
            received: volume(back, out, payload.1, 3),
            outcome: Outcome::Completed,
        }
    }

    /// Datagrams of another protocol, sized `bytes` each way in so many packets.
    #[must_use]
    pub fn datagrams(
        start: i64,
        duration: i64,
        ends: (Endpoint, Endpoint),
        service: (u8, u16, u16),
        sent: Volume,
        received: Volume,
    ) -> Self {
        Self {
            start,
            end: start + duration.max(0),
            from: ends.0,
            to: ends.1,
            source_port: service.1,
            destination_port: service.2,
            protocol: service.0,
            sent,
            received,
            outcome: if received.packets == 0 { Outcome::Unanswered } else { Outcome::Completed },
        }
    }

    /// A TCP attempt that comes to nothing: `tries` times a SYN.
    #[must_use]
    pub fn attempt(start: i64, from: Endpoint, to: Endpoint, ports: (u16, u16), outcome: Outcome, tries: u64) -> Self {
        let received = match outcome {
            Outcome::Refused => Volume { packets: 1, bytes: 40 },
            _ => Volume::default(),
        };
        let tries = if outcome == Outcome::Refused { 1 } else { tries.max(1) };
        // A SYN is sent again after one second, then two, then four.
        let duration = if tries > 1 { ((1_i64 << (tries - 1).min(6)) - 1) * 1000 } else { 0 };
        Self {
            start,
            end: start + duration,
            from,
            to,
            source_port: ports.0,
            destination_port: ports.1,
            protocol: TCP,
            sent: Volume { packets: tries, bytes: 60 * tries },
            received,
            outcome,
        }
    }

    /// The same with another outcome.
    #[must_use]
    pub fn ending(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }
}
