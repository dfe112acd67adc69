//! The whole way at once, over all batches of a store: what `weir detect` runs.
//!
//! Scans and sweeps are found exactly as [`score`](crate::score()) finds them. The learned detection is fitted on the
//! host windows of the data itself, or of its first hours, and then judges the windows to be reported. Memory is flat:
//! one hour is in memory at a time, feature rows are spooled to a temporary file, and what is fitted on is a bounded
//! sample chosen by hash.

mod learned;
mod spool;

use std::collections::{BTreeMap, BTreeSet};

use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::flow::detect_growing;
use weir_detect::incidents::IncidentLog;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::aggregate::OwnAddresses;
use weir_domain::finding::{Hit, Subject};
use weir_domain::window::WindowStart;

use crate::keys::{HourOfScope, PROCESSED};
use crate::score::{ScoreError, load_hour};
use crate::store::{Store, StoreError};

/// How to detect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectOptions {
    /// Fit on the windows of this many seconds from the first one and report on the rest; `None` fits on everything and
    /// reports on everything.
    pub baseline: Option<i64>,
    /// When a learned score becomes a finding.
    pub thresholds: Thresholds,
    /// Seeds the sample and the forest.
    pub seed: u64,
    /// The time of writing, milliseconds since the epoch.
    pub now: i64,
}

/// What the learned detection rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitted {
    /// This many host windows.
    On {
        /// Host windows in the period that was fitted on.
        windows: u64,
        /// Of these, how many were sampled.
        sampled: usize,
    },
    /// Too few host windows to say what is usual.
    TooFew {
        /// How many there were.
        windows: u64,
        /// How many there must be.
        needed: u64,
    },
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Detected {
    /// The findings, most severe first, then by time.
    pub findings: Vec<DetectionFinding>,
    /// Monitored hosts.
    pub hosts: usize,
    /// First and last window, if there is any.
    pub windows: Option<(WindowStart, WindowStart)>,
    /// From where on is reported: later than the first window where a baseline was asked for.
    pub report_from: Option<WindowStart>,
    /// What the learned detection rests on.
    pub fitted: Fitted,
}

/// Why detection failed.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// A stored hour could not be read.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The temporary file failed.
    #[error("the temporary file for feature rows: {0}")]
    Spool(#[from] std::io::Error),
    /// The estimator could not be fitted.
    #[error("fitting the learned detection: {0}")]
    Model(String),
}

/// Detects over all batches of a store. `progress` is told (hours done, hours in all).
///
/// # Errors
/// When a store fails, a batch is unreadable, or the temporary file fails.
pub async fn detect(
    state: &impl Store,
    options: DetectOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<Detected, DetectError> {
    let hours: BTreeSet<HourOfScope> =
        state.list(PROCESSED).await?.iter().filter_map(|key| HourOfScope::of_batch(key)).collect();
    let mut by_subject: BTreeMap<Subject, Vec<Hit>> = BTreeMap::new();
    let mut hosts = BTreeSet::new();
    let mut windows: Option<(WindowStart, WindowStart)> = None;
    let mut learning = None;
    for (done, key) in hours.iter().enumerate() {
        progress(done, hours.len());
        let (Some(hour), _) = load_hour(state, key).await? else { continue };
        for start in hour.windows.keys() {
            let (first, last) = windows.get_or_insert((*start, *start));
            (*first, *last) = ((*first).min(*start), (*last).max(*start));
        }
        for (subject, hit) in detect_growing(&hour) {
            by_subject.entry(subject).or_default().push(hit);
        }
        hosts.extend(OwnAddresses::of(&hour).hosts().map(|host| (key.scope.clone(), host)));
        if learning.is_none() {
            learning = Some(learned::Learning::new(hour.window_length, options.seed)?);
        }
        if let Some(learning) = &mut learning {
            learning.take(&hour)?;
        }
    }
    progress(hours.len(), hours.len());
    let report_from = windows.map(|(first, _)| WindowStart(first.0 + options.baseline.unwrap_or(0)));
    let mut fitted = Fitted::TooFew { windows: 0, needed: learned::FEWEST_WINDOWS };
    if let (Some(learning), Some(report_from)) = (learning, report_from) {
        let before = options.baseline.map(|_| report_from);
        let (hits, on) = learning.judge(state, before, report_from, &options).await?;
        fitted = on;
        for (subject, hit) in hits {
            by_subject.entry(subject).or_default().push(hit);
        }
    }
    let mut findings = Vec::new();
    for (subject, hits) in by_subject {
        let mut log = IncidentLog::default();
        log.observe(&subject, hits.into_iter().filter(|h| Some(h.window) >= report_from), options.now);
        findings.extend(log.incidents.iter().map(|i| DetectionFinding::of(&subject, i, options.now)));
    }
    findings.sort_by(|a, b| {
        let order = |f: &DetectionFinding| (std::cmp::Reverse(f.severity_id), f.time, f.finding_info.uid.clone());
        order(a).cmp(&order(b))
    });
    Ok(Detected { findings, hosts: hosts.len(), windows, report_from, fitted })
}
