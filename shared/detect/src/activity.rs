//! An unusual row of a table of what users did, as a finding about its user.

use weir_domain::finding::{Entity, Facts, Hit, Kind, LoginEvidence, Severity, Subject};
use weir_domain::score::{PValue, Score};
use weir_domain::window::{Scope, WindowStart};

/// A row that was judged unusual.
#[derive(Debug, Clone, PartialEq)]
pub struct UnusualRow<'a> {
    /// Whose it is.
    pub user: &'a str,
    /// When it was, seconds since the epoch.
    pub time: i64,
    /// The estimator's score.
    pub score: Score,
    /// How likely a typical row is to score so high.
    pub p_value: PValue,
    /// Why, strongest first, in words.
    pub reasons: Vec<String>,
}

/// The finding: medium where one typical row in a thousand or fewer scores so high, else low. Its confidence rises from 50 to 95
/// with the surprise. A table does not say whose account it is of.
#[must_use]
pub fn detect(row: UnusualRow<'_>) -> (Subject, Hit) {
    let p_value = row.p_value.get();
    let evidence = LoginEvidence {
        user: row.user.to_owned(),
        source: None,
        country: String::new(),
        account: String::new(),
        action: String::new(),
        attempts: 1,
        failed: 0,
    };
    let hit = Hit {
        window: WindowStart(row.time),
        window_end: row.time.saturating_add(1),
        first_seen: row.time,
        last_seen: row.time,
        severity: if p_value <= 1e-3 { Severity::Medium } else { Severity::Low },
        confidence: (20.0 - 25.0 * p_value.log10()).clamp(50.0, 95.0) as u8,
        rows: 1,
        interfaces: Vec::new(),
        facts: Facts::UnusualRow { score: row.score.get(), p_value, reasons: row.reasons },
        evidence: weir_domain::finding::Evidences::Logins(vec![evidence]),
    };
    let entity = Entity::User(row.user.to_owned());
    (Subject { kind: Kind::AnomalousUser, scope: Scope::new("", ""), entity, peer: None }, hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incidents::IncidentLog;
    use crate::ocsf::DetectionFinding;

    #[test]
    fn a_finding_names_the_user_and_says_why() {
        let row = |p_value| UnusualRow {
            user: "u0007",
            time: 1_740_960_000,
            score: Score::new(0.7).unwrap(),
            p_value: PValue::new(p_value).unwrap(),
            reasons: vec!["bytes_down 9.20e9, usually 1234, 62 %".to_owned()],
        };
        let (subject, hit) = detect(row(1e-4));
        assert_eq!((hit.severity, hit.confidence), (Severity::Medium, 95));
        assert_eq!(detect(row(0.01)).1.severity, Severity::Low);
        let mut log = IncidentLog::default();
        log.observe(&subject, [hit], 0);
        let finding = DetectionFinding::from_incident(&subject, &log.incidents[0], 0);
        assert_eq!((finding.kind(), finding.entity()), ("anomalous-user", Some(Entity::User("u0007".to_owned()))));
        assert!(finding.message.starts_with("u0007 behaved unlike all others"), "{}", finding.message);
        assert!(finding.message.contains("bytes_down 9.20e9, usually 1234, 62 %"));
    }
}
