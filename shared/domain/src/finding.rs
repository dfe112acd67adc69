//! The vocabulary of findings: what kind, how severe, seen when, on what evidence.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use crate::usage::{RiskWindow, UsageSeason};
use crate::window::{Scope, WindowStart};

/// What was found. The names are the public ones (`finding_info.types[0]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One source tries many ports of a host.
    PortScan,
    /// One source tries one port on many hosts.
    HostSweep,
    /// More is sent to a host than it answers or usually gets, or one of ours sends so.
    DenialOfService,
    /// A host begins or receives far more connections than it ever does.
    ConnectionBurst,
    /// Data leaves that never left so.
    Exfiltration,
    /// A host calls another one at regular intervals.
    Beacon,
    /// Many tries at a service that asks who is there.
    BruteForce,
    /// A host reaches others on the ports of administration where it never did.
    LateralMovement,
    /// A lot is exchanged with somebody nobody here knew.
    UnknownPeer,
    /// A protocol or service that was never used, or one that carries what it is not made for.
    UnusualProtocol,
    /// A host behaves unlike itself and its peers.
    AnomalousBehaviour,
    /// Somebody else uses a user's account.
    AccountTakeover,
    /// A login unlike the user's others.
    RiskyLogin,
    /// One source tries few passwords on many accounts.
    PasswordSpray,
    /// Stolen names and passwords are tried, each once or twice.
    CredentialStuffing,
    /// Two logins of a user that no journey lies between.
    ImpossibleTravel,
    /// A device the user never used.
    NewDevice,
    /// A login far outside the user's hours.
    OffHoursAccess,
    /// Many accounts are entered from one address in a short time.
    SharedIp,
    /// A user does what neither they nor their like do.
    AnomalousUser,
    /// A series is far above what is usual at this time.
    UsageSpike,
    /// A series is far below what is usual at this time.
    UsageDrop,
    /// A series stays on another level than before.
    UsageLevelChange,
    /// A series varies more than it did.
    UsageVariability,
    /// A series has no values where it always had some.
    DataGap,
    /// Hours of the week in which a series is often anomalous.
    HighRiskWindow,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 26] = [
        Self::PortScan,
        Self::HostSweep,
        Self::DenialOfService,
        Self::ConnectionBurst,
        Self::Exfiltration,
        Self::Beacon,
        Self::BruteForce,
        Self::LateralMovement,
        Self::UnknownPeer,
        Self::UnusualProtocol,
        Self::AnomalousBehaviour,
        Self::AccountTakeover,
        Self::RiskyLogin,
        Self::PasswordSpray,
        Self::CredentialStuffing,
        Self::ImpossibleTravel,
        Self::NewDevice,
        Self::OffHoursAccess,
        Self::SharedIp,
        Self::AnomalousUser,
        Self::UsageSpike,
        Self::UsageDrop,
        Self::UsageLevelChange,
        Self::UsageVariability,
        Self::DataGap,
        Self::HighRiskWindow,
    ];

    /// The public name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PortScan => "port-scan",
            Self::HostSweep => "host-sweep",
            Self::DenialOfService => "denial-of-service",
            Self::ConnectionBurst => "connection-burst",
            Self::Exfiltration => "exfiltration",
            Self::Beacon => "beacon",
            Self::BruteForce => "brute-force",
            Self::LateralMovement => "lateral-movement",
            Self::UnknownPeer => "unknown-peer",
            Self::UnusualProtocol => "unusual-protocol",
            Self::AnomalousBehaviour => "anomalous-behaviour",
            Self::AccountTakeover => "account-takeover",
            Self::RiskyLogin => "risky-login",
            Self::PasswordSpray => "password-spray",
            Self::CredentialStuffing => "credential-stuffing",
            Self::ImpossibleTravel => "impossible-travel",
            Self::NewDevice => "new-device",
            Self::OffHoursAccess => "off-hours-access",
            Self::SharedIp => "shared-ip",
            Self::AnomalousUser => "anomalous-user",
            Self::UsageSpike => "usage-spike",
            Self::UsageDrop => "usage-drop",
            Self::UsageLevelChange => "usage-level-change",
            Self::UsageVariability => "usage-variability",
            Self::DataGap => "data-gap",
            Self::HighRiskWindow => "high-risk-window",
        }
    }
}

