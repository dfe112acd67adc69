//! Counts traffic with cloud providers in one object of flow logs, by account and region.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::flow::FlowRecord;
use weir_domain::source::Source;
use weir_domain::window::Scope;
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::{ResampleParams, TooMuchUsage};

use super::counter::FlowUsage;
use super::hour::{HourUsage, MAX_PLACES, METRICS};
use crate::keys::HourOfScope;

/// The maximum number of half hours over all services of one account and region in an object, which take about 10 MB. An hour
/// of 2,000 services has 4,000.
const MAX_STEPS: u64 = 100_000;

/// The maximum number of scopes in an object; most objects have one.
const MAX_SCOPES: usize = 50;

/// Counts the rows of an object by account and region.
pub(crate) struct UsageByScope {
    empty: FlowUsage,
    fallback: Scope,
    /// Account and region as in the rows (`""` where missing), and their counts.
    scopes: Vec<(String, String, FlowUsage)>,
    last: usize,
    /// The limit that was exceeded. Nothing is counted then, because a partial hour would look like a drop.
    too_much: Option<TooMuchUsage>,
}

impl UsageByScope {
    /// Starts without counts. `fallback` replaces an account or region that rows do not name.
    pub(crate) fn new(ranges: &Arc<ProviderRanges>, fallback: &Scope) -> Self {
        let limits = ResampleParams {
            max_series: MAX_PLACES * METRICS.len(),
            max_steps: MAX_STEPS,
            ..ResampleParams::default()
        };
        Self {
            empty: FlowUsage::new(Arc::clone(ranges), limits),
            fallback: fallback.clone(),
            scopes: Vec::new(),
            last: 0,
            too_much: None,
        }
    }

    /// Counts a row.
    pub(crate) fn add(&mut self, record: &FlowRecord<'_>) {
        if self.too_much.is_some() {
            return;
        }
        let account = if record.account == Scope::UNKNOWN { "" } else { record.account };
        let is = |scope: &(String, String, FlowUsage)| scope.0 == account && scope.1 == record.region;
        if !self.scopes.get(self.last).is_some_and(is) {
            self.last = self.scopes.iter().position(is).unwrap_or(self.scopes.len());
        }
        if self.last >= MAX_SCOPES {
            self.too_much = Some(TooMuchUsage::Series { limit: MAX_SCOPES });
            return;
        }
        if self.last == self.scopes.len() {
            self.scopes.push((account.to_owned(), record.region.to_owned(), self.empty.clone()));
        }
        if let Some((.., usage)) = self.scopes.get_mut(self.last) {
            let added = match usage.add(record) {
                Err(TooMuchUsage::Series { .. }) => usage.add_to_other(record),
                added => added,
            };
            self.too_much = added.err();
        }
    }

    /// The counts by hour; empty if a limit was exceeded.
    pub(crate) fn finish(self) -> BTreeMap<HourOfScope, HourUsage> {
        if let Some(too_much) = self.too_much {
            tracing::warn!(error = %too_much, "usage is not counted in this object: it exceeds a limit");
            return BTreeMap::new();
        }
        let mut hours: BTreeMap<HourOfScope, HourUsage> = BTreeMap::new();
        for (account, region, usage) in self.scopes {
            let or = |name: &str, fallback: &str| if name.is_empty() { fallback.to_owned() } else { name.to_owned() };
            let scope = Scope::new(&or(&account, self.fallback.account()), &or(&region, self.fallback.region()));
            for (hour, usage) in usage.by_hour() {
                hours.entry(HourOfScope { source: Source::Flow, scope: scope.clone(), hour }).or_default().merge(usage);
            }
        }
        hours
    }
}
