//! Who did what to whom: the lines that a finding rests on.

use std::net::IpAddr;

/// Who did what to whom over the network, one line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// Who acts.
    pub source: IpAddr,
    /// Who is acted upon.
    pub destination: IpAddr,
    /// IANA protocol number.
    pub protocol: u8,
    /// Ports of the destination, ascending, at most [`Evidence::MAX_PORTS`]; empty where the protocol has none.
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
    pub const MAX_PORTS: usize = 10;
    /// Lines of evidence kept per window and entity.
    pub const MAX_PER_HIT: usize = 20;
    /// Lines of evidence in a finding.
    pub const MAX_PER_FINDING: usize = 50;
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
