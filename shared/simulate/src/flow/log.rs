//! What interfaces log of conversations: one row per direction and minute, at every interface on the way.
//!
//! A packet's time follows from its number: packet *i* of *n* is sent *i*/(*n* − 1) of the way through. So a minute's
//! packets and bytes are differences of exact sums, and both ends of a conversation add up to the same.

use std::net::IpAddr;

use super::conversation::{Conversation, Outcome, TCP, Volume};
use super::network::Network;
use crate::random::hash;

/// Length of an aggregation interval, milliseconds: what AWS calls the one-minute interval.
const MINUTE: i64 = 60_000;
/// Length of what a file holds, milliseconds.
pub(crate) const FILE_MILLIS: i64 = 300_000;
/// When the other end's first packet is sent after the first, milliseconds.
const ANSWER: i64 = 20;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const SYN_ACK: u8 = 18;

/// A row of a flow log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Whose interface logged it, as a position in the network.
    pub host: u16,
    /// First packet, or beginning of the interval; seconds since the epoch.
    pub start: i64,
    /// Last packet, or end of the interval; seconds.
    pub end: i64,
    /// What is said.
    pub status: Status,
}

/// `log-status`, and what comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Traffic.
    Ok(Traffic),
    /// There was none.
    NoData,
    /// Some rows of the interval were lost at AWS. (Here none is: the row is for readers to cope with.)
    SkipData,
}

/// What an interface saw of a conversation in a minute, in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Source and destination, as the interface sees them.
    pub ends: (IpAddr, IpAddr),
    /// Source and destination of the packets themselves.
    pub packet: (IpAddr, IpAddr),
    /// Source and destination port.
    pub ports: (u16, u16),
    /// IANA protocol number.
    pub protocol: u8,
    /// How much.
    pub volume: Volume,
    /// Whether it was let in.
    pub accepted: bool,
    /// FIN 1, SYN 2, RST 4, SYN-ACK 18, OR-ed.
    pub flags: u8,
    /// Whether it left the host, or came to it.
    pub egress: bool,
}

/// One direction of a conversation: when its packets are sent, and what the first and the last of them say.
#[derive(Debug, Clone, Copy)]
struct OneWay {
    start: i64,
    end: i64,
    volume: Volume,
    first: u8,
    between: u8,
    last: u8,
}

impl OneWay {
    fn sent(conversation: &Conversation) -> Self {
        let flags = match conversation.outcome {
            Outcome::Completed => [SYN, 0, FIN],
            Outcome::Aborted => [SYN, 0, RST],
            // There is nothing but SYNs, sent again.
            Outcome::Refused | Outcome::Unanswered | Outcome::Rejected => [SYN; 3],
        };
        Self::new(conversation, conversation.start, conversation.sent, flags)
    }

    fn received(conversation: &Conversation) -> Self {
        let flags = match conversation.outcome {
            Outcome::Refused => [RST; 3],
            Outcome::Completed => [SYN_ACK, 0, FIN],
            Outcome::Aborted => [SYN_ACK, 0, 0],
            // A handshake that nobody completes.
            Outcome::Unanswered | Outcome::Rejected => [SYN_ACK; 3],
        };
        Self::new(conversation, (conversation.start + ANSWER).min(conversation.end), conversation.received, flags)
    }

    fn new(conversation: &Conversation, start: i64, volume: Volume, flags: [u8; 3]) -> Self {
        let [first, between, last] = if conversation.protocol == TCP { flags } else { [0; 3] };
        Self { start, end: conversation.end, volume, first, between, last }
    }

    /// The number of the first packet that is not before a time.
    fn packets_before(&self, time: i64) -> u64 {
        if time <= self.start {
            return 0;
        }
        if time > self.end {
            return self.volume.packets;
        }
        let (into, whole) = ((time - self.start) as u64, (self.end - self.start) as u64);
        // Packet i is sent ⌊i·whole/(n−1)⌋ in: not before `into` from ⌈into·(n−1)/whole⌉ on.
        (u128::from(into) * u128::from(self.volume.packets.saturating_sub(1))).div_ceil(u128::from(whole)) as u64
    }

    fn time_of(&self, packet: u64) -> i64 {
        let gaps = u128::from(self.volume.packets.saturating_sub(1).max(1));
        let whole = (self.end - self.start) as u128;
        self.start + (u128::from(packet) * whole / gaps) as i64
    }

    /// What was sent in an interval: volume, flags, and the times of its first and last packet, seconds.
    fn within(&self, from: i64, to: i64) -> Option<(Volume, u8, i64, i64)> {
        let (a, b) = (self.packets_before(from), self.packets_before(to));
        if a >= b {
            return None;
        }
        let packets = self.volume.packets;
        let bytes = |n: u64| (u128::from(self.volume.bytes) * u128::from(n) / u128::from(packets)) as u64;
        let inner = a.max(1) < b.min(packets.saturating_sub(1));
        let flags = if a == 0 { self.first } else { 0 }
            | if inner { self.between } else { 0 }
            | if b == packets { self.last } else { 0 };
        let volume = Volume { packets: b - a, bytes: bytes(b) - bytes(a) };
        Some((volume, flags, self.time_of(a).div_euclid(1000), self.time_of(b - 1).div_euclid(1000)))
    }
}

