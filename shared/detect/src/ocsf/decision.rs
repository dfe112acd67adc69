//! What is decided about sending a finding, and who it is about. A decision never changes what was detected.

use std::net::IpAddr;

use weir_domain::finding::Entity;

use super::{DetectionFinding, OBSERVABLE_RESOURCE, OBSERVABLE_USER, SUMMARY};

/// OCSF's `status_id` of a finding that somebody does not want to hear of.
const SUPPRESSED: u8 = 3;

/// The detail of a finding that the alert limit keeps from being sent.
const ALERT_LIMIT: &str = "alert limit";

impl DetectionFinding {
    /// The entity: who or what it is about. `None` for a summary of others.
    #[must_use]
    pub fn entity(&self) -> Option<Entity> {
        if self.finding_info.types.get(1).is_some_and(|second| second == SUMMARY) {
            return None;
        }
        let address: Option<IpAddr> = match self.observables.first() {
            Some(user) if user.type_id == OBSERVABLE_USER => return Some(Entity::User(user.value.clone())),
            Some(series) if series.type_id == OBSERVABLE_RESOURCE => return Some(Entity::Series(series.value.clone())),
            Some(address) => address.value.parse().ok(),
            // Findings written before observables were: who acts.
            None => self.evidences.first().and_then(|e| e.src_endpoint.as_ref()).map(|source| source.ip),
        };
        address.map(|ip| ip.to_canonical().into())
    }

    /// Whether it is suppressed (`status_id` 3).
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.status_id == SUPPRESSED
    }

    /// Whether the alert limit keeps it from being sent.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        !self.is_alert && self.status_detail.as_deref() == Some(ALERT_LIMIT)
    }

    /// The finding, suppressed: `status_id` 3, no alert, the reason in `comment`, in `status_detail` what says so.
    #[must_use]
    pub fn suppressed(self, by: &str, why: &str) -> Self {
        Self {
            status_id: SUPPRESSED,
            status: "Suppressed".to_owned(),
            status_detail: Some(by.to_owned()),
            comment: Some(why.to_owned()),
            is_alert: false,
            ..self
        }
    }

    /// The finding, kept but not sent: no alert, `status_detail` "alert limit", the reason in `comment`.
    #[must_use]
    pub fn throttled(self, why: &str) -> Self {
        Self { status_detail: Some(ALERT_LIMIT.to_owned()), comment: Some(why.to_owned()), is_alert: false, ..self }
    }

    /// The finding as it was before anything was decided about sending it.
    #[must_use]
    pub fn as_detected(&self) -> Self {
        let decided = self.is_suppressed() || self.is_throttled();
        let finding = self.clone();
        if !decided {
            return finding;
        }
        Self { status_id: 1, status: "New".to_owned(), status_detail: None, comment: None, is_alert: true, ..finding }
    }
}

#[cfg(test)]
mod tests {
    use weir_domain::finding::{Evidences, Facts, Hit, Kind, LoginEvidence, PointEvidence, Severity, Subject};
    use weir_domain::window::{Scope, WindowStart};

    use super::*;
    use crate::incidents::IncidentLog;

    #[test]
    fn decisions_are_taken_back_without_a_trace() {
        let finding = DetectionFinding::test(7);
        let suppressed = finding.clone().suppressed("rule 1", "ours");
        let held = finding.clone().throttled("enough");
        assert!(suppressed.is_suppressed() && !suppressed.is_alert && !suppressed.is_throttled());
        assert!(held.is_throttled() && !held.is_alert && !held.is_suppressed());
        for decided in [suppressed, held] {
            assert_ne!(decided, finding);
            assert!(decided.has_same_content(&finding) && finding.has_same_content(&decided));
            assert_eq!(decided.as_detected(), finding);
        }
    }

    #[test]
    fn who_or_what_it_is_about_reads_back() {
        let login = LoginEvidence {
            user: "10.0.0.1".into(),
            source: None,
            country: String::new(),
            account: "1".into(),
            action: "console login".into(),
            attempts: 3,
            failed: 2,
        };
        let point = PointEvidence { time: 7, value: 9.0, usual: 1.0, usual_low: 0.0, usual_high: 2.0 };
        for (entity, evidence, data) in [
            (Entity::User("10.0.0.1".into()), Evidences::from(vec![login]), "attempts"),
            (Entity::Series("aws/ec2".into()), Evidences::from(vec![point]), "usual_high"),
        ] {
            let subject =
                Subject { kind: Kind::RiskyLogin, scope: Scope::new("1", "r"), entity: entity.clone(), peer: None };
            let facts = Facts::Behaviour { score: 0.5, p_value: 0.1, reasons: Vec::new() };
            let hit = Hit {
                window: WindowStart(0),
                window_end: 300,
                first_seen: 1,
                last_seen: 2,
                severity: Severity::Medium,
                confidence: 80,
                rows: 1,
                interfaces: Vec::new(),
                facts,
                evidence,
            };
            let stored = serde_json::to_string(&hit).unwrap();
            assert_eq!(serde_json::from_str::<Hit>(&stored).unwrap(), hit);
            let mut log = IncidentLog::default();
            log.observe(&subject, [hit], 9);
            let finding = DetectionFinding::from_incident(&subject, &log.incidents[0], 9);
            assert_eq!(finding.entity(), Some(entity));
            let written = serde_json::to_string(&finding).unwrap();
            assert_eq!(serde_json::from_str::<DetectionFinding>(&written).unwrap(), finding);
            let written: serde_json::Value = serde_json::from_str(&written).unwrap();
            assert!(written["evidences"][0]["data"][data].is_number(), "{written}");
            assert!(written["evidences"][0].get("dst_endpoint").is_none(), "{written}");
        }
    }

    #[test]
    fn a_closed_finding_stays_closed_and_is_something_new_to_say() {
        let finding = DetectionFinding::test(7);
        let closed = DetectionFinding { status_id: 4, is_alert: false, ..finding.clone() };
        assert_eq!(closed.as_detected(), closed);
        assert!(!finding.suppressed("rule 1", "ours").has_same_content(&closed));
    }
}
