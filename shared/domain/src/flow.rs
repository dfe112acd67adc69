//! One row of a flow log of any format, and the conclusions that can be drawn from it alone.

use std::net::IpAddr;

/// IANA protocol number of ICMP.
pub const ICMP: u8 = 1;
/// IANA protocol number of TCP.
pub const TCP: u8 = 6;
/// IANA protocol number of UDP.
pub const UDP: u8 = 17;
/// IANA protocol number of ICMP for IPv6.
pub const ICMP_V6: u8 = 58;

/// TCP flag bits as flow logs OR them over an aggregation interval.
pub mod tcp_flag {
    /// The sender has finished.
    pub const FIN: u8 = 1;
    /// The sender opens a connection.
    pub const SYN: u8 = 2;
    /// The sender aborts or refuses.
    pub const RST: u8 = 4;
    /// SYN together with ACK, as AWS logs it: the answer to a SYN.
    pub const SYN_ACK: u8 = 18;
}

/// The maximum number of bytes of a TCP packet without payload: IPv6 (40) + TCP with options (up to 44 for a SYN).
pub const HEADER_ONLY_BYTES: u64 = 84;

/// The decision of security groups and network ACLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The traffic was accepted.
    Accept,
    /// The traffic was rejected.
    Reject,
}

/// The direction of the traffic at the interface (`flow-direction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Into the interface: the destination is its address.
    Ingress,
    /// Out of the interface: the source is its address.
    Egress,
}

/// One row: the packets that one side of a conversation sent in one aggregation interval, as one interface logged them.
///
/// Text fields borrow from the line being read. An absent identifier is the empty string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowRecord<'a> {
    /// The account that owns the interface; empty when the log lacks it.
    pub account: &'a str,
    /// The region of the interface; empty when the log lacks it.
    pub region: &'a str,
    /// The network interface that logged the row; empty when the log lacks it.
    pub interface: &'a str,
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// The sender's port, 0 where the protocol has none.
    pub source_port: u16,
    /// The receiver's port, 0 where the protocol has none.
    pub destination_port: u16,
    /// IANA protocol number.
    pub protocol: u8,
    /// The packets in the interval.
    pub packets: u64,
    /// The bytes in the interval.
    pub bytes: u64,
    /// The time of the first packet, seconds since the epoch.
    pub start: i64,
    /// The time of the last packet, seconds since the epoch; never before `start`.
    pub end: i64,
    /// Whether the traffic was accepted.
    pub action: Action,
    /// TCP flags, where the log has them.
    pub tcp_flags: Option<u8>,
    /// Direction at the interface, where the log has it (not in version 2).
    pub direction: Option<Direction>,
    /// The source of the packet, where the log has it (`pkt-srcaddr`). It differs from `source` behind a NAT gateway, a load
    /// balancer or a pod network.
    pub packet_source: Option<IpAddr>,
    /// The destination of the packet (`pkt-dstaddr`).
    pub packet_destination: Option<IpAddr>,
    /// The AWS service the packet's source belongs to (`pkt-src-aws-service`); empty when none or unknown.
    pub source_service: &'a str,
    /// The AWS service the packet's destination belongs to (`pkt-dst-aws-service`).
    pub destination_service: &'a str,
}

/// The role of the sender of a row in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The sender of the row is the initiator: the row is part of an attempt.
    Initiator,
    /// The sender of the row is the responder: the row is part of an answer.
    Responder,
}

impl FlowRecord<'_> {
    /// The role of the sender, derived from this row alone so that it does not depend on order or history.
    ///
    /// TCP flags decide where the log has them: a SYN alone opens, a SYN-ACK answers, a bare RST refuses. Otherwise the ports
    /// decide: a well-known port serves an unprivileged one, a registered port serves an ephemeral one, and of two ports of one
    /// class the lower one serves. Both directions of a conversation give the same initiator. For protocols without ports and
    /// for equal ports (NTP between servers), the sender is the initiator in both directions; readers of the aggregates then
    /// treat an attempt each way as answered.
    #[must_use]
    pub fn sender(&self) -> Sender {
        if self.protocol == TCP
            && let Some(flags) = self.tcp_flags
        {
            if flags & tcp_flag::SYN_ACK == tcp_flag::SYN_ACK {
                return Sender::Responder;
            }
            if flags & tcp_flag::SYN != 0 {
                return Sender::Initiator;
            }
            if flags & tcp_flag::RST != 0 && self.header_only() {
                return Sender::Responder;
            }
        }
        let (from, to) = (self.source_port, self.destination_port);
        if from == to || !self.has_ports() {
            return Sender::Initiator;
        }
        match (port_rank(from), port_rank(to)) {
            (f, t) if f < t => Sender::Responder,
            (f, t) if f > t => Sender::Initiator,
            // A rejected row between ports of one class is the attempt that was rejected.
            _ if self.action == Action::Reject => Sender::Initiator,
            _ if from < to => Sender::Responder,
            _ => Sender::Initiator,
        }
    }

    /// Whether the row may open a connection: a TCP row with a SYN, or any row without TCP flags or of another protocol. A long
    /// connection is logged once per aggregation interval, and only its first row has the SYN.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.protocol != TCP || self.tcp_flags.is_none_or(|flags| flags & tcp_flag::SYN != 0)
    }

    /// Whether the packets carry no payload: on average they are at most as long as bare headers.
    #[must_use]
    pub fn header_only(&self) -> bool {
        self.bytes <= self.packets.saturating_mul(HEADER_ONLY_BYTES)
    }

    /// Whether the row proves neither success nor failure by itself: datagrams, and TCP rows without flags that are small enough
    /// to be SYNs only. The rows of the other direction show whether it was answered.
    #[must_use]
    pub fn unproven(&self) -> bool {
        if self.protocol != TCP {
            return true;
        }
        self.tcp_flags.is_none() && self.packets <= 8 && self.header_only()
    }

    /// Whether the row is an answer that only refuses: a bare RST, or, without flags, a single TCP packet of header size.
    #[must_use]
    pub fn refuses(&self) -> bool {
        let bare = if self.source.is_ipv4() { 40 } else { 60 };
        self.protocol == TCP
            && match self.tcp_flags {
                Some(flags) => flags & (tcp_flag::SYN | tcp_flag::RST) == tcp_flag::RST && self.header_only(),
                None => self.packets == 1 && self.bytes <= bare,
            }
    }

    /// Whether the ports of the protocol name a service. Those of ICMP, where a log has any, are its type and code.
    #[must_use]
    pub fn has_ports(&self) -> bool {
        !matches!(self.protocol, ICMP | ICMP_V6)
    }

    /// Whether the row is a half-open TCP connection: the initiator sent SYNs only, and at most a RST, in this interval.
    ///
    /// A flow log shows so an attempt that was refused or not answered, and the half-open scan of a port that answered (SYN, then
    /// RST). A genuine client sends payload or a FIN in the same interval. This is a fact of the row: later rows never take it
    /// back.
    #[must_use]
    pub fn half_open(&self) -> bool {
        self.protocol == TCP
            && self.tcp_flags.is_some_and(|f| f & !tcp_flag::RST == tcp_flag::SYN)
            && self.packets <= 8
            && self.header_only()
    }
}

