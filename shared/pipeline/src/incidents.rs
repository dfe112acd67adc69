//! From hits to incidents, and from incidents to findings: what all sources share.
//!
//! [`HitsBySubject`] collects the hits of a detection run. [`HitsBySubject::findings`] makes findings of them at once, for a
//! whole log; [`HitsBySubject::store`] adds them to the incidents that a store keeps, and writes the findings that are new or
//! have changed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use weir_detect::flow::long_window::without_duplicates;
use weir_detect::incidents::{GAP, IncidentLog};
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::{Hit, Incident, Subject};
use weir_domain::window::WindowStart;

use crate::compare_and_swap::{Change, Contended, update};
use crate::keys;
use crate::store::{Store, StoreError};

/// Incidents or findings that could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    /// A store failed. Trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Stored incidents are unreadable.
    #[error("{key}: not an incident log: {error}")]
    Unreadable {
        /// The key of the incidents.
        key: String,
        /// The fault in them.
        error: serde_json::Error,
    },
    /// Other writers kept changing the same object.
    #[error(transparent)]
    Contended(#[from] Contended),
}

/// How the hits of one subject become incidents when a whole log is judged at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// Hits in neighbouring windows are one incident ([`weir_detect::incidents`]).
    NeighbouringWindows,
    /// Every hit is an incident: the detection has grouped already.
    EachHit,
}

/// Hits by the subject they are about.
#[derive(Debug, Clone, Default)]
pub(crate) struct HitsBySubject {
    by_subject: BTreeMap<Subject, Vec<Hit>>,
}

/// What storing hits did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Hits that were stored.
    pub(crate) hits: usize,
    /// Keys of the findings that were written because they are new or have changed.
    pub(crate) findings: Vec<String>,
}

impl Extend<(Subject, Hit)> for HitsBySubject {
    fn extend<I: IntoIterator<Item = (Subject, Hit)>>(&mut self, hits: I) {
        for (subject, hit) in hits {
            self.by_subject.entry(subject).or_default().push(hit);
        }
    }
}

impl FromIterator<(Subject, Hit)> for HitsBySubject {
    fn from_iter<I: IntoIterator<Item = (Subject, Hit)>>(hits: I) -> Self {
        let mut by_subject = Self::default();
        by_subject.extend(hits);
        by_subject
    }
}

impl HitsBySubject {
    /// Adds hits over long windows, but for those of a subject and window that detections on single windows have hit already.
    pub(crate) fn extend_new(&mut self, hits: Vec<(Subject, Hit)>) {
        let is_duplicate = |subject: &Subject, window| {
            self.by_subject.get(subject).is_some_and(|hits| hits.iter().any(|hit| hit.window == window))
        };
        self.extend(without_duplicates(hits, is_duplicate));
    }

    /// The findings of a whole log, in their order ([`sort_findings`]). `grouping` says how a subject's hits become incidents;
    /// `now` is the time of writing, milliseconds since the epoch.
    pub(crate) fn findings(self, grouping: impl Fn(&Subject) -> Grouping, now: i64) -> Vec<DetectionFinding> {
        let mut findings = Vec::new();
        for (subject, mut hits) in self.by_subject {
            hits.sort_by_key(|hit| hit.window);
            let groups = match grouping(&subject) {
                Grouping::NeighbouringWindows => stretches(hits),
                Grouping::EachHit => hits.into_iter().map(|hit| vec![hit]).collect(),
            };
            for hits in groups {
                let mut log = IncidentLog::default();
                log.observe(&subject, hits, now);
                findings.extend(
                    log.incidents.iter().map(|incident| DetectionFinding::from_incident(&subject, incident, now)),
                );
            }
        }
        sort_findings(&mut findings);
        findings
    }

