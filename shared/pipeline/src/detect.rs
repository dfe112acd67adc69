//! The whole way at once, over all batches of a store: what `weir detect` runs.
//!
//! Scans and sweeps are found exactly as [`score`](crate::score()) finds them. The learned detection judges by a model that
//! is given, or by one fitted on the host windows of the data itself, or of its first hours. Memory is flat: one hour is in
//! memory at a time, and what is fitted on is a bounded sample; so batches are read once to learn and once to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::flow::detect_partial_windows;
use weir_detect::flow::long_window::{self, without_duplicates};
use weir_detect::incidents::IncidentLog;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::aggregate::{HourAggregate, MonitoredAddresses};
use weir_domain::finding::{Hit, Subject};
use weir_domain::score::PValue;
use weir_domain::window::{Scope, WindowStart};
use weir_model::{AlertBudget, FlowModel};

use crate::behaviour::judge_hour;
use crate::days::Days;
use crate::keys::HourOfScope;
use crate::score::{ScoreError, load_hour};
use crate::store::{Store, StoreError};
use crate::train::{Learning, TrainError, TrainOptions, all_hours};

/// How to detect.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectOptions {
    /// What the learned detection judges by.
    pub knowledge: Knowledge,
    /// When a learned score becomes a finding.
    pub thresholds: Thresholds,
    /// How many windows a day may pass for anomalous by chance, in place of the threshold's p-value.
    pub budget: Option<AlertBudget>,
    /// How a model is fitted where none is given; its time is that of writing, too.
    pub train: TrainOptions,
}

impl DetectOptions {
    fn thresholds(&self, model: &FlowModel) -> Thresholds {
        let p_value = self.budget.and_then(|budget| budget.threshold(model.summary.rows_per_day()));
        Thresholds { p_value: p_value.map_or(self.thresholds.p_value, PValue::get), ..self.thresholds }
    }
}

/// What is known of what is usual.
#[derive(Debug, Clone, PartialEq)]
pub enum Knowledge {
    /// A model trained before; reports on everything.
    Model(Box<FlowModel>),
    /// Fit on the windows of this many seconds from the first one, and report on everything: what is in those windows, too,
    /// is compared with them, as by [`Input`](Self::Input).
    Baseline(i64),
    /// Fit on everything, and report on everything.
    Input,
}

