//! The evidence of an incident, joined over its windows, as OCSF's `evidences`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use weir_domain::address::is_private;
use weir_domain::finding::{Evidence, Incident, LoginEvidence, PointEvidence};

#[expect(missing_docs, reason = "OCSF object `evidences`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceArtifact {
    /// Who acts; absent in a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_endpoint: Option<Endpoint>,
    /// Who is acted upon; present where something goes over the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_endpoint: Option<Endpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_info: Option<ConnectionInfo>,
    /// Whose account it is, in logins and API calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    pub data: EvidenceData,
}

#[expect(missing_docs, reason = "OCSF object `actor`")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub user: User,
}

#[expect(missing_docs, reason = "OCSF object `user`")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
}

#[expect(missing_docs, reason = "OCSF object `network_endpoint`")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub ip: IpAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

#[expect(missing_docs, reason = "OCSF object `network_connection_info`")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    pub protocol_num: u8,
    #[serde(default)]
    pub direction_id: u8,
    #[serde(default)]
    pub direction: String,
}

impl ConnectionInfo {
    /// The direction follows from the classes of both addresses ([`is_private`]): from a public address to a private one is
    /// inbound, the reverse outbound, between private ones lateral; between public addresses it is unknown.
    fn new(source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        let (direction_id, direction) = match (is_private(source), is_private(destination)) {
            (false, true) => (1, "Inbound"),
            (true, false) => (2, "Outbound"),
            (true, true) => (3, "Lateral"),
            (false, false) => (0, "Unknown"),
        };
        Self { protocol_num: protocol, direction_id, direction: direction.to_owned() }
    }
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvidenceData {
    /// Between two hosts.
    Traffic(TrafficData),
    /// Of logins or API calls.
    Logins(LoginData),
    /// Of a series, at one step.
    Point(PointEvidence),
}

impl EvidenceData {
    /// What was counted between two hosts, where it is that.
    #[must_use]
    pub fn traffic(&self) -> Option<&TrafficData> {
        if let Self::Traffic(data) = self { Some(data) } else { None }
    }
}

/// What was counted of a user's logins or API calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginData {
    /// What was done.
    pub action: String,
    /// What was logged in to or called upon.
    pub account: String,
    /// Country of the source; empty where it is unknown.
    pub country: String,
    /// Over all windows.
    pub attempts: u64,
    /// Of these, failed.
    pub failed: u64,
}

/// What was counted between two hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficData {
    /// The first ports, ascending.
    pub ports: Vec<u16>,
    /// Distinct ports, at most in one window.
    pub distinct_ports: u64,
    /// Attempts over all windows.
    pub attempts: u64,
    /// Distinct ports on which attempts failed, at most in one window.
    pub failed: u64,
    /// Bytes sent over all windows.
    pub bytes_out: u64,
    /// Bytes received over all windows.
    pub bytes_in: u64,
}

/// The evidence of all windows.
pub(super) fn evidences(incident: &Incident) -> Vec<EvidenceArtifact> {
    let mut all = traffic(incident);
    all.extend(logins(incident));
    all.extend(points(incident));
    all.truncate(Evidence::MAX_PER_FINDING);
    all
}

/// Logins and calls by user, source, and what was done, those with most attempts first.
fn logins(incident: &Incident) -> Vec<EvidenceArtifact> {
    let mut joined: BTreeMap<_, LoginEvidence> = BTreeMap::new();
    for evidence in incident.hits.values().flat_map(|h| h.evidence.logins()) {
        let key = (&evidence.user, evidence.source, &evidence.account, &evidence.action);
        let Some(mine) = joined.get_mut(&key) else {
            joined.insert(key, evidence.clone());
            continue;
        };
        mine.attempts = mine.attempts.saturating_add(evidence.attempts);
        mine.failed = mine.failed.saturating_add(evidence.failed);
    }
    let mut joined: Vec<_> = joined.into_values().collect();
    joined.sort_by_key(|e| std::cmp::Reverse((e.attempts, e.failed)));
    joined.into_iter().map(EvidenceArtifact::from).collect()
}

/// The points of a series, by their time.
fn points(incident: &Incident) -> Vec<EvidenceArtifact> {
    let points: BTreeMap<i64, PointEvidence> =
        incident.hits.values().flat_map(|h| h.evidence.points()).map(|point| (point.time, *point)).collect();
    points.into_values().map(EvidenceArtifact::from).collect()
}

/// Traffic by who, whom and protocol, that with most failures, attempts and bytes first.
fn traffic(incident: &Incident) -> Vec<EvidenceArtifact> {
    let mut joined: BTreeMap<(IpAddr, IpAddr, u8), Evidence> = BTreeMap::new();
    for evidence in incident.hits.values().flat_map(|h| h.evidence.traffic()) {
        let key = (evidence.source, evidence.destination, evidence.protocol);
        let Some(mine) = joined.get_mut(&key) else {
            joined.insert(key, evidence.clone());
            continue;
        };
        mine.ports.extend(&evidence.ports);
        mine.ports.sort_unstable();
        mine.ports.dedup();
        mine.ports.truncate(Evidence::MAX_PORTS);
        mine.distinct_ports = mine.distinct_ports.max(evidence.distinct_ports);
        mine.failed = mine.failed.max(evidence.failed);
        mine.attempts = mine.attempts.saturating_add(evidence.attempts);
        mine.bytes_out = mine.bytes_out.saturating_add(evidence.bytes_out);
        mine.bytes_in = mine.bytes_in.saturating_add(evidence.bytes_in);
    }
    let mut joined: Vec<_> = joined.into_values().collect();
    let weight = |e: &Evidence| (e.failed, e.bytes_out.saturating_add(e.bytes_in), e.attempts);
    joined.sort_by(|a, b| weight(b).cmp(&weight(a)).then(a.destination.cmp(&b.destination)));
    joined.into_iter().map(EvidenceArtifact::from).collect()
}

impl From<Evidence> for EvidenceArtifact {
    fn from(evidence: Evidence) -> Self {
        let port = match evidence.ports[..] {
            [only] if evidence.distinct_ports <= 1 => Some(only),
            _ => None,
        };
        Self {
            src_endpoint: Some(Endpoint { ip: evidence.source, port: None }),
            dst_endpoint: Some(Endpoint { ip: evidence.destination, port }),
            connection_info: Some(ConnectionInfo::new(evidence.source, evidence.destination, evidence.protocol)),
            actor: None,
            data: EvidenceData::Traffic(TrafficData {
                ports: evidence.ports,
                distinct_ports: evidence.distinct_ports,
                attempts: evidence.attempts,
                failed: evidence.failed,
                bytes_out: evidence.bytes_out,
                bytes_in: evidence.bytes_in,
            }),
        }
    }
}

impl From<LoginEvidence> for EvidenceArtifact {
    fn from(evidence: LoginEvidence) -> Self {
        Self {
            src_endpoint: evidence.source.map(|ip| Endpoint { ip, port: None }),
            dst_endpoint: None,
            connection_info: None,
            actor: Some(Actor { user: User { name: evidence.user } }),
            data: EvidenceData::Logins(LoginData {
                action: evidence.action,
                account: evidence.account,
                country: evidence.country,
                attempts: evidence.attempts,
                failed: evidence.failed,
            }),
        }
    }
}

impl From<PointEvidence> for EvidenceArtifact {
    fn from(point: PointEvidence) -> Self {
        Self {
            src_endpoint: None,
            dst_endpoint: None,
            connection_info: None,
            actor: None,
            data: EvidenceData::Point(point),
        }
    }
}
