//! Fits a [`FlowModel`] on the host windows of stored batches, for `weir train` and `weir detect`.
//!
//! There is one row of features per monitored host and window. One hour is in memory at a time, and the model is fitted on a
//! bounded sample of rows, chosen by a seeded hash so that it does not depend on the order of hours or objects.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use weir_domain::aggregate::{HostWindows, HourAggregate, MonitoredAddresses};
use weir_domain::baseline::{Baseline, host_name};
use weir_domain::bounded::{BottomK, Merge, Priority};
use weir_domain::distinct::stable_hash;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::window::{Scope, WindowLength, WindowStart};
use weir_features::flow::{host_row, host_schema, learn};
use weir_model::drift::FeatureHistograms;
use weir_model::{BehaviourModel, FlowModel, TrainingSummary};

use crate::hours::{LoadError, flow_hours, load_hour};
use crate::store::{Store, StoreError};
use crate::training::{Drift, TrainOptions};

/// The minimum number of host windows for a model: an hour of four hosts, or four hours of one.
pub const MIN_WINDOWS: u64 = 48;

/// The minimum number of windows for typical ranges of a single host; other hosts are compared with all hosts.
const MIN_HOST_WINDOWS: usize = 48;

/// The maximum number of host windows in the sample that a model is fitted on.
const MAX_SAMPLE: usize = 200_000;

/// The error of training.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A stored hour could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too few host windows to fit a model on.
    #[error("{windows} windows of monitored hosts to learn from, and {MIN_WINDOWS} are needed: add logs")]
    TooFew {
        /// The number of host windows.
        windows: u64,
    },
    /// Hours of different window lengths.
    #[error("batches of different window lengths: preprocess all logs with the same --window")]
    WindowLengths,
    /// An estimator could not be fitted.
    #[error("fitting: {0}")]
    Fit(#[from] weir_model::FitError),
}

/// Trains on all flow batches of a store. Calls `progress` with (hours done, total hours).
///
/// # Errors
/// When there are too few windows, the store fails or a batch is unreadable.
pub async fn train(
    state: &impl Store,
    options: &TrainOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<FlowModel, TrainError> {
    collect(state, options.seed, &mut progress).await?.fit(options)
}

/// As [`train`], with the drift of each feature since an earlier model. Without one, or with one that has no histograms, the
/// second half of the windows is compared with the first.
///
/// # Errors
/// As [`train`].
pub async fn train_since(
    state: &impl Store,
    options: &TrainOptions,
    earlier: Option<&FlowModel>,
    mut progress: impl FnMut(usize, usize),
) -> Result<(FlowModel, Drift), TrainError> {
    let mut trainer = collect(state, options.seed, &mut progress).await?;
    let rows = trainer.rows_by_time();
    let model = trainer.fit(options)?;
    let drift = Drift::since(&rows, earlier.and_then(|earlier| earlier.histograms.as_ref()))?;
    Ok((model, drift))
}

async fn collect(
    state: &impl Store,
    seed: u64,
    progress: &mut impl FnMut(usize, usize),
) -> Result<FlowTrainer, TrainError> {
    let hours = flow_hours(state).await?;
    let mut trainer = FlowTrainer::new(seed);
    for (done, key) in hours.iter().enumerate() {
        progress(done, hours.len());
        if let Some(hour) = load_hour(state, key).await?.windows {
            trainer.take(&hour)?;
        }
    }
    progress(hours.len(), hours.len());
    Ok(trainer)
}

/// A sampled row: chosen by a seeded hash of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SampleKey {
    chance: u64,
    scope: u32,
    window: WindowStart,
    host: IpAddr,
}

impl Priority for SampleKey {
    fn priority(&self) -> u64 {
        self.chance
    }
}

/// A feature row in the sample. Keys are unique, so merging does nothing.
#[derive(Debug, Clone, Default)]
struct SampledRow(Vec<f64>);

impl Merge for SampledRow {
    fn merge(&mut self, _: Self) {}
}

/// Collects feature rows and the baseline of a network hour by hour, then fits a model.
pub(crate) struct FlowTrainer {
    window_length: Option<WindowLength>,
    scopes: Vec<Scope>,
    seed: u64,
    sample: BottomK<SampleKey, SampledRow>,
    rows: u64,
    span: Option<(WindowStart, WindowStart)>,
    baseline: Baseline,
}