/// What the learned detection rests on.
#[derive(Debug, Clone, PartialEq)]
pub enum Fitted {
    /// This many host windows, of the input or of what a model was trained on.
    On {
        /// Host windows in the period that was fitted on.
        windows: u64,
        /// Of these, how many were sampled.
        sampled: u64,
    },
    /// Too few host windows to say what is usual.
    TooFew {
        /// How many there were.
        windows: u64,
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
    /// Until when was learned, where a baseline was asked for.
    pub learned_until: Option<WindowStart>,
    /// What the learned detection rests on.
    pub fitted: Fitted,
}

/// Why detection failed.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// A stored hour could not be read, or the model does not fit it.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing could be learned.
    #[error("the learned detection: {0}")]
    Train(#[from] TrainError),
}

/// Detects over all batches of a store. `progress` is told (hours done, hours in all), learning and judging being one each.
///
/// # Errors
/// When a store fails, a batch is unreadable, or a model does not fit the logs.
pub async fn detect(
    state: &impl Store,
    options: &DetectOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<Detected, DetectError> {
    let hours = all_hours(state).await?;
    let baseline = match options.knowledge {
        Knowledge::Baseline(seconds) => Some(seconds),
        Knowledge::Model(_) | Knowledge::Input => None,
    };
    let mut learning = Learning::new(options.train.seed);
    let mut seen = Seen::default();
    // Hours are in the order of scopes, so which window is the first of all is known only at the end of a pass.
    let first = if baseline.is_some() { first_window(state, &hours).await? } else { None };
    let learned_until = baseline.zip(first).map(|(seconds, first)| WindowStart(first.0 + seconds));
    let given = match &options.knowledge {
        Knowledge::Model(model) => Some(model.as_ref()),
        Knowledge::Baseline(_) | Knowledge::Input => None,
    };
    let steps = if given.is_some() { hours.len() } else { 2 * hours.len() };
    let mut days = Days::default();
    for (done, key) in hours.iter().enumerate() {
        progress(done, steps);
        let (Some(hour), _) = load_hour(state, key).await? else { continue };
        seen.look_at(&hour);
        if let Some(model) = given {
            let hits = judge_hour(model, &hour, &options.thresholds(model), |_| true).map_err(ScoreError::from)?;
            seen.take(hits);
            seen.take_over_hours(&mut days, &hour, given);
        } else {
            learning.take_before(&hour, learned_until)?;
        }
    }
    let (fitted, own) = match given {
        Some(model) => (Fitted::On { windows: model.summary.rows, sampled: model.summary.fitted_on }, None),
        None => match learning.fit(&options.train) {
            Ok(model) => (Fitted::On { windows: model.summary.rows, sampled: model.summary.fitted_on }, Some(model)),
            Err(TrainError::TooFew { windows }) => (Fitted::TooFew { windows }, None),
            Err(error) => return Err(error.into()),
        },
    };
    if given.is_none() {
        for (done, key) in hours.iter().enumerate() {
            progress(hours.len() + done, steps);
            let (Some(hour), _) = load_hour(state, key).await? else { continue };
            if let Some(model) = &own {
                let hits = judge_hour(model, &hour, &options.thresholds(model), |_| true).map_err(ScoreError::from)?;
                seen.take(hits);
            }
            seen.take_over_hours(&mut days, &hour, own.as_ref());
        }
    }
    progress(steps, steps);
    let Seen { by_subject, hosts, windows } = seen;
    let now = options.train.now;
    let mut findings = Vec::new();
    for (subject, hits) in by_subject {
        let mut log = IncidentLog::default();
        log.observe(&subject, hits, now);
        findings.extend(log.incidents.iter().map(|i| DetectionFinding::of(&subject, i, now)));
    }
    findings.sort_by(|a, b| {
        let order = |f: &DetectionFinding| (std::cmp::Reverse(f.severity_id), f.time, f.finding_info.uid.clone());
        order(a).cmp(&order(b))
    });
    Ok(Detected { findings, hosts: hosts.len(), windows, learned_until, fitted })
}

/// What a pass over the hours sees.
#[derive(Default)]
struct Seen {
    by_subject: BTreeMap<Subject, Vec<Hit>>,
    hosts: BTreeSet<(Scope, IpAddr)>,
    windows: Option<(WindowStart, WindowStart)>,
}

impl Seen {
    fn look_at(&mut self, hour: &HourAggregate) {
        for start in hour.windows.keys() {
            let (first, last) = self.windows.get_or_insert((*start, *start));
            (*first, *last) = ((*first).min(*start), (*last).max(*start));
        }
        self.take(detect_partial_windows(hour));
        self.hosts.extend(MonitoredAddresses::from_hour(hour).hosts().map(|host| (hour.scope.clone(), host)));
    }

    /// Looks over the hours up to one, whose other hits were taken before.
    fn take_over_hours(&mut self, days: &mut Days, hour: &HourAggregate, model: Option<&FlowModel>) {
        let found =
            long_window::detect(&days.push(hour).day(&hour.scope, model.map(|model| &model.baseline)), |_| true);
        let told = |subject: &Subject, window| {
            self.by_subject.get(subject).is_some_and(|hits| hits.iter().any(|hit| hit.window == window))
        };
        let found = without_duplicates(found, told);
        self.take(found);
    }

    fn take(&mut self, hits: Vec<(Subject, Hit)>) {
        for (subject, hit) in hits {
            self.by_subject.entry(subject).or_default().push(hit);
        }
    }
}

/// The first window of all: that of the first hour of any scope.
async fn first_window(state: &impl Store, hours: &BTreeSet<HourOfScope>) -> Result<Option<WindowStart>, ScoreError> {
    let Some(first) = hours.iter().map(|key| key.hour).min() else { return Ok(None) };
    let mut window: Option<WindowStart> = None;
    for key in hours.iter().filter(|key| key.hour == first) {
        if let (Some(hour), _) = load_hour(state, key).await? {
            window = window.into_iter().chain(hour.windows.keys().next().copied()).min();
        }
    }
    Ok(window)
}
