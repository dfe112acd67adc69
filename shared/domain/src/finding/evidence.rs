//! The lines of evidence of a finding.

use std::net::IpAddr;

/// One line of evidence of network traffic, from one host to another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// The acting host.
    pub source: IpAddr,
    /// The target.
    pub destination: IpAddr,
    /// IANA protocol number.
    pub protocol: u8,
    /// The ports of the destination, ascending, at most [`Evidence::MAX_PORTS`]; empty where the protocol has none.
    pub ports: Vec<u16>,
    /// The number of distinct ports.
    pub distinct_ports: u64,
    /// Attempts (rows) from source to destination.
    pub attempts: u64,
    /// The number of distinct ports on which an attempt failed.
    pub failed: u64,
    /// Bytes from source to destination.
    pub bytes_out: u64,
    /// Bytes from destination to source.
    pub bytes_in: u64,
}

impl Evidence {
    /// The maximum number of ports per line of evidence.
    pub const MAX_PORTS: usize = 10;
    /// The maximum number of lines of evidence per window and entity.
    pub const MAX_PER_HIT: usize = 20;
    /// The maximum number of lines of evidence per finding.
    pub const MAX_PER_FINDING: usize = 50;
}

/// One line of evidence of logins or API calls. A value that the log lacks is empty.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginEvidence {
    /// The user or principal.
    pub user: String,
    /// The source address.
    pub source: Option<IpAddr>,
    /// The country of the source.
    pub country: String,
    /// The cloud account or host that was logged in to or called.
    pub account: String,
    /// The action: `console login`, `ec2:RunInstances`.
    pub action: String,
    /// The number of logins or calls.
    pub attempts: u64,
    /// How many of these failed.
    pub failed: u64,
}

/// One line of evidence of a series: a value and its baseline.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PointEvidence {
    /// The start of the step, seconds since the epoch.
    pub time: i64,
    /// The value.
    pub value: f64,
    /// The median of the baseline at this time.
    pub usual: f64,
    /// The value that the series is rarely below at this time.
    pub usual_low: f64,
    /// The value that the series is rarely above at this time.
    pub usual_high: f64,
}

/// The evidence of a hit, all of one type, strongest first.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Evidences {
    /// Evidence of network traffic.
    Traffic(Vec<Evidence>),
    /// Evidence of logins and API calls.
    Logins(Vec<LoginEvidence>),
    /// Evidence of a series.
    Points(Vec<PointEvidence>),
}

impl Evidences {
    /// The lines of network traffic; empty for evidence of another type.
    #[must_use]
    pub fn traffic(&self) -> &[Evidence] {
        if let Self::Traffic(lines) = self { lines } else { &[] }
    }

    /// The lines of logins; empty for evidence of another type.
    #[must_use]
    pub fn logins(&self) -> &[LoginEvidence] {
        if let Self::Logins(lines) = self { lines } else { &[] }
    }

    /// The points of a series; empty for evidence of another type.
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
