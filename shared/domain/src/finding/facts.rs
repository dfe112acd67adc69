//! The measured facts of a hit by kind, from which messages, techniques and severities are derived.

use std::net::IpAddr;

use super::Kind;
use crate::usage::{RiskWindow, UsageSeason};

/// One reason of a learned score: a feature far from its baseline.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// The stable name of the feature.
    pub feature: String,
    /// The label that people read.
    pub label: String,
    /// The unit of the values.
    pub unit: String,
    /// The measured value.
    pub value: f64,
    /// The median of the baseline.
    pub usual: f64,
    /// The 95th percentile of the baseline.
    pub usual_high: f64,
    /// The windows of the baseline.
    pub reference: Reference,
    /// Its share of the positive contributions, 0 to 1.
    pub share: f64,
}

/// The windows that a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// The windows of the host itself.
    Itself,
    /// The windows of all hosts.
    AllHosts,
}

/// The type of a flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flood {
    /// Half-open TCP connections (SYN flood).
    Syn,
    /// UDP datagrams.
    Udp,
    /// Responses to spoofed requests, sent by servers that the attacker queried in the victim's name (reflection).
    Amplification,
    /// ICMP messages.
    Icmp,
    /// Anything else.
    Other,
}

/// The facts that a detection measured in a window, sufficient to write its message.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Facts {
    /// A port scan.
    PortScan {
        /// The host on which most ports were tried.
        target: IpAddr,
        /// The number of hosts that were scanned.
        targets: u64,
        /// The most distinct ports of one host on which attempts failed.
        ports: u64,
        /// The number of attempts (rows).
        attempts: u64,
        /// The number of distinct (host, port) on which an attempt failed.
        failed: u64,
        /// How many of these were rejected by security groups or network ACLs.
        rejected: u64,
        /// Whether the scanner is one of the monitored hosts.
        inside: bool,
    },
    /// A host sweep.
    HostSweep {
        /// The protocol swept.
        protocol: u8,
        /// The port swept (the one with most failing hosts).
        port: u16,
        /// The number of distinct hosts on which attempts at that port failed.
        hosts: u64,
        /// The number of ports that were swept.
        services: u64,
        /// The number of attempts (rows).
        attempts: u64,
        /// The number of distinct (host, port) on which an attempt failed.
        failed: u64,
        /// How many of these were rejected by security groups or network ACLs.
        rejected: u64,
        /// Whether the source is one of the monitored hosts.
        inside: bool,
    },
    /// A denial of service by a flood.
    DenialOfService {
        /// The type of the flood.
        flood: Flood,
        /// Whether it is incoming; otherwise it is outgoing from a monitored host.
        inbound: bool,
        /// The victim.
        target: IpAddr,
        /// The protocol.
        protocol: u8,
        /// The port that most of it went to, or came from in a reflection attack.
        port: u16,
        /// The number of distinct source hosts.
        sources: u64,
        /// The number of packets.
        packets: u64,
        /// The number of bytes.
        bytes: u64,
        /// The number of packets that is rarely exceeded in such a window.
        usual_packets: f64,
    },
    /// A burst of connections.
    ConnectionBurst {
        /// The number of connections opened in the window, by the entity or to it.
        flows: u64,
        /// Whether the entity opened them.
        outbound: bool,
        /// The number of distinct peers.
        peers: u64,
        /// The protocol of the main service.
        protocol: u8,
        /// The port of the main service.
        port: u16,
        /// The number of connections that is rarely exceeded in such a window.
        usual_flows: f64,
    },
    /// An exfiltration.
    Exfiltration {
        /// The destination.
        peer: IpAddr,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// The number of bytes sent.
        bytes: u64,
        /// The duration in seconds.
        seconds: i64,
        /// The number of bytes that is rarely exceeded in that time.
        usual_bytes: f64,
        /// Whether the host had no contact with the destination before.
        first_contact: bool,
    },
    /// A beacon: connections at regular intervals.
    Beacon {
        /// The peer that is connected to.
        peer: IpAddr,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// The number of connections.
        connections: u64,
        /// The median time between two connections, seconds.
        interval: f64,
        /// The median absolute deviation of the intervals, as a share of that median.
        jitter: f64,
        /// The median number of bytes sent per connection.
        bytes: f64,
        /// The number of hours with connections.
        hours: u64,
        /// The regularity, 0 to 1.
        regularity: f64,
    },
    /// A brute force at an authentication service.
    BruteForce {
        /// The host that most attempts went to.
        target: IpAddr,
        /// The number of target hosts.
        targets: u64,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// The number of attempts.
        attempts: u64,
        /// The number of source hosts. Where there is more than one, the entity is the target.
        sources: u64,
        /// The number of attempts that is rarely exceeded in such a window.
        usual_attempts: f64,
        /// Whether the source is one of the monitored hosts.
        inside: bool,
    },
    /// A lateral movement: new connections between internal hosts.
    LateralMovement {
        /// The first host reached.
        target: IpAddr,
        /// The number of hosts that were never reached on the service before.
        targets: u64,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// The number of attempts.
        attempts: u64,
    },
    /// Traffic with an unknown peer.
    UnknownPeer {
        /// The peer.
        peer: IpAddr,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// The number of bytes in both directions.
        bytes: u64,
        /// The number of bytes that is rarely exceeded with a new peer; 0 where no host ever contacted the peer's network.
        usual_bytes: f64,
    },
    /// A protocol or service that was never used before.
    UnusualProtocol {
        /// The peer with most of the traffic.
        peer: IpAddr,
        /// The protocol.
        protocol: u8,
        /// The port, 0 where the protocol has none.
        port: u16,
        /// The number of packets in both directions.
        packets: u64,
        /// The number of bytes in both directions.
        bytes: u64,
        /// Whether it looks like a tunnel: more traffic, or larger packets, than the protocol needs.
        tunnel: bool,
        /// Whether no monitored host ever used it, not only this one.
        new_here: bool,
    },
    /// An unusual row of an activity table.
    UnusualRow {
        /// The estimator's score.
        score: f64,
        /// The probability that a normal row scores so high, or has a value as new.
        p_value: f64,
        /// The reasons in words, strongest first. Text of the table is quoted and escaped in them.
        reasons: Vec<String>,
    },
    /// Suspicious logins or API calls.
    Login {
        /// The public kind.
        kind: Kind,
        /// The title.
        title: String,
        /// The message for an analyst.
        sentence: String,
        /// The number of logins or calls.
        logins: u64,
        /// How many of these failed.
        failed: u64,
        /// The number of distinct users.
        users: u64,
        /// The number of distinct source addresses.
        sources: u64,
        /// The highest score of a login or call.
        score: f64,
    },
    /// An anomaly of a usage series.
    Usage {
        /// The public kind.
        kind: Kind,
        /// The measured value: the value of the step; for a level change the mean of the last values; for a change of variability
        /// their mean distance from one another; for a gap the last value before it.
        value: f64,
        /// The median of the baseline.
        usual: f64,
        /// The value that is rarely fallen below.
        usual_low: f64,
        /// The value that is rarely exceeded.
        usual_high: f64,
        /// The season of the baseline.
        season: UsageSeason,
        /// The distance from the median as a multiple of that of the value that is rarely exceeded; for a change of variability the
        /// multiple of the baseline variability; for a gap the number of missing steps.
        effect: f64,
        /// −log₁₀ of the share of points of the series that are as anomalous; 0 for a gap.
        rarity: f64,
        /// The number of steps concerned.
        steps: u64,
    },
    /// The high-risk hours of the week of a series.
    RiskWindows {
        /// The time zone of the hours: `UTC`, `Europe/Berlin`.
        clock: String,
        /// The hours, those of highest confidence first.
        windows: Vec<RiskWindow>,
    },
    /// Anomalous behaviour found by a trained model.
    Behaviour {
        /// The estimator's score.
        score: f64,
        /// The probability that normal behaviour scores so high.
        p_value: f64,
        /// The reasons, strongest first.
        reasons: Vec<Reason>,
    },
}
