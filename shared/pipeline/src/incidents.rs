//! Groups the hits of any source into incidents, and makes findings of them.
//!
//! [`HitsBySubject`] collects the hits of a detection run. [`HitsBySubject::findings`] makes findings of them at once, for a
//! whole log; [`HitsBySubject::store`] adds them to the incidents of a store, and writes new and changed findings.

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

/// The error of storing incidents or findings.
#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    /// A store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Stored incidents are unreadable.
    #[error("{key}: not an incident log: {error}")]
    Unreadable {
        /// The key of the incidents.
        key: String,
        /// The cause.
        error: serde_json::Error,
    },
    /// Other writers kept changing the same object.
    #[error(transparent)]
    Contended(#[from] Contended),
}

/// How the hits of one subject are grouped when a whole log is judged at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// Hits in neighbouring windows are one incident ([`weir_detect::incidents`]).
    NeighbouringWindows,
    /// Every hit is an incident, because the detection has grouped already.
    EachHit,
}

/// Hits by subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct HitsBySubject {
    by_subject: BTreeMap<Subject, Vec<Hit>>,
}

/// The result of storing hits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The number of hits stored.
    pub(crate) hits: usize,
    /// The keys of new and changed findings.
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
    /// Adds hits over long windows, except those of a subject and window that already have a hit of a single window.
    pub(crate) fn extend_new(&mut self, hits: Vec<(Subject, Hit)>) {
        let is_duplicate = |subject: &Subject, window| {
            self.by_subject.get(subject).is_some_and(|hits| hits.iter().any(|hit| hit.window == window))
        };
        self.extend(without_duplicates(hits, is_duplicate));
    }

    /// The findings of a whole log, sorted by [`sort_findings`]. `grouping` chooses how the hits of a subject are grouped;
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

    /// Adds the hits to the incidents of a store, and writes new and changed findings. `now` is milliseconds since the epoch.
    /// It is idempotent and safe to run concurrently.
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

/// Sorts findings for display: the most severe first, then by time, then by uid.
pub fn sort_findings(findings: &mut [DetectionFinding]) {
    findings
        .sort_by_cached_key(|finding| (Reverse(finding.severity_id), finding.time, finding.finding_info.uid.clone()));
}

/// Splits hits, ordered by window, at gaps that no incident spans. An incident log drops incidents that ended long before its
/// newest window, so each stretch needs its own log.
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

/// Writes the new and changed findings of the incidents that have, or had, any of these windows.
///
/// The version of a finding is read before the incidents, so that a newer finding is never overwritten by an older one.
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
            if before.is_some_and(|before| before.has_same_content(&finding)) {
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
