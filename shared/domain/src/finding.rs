//! The types of findings: kinds, severities, the hit of one window, and the incident that groups hits.

mod evidence;
mod facts;
mod kind;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use crate::window::{Scope, WindowStart};

pub use evidence::{Evidence, Evidences, LoginEvidence, PointEvidence};
pub use facts::{Facts, Flood, Reason, Reference};
pub use kind::{Kind, UnknownKind};

/// The severity of a finding, as in OCSF (`severity_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// 1: for information.
    Informational,
    /// 2: background noise of the internet that was blocked.
    Low,
    /// 3: investigate today.
    Medium,
    /// 4: investigate now.
    High,
    /// 5: respond immediately.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The OCSF number, 1 to 5.
    #[must_use]
    pub fn id(self) -> u8 {
        self as u8 + 1
    }

    /// The OCSF name.
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

/// One detection in one window. The score function writes hits into incidents.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Hit {
    /// The window.
    pub window: WindowStart,
    /// The end of the window, seconds since the epoch.
    pub window_end: i64,
    /// The time of the first packet of the behaviour, seconds since the epoch.
    pub first_seen: i64,
    /// The time of the last packet of the behaviour.
    pub last_seen: i64,
    /// The severity.
    pub severity: Severity,
    /// The confidence, 0 to 100.
    pub confidence: u8,
    /// The rows of its hour that were read. Of two hits of one window, the one with more rows is more complete.
    pub rows: u64,
    /// The interfaces that logged it, sorted, at most 10.
    pub interfaces: Vec<String>,
    /// The measured facts.
    pub facts: Facts,
    /// The lines of evidence, strongest first, at most [`Evidence::MAX_PER_HIT`].
    pub evidence: Evidences,
}

/// The entity that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// The address of a host, or of the source of logins.
    Address(IpAddr),
    /// A user, role or principal, as named in the log.
    User(String),
    /// A series of usage, by its keys.
    Series(String),
}

impl Entity {
    /// The address, if the entity has one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        if let Self::Address(ip) = self { Some(*ip) } else { None }
    }

    /// A name that is unique among all entities, whatever users and series are called. Uids and storage keys contain it.
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

/// The name for people. The names of users and series come from a log, so the caller must escape them before showing them.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(ip) => ip.fmt(f),
            Self::User(name) | Self::Series(name) => f.pad(name),
        }
    }
}

/// The subject of a hit: kind, scope and entity. The hits of one subject are grouped into incidents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The kind of finding.
    pub kind: Kind,
    /// The account and region of the logs.
    pub scope: Scope,
    /// The entity: the victim of an incoming flood, burst or distributed brute force, else the actor; a user whose account is
    /// misused; the series that changed.
    pub entity: Entity,
    /// The peer, where the finding is about a pair of hosts (beacon, exfiltration).
    pub peer: Option<IpAddr>,
}

/// The behaviour of one subject over adjacent windows, published as one finding.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Incident {
    /// The unique identifier, fixed when the incident is created.
    pub uid: String,
    /// The time of creation, milliseconds since the epoch.
    pub created: i64,
    /// The day of its first hit at creation (`YYYY-MM-DD`). It is part of the finding's key and never changes.
    pub day: String,
    /// Whether it is closed because an older incident took over its windows.
    pub closed: bool,
    /// The hits by window.
    pub hits: BTreeMap<WindowStart, Hit>,
}

impl Incident {
    /// The highest severity of the hits.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.hits.values().map(|h| h.severity).max().unwrap_or(Severity::Informational)
    }
}
