//! The input of a long-window detection, and the hit it makes of its measurements.

use std::net::IpAddr;

use weir_domain::aggregate::PairKey;
use weir_domain::baseline::Baseline;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Severity, Subject};
use weir_domain::rollup::HourRollup;
use weir_domain::window::{Scope, WindowStart};

/// Length of the window in hours, the judged hour included.
pub const HOURS: usize = 24;

/// Interval of evaluations within an hour, seconds.
pub(super) const QUARTER: i64 = 900;

/// An hour and the hours before it.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// Account and region of the logs.
    pub scope: &'a Scope,
    /// Rollups in ascending order, at most [`HOURS`] hours; the last is the judged hour.
    pub hours: &'a [HourRollup],
    /// The baseline, if one was learned.
    pub baseline: Option<&'a Baseline>,
}

/// One evaluation of the long windows.
#[derive(Debug, Clone, Copy)]
pub(in crate::flow) struct Moment<'a> {
    pub(super) day: &'a Day<'a>,
    /// The window at whose end it takes place.
    pub(super) window: WindowStart,
    /// Its end; no data after it is used.
    pub(super) end: i64,
    pub(super) rows: u64,
}

/// The measurements of a detection, from which a hit is made.
pub(super) struct Measured {
    pub(super) first_seen: i64,
    pub(super) last_seen: i64,
    pub(super) severity: Severity,
    pub(super) confidence: u8,
    pub(super) interfaces: Vec<String>,
    pub(super) facts: Facts,
    pub(super) evidence: Vec<Evidence>,
}

impl Moment<'_> {
    pub(super) fn window_seconds(&self) -> i64 {
        self.end - self.window.0
    }

    /// Whether no monitored host opened such a connection before; false where the baseline cannot tell.
    pub(super) fn is_new(&self, contact: &PairKey) -> bool {
        let Some(baseline) = self.day.baseline.filter(|baseline| baseline.can_judge_novelty(self.window.0)) else {
            return false;
        };
        baseline.contact(contact).is_none_or(|contact| !baseline.is_established(contact.seen, self.window.0))
    }

    /// Whether a monitored host talked to the network of an address before.
    pub(super) fn knows_network(&self, address: IpAddr) -> bool {
        let Some(baseline) = self.day.baseline else { return false };
        baseline.network(address).is_some_and(|network| baseline.is_established(network.seen, self.window.0))
    }

    pub(super) fn subject(&self, kind: Kind, entity: IpAddr, peer: Option<IpAddr>) -> Subject {
        Subject { kind, scope: self.day.scope.clone(), entity: entity.into(), peer }
    }

    pub(super) fn hit(&self, measured: Measured) -> Hit {
        Hit {
            window: self.window,
            window_end: self.end,
            first_seen: measured.first_seen,
            last_seen: measured.last_seen,
            severity: measured.severity,
            confidence: measured.confidence,
            rows: self.rows,
            interfaces: measured.interfaces,
            facts: measured.facts,
            evidence: measured.evidence.into(),
        }
    }
}
