//! Detection over all flow batches of a store at once, for `weir detect`.
//!
//! Scans and sweeps are found exactly as by [`score`](crate::score()). The learned detection uses a given model, or fits one
//! on the host windows of the data itself or of its first hours. One hour is in memory at a time and the model is fitted on a
//! bounded sample, so batches are read once for fitting and once for judging.

use std::collections::BTreeSet;
use std::net::IpAddr;

use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::flow::detect_partial_windows;
use weir_detect::flow::long_window;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::aggregate::{HourAggregate, MonitoredAddresses};
use weir_domain::score::PValue;
use weir_domain::window::{Scope, WindowStart};
use weir_model::{AlertBudget, FlowModel, SchemaMismatch};

use super::learned::judge_hour;
use super::rollups::RollupsByScope;
use super::train::{FlowTrainer, TrainError};
use crate::hours::{LoadError, flow_hours, load_hour};
use crate::incidents::{Grouping, HitsBySubject};
use crate::keys::HourOfScope;
use crate::store::{Store, StoreError};
use crate::training::TrainOptions;

/// Options of detection.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectOptions {
    /// The model of the learned detection.
    pub model: ModelSource,
    /// The thresholds above which a learned score becomes a finding.
    pub thresholds: Thresholds,
    /// The number of false alarms a day, which replaces the p-value of the threshold.
    pub budget: Option<AlertBudget>,
    /// How a model is fitted if none is given. Its `now` is also the time of writing.
    pub train: TrainOptions,
}

impl DetectOptions {
    fn thresholds(&self, model: &FlowModel) -> Thresholds {
        let p_value = self.budget.and_then(|budget| budget.threshold(model.summary.rows_per_day()));
        Thresholds { p_value: p_value.map_or(self.thresholds.p_value, PValue::get), ..self.thresholds }
    }
}

/// Where the model of the learned detection comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelSource {
    /// A model trained before. All windows are reported on.
    Model(Box<FlowModel>),
    /// A model fitted on the windows of this many seconds from the first one. All windows are reported on, those included.
    Baseline(i64),
    /// A model fitted on all windows. All windows are reported on.
    Input,
}

/// The outcome of fitting.
#[derive(Debug, Clone, PartialEq)]
pub enum Fitted {
    /// A model, fitted now or before.
    On {
        /// The number of host windows in the training period.
        windows: u64,
        /// The number of host windows in the sample that the model was fitted on.
        sampled: u64,
    },
    /// Too few host windows to fit a model on.
    TooFew {
        /// The number of host windows.
        windows: u64,
    },
}

/// The result of detection.
#[derive(Debug, Clone)]
pub struct Detected {
    /// The findings, most severe first, then by time.
    pub findings: Vec<DetectionFinding>,
    /// The number of monitored hosts.
    pub hosts: usize,
    /// The first and the last window; `None` without windows.
    pub windows: Option<(WindowStart, WindowStart)>,
    /// The end of the baseline, where one was requested.
    pub learned_until: Option<WindowStart>,
    /// What the model was fitted on.
    pub fitted: Fitted,
}