impl FlowTrainer {
    pub(crate) fn new(seed: u64) -> Self {
        let sample = BottomK::new(MAX_SAMPLE);
        Self {
            window_length: None,
            scopes: Vec::new(),
            seed,
            sample,
            rows: 0,
            span: None,
            baseline: Baseline::default(),
        }
    }

    /// Adds the windows of all monitored hosts of an hour.
    pub(crate) fn take(&mut self, hour: &HourAggregate) -> Result<(), TrainError> {
        self.take_before(hour, None)
    }

    /// Adds the windows of an hour that start before a time.
    pub(crate) fn take_before(&mut self, hour: &HourAggregate, before: Option<WindowStart>) -> Result<(), TrainError> {
        if *self.window_length.get_or_insert(hour.window_length) != hour.window_length {
            return Err(TrainError::WindowLengths);
        }
        let scope = self.scopes.iter().position(|s| *s == hour.scope).unwrap_or_else(|| {
            self.scopes.push(hour.scope.clone());
            self.scopes.len() - 1
        }) as u32;
        learn(&mut self.baseline, hour, |window| before.is_none_or(|before| window < before));
        let monitored = MonitoredAddresses::from_hour(hour);
        for (window, aggregate) in hour.windows.iter().filter(|(w, _)| before.is_none_or(|before| **w < before)) {
            let (first, last) = self.span.get_or_insert((*window, *window));
            (*first, *last) = ((*first).min(*window), (*last).max(*window));
            for host in HostWindows::from_window(aggregate, &monitored).iter().filter(|h| h.monitored) {
                self.rows += 1;
                let mut seeded = host_name(&hour.scope, host.host).into_bytes();
                seeded.extend_from_slice(&window.0.to_le_bytes());
                seeded.extend_from_slice(&self.seed.to_le_bytes());
                let key = SampleKey { chance: stable_hash(&seeded), scope, window: *window, host: host.host };
                if let Some(sampled) = self.sample.entry(key) {
                    sampled.0 = host_row(host);
                }
            }
        }
        Ok(())
    }

    /// The sampled rows in the order of their windows.
    fn rows_by_time(&mut self) -> FeatureMatrix {
        let mut rows = FeatureMatrix::new(host_schema(self.window_length.unwrap_or(WindowLength::FIVE_MINUTES)));
        self.sample.prune();
        let mut sampled = self.sample.sorted();
        sampled.sort_by_key(|(key, _)| key.window);
        for (_, row) in sampled {
            // Host rows always fit the schema and are finite.
            let _ = rows.push(&row.0);
        }
        rows
    }

    /// Fits a model on the sampled rows.
    pub(crate) fn fit(mut self, options: &TrainOptions) -> Result<FlowModel, TrainError> {
        let (Some(window_length), Some((first, last))) = (self.window_length, self.span) else {
            return Err(TrainError::TooFew { windows: 0 });
        };
        if self.rows < MIN_WINDOWS {
            return Err(TrainError::TooFew { windows: self.rows });
        }
        self.sample.prune();
        self.baseline.prune();
        let schema = host_schema(window_length);
        let mut all = FeatureMatrix::new(Arc::clone(&schema));
        let mut by_host: BTreeMap<String, FeatureMatrix> = BTreeMap::new();
        for (key, row) in self.sample.sorted() {
            let name = host_name(&self.scopes[key.scope as usize], key.host);
            let of_host = by_host.entry(name).or_insert_with(|| FeatureMatrix::new(Arc::clone(&schema)));
            // Host rows always fit the schema and are finite.
            if all.push(&row.0).is_ok() {
                let _ = of_host.push(&row.0);
            }
        }
        drop(self.sample);
        let entities = by_host.len() as u64;
        by_host.retain(|_, rows| rows.len() >= MIN_HOST_WINDOWS);
        let summary = TrainingSummary {
            program: options.program.clone(),
            trained_at: options.now,
            from: first.0,
            to: last.end(window_length),
            rows: self.rows,
            fitted_on: all.len() as u64,
            entities,
            seed: self.seed,
        };
        let behaviour = BehaviourModel::fit(&options.estimators, &all, &by_host, self.seed)?;
        let histograms = Some(FeatureHistograms::from_matrix(&all)?);
        Ok(FlowModel { summary, behaviour, baseline: self.baseline, histograms })
    }
}

#[cfg(test)]
mod tests;