/// The rank of a port by how likely it is that of a service. The port of lower rank serves.
fn port_rank(port: u16) -> u8 {
    match port {
        1..1024 => 0,
        _ if SERVICE_PORTS.binary_search(&port).is_ok() => 1,
        1024..32768 => 2,
        // Linux assigns client ports from 32768 up; the IANA range starts at 49152 (RFC 6335).
        32768.. => 3,
        0 => 4,
    }
}

/// Unprivileged ports that are far more often the port of a server than of a client, sorted. From the IANA registry and common
/// products.
const SERVICE_PORTS: &[u16] = &[
    1194, 1433, 1521, 1723, 1812, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3000, 3128, 3260, 3268, 3306, 3389, 3478,
    4317, 4318, 4500, 5000, 5044, 5060, 5061, 5353, 5355, 5432, 5439, 5601, 5671, 5672, 5683, 5900, 5985, 5986, 6379,
    6443, 6667, 8000, 8008, 8080, 8081, 8086, 8088, 8125, 8200, 8300, 8301, 8333, 8443, 8500, 8600, 8834, 8883, 8888,
    9000, 9042, 9090, 9092, 9093, 9100, 9200, 9300, 9418, 10050, 10051, 10250, 11211, 15672, 25565, 27017, 27018,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn row(source_port: u16, destination_port: u16, protocol: u8, tcp_flags: Option<u8>) -> FlowRecord<'static> {
        FlowRecord {
            account: "",
            region: "",
            interface: "eni-1",
            source: Ipv4Addr::new(10, 0, 0, 1).into(),
            destination: Ipv4Addr::new(10, 0, 0, 2).into(),
            source_port,
            destination_port,
            protocol,
            packets: 1,
            bytes: 60,
            start: 0,
            end: 1,
            action: Action::Accept,
            tcp_flags,
            direction: None,
            packet_source: None,
            packet_destination: None,
            source_service: "",
            destination_service: "",
        }
    }

    #[test]
    fn service_ports_are_sorted() {
        assert!(SERVICE_PORTS.is_sorted());
    }

    #[test]
    fn flags_decide_before_ports() {
        assert_eq!(row(443, 50000, TCP, Some(2)).sender(), Sender::Initiator);
        assert_eq!(row(50000, 443, TCP, Some(18)).sender(), Sender::Responder);
        assert_eq!(row(50000, 40000, TCP, Some(4)).sender(), Sender::Responder, "a bare RST refuses");
    }

    #[test]
    fn without_flags_both_directions_agree() {
        for (a, b) in [(443, 50000), (40000, 6379), (5432, 33000), (50001, 50000), (22, 1023), (2000, 3000)] {
            let there = row(a, b, TCP, None).sender();
            let back = row(b, a, TCP, None).sender();
            assert_ne!(there, back, "{a} and {b} must name one initiator");
        }
        assert_eq!(row(50000, 6379, TCP, None).sender(), Sender::Initiator);
        assert_eq!(row(0, 0, ICMP, None).sender(), Sender::Initiator);
        assert_eq!(row(123, 123, UDP, None).sender(), Sender::Initiator);
    }

    #[test]
    fn only_the_first_row_of_a_connection_opens_it() {
        assert!(row(50000, 22, TCP, Some(2)).opens());
        assert!(row(50000, 22, TCP, Some(3)).opens(), "a whole connection in one interval");
        assert!(!row(50000, 22, TCP, Some(0)).opens(), "it goes on");
        assert!(!row(50000, 22, TCP, Some(1)).opens(), "it ends");
        assert!(row(50000, 22, TCP, None).opens(), "unknown without flags");
        assert!(row(50000, 53, UDP, Some(0)).opens());
    }

    #[test]
    fn half_open_is_only_syns_without_payload() {
        assert!(row(50000, 22, TCP, Some(2)).half_open());
        assert!(row(50000, 22, TCP, Some(6)).half_open(), "answered and dropped at once");
        assert!(!row(50000, 22, TCP, Some(3)).half_open(), "FIN: there was a connection");
        assert!(!row(50000, 22, TCP, None).half_open(), "unknown without flags");
        assert!(!FlowRecord { bytes: 4000, ..row(50000, 22, TCP, Some(2)) }.half_open(), "payload was sent");
    }
}