/// A name that no kind has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of finding: use {names}", names = Kind::ALL.map(Kind::as_str).join(", "))]
pub struct UnknownKind(String);

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much it matters, as OCSF counts it (`severity_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// 1: good to know.
    Informational,
    /// 2: background noise of the internet, stopped at the border.
    Low,
    /// 3: look at it today.
    Medium,
    /// 4: look at it now.
    High,
    /// 5: drop everything.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// OCSF's number, 1 to 5.
    #[must_use]
    pub fn id(self) -> u8 {
        self as u8 + 1
    }

    /// OCSF's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who did what to whom over the network, one line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// Who acts.
    pub source: IpAddr,
    /// Who is acted upon.
    pub destination: IpAddr,
    /// IANA protocol number.
    pub protocol: u8,
    /// Ports of the destination, ascending, at most [`Evidence::MOST_PORTS`]; empty where the protocol has none.
    pub ports: Vec<u16>,
    /// Distinct ports in all.
    pub distinct_ports: u64,
    /// Attempts (rows) from source to destination.
    pub attempts: u64,
    /// Distinct ports on which an attempt failed.
    pub failed: u64,
    /// Bytes from source to destination.
    pub bytes_out: u64,
    /// Bytes from destination to source.
    pub bytes_in: u64,
}

impl Evidence {
    /// Ports listed per line of evidence.
    pub const MOST_PORTS: usize = 10;
    /// Lines of evidence kept per window and entity.
    pub const MOST_PER_HIT: usize = 20;
    /// Lines of evidence in a finding.
    pub const MOST_PER_FINDING: usize = 50;
}

/// Who logged in, or tried to, or called an API, from where: one line of evidence. What the log does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginEvidence {
    /// Whose account, or which principal.
    pub user: String,
    /// From which address.
    pub source: Option<IpAddr>,
    /// Country of the source.
    pub country: String,
    /// What was logged in to or called upon: a cloud account, a host.
    pub account: String,
    /// What was done: `console login`, `ec2:RunInstances`.
    pub action: String,
    /// Logins or calls.
    pub attempts: u64,
    /// Of these, failed.
    pub failed: u64,
}

/// A value of a series and what was usual instead, one line of evidence.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PointEvidence {
    /// When the step begins, seconds since the epoch.
    pub time: i64,
    /// What it was.
    pub value: f64,
    /// What it usually is at this time.
    pub usual: f64,
    /// What it is rarely below at this time.
    pub usual_low: f64,
    /// What it is rarely above at this time.
    pub usual_high: f64,
}

/// The evidence of a hit, of one sort, strongest first.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Evidences {
    /// Of network traffic.
    Traffic(Vec<Evidence>),
    /// Of logins and API calls.
    Logins(Vec<LoginEvidence>),
    /// Of a series.
    Points(Vec<PointEvidence>),
}

impl Evidences {
    /// The lines of network traffic; none where the evidence is of another sort.
    #[must_use]
    pub fn traffic(&self) -> &[Evidence] {
        if let Self::Traffic(lines) = self { lines } else { &[] }
    }

    /// The lines of logins; none where the evidence is of another sort.
    #[must_use]
    pub fn logins(&self) -> &[LoginEvidence] {
        if let Self::Logins(lines) = self { lines } else { &[] }
    }

    /// The points of a series; none where the evidence is of another sort.
    #[must_use]
    pub fn points(&self) -> &[PointEvidence] {
        if let Self::Points(lines) = self { lines } else { &[] }
    }
}

impl From<Vec<Evidence>> for Evidences {
    fn from(lines: Vec<Evidence>) -> Self {
        Self::Traffic(lines)
    }
}

impl From<Vec<LoginEvidence>> for Evidences {
    fn from(lines: Vec<LoginEvidence>) -> Self {
        Self::Logins(lines)
    }
}

impl From<Vec<PointEvidence>> for Evidences {
    fn from(lines: Vec<PointEvidence>) -> Self {
        Self::Points(lines)
    }
}

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

/// One detection in one window: what score writes into an incident.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Hit {
    /// The window.
    pub window: WindowStart,
    /// When the window ends, seconds since the epoch.
    pub window_end: i64,
    /// First packet of the behaviour, seconds since the epoch.
    pub first_seen: i64,
    /// Last packet of the behaviour.
    pub last_seen: i64,
    /// How much it matters.
    pub severity: Severity,
    /// How sure, 0 to 100.
    pub confidence: u8,
    /// The rows that were known of its hour: of two hits of one window, the one with more knows more.
    pub rows: u64,
    /// Interfaces it was seen at, sorted, at most 10.
    pub interfaces: Vec<String>,
    /// What was measured.
    pub facts: Facts,
    /// Who, whom, how much; strongest first, at most [`Evidence::MOST_PER_HIT`] lines.
    pub evidence: Evidences,
}

/// Whom or what a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A host, or the source of logins, by its address.
    Address(IpAddr),
    /// A user, role or principal, as the log names them.
    User(String),
    /// A series of usage, by its keys.
    Series(String),
}

impl Entity {
    /// The address, where it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        if let Self::Address(ip) = self { Some(*ip) } else { None }
    }

    /// A name that no other entity has, whatever users and series are called: what uids and keys are made of.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Address(ip) => ip.to_string(),
            Self::User(user) => format!("user={user}"),
            Self::Series(series) => format!("series={series}"),
        }
    }
}

impl From<IpAddr> for Entity {
    fn from(ip: IpAddr) -> Self {
        Self::Address(ip)
    }
}

/// As people read it. Text of users and series comes from a log: whoever shows it escapes it.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(ip) => ip.fmt(f),
            Self::User(name) | Self::Series(name) => f.pad(name),
        }
    }
}

/// What a hit is about: kind, scope and entity. All hits of one subject make its incidents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// What was found.
    pub kind: Kind,
    /// Whose logs.
    pub scope: Scope,
    /// The entity: the victim of a flood, burst or shared brute force that comes in, else who acts; a user whose account is
    /// misused; the series that changed.
    pub entity: Entity,
    /// The other end, where the pair is the entity (beacon, exfiltration).
    pub peer: Option<IpAddr>,
}

/// Behaviour of one subject over neighbouring windows: one finding.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Incident {
    /// Fixed when the incident is created.
    pub uid: String,
    /// When it was created, milliseconds since the epoch.
    pub created: i64,
    /// The day of its first hit when created (`YYYY-MM-DD`): part of the finding's key, so it never changes.
    pub day: String,
    /// Closed because another incident, older, took its windows over.
    pub closed: bool,
    /// Its hits by window.
    pub hits: BTreeMap<WindowStart, Hit>,
}

impl Incident {
    /// The highest severity of its hits.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.hits.values().map(|h| h.severity).max().unwrap_or(Severity::Informational)
    }
}
