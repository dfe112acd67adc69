//! The public format of findings: the OCSF Detection Finding (class 2004), schema version 1.8.0.
//!
//! <https://schema.ocsf.io/1.8.0/classes/detection_finding>. One JSON object per finding. Times are epoch milliseconds.

mod decision;
mod evidence;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use weir_domain::finding::{Entity, Facts, Incident, Kind, Severity, Subject};
use weir_domain::window::Scope;

use crate::{attack, message};

pub use evidence::{Actor, ConnectionInfo, Endpoint, EvidenceArtifact, EvidenceData, LoginData, TrafficData, User};

/// An OCSF Detection Finding.
#[expect(
    missing_docs,
    reason = "the fields are OCSF's, documented at schema.ocsf.io; what Weir puts in is in ARCHITECTURE.md"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectionFinding {
    pub activity_id: u8,
    pub activity_name: String,
    pub category_uid: u32,
    pub category_name: String,
    pub class_uid: u32,
    pub class_name: String,
    pub type_uid: u64,
    /// End of the window that first made it detectable.
    pub time: i64,
    pub severity_id: u8,
    pub severity: String,
    pub confidence_score: u8,
    pub risk_score: u8,
    pub status_id: u8,
    pub status: String,
    /// What keeps it from being sent: which rule, which expected actor, or the alert limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// Why it is not sent, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub is_alert: bool,
    pub message: String,
    pub metadata: Metadata,
    pub finding_info: FindingInfo,
    pub evidences: Vec<EvidenceArtifact>,
    pub cloud: Cloud,
    pub resources: Vec<Resource>,
    /// The entity, first; the other end too, where the pair is the entity. Empty in a summary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observables: Vec<Observable>,
    pub count: u64,
}

#[expect(missing_docs, reason = "OCSF object `metadata`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    pub version: String,
    pub product: Product,
    pub profiles: Vec<String>,
}

#[expect(missing_docs, reason = "OCSF object `product`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    pub name: String,
    pub vendor_name: String,
    pub version: String,
}

#[expect(missing_docs, reason = "OCSF object `finding_info`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingInfo {
    pub uid: String,
    pub title: String,
    /// The kind, first.
    pub types: Vec<String>,
    pub first_seen_time: i64,
    pub last_seen_time: i64,
    pub created_time: i64,
    pub modified_time: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attacks: Vec<Attack>,
    /// The detection that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analytic: Option<Analytic>,
}

#[expect(missing_docs, reason = "OCSF object `analytic`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analytic {
    pub name: String,
    /// The kind of finding.
    pub uid: String,
    /// 1, a rule; 3, a comparison with a baseline; 4, a model.
    pub type_id: u8,
    #[serde(rename = "type")]
    pub kind: String,
    /// The version of Weir.
    pub version: String,
}

#[expect(missing_docs, reason = "OCSF object `attack`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    pub technique: Named,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_technique: Option<Named>,
    pub tactic: Named,
    pub version: String,
}

#[expect(missing_docs, reason = "OCSF objects `technique` and `tactic`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    pub uid: String,
    pub name: String,
}

#[expect(missing_docs, reason = "OCSF object `cloud`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cloud {
    pub provider: String,
    pub account: Account,
    pub region: String,
}

#[expect(missing_docs, reason = "OCSF object `account`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub uid: String,
}

#[expect(missing_docs, reason = "OCSF object `resource_details`")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    #[serde(rename = "type")]
    pub kind: String,
    pub uid: String,
}

#[expect(missing_docs, reason = "OCSF object `observable`")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observable {
    /// Where in the finding it stands.
    pub name: String,
    /// 2, an IP address; 4, a user name; 10, a resource.
    pub type_id: u8,
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
}

/// The class and category of every finding.
pub const CLASS_UID: u32 = 2004;
const CATEGORY_UID: u32 = 2;
/// `activity_id` of a finding whose windows another took over.
const CLOSE: u8 = 3;
/// The type of a resource that is a series of usage.
pub(crate) const USAGE_SERIES: &str = "Usage series";
/// The second of the types of a finding that stands for others.
pub(crate) const SUMMARY: &str = "summary";
/// The schema version findings are written in.
pub const SCHEMA_VERSION: &str = "1.8.0";
/// The ATT&CK release that technique ids refer to.
const ATTACK_VERSION: &str = "17";

