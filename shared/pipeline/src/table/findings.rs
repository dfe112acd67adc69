//! Anomalous rows as findings about users.

use std::collections::BTreeMap;

use weir_detect::activity::{UnusualRow, detect};
use weir_detect::incidents::IncidentLog;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::{Hit, Subject};

use super::judge::JudgedRow;

/// Maximum number of rows in findings; later rows are left out.
const MAX_ROWS: usize = 200_000;

/// Collects anomalous rows. Neighbouring rows of one user (within half an hour) are one finding.
#[derive(Debug, Default)]
pub struct Findings {
    by_subject: BTreeMap<Subject, Vec<Hit>>,
    rows: usize,
}

impl Findings {
    /// Adds a row, if it is anomalous and names a user. A row without a time is dated to `now`, milliseconds since the epoch.
    pub fn take(&mut self, judged: &JudgedRow<'_>, now: i64) {
        if !judged.anomalous || judged.row.id.is_empty() || self.rows >= MAX_ROWS {
            return;
        }
        let (subject, hit) = detect(UnusualRow {
            user: judged.row.id,
            time: judged.row.time.unwrap_or_else(|| now.div_euclid(1000)),
            score: judged.score,
            p_value: judged.p_value,
            reasons: judged.reasons.iter().map(ToString::to_string).collect(),
        });
        self.by_subject.entry(subject).or_default().push(hit);
        self.rows += 1;
    }

    /// The findings, most severe first, then by time.
    #[must_use]
    pub fn finish(self, now: i64) -> Vec<DetectionFinding> {
        let mut findings = Vec::new();
        for (subject, hits) in self.by_subject {
            let mut log = IncidentLog::default();
            log.observe(&subject, hits, now);
            findings.extend(log.incidents.iter().map(|i| DetectionFinding::from_incident(&subject, i, now)));
        }
        let order = |f: &DetectionFinding| (std::cmp::Reverse(f.severity_id), f.time, f.finding_info.uid.clone());
        findings.sort_by_key(order);
        findings
    }
}
