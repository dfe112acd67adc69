//! Learns what is usual from processed batches: what `weir train` runs, and `weir detect` on its own input.
//!
//! One row of features per monitored host and window. Memory is flat: one hour is in memory at a time, and what is fitted
//! on is a bounded sample, chosen by a seeded hash so that it does not depend on the order of anything.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use weir_domain::aggregate::{HostWindows, HourAggregate, MonitoredAddresses};
use weir_domain::baseline::{Baseline, host_name};
use weir_domain::bounded::{BottomK, Merge, Priority};
use weir_domain::distinct::stable_hash;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::source::Source;
use weir_domain::window::{Scope, WindowLength, WindowStart};
use weir_features::flow::{host_row, host_schema, learn};
use weir_model::drift::FeatureHistograms;
use weir_model::{BehaviourModel, EstimatorKind, FlowModel, TrainingSummary};

use crate::drift::Drift;
use crate::keys::{HourOfScope, PROCESSED};
use crate::score::{ScoreError, load_hour};
use crate::store::{Store, StoreError};

/// Host windows below which nothing is learned: an hour of four hosts, or four hours of one.
pub const MIN_WINDOWS: u64 = 48;

/// Windows of a host from which on it is compared with itself instead of with all hosts.
const MIN_HOST_WINDOWS: usize = 48;

/// Host windows that are fitted on.
const SAMPLE: usize = 200_000;

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// Which estimators judge together; at least one.
    pub estimators: Vec<EstimatorKind>,
    /// Seeds the sample and the estimators.
    pub seed: u64,
    /// The time of training, milliseconds since the epoch.
    pub now: i64,
    /// Version of the program, kept in the artifact.
    pub program: String,
}

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A stored hour could not be read.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too few host windows to say what is usual.
    #[error("{windows} windows of monitored hosts to learn from, and {MIN_WINDOWS} are needed: add logs")]
    TooFew {
        /// How many there are.
        windows: u64,
    },
    /// Hours of different window lengths.
    #[error("batches of different window lengths: preprocess all logs with the same --window")]
    WindowLengths,
    /// An estimator could not be fitted.
    #[error("fitting: {0}")]
    Fit(#[from] weir_model::FitError),
}

/// Trains on all batches of a store. `progress` is told (hours done, hours in all).
///
/// # Errors
/// When there is too little to learn from, a store fails or a batch is unreadable.
pub async fn train(
    state: &impl Store,
    options: &TrainOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<FlowModel, TrainError> {
    learned(state, options.seed, &mut progress).await?.fit(options)
}

/// The same, and how far each feature has moved since an earlier model; without one, or with one that does not say how its
/// features were distributed, in the second half of the windows since the first.
///
/// # Errors
/// As [`train`].
pub async fn train_since(
    state: &impl Store,
    options: &TrainOptions,
    earlier: Option<&FlowModel>,
    mut progress: impl FnMut(usize, usize),
) -> Result<(FlowModel, Drift), TrainError> {
    let mut learning = learned(state, options.seed, &mut progress).await?;
    let rows = learning.rows_by_time();
    let model = learning.fit(options)?;
    let drift = Drift::of(&rows, earlier.and_then(|earlier| earlier.histograms.as_ref()))?;
    Ok((model, drift))
}

async fn learned(
    state: &impl Store,
    seed: u64,
    progress: &mut impl FnMut(usize, usize),
) -> Result<Learning, TrainError> {
    let hours = all_hours(state).await?;
    let mut learning = Learning::new(seed);
    for (done, key) in hours.iter().enumerate() {
        progress(done, hours.len());
        if let (Some(hour), _) = load_hour(state, key).await? {
            learning.take(&hour)?;
        }
    }
    progress(hours.len(), hours.len());
    Ok(learning)
}

/// The hours of all batches of a store.
pub(crate) async fn all_hours(state: &impl Store) -> Result<BTreeSet<HourOfScope>, StoreError> {
    let hours = state.list(PROCESSED).await?.into_iter().filter_map(|key| HourOfScope::of_batch(&key));
    Ok(hours.filter(|hour| hour.source == Source::Flow).collect())
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

/// A feature row as a value of the sample; keys are unique, so there is nothing to merge.
#[derive(Debug, Clone, Default)]
struct SampledRow(Vec<f64>);

impl Merge for SampledRow {
    fn merge(&mut self, _: Self) {}
}

/// Collects feature rows while hours go by.
pub(crate) struct Learning {
    window_length: Option<WindowLength>,
    scopes: Vec<Scope>,
    seed: u64,
    sample: BottomK<SampleKey, SampledRow>,
    rows: u64,
    span: Option<(WindowStart, WindowStart)>,
    baseline: Baseline,
}

impl Learning {
    pub(crate) fn new(seed: u64) -> Self {
        let sample = BottomK::new(SAMPLE);
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

    /// Takes the windows of all monitored hosts of an hour.
    pub(crate) fn take(&mut self, hour: &HourAggregate) -> Result<(), TrainError> {
        self.take_before(hour, None)
    }

    /// Takes the windows of an hour that begin before a time.
    pub(crate) fn take_before(&mut self, hour: &HourAggregate, before: Option<WindowStart>) -> Result<(), TrainError> {
        if *self.window_length.get_or_insert(hour.window_length) != hour.window_length {
            return Err(TrainError::WindowLengths);
        }
        let scope = self.scopes.iter().position(|s| *s == hour.scope).unwrap_or_else(|| {
            self.scopes.push(hour.scope.clone());
            self.scopes.len() - 1
        }) as u32;
        learn(&mut self.baseline, hour, |window| before.is_none_or(|before| window < before));
        let own = MonitoredAddresses::from_hour(hour);
        for (window, aggregate) in hour.windows.iter().filter(|(w, _)| before.is_none_or(|before| **w < before)) {
            let (first, last) = self.span.get_or_insert((*window, *window));
            (*first, *last) = ((*first).min(*window), (*last).max(*window));
            for host in HostWindows::from_window(aggregate, &own).iter().filter(|h| h.monitored) {
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

    /// The sampled rows in the order of their windows; none where nothing was taken.
    fn rows_by_time(&mut self) -> FeatureMatrix {
        let mut rows = FeatureMatrix::new(host_schema(self.window_length.unwrap_or(WindowLength::FIVE_MINUTES)));
        self.sample.prune();
        let mut sampled = self.sample.sorted();
        sampled.sort_by_key(|(key, _)| key.window);
        for (_, row) in sampled {
            // Rows of hosts are of the schema, and finite, by construction.
            let _ = rows.push(&row.0);
        }
        rows
    }

    /// Fits on what was taken.
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
        let mut usual = FeatureMatrix::new(Arc::clone(&schema));
        let mut by_host: BTreeMap<String, FeatureMatrix> = BTreeMap::new();
        for (key, row) in self.sample.sorted() {
            let name = host_name(&self.scopes[key.scope as usize], key.host);
            let own = by_host.entry(name).or_insert_with(|| FeatureMatrix::new(Arc::clone(&schema)));
            // Rows of hosts are of the schema, and finite, by construction.
            if usual.push(&row.0).is_ok() {
                let _ = own.push(&row.0);
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
            fitted_on: usual.len() as u64,
            entities,
            seed: self.seed,
        };
        let behaviour = BehaviourModel::fit(&options.estimators, &usual, &by_host, self.seed)?;
        let histograms = Some(FeatureHistograms::of(&usual)?);
        Ok(FlowModel { summary, behaviour, baseline: self.baseline, histograms })
    }
}

#[cfg(test)]
mod tests;