impl DetectionFinding {
    /// The finding of an incident as it stands. `now` is milliseconds since the epoch.
    ///
    /// It is a creation when the incident was created at `now`, else an update; a close when another incident took its windows over.
    #[must_use]
    pub fn from_incident(subject: &Subject, incident: &Incident, now: i64) -> Self {
        let (activity_id, activity_name) = match (incident.closed, now <= incident.created) {
            (true, _) => (CLOSE, "Close"),
            (false, true) => (1, "Create"),
            (false, false) => (2, "Update"),
        };
        let hits = || incident.hits.values();
        let severity = incident.severity();
        let confidence_score = hits().map(|h| h.confidence).max().unwrap_or(0);
        let facts = hits().next().map(|h| &h.facts);
        let (status_id, status) = if incident.closed { (4, "Resolved") } else { (1, "New") };
        Self {
            activity_id,
            activity_name: activity_name.to_owned(),
            category_uid: CATEGORY_UID,
            category_name: "Findings".to_owned(),
            class_uid: CLASS_UID,
            class_name: "Detection Finding".to_owned(),
            type_uid: u64::from(CLASS_UID) * 100 + u64::from(activity_id),
            time: hits().map(|h| h.window_end).min().unwrap_or(0) * 1000,
            severity_id: severity.id(),
            severity: severity.as_str().to_owned(),
            confidence_score,
            risk_score: risk(severity, confidence_score),
            status_id,
            status: status.to_owned(),
            status_detail: None,
            comment: None,
            is_alert: !incident.closed,
            // Names in it come from a log, and mails and chats show what they are given.
            message: weir_domain::text::escape(&message::message(&subject.entity, incident)),
            metadata: metadata(),
            finding_info: FindingInfo {
                uid: incident.uid.clone(),
                title: weir_domain::text::escape(&message::title(&subject.entity, incident)),
                types: vec![subject.kind.as_str().to_owned()],
                first_seen_time: hits().map(|h| h.first_seen).min().unwrap_or(0) * 1000,
                last_seen_time: hits().map(|h| h.last_seen).max().unwrap_or(0) * 1000,
                created_time: incident.created,
                modified_time: now,
                attacks: facts.map(attacks).unwrap_or_default(),
                analytic: Some(analytic(subject.kind)),
            },
            evidences: evidence::evidences(incident),
            cloud: cloud(&subject.scope),
            resources: resources(subject, incident),
            observables: observables(subject, incident),
            count: incident.hits.len() as u64,
        }
    }

    /// A finding that tells a channel works, and nothing else.
    #[must_use]
    pub fn test(now: i64) -> Self {
        let incident = Incident {
            uid: format!("test-{now}"),
            created: now,
            day: weir_domain::window::utc_day(now.div_euclid(1000)),
            closed: false,
            hits: BTreeMap::new(),
        };
        let subject = Subject {
            kind: Kind::PortScan,
            scope: Scope::new("", ""),
            entity: IpAddr::from([192, 0, 2, 1]).into(),
            peer: None,
        };
        let mut finding = Self::from_incident(&subject, &incident, now);
        finding.message = String::from("This is a test from Weir: the channel works. Nothing happened.");
        finding.finding_info.title = String::from("Test finding");
        finding
    }

    /// The kind, as people and filters read it.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.finding_info.types.first().map_or("unknown", String::as_str)
    }

    /// Whether two findings say the same, whenever they were written and whatever was decided about sending them.
    #[must_use]
    pub fn has_same_content(&self, other: &Self) -> bool {
        let mut other = other.as_detected();
        other.finding_info.modified_time = self.finding_info.modified_time;
        // The same content written again is still the creation.
        if other.activity_id != CLOSE && self.activity_id != CLOSE {
            other.activity_id = self.activity_id;
            other.activity_name.clone_from(&self.activity_name);
            other.type_uid = self.type_uid;
        }
        self.as_detected() == other
    }
}

/// Severity in steps of 20, weighed by confidence.
fn risk(severity: Severity, confidence: u8) -> u8 {
    (u16::from(severity.id()) * 20 * u16::from(confidence) / 100).min(100) as u8
}