    /// Adds the hits to the incidents of a store, and writes the findings that are new or have changed. `now` is milliseconds
    /// since the epoch. Doing it again, or at the same time elsewhere, changes nothing.
    ///
    /// # Errors
    /// When the store fails, or stored incidents are unreadable.
    pub(crate) async fn store(self, state: &impl Store, now: i64) -> Result<Stored, IncidentError> {
        let mut stored = Stored::default();
        for (subject, hits) in self.by_subject {
            stored.hits += hits.len();
            let windows = hits.iter().map(|hit| hit.window).collect();
            store_incidents(state, &subject, &hits, now).await?;
            stored.findings.extend(store_findings(state, &subject, &windows, now).await?);
        }
        Ok(stored)
    }
}

/// Puts findings in the order in which they are shown: the most severe first, then by time, then by uid.
pub fn sort_findings(findings: &mut [DetectionFinding]) {
    findings
        .sort_by_cached_key(|finding| (Reverse(finding.severity_id), finding.time, finding.finding_info.uid.clone()));
}

/// Hits in ascending windows, cut where no incident can reach across. An incident log forgets what ended long before its newest
/// window, so that each stretch gets a log of its own.
fn stretches(hits: Vec<Hit>) -> Vec<Vec<Hit>> {
    let mut stretches: Vec<(i64, Vec<Hit>)> = Vec::new();
    for hit in hits {
        match stretches.last_mut() {
            Some((end, stretch)) if hit.window.0.saturating_sub(*end) <= GAP => {
                *end = hit.window_end.max(*end);
                stretch.push(hit);
            }
            _ => stretches.push((hit.window_end, vec![hit])),
        }
    }
    stretches.into_iter().map(|(_, hits)| hits).collect()
}

/// Adds hits to the stored incidents of a subject.
async fn store_incidents(state: &impl Store, subject: &Subject, hits: &[Hit], now: i64) -> Result<(), IncidentError> {
    let key = &keys::incidents(subject);
    update(state, key, |bytes| async move {
        let before = decode(key, bytes)?;
        let mut log = before.clone();
        log.observe(subject, hits.iter().cloned(), now);
        if log == before {
            return Ok(Change::Keep(()));
        }
        Ok(Change::json(key, &log, ())?)
    })
    .await
}

/// Writes the findings of the incidents that have, or had, any of these windows, where they are new or have changed.
///
/// The version of a finding is read before the incidents, so that what is written over it is never older.
async fn store_findings(
    state: &impl Store,
    subject: &Subject,
    windows: &BTreeSet<WindowStart>,
    now: i64,
) -> Result<Vec<String>, IncidentError> {
    let log_key = &keys::incidents(subject);
    let log = read_incidents(state, log_key).await?;
    let touched: Vec<Incident> = log.touching(windows).cloned().collect();
    let mut written = Vec::new();
    for incident in &touched {
        let key = &keys::finding(incident);
        let changed = update(state, key, |bytes| async move {
            let log = read_incidents(state, log_key).await?;
            let Some(incident) = log.incidents.iter().find(|i| i.uid == incident.uid) else {
                return Ok(Change::Keep(false));
            };
            let finding = DetectionFinding::from_incident(subject, incident, now);
            let before = bytes.and_then(|bytes| serde_json::from_slice::<DetectionFinding>(&bytes).ok());
            if before.is_some_and(|before| before.says_the_same(&finding)) {
                return Ok(Change::Keep(false));
            }
            Ok::<_, IncidentError>(Change::json(key, &finding, true)?)
        });
        if changed.await? {
            written.push(key.clone());
        }
    }
    Ok(written)
}

async fn read_incidents(state: &impl Store, key: &str) -> Result<IncidentLog, IncidentError> {
    decode(key, state.get(key).await?.map(|object| object.bytes))
}

fn decode(key: &str, bytes: Option<Vec<u8>>) -> Result<IncidentLog, IncidentError> {
    let Some(bytes) = bytes else { return Ok(IncidentLog::default()) };
    serde_json::from_slice(&bytes).map_err(|error| IncidentError::Unreadable { key: key.to_owned(), error })
}
