//! The vocabulary of findings: what kind, how severe, seen when, on what evidence.

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
    /// Who, whom, how much; strongest first, at most [`Evidence::MAX_PER_HIT`] lines.
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
