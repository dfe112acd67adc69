//! High-risk windows of a whole series: the steps that stand out of it, and how far each is from its trend and season, judged
//! by week ([`weir_detect::usage::high_risk_window`]).

use weir_detect::usage::high_risk_window::{HoursOfWeeks, StepOfWeek};
use weir_domain::usage::RiskWindow;

use super::Seen;
use super::anomalies::Mark;

/// The windows of a series, the surest first.
pub(super) fn risk_windows(seen: &Seen<'_>, marks: &[Option<Mark>]) -> Vec<RiskWindow> {
    let mut hours = HoursOfWeeks::default();
    for (at, (clock, mark)) in seen.clock.iter().zip(marks).enumerate() {
        let (Some(mark), Some(value), Some(usual)) = (mark, seen.series.values[at], seen.season.usual(at)) else {
            continue;
        };
        let (week, hour) = (clock.week(), clock.hour_of_week());
        hours.observe(&StepOfWeek { week, hour, value, usual, anomalous: mark.is_anomalous() });
    }
    hours.risk_windows(i64::MAX)
}
