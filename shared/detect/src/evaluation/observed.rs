//! What a finding says that can be judged.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::ocsf::{self, CLASS_UID, DetectionFinding, EvidenceArtifact, USAGE_SERIES};

/// What a finding says that can be judged: who did what to whom, when. Of any product's OCSF Detection Finding. Times
/// are seconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFinding {
    /// The kind.
    pub kind: String,
    /// Who acts: addresses, users, series of usage.
    pub sources: BTreeSet<String>,
    /// Who is acted upon.
    pub destinations: BTreeSet<String>,
    /// When the behaviour was first seen.
    pub start: f64,
    /// When the behaviour was last seen, no earlier than `start`.
    pub end: f64,
    /// When it could be known.
    pub time: f64,
}

/// A line that is no finding.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFinding {
    /// Not JSON, or a field is missing or of the wrong type.
    #[error("not an OCSF Detection Finding: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// An OCSF object of another class.
    #[error("class_uid is {}, not {CLASS_UID} (Detection Finding)", .0.map_or("missing".to_owned(), |uid| uid.to_string()))]
    Class(Option<u32>),
}

/// What every OCSF object says of itself.
#[derive(Deserialize)]
struct Class {
    class_uid: Option<u32>,
}

/// The parts of OCSF's class 2004 that are read.
#[derive(Deserialize)]
struct Finding {
    time: f64,
    #[serde(rename = "finding_info")]
    info: Info,
    #[serde(default)]
    evidences: Option<Vec<Evidence>>,
    #[serde(default)]
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "type")]
    kind: Option<String>,
    uid: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    types: Option<Vec<String>>,
    first_seen_time: Option<f64>,
    last_seen_time: Option<f64>,
}

#[derive(Deserialize)]
struct Evidence {
    src_endpoint: Option<Endpoint>,
    dst_endpoint: Option<Endpoint>,
    actor: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Endpoint {
    ip: Option<String>,
}

impl ObservedFinding {
    /// Reads one line of a file of findings (JSON). What is not needed need not be there; without first and last
    /// times, the finding's own holds.
    ///
    /// # Errors
    /// When it is no OCSF Detection Finding.
    pub fn from_json(line: &[u8]) -> Result<Self, UnreadableFinding> {
        let Class { class_uid } = serde_json::from_slice(line)?;
        if class_uid != Some(CLASS_UID) {
            return Err(UnreadableFinding::Class(class_uid));
        }
        let finding: Finding = serde_json::from_slice(line)?;
        let seconds = |milliseconds: Option<f64>| milliseconds.unwrap_or(finding.time) / 1000.0;
        let first = seconds(finding.info.first_seen_time);
        let last = seconds(finding.info.last_seen_time);
        let evidences = finding.evidences.unwrap_or_default();
        let addresses = |side: fn(&Evidence) -> &Option<Endpoint>| {
            let addresses = evidences.iter().filter_map(|evidence| side(evidence).as_ref()?.ip.clone());
            addresses.filter(|ip| !ip.is_empty()).collect()
        };
        let users = evidences.iter().filter_map(|evidence| evidence.actor.as_ref()?.user.as_ref()?.name.clone());
        let resources = finding.resources.unwrap_or_default();
        let is_series = |resource: &Resource| resource.kind.as_deref() == Some(USAGE_SERIES);
        let series = resources.into_iter().filter(is_series).filter_map(|resource| resource.uid);
        let mut sources: BTreeSet<String> = addresses(|evidence| &evidence.src_endpoint);
        sources.extend(users.filter(|name| !name.is_empty()).chain(series));
        let kind = finding.info.types.and_then(|types| types.into_iter().next());
        Ok(Self {
            kind: kind.unwrap_or_else(|| "?".to_owned()),
            sources,
            destinations: addresses(|evidence| &evidence.dst_endpoint),
            start: first.min(last),
            end: first.max(last),
            time: finding.time / 1000.0,
        })
    }

    /// Whether it names one of these addresses, on either side.
    pub(super) fn names_any(&self, addresses: &BTreeSet<String>) -> bool {
        self.acts(addresses) || self.is_acted_upon(addresses)
    }

    /// Whether one of these addresses is said to act.
    pub(super) fn acts(&self, addresses: &BTreeSet<String>) -> bool {
        intersect(&self.sources, addresses)
    }

    /// Whether one of these addresses is said to be acted upon.
    pub(super) fn is_acted_upon(&self, addresses: &BTreeSet<String>) -> bool {
        intersect(&self.destinations, addresses)
    }
}

impl From<&DetectionFinding> for ObservedFinding {
    fn from(finding: &DetectionFinding) -> Self {
        let (first, last) = (finding.finding_info.first_seen_time, finding.finding_info.last_seen_time);
        let seconds = |milliseconds: i64| milliseconds as f64 / 1000.0;
        let addresses = |side: fn(&EvidenceArtifact) -> &Option<ocsf::Endpoint>| {
            finding.evidences.iter().filter_map(|evidence| Some(side(evidence).as_ref()?.ip.to_string())).collect()
        };
        let users = finding.evidences.iter().filter_map(|evidence| Some(evidence.actor.as_ref()?.user.name.clone()));
        let users = users.filter(|name: &String| !name.is_empty());
        let series = finding.resources.iter().filter(|resource| resource.kind == USAGE_SERIES);
        let mut sources: BTreeSet<String> = addresses(|evidence| &evidence.src_endpoint);
        sources.extend(users.chain(series.map(|resource| resource.uid.clone())));
        Self {
            kind: finding.kind().to_owned(),
            sources,
            destinations: addresses(|evidence| &evidence.dst_endpoint),
            start: seconds(first.min(last)),
            end: seconds(first.max(last)),
            time: seconds(finding.time),
        }
    }
}

/// Looks the fewer up among the more: a finding names a few hosts, a truth may list thousands.
fn intersect(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    few.iter().any(|address| many.contains(address))
}
