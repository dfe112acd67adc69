//! What was measured, by kind: what sentences, techniques and severities are made of.

use std::net::IpAddr;

use super::Kind;
use crate::usage::{RiskWindow, UsageSeason};

/// One reason of a learned score: a feature far from what is usual.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// Stable name of the feature.
    pub feature: String,
    /// What a person reads.
    pub label: String,
    /// Unit of the values.
    pub unit: String,
    /// What it was.
    pub value: f64,
    /// What it usually is (median).
    pub usual: f64,
    /// What it rarely exceeds (95th percentile).
    pub usual_high: f64,
    /// Whose usual that is.
    pub reference: Reference,
    /// Its part of the positive contributions, 0 to 1.
    pub share: f64,
}

/// Whose behaviour something is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// The host's own windows.
    Itself,
    /// The windows of all hosts.
    AllHosts,
}

/// How a host is flooded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flood {
    /// TCP connections that are begun and not gone on with.
    Syn,
    /// UDP datagrams.
    Udp,
    /// Answers to questions that were never asked: sent by servers that somebody else asked in the victim's name.
    Amplification,
    /// ICMP messages.
    Icmp,
    /// Anything else.
    Other,
}

/// What a detection measured in a window; enough to write a sentence from.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Facts {
    /// Of a port scan.
    PortScan {
        /// The host most of whose ports were tried.
        target: IpAddr,
        /// Hosts that were scanned.
        targets: u64,
        /// Most distinct ports on which attempts failed, on one host.
        ports: u64,
        /// Attempts (rows).
        attempts: u64,
        /// Distinct (host, port) on which an attempt failed.
        failed: u64,
        /// Of these, stopped by security groups or network ACLs.
        rejected: u64,
        /// Whether the scanner is one of the monitored hosts.
        inside: bool,
    },
    /// Of a host sweep.
    HostSweep {
        /// The protocol swept.
        protocol: u8,
        /// The port swept (the one with most failing hosts).
        port: u16,
        /// Distinct hosts on which attempts at that port failed.
        hosts: u64,
        /// Ports that were swept.
        services: u64,
        /// Attempts (rows).
        attempts: u64,
        /// Distinct (host, port) on which an attempt failed.
        failed: u64,
        /// Of these, stopped by security groups or network ACLs.
        rejected: u64,
        /// Whether the sweeper is one of the monitored hosts.
        inside: bool,
    },
    /// Of a flood.
    DenialOfService {
        /// How.
        flood: Flood,
        /// Whether it comes in, or goes out from one of the monitored hosts.
        inbound: bool,
        /// The victim.
        target: IpAddr,
        /// The protocol flooded with.
        protocol: u8,
        /// The port most of it went to (or, amplified, came from).
        port: u16,
        /// Distinct hosts it came from.
        sources: u64,
        /// Packets.
        packets: u64,
        /// Bytes.
        bytes: u64,
        /// Packets that are rarely exceeded in such a window.
        usual_packets: f64,
    },
    /// Of a burst of connections.
    ConnectionBurst {
        /// Flows begun in the window, by the entity or towards it.
        flows: u64,
        /// Whether the entity began them.
        outbound: bool,
        /// Distinct hosts on the other side.
        peers: u64,
        /// Protocol of the leading service.
        protocol: u8,
        /// Port of the leading service.
        port: u16,
        /// Flows that are rarely exceeded in such a window.
        usual_flows: f64,
    },
    /// Of data that leaves.
    Exfiltration {
        /// Where to.
        peer: IpAddr,
        /// By which protocol.
        protocol: u8,
        /// To which port.
        port: u16,
        /// Bytes sent.
        bytes: u64,
        /// Over how long, seconds.
        seconds: i64,
        /// Bytes that are rarely exceeded in that time.
        usual_bytes: f64,
        /// Whether the host was never in touch with the destination before.
        first_contact: bool,
    },
    /// Of regular calls.
    Beacon {
        /// Who is called.
        peer: IpAddr,
        /// By which protocol.
        protocol: u8,
        /// On which port.
        port: u16,
        /// How often.
        connections: u64,
        /// The usual time between two calls, seconds.
        interval: f64,
        /// How far intervals are from that: their median deviation as a share of it.
        jitter: f64,
        /// Bytes usually sent in a call.
        bytes: f64,
        /// Hours in which it called.
        hours: u64,
        /// How regular it is, 0 to 1.
        regularity: f64,
    },
    /// Of tries at a service that asks who is there.
    BruteForce {
        /// The host most of the tries went to.
        target: IpAddr,
        /// Hosts that were tried.
        targets: u64,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// Tries.
        attempts: u64,
        /// Hosts that tried: where there is more than one, the entity is the target.
        sources: u64,
        /// Tries that are rarely exceeded in such a window.
        usual_attempts: f64,
        /// Whether the one who tries is one of the monitored hosts.
        inside: bool,
    },
    /// Of new ways between hosts inside.
    LateralMovement {
        /// The first host reached.
        target: IpAddr,
        /// Hosts that were never reached so before.
        targets: u64,
        /// The protocol.
        protocol: u8,
        /// The port.
        port: u16,
        /// Attempts.
        attempts: u64,
    },
    /// Of an exchange with somebody nobody knew.
    UnknownPeer {
        /// Who.
        peer: IpAddr,
        /// By which protocol.
        protocol: u8,
        /// On which port.
        port: u16,
        /// Bytes both ways.
        bytes: u64,
        /// Bytes that are rarely exceeded with somebody new; 0 where nobody ever asked anybody in the peer's network.
        usual_bytes: f64,
    },
    /// Of a protocol or service never used before.
    UnusualProtocol {
        /// With whom most of it was exchanged.
        peer: IpAddr,
        /// The protocol.
        protocol: u8,
        /// The port, 0 where it has none.
        port: u16,
        /// Packets both ways.
        packets: u64,
        /// Bytes both ways.
        bytes: u64,
        /// Whether it looks like a tunnel: more, or in larger packets, than the protocol is made for.
        tunnel: bool,
        /// Whether no monitored host ever used it, not only not this one.
        new_here: bool,
    },
    /// Of a row of a table of what users did.
    UnusualRow {
        /// The estimator's score.
        score: f64,
        /// The chance that a usual row scores so high, or has something as new.
        p_value: f64,
        /// Why, strongest first, in words; text in them is quoted and escaped.
        reasons: Vec<String>,
    },
    /// Of logins or calls of an API.
    Login {
        /// What was found: the public kind.
        kind: Kind,
        /// The title.
        title: String,
        /// The sentence an analyst reads.
        sentence: String,
        /// Logins or calls.
        logins: u64,
        /// Of these, failed.
        failed: u64,
        /// Distinct users.
        users: u64,
        /// Distinct source addresses.
        sources: u64,
        /// The highest score of one of them.
        score: f64,
    },
    /// Of a series of usage.
    Usage {
        /// What was found: the public kind.
        kind: Kind,
        /// What it was: the value, the mean of the last ones for another level, their mean distance from one another for a
        /// change of variability; the last value before a gap.
        value: f64,
        /// What that usually is.
        usual: f64,
        /// What it is rarely below.
        usual_low: f64,
        /// What it is rarely above.
        usual_high: f64,
        /// What usual depends on.
        season: UsageSeason,
        /// How many times as far from usual as what is rarely exceeded; for a change of variability how many times the usual
        /// spread, for a gap the steps missing.
        effect: f64,
        /// −log₁₀ of the share of points of the series that are as unusual; 0 for a gap.
        rarity: f64,
        /// Steps that it is about.
        steps: u64,
    },
    /// Of the hours of the week in which a series is a risk.
    RiskWindows {
        /// By whose clock hours are told: `UTC`, `Europe/Berlin`.
        clock: String,
        /// Which hours, the surest first.
        windows: Vec<RiskWindow>,
    },
    /// Of a learned detection.
    Behaviour {
        /// The estimator's score.
        score: f64,
        /// The chance that usual behaviour scores so high.
        p_value: f64,
        /// Why, strongest first.
        reasons: Vec<Reason>,
    },
}
