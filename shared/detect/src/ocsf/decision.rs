//! What is decided about sending a finding, and who it is about. A decision never changes what was detected.

use std::net::IpAddr;

use super::DetectionFinding;

/// OCSF's `status_id` of a finding that somebody does not want to hear of.
const SUPPRESSED: u8 = 3;

/// The detail of a finding that the alert limit keeps from being sent.
const ALERT_LIMIT: &str = "alert limit";

impl DetectionFinding {
    /// The entity: who it is about. `None` for a summary of others.
    #[must_use]
    pub fn entity(&self) -> Option<IpAddr> {
        // Findings written before observables were: who acts.
        let observed = self.observables.first().map(|o| o.value);
        observed.or_else(|| self.evidences.first().map(|e| e.src_endpoint.ip)).map(|ip| ip.to_canonical())
    }

    /// Whether it is suppressed (`status_id` 3).
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.status_id == SUPPRESSED
    }

    /// Whether the alert limit keeps it from being sent.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
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
    pub fn held_back(self, why: &str) -> Self {
        Self { status_detail: Some(ALERT_LIMIT.to_owned()), comment: Some(why.to_owned()), is_alert: false, ..self }
    }

    /// The finding as it was before anything was decided about sending it.
    #[must_use]
    pub fn as_detected(&self) -> Self {
        let decided = self.is_suppressed() || self.is_held_back();
        let finding = self.clone();
        if !decided {
            return finding;
        }
        Self { status_id: 1, status: "New".to_owned(), status_detail: None, comment: None, is_alert: true, ..finding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_taken_back_without_a_trace() {
        let finding = DetectionFinding::test(7);
        let suppressed = finding.clone().suppressed("rule 1", "ours");
        let held = finding.clone().held_back("enough");
        assert!(suppressed.is_suppressed() && !suppressed.is_alert && !suppressed.is_held_back());
        assert!(held.is_held_back() && !held.is_alert && !held.is_suppressed());
        for decided in [suppressed, held] {
            assert_ne!(decided, finding);
            assert!(decided.says_the_same(&finding) && finding.says_the_same(&decided));
            assert_eq!(decided.as_detected(), finding);
        }
    }

    #[test]
    fn a_closed_finding_stays_closed_and_is_something_new_to_say() {
        let finding = DetectionFinding::test(7);
        let closed = DetectionFinding { status_id: 4, is_alert: false, ..finding.clone() };
        assert_eq!(closed.as_detected(), closed);
        assert!(!finding.suppressed("rule 1", "ours").says_the_same(&closed));
    }
}
