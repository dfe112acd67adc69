//! The use of providers that the rows of a flow log show, by account and region.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::flow::FlowRecord;
use weir_domain::source::Source;
use weir_domain::window::Scope;
use weir_ingest::ranges::ProviderRanges;
use weir_ingest::usage::{ResampleParams, TooMuchUsage};

use crate::keys::HourOfScope;
use crate::usage::flows::FlowUsage;
use crate::usage::hour::{HourUsage, MAX_PLACES, METRICS};

/// Half hours of places of one account and region in an object, which take some 10 MB: an hour of 2,000 places has 4,000.
const MAX_STEPS: u64 = 100_000;

/// Accounts and regions that an object is counted for; most are of one.
const MAX_SCOPES: usize = 50;

/// Counts what the rows of an object use.
pub(super) struct Used {
    nothing: FlowUsage,
    fallback: Scope,
    /// As the rows name them, an account that is not known by no name.
    scopes: Vec<(String, String, FlowUsage)>,
    last: usize,
    /// What there was too much of. Nothing is counted then: a part of an hour would be a drop.
    too_much: Option<TooMuchUsage>,
}

impl Used {
    /// Nothing yet. `fallback` stands in for the account or region that rows do not name.
    pub(super) fn new(ranges: &Arc<ProviderRanges>, fallback: &Scope) -> Self {
        let limits = ResampleParams {
            max_series: MAX_PLACES * METRICS.len(),
            max_steps: MAX_STEPS,
            ..ResampleParams::default()
        };
        Self {
            nothing: FlowUsage::new(Arc::clone(ranges), limits),
            fallback: fallback.clone(),
            scopes: Vec::new(),
            last: 0,
            too_much: None,
        }
    }

    /// Counts a row.
    pub(super) fn add(&mut self, record: &FlowRecord<'_>) {
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
            self.scopes.push((account.to_owned(), record.region.to_owned(), self.nothing.clone()));
        }
        if let Some((.., usage)) = self.scopes.get_mut(self.last) {
            let added = match usage.add(record) {
                Err(TooMuchUsage::Series { .. }) => usage.add_to_other(record),
                added => added,
            };
            self.too_much = added.err();
        }
    }

    /// What was counted, by the hours of flow logs; nothing where it was too much.
    pub(super) fn finish(self) -> BTreeMap<HourOfScope, HourUsage> {
        if let Some(too_much) = self.too_much {
            tracing::warn!(error = %too_much, "the use of providers is not told by this object");
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
