//! Detection over all batches of a store at once: what `weir detect` runs.
//!
//! Scans and sweeps are found exactly as [`score`](crate::score()) finds them. The learned detection judges by a given model,
//! or by one fitted on the host windows of the data itself or of its first hours. One hour is in memory at a time and the model
//! is fitted on a bounded sample, so that batches are read once to learn and once to judge.

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

/// What the learned detection compares with.
#[derive(Debug, Clone, PartialEq)]
pub enum Knowledge {
    /// A model trained before; reports on everything.
    Model(Box<FlowModel>),
    /// A model fitted on the windows of this many seconds from the first one; reports on everything, on those windows too.
    Baseline(i64),
    /// A model fitted on everything; reports on everything.
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
    /// Too few host windows to fit a model on.
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
    /// A stored hour could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The model does not fit the logs.
    #[error("the model does not fit these logs: {0}: train one on logs like them")]
    Model(#[from] SchemaMismatch),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing could be learned.
    #[error("the learned detection: {0}")]
    Train(#[from] TrainError),
}

/// Detects over all batches of a store. Calls `progress` with (hours done, hours in all); an hour
/// counts once for learning and once for judging.
///
/// # Errors
/// When a store fails, a batch is unreadable, or a model does not fit the logs.
pub async fn detect(
    state: &impl Store,
    options: &DetectOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<Detected, DetectError> {
    let hours = flow_hours(state).await?;
    let baseline = match options.knowledge {
        Knowledge::Baseline(seconds) => Some(seconds),
        Knowledge::Model(_) | Knowledge::Input => None,
    };
    let mut trainer = FlowTrainer::new(options.train.seed);
    let mut seen = Seen::default();
    // Hours are in the order of scopes, so which window is the first of all is known only at the end of a pass.
    let first = if baseline.is_some() { first_window(state, &hours).await? } else { None };
    let learned_until = baseline.zip(first).map(|(seconds, first)| WindowStart(first.0 + seconds));
    let given = match &options.knowledge {
        Knowledge::Model(model) => Some(model.as_ref()),
        Knowledge::Baseline(_) | Knowledge::Input => None,
    };
    let steps = if given.is_some() { hours.len() } else { 2 * hours.len() };
    let mut rollups = RollupsByScope::default();
    for (done, key) in hours.iter().enumerate() {
        progress(done, steps);
        let Some(hour) = load_hour(state, key).await?.windows else { continue };
        seen.add(&hour);
        if let Some(model) = given {
            seen.hits.extend(judge_hour(model, &hour, &options.thresholds(model), |_| true)?);
            seen.detect_long_windows(&mut rollups, &hour, given);
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
                seen.hits.extend(judge_hour(model, &hour, &options.thresholds(model), |_| true)?);
            }
            seen.detect_long_windows(&mut rollups, &hour, fitted_model.as_ref());
        }
    }
    progress(steps, steps);
    let Seen { hits, hosts, windows } = seen;
    let findings = hits.findings(|_| Grouping::NeighbouringWindows, options.train.now);
    Ok(Detected { findings, hosts: hosts.len(), windows, learned_until, fitted })
}

/// What the passes over the hours have collected.
#[derive(Default)]
struct Seen {
    hits: HitsBySubject,
    hosts: BTreeSet<(Scope, IpAddr)>,
    windows: Option<(WindowStart, WindowStart)>,
}

impl Seen {
    /// Notes the hosts and windows of an hour, and the hits of windows that may still be filling.
    fn add(&mut self, hour: &HourAggregate) {
        for start in hour.windows.keys() {
            let (first, last) = self.windows.get_or_insert((*start, *start));
            (*first, *last) = ((*first).min(*start), (*last).max(*start));
        }
        self.hits.extend(detect_partial_windows(hour));
        self.hosts.extend(MonitoredAddresses::from_hour(hour).hosts().map(|host| (hour.scope.clone(), host)));
    }

    /// Runs the detections over long windows that end in an hour, once its other hits are known.
    fn detect_long_windows(&mut self, rollups: &mut RollupsByScope, hour: &HourAggregate, model: Option<&FlowModel>) {
        let day = rollups.push(hour).day(&hour.scope, model.map(|model| &model.baseline));
        self.hits.extend_new(long_window::detect(&day, |_| true));
    }
}

/// The first window of all: that of the first hour of any scope.
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
