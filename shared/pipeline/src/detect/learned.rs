//! The learned detection: an isolation forest over host windows, calibrated and explained.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use weir_detect::flow::WindowContext;
use weir_detect::flow::anomalous_behaviour::{self, Judgement};
use weir_domain::aggregate::{HostWindows, HourAggregate, OwnAddresses};
use weir_domain::bounded::{BottomK, Merge, Priority};
use weir_domain::distinct::stable_hash;
use weir_domain::finding::{Hit, Reference, Subject};
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, PValue, Score, UsualRange};
use weir_domain::window::{Scope, WindowLength, WindowStart};
use weir_features::flow::{host_row, host_schema};
use weir_model::{EmpiricalPValues, IsolationForest, IsolationForestParams, RobustScaler, usual_ranges};

use super::spool::{RowKey, Spool};
use super::{DetectError, DetectOptions, Fitted};
use crate::keys::HourOfScope;
use crate::score::load_hour;
use crate::store::Store;

/// Host windows below which nothing is learned: an hour of four hosts, or four hours of one.
pub(super) const FEWEST_WINDOWS: u64 = 48;

/// Windows of a host from which on it is compared with itself instead of with all hosts.
const FEWEST_OWN_WINDOWS: usize = 48;

/// Host windows that are fitted on.
const SAMPLE: usize = 200_000;

/// A sampled row: chosen by a seeded hash of its key, so that the sample does not depend on order.
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
pub(super) struct Learning {
    schema: Arc<FeatureSchema>,
    window_length: WindowLength,
    scopes: Vec<Scope>,
    spool: Spool,
    seed: u64,
    sample: BottomK<SampleKey, SampledRow>,
}

impl Learning {
    pub(super) fn new(window_length: WindowLength, seed: u64) -> io::Result<Self> {
        let schema = host_schema(window_length);
        let spool = Spool::new(schema.features.len())?;
        Ok(Self { schema, window_length, scopes: Vec::new(), spool, seed, sample: BottomK::new(SAMPLE) })
    }

    /// Takes the windows of all monitored hosts of an hour.
    pub(super) fn take(&mut self, hour: &HourAggregate) -> io::Result<()> {
        let scope = self.scopes.iter().position(|s| *s == hour.scope).unwrap_or_else(|| {
            self.scopes.push(hour.scope.clone());
            self.scopes.len() - 1
        }) as u32;
        let own = OwnAddresses::of(hour);
        for (window, aggregate) in &hour.windows {
            for host in HostWindows::of(aggregate, &own).iter().filter(|h| h.own) {
                let key = RowKey { scope, window: *window, host: host.host };
                let row = host_row(host);
                self.spool.push(&key, &row)?;
                let mut seeded = key.bytes().to_vec();
                seeded.extend_from_slice(&self.seed.to_le_bytes());
                let chance = stable_hash(&seeded);
                let key = SampleKey { chance, scope, window: *window, host: host.host };
                if let Some(sampled) = self.sample.entry(key) {
                    sampled.0 = row;
                }
            }
        }
        Ok(())
    }

    /// Fits on the windows before a time (on all, without one) and judges those from another time on.
    pub(super) async fn judge(
        self,
        state: &impl Store,
        before: Option<WindowStart>,
        from: WindowStart,
        options: &DetectOptions,
    ) -> Result<(Vec<(Subject, Hit)>, Fitted), DetectError> {
        let Self { schema, window_length, scopes, spool, mut sample, seed } = self;
        sample.prune();
        let fits = |window: WindowStart| before.is_none_or(|before| window < before);
        let mut usual = FeatureMatrix::new(Arc::clone(&schema));
        let mut by_host: BTreeMap<(u32, IpAddr), FeatureMatrix> = BTreeMap::new();
        for (key, row) in sample.sorted().into_iter().filter(|(key, _)| fits(key.window)) {
            push(&mut usual, &row.0)?;
            let own = by_host.entry((key.scope, key.host)).or_insert_with(|| FeatureMatrix::new(Arc::clone(&schema)));
            push(own, &row.0)?;
        }
        drop(sample);
        let sampled = usual.len();
        if (sampled as u64) < FEWEST_WINDOWS {
            return Ok((Vec::new(), Fitted::TooFew { windows: sampled as u64, needed: FEWEST_WINDOWS }));
        }
        let model = Model::fit(&usual, by_host, seed)?;

        let mut fitted_on = 0;
        let mut suspects: BTreeMap<HourOfScope, Vec<Suspect>> = BTreeMap::new();
        let mut trouble = None;
        spool.read(|rows| {
            fitted_on += rows.iter().filter(|(key, _)| fits(key.window)).count() as u64;
            let block: Vec<_> = rows.into_iter().filter(|(key, _)| key.window >= from).collect();
            match model.suspects(&schema, block, options) {
                Ok(found) => {
                    for suspect in found {
                        let scope = scopes[suspect.key.scope as usize].clone();
                        let hour = HourOfScope { scope, hour: suspect.key.window.hour() };
                        suspects.entry(hour).or_default().push(suspect);
                    }
                }
                Err(error) => trouble = Some(error),
            }
            Ok(())
        })?;
        if let Some(error) = trouble {
            return Err(error);
        }
        let mut hits = Vec::new();
        for (hour, suspects) in suspects {
            let (Some(aggregate), _) = load_hour(state, &hour).await? else { continue };
            hits.extend(describe(&aggregate, window_length, &schema, &model, &suspects, options));
        }
        Ok((hits, Fitted::On { windows: fitted_on, sampled }))
    }
}

