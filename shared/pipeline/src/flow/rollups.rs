//! Keeps the rollups of the last 24 hours of each scope, for the detections over long windows.

use std::collections::BTreeMap;

use weir_detect::flow::long_window::{Day, HOURS};
use weir_domain::aggregate::HourAggregate;
use weir_domain::baseline::Baseline;
use weir_domain::rollup::HourRollup;
use weir_domain::time::HOUR_SECONDS;
use weir_domain::window::Scope;
use weir_features::flow::roll_up;

/// The last rollups of each scope.
#[derive(Debug, Default)]
pub(crate) struct RollupsByScope {
    by_scope: BTreeMap<Scope, Rollups>,
}

impl RollupsByScope {
    /// Adds the newest hour of a scope and returns the last hours of that scope.
    pub(crate) fn push(&mut self, hour: &HourAggregate) -> &Rollups {
        let rollups = self.by_scope.entry(hour.scope.clone()).or_default();
        rollups.push(roll_up(hour));
        rollups
    }
}

/// The last rollups of one scope, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rollups(Vec<HourRollup>);

impl Rollups {
    /// Adds the newest rollup and drops those a day older.
    pub(crate) fn push(&mut self, rollup: HourRollup) {
        let oldest = rollup.hour.start() - (HOURS as i64 - 1) * HOUR_SECONDS;
        self.0.retain(|old| old.hour.start() >= oldest);
        self.0.push(rollup);
    }

    /// The hours as input of the detections over long windows.
    pub(crate) fn day<'a>(&'a self, scope: &'a Scope, baseline: Option<&'a Baseline>) -> Day<'a> {
        Day { scope, hours: &self.0, baseline }
    }
}