/// Whose interface, and how it sees a direction.
#[derive(Debug, Clone, Copy)]
struct View {
    host: u16,
    ends: (IpAddr, IpAddr),
    packet: (IpAddr, IpAddr),
    ports: (u16, u16),
    accepted: bool,
    egress: bool,
}

impl View {
    /// The way back as the same interface sees it.
    fn back(self) -> Self {
        let turn = |(a, b): (IpAddr, IpAddr)| (b, a);
        Self {
            ends: turn(self.ends),
            packet: turn(self.packet),
            ports: (self.ports.1, self.ports.0),
            egress: !self.egress,
            ..self
        }
    }
}

/// Who sees a conversation's way out: who began it, the NAT gateway on either side, who was spoken to.
fn views(network: &Network, conversation: &Conversation) -> [Option<View>; 4] {
    let (from, to) = (conversation.from.address, conversation.to.address);
    let ports = (conversation.source_port, conversation.destination_port);
    let view = |host, egress, ends, packet, ports, accepted| View { host, ends, packet, ports, accepted, egress };
    let direct = (from, to);
    let mut seen = [None; 4];
    seen[0] = conversation.from.host.map(|host| view(host, true, direct, direct, ports, true));
    if let Some(gateway) = network.gateway(conversation.from, conversation.to, conversation.protocol) {
        let own = network.endpoint(gateway).address;
        // Ports that are none stay none.
        let translated = if conversation.source_port == 0 { 0 } else { gateway_port(conversation) };
        seen[1] = Some(view(gateway, false, (from, own), direct, ports, true));
        seen[2] = Some(view(gateway, true, (own, to), (own, to), (translated, ports.1), true));
    }
    seen[3] = conversation
        .to
        .host
        .map(|host| view(host, false, direct, direct, ports, conversation.outcome != Outcome::Rejected));
    seen
}

/// The port that the NAT gateway takes for a conversation: the same whenever it is asked.
fn gateway_port(conversation: &Conversation) -> u16 {
    let number = conversation.start as u64
        ^ (u64::from(conversation.source_port) << 44)
        ^ (u64::from(conversation.from.host.unwrap_or(0)) << 28);
    1024 + (hash(0, "gateway-port", number) % 64_512) as u16
}

/// Appends what is logged of a conversation in the file that begins at a time (milliseconds): the minutes of each
/// interface that end in it.
pub(crate) fn rows(network: &Network, conversation: &Conversation, file: i64, out: &mut Vec<Row>) {
    let (sent, received) = (OneWay::sent(conversation), OneWay::received(conversation));
    for view in views(network, conversation).into_iter().flatten() {
        let phase = network.host(view.host).map_or(0, |host| host.phase);
        // Intervals end at phase + k minutes: the first of the file's that holds a packet, and the last.
        let end_after = |time: i64| phase + ((time - phase).div_euclid(MINUTE) + 1) * MINUTE;
        let (mut to, last) =
            (end_after(conversation.start.max(file - MINUTE)), end_after(conversation.end).min(file + FILE_MILLIS));
        if to <= file {
            to += MINUTE;
        }
        while to <= last {
            for (course, view) in [(sent, view), (received, view.back())] {
                let Some((volume, flags, start, end)) = course.within(to - MINUTE, to) else { continue };
                let View { host, ends, packet, ports, accepted, egress } = view;
                let seen =
                    Traffic { ends, packet, ports, protocol: conversation.protocol, volume, accepted, flags, egress };
                out.push(Row { host, start, end, status: Status::Ok(seen) });
            }
            to += MINUTE;
        }
    }
}

/// Appends what interfaces say where there is nothing to say, and orders the rows by end and interface.
///
/// An interface without traffic for a minute says so (of one minute in ten, as flow logs of idle interfaces are sparse),
/// and now and then one says that rows were lost.
pub(crate) fn finish(network: &Network, seed: u64, file: i64, rows: &mut Vec<Row>) {
    const MINUTES: usize = (FILE_MILLIS / MINUTE) as usize;
    let mut busy = vec![[false; MINUTES]; network.hosts.len()];
    for row in rows.iter() {
        let Some(host) = network.host(row.host) else { continue };
        let interval = (row.end * 1000 - host.phase).div_euclid(MINUTE) * MINUTE + host.phase + MINUTE;
        let minute = (interval - file - 1).div_euclid(MINUTE) as usize;
        if let Some(minute) = busy.get_mut(usize::from(row.host)).and_then(|minutes| minutes.get_mut(minute)) {
            *minute = true;
        }
    }
    for (id, host) in network.running(file / 1000) {
        for (minute, busy) in busy.get(usize::from(id)).into_iter().flatten().enumerate() {
            // The first interval that ends after the file begins, and those after it.
            let to = host.phase + ((file - host.phase).div_euclid(MINUTE) + 1 + minute as i64) * MINUTE;
            let status = match hash(seed, &host.interface, to as u64) % 10_000 {
                0 => Status::SkipData,
                n if !busy && n < 1_000 => Status::NoData,
                _ => continue,
            };
            rows.push(Row { host: id, start: (to - MINUTE) / 1000, end: to / 1000 - 1, status });
        }
    }
    rows.sort_by_key(|row| (row.end, row.host));
}

#[cfg(test)]
mod tests;