/// A row whose p-value and effect make it worth a finding.
struct Suspect {
    key: RowKey,
    row: Vec<f64>,
    score: Score,
    p_value: PValue,
    unseen_change: bool,
    explanation: Explanation,
}

struct Model {
    scaler: RobustScaler,
    forest: IsolationForest,
    p_values: EmpiricalPValues,
    usual: Vec<UsualRange>,
    usual_by_host: BTreeMap<(u32, IpAddr), Vec<UsualRange>>,
}

impl Model {
    fn fit(
        usual: &FeatureMatrix,
        by_host: BTreeMap<(u32, IpAddr), FeatureMatrix>,
        seed: u64,
    ) -> Result<Self, DetectError> {
        let scaler = RobustScaler::fit(usual).map_err(model)?;
        let scaled = scaler.transform(usual).map_err(model)?;
        let forest = IsolationForestParams::default().check().map_err(model)?.fit(&scaled, seed).map_err(model)?;
        let p_values = EmpiricalPValues::fit(&forest.score(&scaled).map_err(model)?).map_err(model)?;
        let enough = by_host.into_iter().filter(|(_, rows)| rows.len() >= FEWEST_OWN_WINDOWS);
        let usual_by_host = enough
            .map(|(host, rows)| Ok((host, usual_ranges(&rows).map_err(model)?)))
            .collect::<Result<_, DetectError>>()?;
        Ok(Self { scaler, forest, p_values, usual: usual_ranges(usual).map_err(model)?, usual_by_host })
    }

    /// What is usual for a host: its own ranges where enough is known of it, else those of all hosts.
    fn usual_of(&self, key: &RowKey) -> (&[UsualRange], Reference) {
        match self.usual_by_host.get(&(key.scope, key.host)) {
            Some(own) => (own, Reference::Itself),
            None => (&self.usual, Reference::AllHosts),
        }
    }

    /// Whether a feature that never varied in what was fitted on, where the forest is blind, is now far above it.
    fn unseen_change(&self, schema: &FeatureSchema, row: &[f64], effect: f64) -> bool {
        let features = schema.features.iter().zip(&self.usual).zip(row);
        features.into_iter().any(|((feature, usual), value)| {
            let invert = |x| feature.transform.invert(x);
            usual.high - usual.median < 0.1 && invert(*value) >= effect * invert(usual.high).max(1.0)
        })
    }

    fn suspects(
        &self,
        schema: &Arc<FeatureSchema>,
        rows: Vec<(RowKey, Vec<f64>)>,
        options: &DetectOptions,
    ) -> Result<Vec<Suspect>, DetectError> {
        let mut matrix = FeatureMatrix::new(Arc::clone(schema));
        rows.iter().try_for_each(|(_, row)| push(&mut matrix, row))?;
        let scaled = self.scaler.transform(&matrix).map_err(model)?;
        let scores = self.forest.score(&scaled).map_err(model)?;
        let mut suspects = Vec::new();
        for (at, ((key, row), score)) in rows.into_iter().zip(scores).enumerate() {
            let p_value = self.p_values.p_value(score);
            let unseen_change = self.unseen_change(schema, &row, options.thresholds.effect);
            if p_value.get() > options.thresholds.p_value && !unseen_change {
                continue;
            }
            let explanation = self.forest.explain(&scaled, at).map_err(model)?;
            suspects.push(Suspect { key, row, score, p_value, unseen_change, explanation });
        }
        Ok(suspects)
    }
}

/// Findings of the suspects of an hour: the hour is read again for who was talked to.
fn describe(
    hour: &HourAggregate,
    window_length: WindowLength,
    schema: &FeatureSchema,
    model: &Model,
    suspects: &[Suspect],
    options: &DetectOptions,
) -> Vec<(Subject, Hit)> {
    let own = OwnAddresses::of(hour);
    let windows: BTreeSet<WindowStart> = suspects.iter().map(|s| s.key.window).collect();
    let mut hits = Vec::new();
    for start in windows {
        let Some(window) = hour.windows.get(&start) else { continue };
        let context = WindowContext { scope: &hour.scope, start, length: window_length, rows: hour.rows() };
        let hosts = HostWindows::of(window, &own);
        for suspect in suspects.iter().filter(|s| s.key.window == start) {
            let Some(host) = hosts.get(suspect.key.host) else { continue };
            let (usual, reference) = model.usual_of(&suspect.key);
            let judgement = Judgement {
                schema,
                row: &suspect.row,
                score: suspect.score,
                p_value: suspect.p_value,
                unseen_change: suspect.unseen_change,
                explanation: &suspect.explanation,
                usual,
                reference,
            };
            hits.extend(anomalous_behaviour::detect(host, &context, &judgement, &options.thresholds));
        }
    }
    hits
}

fn push(matrix: &mut FeatureMatrix, row: &[f64]) -> Result<(), DetectError> {
    matrix.push(row).map_err(model)
}

fn model(error: impl std::fmt::Display) -> DetectError {
    DetectError::Model(error.to_string())
}
