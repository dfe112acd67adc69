//! The parts of findings that are compared with the truth.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::ocsf::{CLASS_UID, USAGE_SERIES};

/// A finding, or one stage of it, as far as it is compared with the truth: who did what to whom, when. From an OCSF Detection Finding of
/// any product. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFinding {
    /// The uid of the finding, which its stages share.
    pub uid: String,
    /// The kind.
    pub kind: String,
    /// The actors: addresses, users, series of usage.
    pub sources: BTreeSet<String>,
    /// The addresses of the targets.
    pub destinations: BTreeSet<String>,
    /// When the behaviour was first seen.
    pub start: f64,
    /// When the behaviour was last seen, no earlier than `start`.
    pub end: f64,
    /// When it was first detectable.
    pub time: f64,
    /// Whether it is a lead: a ranked hint that is no alert.
    pub lead: bool,
}

/// Maximum number of stages of a finding; one with more kinds, which no product writes, counts as a whole. Without a limit a line of a
/// few megabytes with a kind per evidence would take time and memory with the square of its length.
const MAX_STAGES: usize = 64;

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

/// The class of an OCSF object.
#[derive(Deserialize)]
struct Class {
    class_uid: Option<u32>,
}

/// The parts of OCSF's class 2004 that are read.
#[derive(Deserialize)]
struct Finding {
    time: f64,
    status_detail: Option<String>,
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
    uid: Option<String>,
    types: Option<Vec<String>>,
    first_seen_time: Option<f64>,
    last_seen_time: Option<f64>,
}

#[derive(Deserialize)]
struct Evidence {
    src_endpoint: Option<Endpoint>,
    dst_endpoint: Option<Endpoint>,
    actor: Option<Actor>,
    data: Option<Data>,
}

/// The stage that evidence belongs to.
#[derive(Deserialize)]
struct Data {
    kind: Option<String>,
    first_seen_time: Option<f64>,
    last_seen_time: Option<f64>,
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
    /// Reads one line of a file of findings (JSON): one element, or for a case with stages one per stage. Only what is compared
    /// is required; without first and last times, the finding's own time is used.
    ///
    /// # Errors
    /// When the line is no OCSF Detection Finding.
    pub fn from_json(line: &[u8]) -> Result<Vec<Self>, UnreadableFinding> {
        let Class { class_uid } = serde_json::from_slice(line)?;
        if class_uid != Some(CLASS_UID) {
            return Err(UnreadableFinding::Class(class_uid));
        }
        let finding: Finding = serde_json::from_slice(line)?;
        let seconds = |milliseconds: Option<f64>| milliseconds.unwrap_or(finding.time) / 1000.0;
        let first = seconds(finding.info.first_seen_time);
        let last = seconds(finding.info.last_seen_time);
        let evidences = finding.evidences.unwrap_or_default();
        let resources = finding.resources.unwrap_or_default();
        let is_series = |resource: &Resource| resource.kind.as_deref() == Some(USAGE_SERIES);
        let series: Vec<String> = resources.into_iter().filter(is_series).filter_map(|resource| resource.uid).collect();
        let kind = finding.info.types.and_then(|types| types.into_iter().next());
        let all: Vec<&Evidence> = evidences.iter().collect();
        let whole = Self {
            uid: finding.info.uid.unwrap_or_default(),
            kind: kind.unwrap_or_else(|| "?".to_owned()),
            sources: sources(&all, &series),
            destinations: addresses(&all, |evidence| &evidence.dst_endpoint).collect(),
            start: first.min(last),
            end: first.max(last),
            time: finding.time / 1000.0,
            lead: finding.status_detail.as_deref() == Some("lead"),
        };
        let mut stages: Vec<(Option<&str>, Vec<&Evidence>)> = Vec::new();
        for evidence in &evidences {
            let kind = evidence.data.as_ref().and_then(|data| data.kind.as_deref());
            let is_full = stages.len() == MAX_STAGES;
            match stages.iter_mut().find(|(stage, _)| *stage == kind) {
                Some((_, members)) => members.push(evidence),
                None if is_full => return Ok(vec![whole]),
                None => stages.push((kind, vec![evidence])),
            }
        }
        if stages.len() < 2 || stages.iter().any(|(kind, _)| kind.is_none()) {
            return Ok(vec![whole]);
        }
        let stage = |(kind, members): (Option<&str>, Vec<&Evidence>)| {
            let times = |time: fn(&Data) -> Option<f64>| {
                let times = members.iter().filter_map(move |evidence| time(evidence.data.as_ref()?));
                times.filter(|time| *time != 0.0).map(|time| time / 1000.0)
            };
            let start = times(|data| data.first_seen_time).reduce(f64::min).unwrap_or(whole.start);
            let end = times(|data| data.last_seen_time).reduce(f64::max).unwrap_or(whole.end);
            Self {
                kind: kind.unwrap_or("?").to_owned(),
                sources: sources(&members, &series),
                destinations: addresses(&members, |evidence| &evidence.dst_endpoint).collect(),
                start,
                end,
                time: start.max(whole.time.min(end)),
                ..whole.clone()
            }
        };
        Ok(stages.into_iter().map(stage).collect())
    }

    /// Whether it names one of these addresses, on either side.
    pub(super) fn names_any(&self, addresses: &BTreeSet<String>) -> bool {
        self.acts(addresses) || self.is_acted_upon(addresses)
    }

    /// Whether one of these addresses is an actor.
    pub(super) fn acts(&self, addresses: &BTreeSet<String>) -> bool {
        intersect(&self.sources, addresses)
    }

    /// Whether one of these addresses is a target.
    pub(super) fn is_acted_upon(&self, addresses: &BTreeSet<String>) -> bool {
        intersect(&self.destinations, addresses)
    }
}

/// The addresses on one side of some evidence.
fn addresses<'a>(
    evidences: &'a [&Evidence],
    side: fn(&Evidence) -> &Option<Endpoint>,
) -> impl Iterator<Item = String> + use<'a> {
    let addresses = evidences.iter().filter_map(move |evidence| side(evidence).as_ref()?.ip.clone());
    addresses.filter(|ip| !ip.is_empty())
}

/// The actors of some evidence: addresses, users, and the series of the finding.
fn sources(evidences: &[&Evidence], series: &[String]) -> BTreeSet<String> {
    let users = evidences.iter().filter_map(|evidence| evidence.actor.as_ref()?.user.as_ref()?.name.clone());
    let addresses = addresses(evidences, |evidence| &evidence.src_endpoint);
    addresses.chain(users.filter(|name| !name.is_empty())).chain(series.iter().cloned()).collect()
}

/// Looks the fewer up among the more: a finding names a few hosts, a truth may list thousands.
fn intersect(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    few.iter().any(|address| many.contains(address))
}