fn metadata() -> Metadata {
    Metadata {
        version: SCHEMA_VERSION.to_owned(),
        product: Product {
            name: "Weir".to_owned(),
            vendor_name: "Weir".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        profiles: vec!["cloud".to_owned()],
    }
}

fn attacks(facts: &Facts) -> Vec<Attack> {
    let named = |uid: &str, name: &str| Named { uid: uid.to_owned(), name: name.to_owned() };
    let attack = |t: attack::Technique| {
        // `T1595.001`, `Active Scanning: Scanning IP Blocks`.
        let (id, name) = (t.id.split_once('.'), t.name.split_once(": "));
        Attack {
            technique: named(id.map_or(t.id, |(parent, _)| parent), name.map_or(t.name, |(parent, _)| parent)),
            sub_technique: id.map(|_| named(t.id, name.map_or(t.name, |(_, sub)| sub))),
            tactic: named(t.tactic_id, t.tactic),
            version: ATTACK_VERSION.to_owned(),
        }
    };
    attack::techniques(facts).into_iter().map(attack).collect()
}

/// The detection of a kind, and how it decides.
fn analytic(kind: Kind) -> Analytic {
    use Kind::{
        AccountTakeover, AnomalousBehaviour, AnomalousUser, BruteForce, CredentialStuffing, HostSweep,
        ImpossibleTravel, NewDevice, OffHoursAccess, PasswordSpray, PortScan, RiskyLogin, SharedIp,
    };
    let (type_id, name) = match kind {
        PortScan | HostSweep | BruteForce | PasswordSpray | CredentialStuffing | SharedIp | ImpossibleTravel => {
            (1, "Rule")
        }
        AnomalousBehaviour | AnomalousUser | AccountTakeover | RiskyLogin | NewDevice | OffHoursAccess => {
            (4, "Learning (ML/DL)")
        }
        _ => (3, "Statistical"),
    };
    Analytic {
        name: format!("Weir {kind}"),
        uid: kind.as_str().to_owned(),
        type_id,
        kind: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn cloud(scope: &Scope) -> Cloud {
    Cloud {
        provider: "AWS".to_owned(),
        account: Account { uid: scope.account().to_owned() },
        region: scope.region().to_owned(),
    }
}

/// OCSF's `type_id` of an observable that is an IP address.
const OBSERVABLE_ADDRESS: u8 = 2;
/// That of a user name.
const OBSERVABLE_USER: u8 = 4;
/// That of a resource.
const OBSERVABLE_RESOURCE: u8 = 10;

/// Who or what the finding is about.
fn observables(subject: &Subject, incident: &Incident) -> Vec<Observable> {
    let acts = |ip: IpAddr| {
        let mut evidence = incident.hits.values().flat_map(|h| h.evidence.traffic()).peekable();
        evidence.peek().is_none() || evidence.any(|e| e.source == ip)
    };
    let observable = |name: &str, type_id: u8, kind: &str, value: String| Observable {
        name: name.to_owned(),
        type_id,
        kind: kind.to_owned(),
        value,
    };
    let address = |ip: IpAddr, acts: bool| {
        let side = if acts { "evidences[].src_endpoint.ip" } else { "evidences[].dst_endpoint.ip" };
        observable(side, OBSERVABLE_ADDRESS, "IP Address", ip.to_string())
    };
    let entity_acts = subject.entity.address().is_none_or(acts);
    let entity = match &subject.entity {
        Entity::Address(ip) => address(*ip, entity_acts),
        Entity::User(user) => observable("evidences[].actor.user.name", OBSERVABLE_USER, "User Name", user.clone()),
        Entity::Series(series) => observable("resources[].uid", OBSERVABLE_RESOURCE, "Resource UID", series.clone()),
    };
    let peer = subject.peer.map(|peer| address(peer, !entity_acts));
    std::iter::once(entity).chain(peer).collect()
}

fn resources(subject: &Subject, incident: &Incident) -> Vec<Resource> {
    if let Entity::Series(series) = &subject.entity {
        return vec![Resource { kind: USAGE_SERIES.to_owned(), uid: series.clone() }];
    }
    let mut interfaces: Vec<_> = incident.hits.values().flat_map(|h| &h.interfaces).collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    interfaces
        .into_iter()
        .take(10)
        .map(|uid| Resource { kind: "AWS::EC2::NetworkInterface".to_owned(), uid: uid.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use weir_domain::finding::{Evidences, Hit};
    use weir_domain::window::WindowStart;

    use super::*;

    /// Who writes the log must not write the alert: no lines of their own, no colours, nothing turned around.
    #[test]
    fn names_cannot_shape_what_people_are_shown() {
        let user = "ada\n\nSeverity: Informational\u{1b}[31m\u{202e}";
        let hit = Hit {
            window: WindowStart(0),
            window_end: 300,
            first_seen: 0,
            last_seen: 0,
            severity: Severity::High,
            confidence: 90,
            rows: 1,
            interfaces: Vec::new(),
            facts: Facts::Behaviour { score: 1.0, p_value: 0.01, reasons: Vec::new() },
            evidence: Evidences::Logins(Vec::new()),
        };
        let incident = Incident {
            uid: String::new(),
            created: 0,
            day: String::new(),
            closed: false,
            hits: BTreeMap::from([(hit.window, hit)]),
        };
        let entity = Entity::User(user.to_owned());
        let subject = Subject { kind: Kind::AnomalousUser, scope: Scope::new("", ""), entity, peer: None };
        let finding = DetectionFinding::from_incident(&subject, &incident, 0);
        for text in [&finding.message, &finding.finding_info.title] {
            assert!(text.contains("ada") && !text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
        }
        assert_eq!(finding.entity(), Some(subject.entity), "programs get the name as it is");
    }
}