/// The error of detection.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// A stored hour could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The model does not fit the logs.
    #[error("the model does not fit these logs: {0}: train one on logs like them")]
    Model(#[from] SchemaMismatch),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No model could be fitted.
    #[error("the learned detection: {0}")]
    Train(#[from] TrainError),
}

/// Runs all detections over the flow batches of a store. Calls `progress` with (hours done, total hours); an hour counts once
/// for fitting and once for judging.
///
/// # Errors
/// When a store fails, a batch is unreadable, or a model does not fit the logs.
pub async fn detect(
    state: &impl Store,
    options: &DetectOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<Detected, DetectError> {
    let hours = flow_hours(state).await?;
    let baseline = match options.model {
        ModelSource::Baseline(seconds) => Some(seconds),
        ModelSource::Model(_) | ModelSource::Input => None,
    };
    let mut trainer = FlowTrainer::new(options.train.seed);
    let mut collected = Collected::default();
    // Hours are ordered by scope, so the first window overall is found only by a pass over all of them.
    let first = if baseline.is_some() { first_window(state, &hours).await? } else { None };
    let learned_until = baseline.zip(first).map(|(seconds, first)| WindowStart(first.0 + seconds));
    let given = match &options.model {
        ModelSource::Model(model) => Some(model.as_ref()),
        ModelSource::Baseline(_) | ModelSource::Input => None,
    };
    let steps = if given.is_some() { hours.len() } else { 2 * hours.len() };
    let mut rollups = RollupsByScope::default();
    for (done, key) in hours.iter().enumerate() {
        progress(done, steps);
        let Some(hour) = load_hour(state, key).await?.windows else { continue };
        collected.add(&hour);
        if let Some(model) = given {
            collected.hits.extend(judge_hour(model, &hour, &options.thresholds(model), |_| true)?);
            collected.detect_long_windows(&mut rollups, &hour, given);
        } else {
            trainer.take_before(&hour, learned_until)?;
        }
    }
    let (fitted, fitted_model) = match given {
        Some(model) => (Fitted::On { windows: model.summary.rows, sampled: model.summary.fitted_on }, None),
        None => match trainer.fit(&options.train) {
            Ok(model) => (Fitted::On { windows: model.summary.rows, sampled: model.summary.fitted_on }, Some(model)),
            Err(TrainError::TooFew { windows }) => (Fitted::TooFew { windows }, None),
            Err(error) => return Err(error.into()),
        },
    };
    if given.is_none() {
        for (done, key) in hours.iter().enumerate() {
            progress(hours.len() + done, steps);
            let Some(hour) = load_hour(state, key).await?.windows else { continue };
            if let Some(model) = &fitted_model {
                collected.hits.extend(judge_hour(model, &hour, &options.thresholds(model), |_| true)?);
            }
            collected.detect_long_windows(&mut rollups, &hour, fitted_model.as_ref());
        }
    }
    progress(steps, steps);
    let Collected { hits, hosts, windows } = collected;
    let findings = hits.findings(|_| Grouping::NeighbouringWindows, options.train.now);
    Ok(Detected { findings, hosts: hosts.len(), windows, learned_until, fitted })
}

/// The results collected by the passes over the hours.
#[derive(Default)]
struct Collected {
    hits: HitsBySubject,
    hosts: BTreeSet<(Scope, IpAddr)>,
    windows: Option<(WindowStart, WindowStart)>,
}

impl Collected {
    /// Adds the hosts and windows of an hour, and the hits of the detections that also run on partial windows.
    fn add(&mut self, hour: &HourAggregate) {
        for start in hour.windows.keys() {
            let (first, last) = self.windows.get_or_insert((*start, *start));
            (*first, *last) = ((*first).min(*start), (*last).max(*start));
        }
        self.hits.extend(detect_partial_windows(hour));
        self.hosts.extend(MonitoredAddresses::from_hour(hour).hosts().map(|host| (hour.scope.clone(), host)));
    }

    /// Runs the detections over long windows that end in an hour, after those of its single windows.
    fn detect_long_windows(&mut self, rollups: &mut RollupsByScope, hour: &HourAggregate, model: Option<&FlowModel>) {
        let day = rollups.push(hour).day(&hour.scope, model.map(|model| &model.baseline));
        self.hits.extend_new(long_window::detect(&day, |_| true));
    }
}

/// The first window over all scopes.
async fn first_window(state: &impl Store, hours: &BTreeSet<HourOfScope>) -> Result<Option<WindowStart>, LoadError> {
    let Some(first) = hours.iter().map(|key| key.hour).min() else { return Ok(None) };
    let mut window: Option<WindowStart> = None;
    for key in hours.iter().filter(|key| key.hour == first) {
        if let Some(hour) = load_hour(state, key).await?.windows {
            window = window.into_iter().chain(hour.windows.keys().next().copied()).min();
        }
    }
    Ok(window)
}
