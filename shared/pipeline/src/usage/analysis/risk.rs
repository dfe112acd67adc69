//! High-risk windows of a whole series, from its anomalous steps and their deviations
//! ([`weir_detect::usage::high_risk_window`]).

use weir_detect::usage::high_risk_window::{HoursOfWeeks, StepOfWeek};
use weir_domain::usage::RiskWindow;

use super::anomalies::Mark;
use super::season::SeasonalSeries;

/// The high-risk windows of a series, the highest confidence first.
pub(super) fn risk_windows(seasonal: &SeasonalSeries<'_>, marks: &[Option<Mark>]) -> Vec<RiskWindow> {
    let mut hours = HoursOfWeeks::default();
    for (at, (clock, mark)) in seasonal.clock.iter().zip(marks).enumerate() {
        let (Some(mark), Some(value), Some(usual)) = (mark, seasonal.series.values[at], seasonal.season.expected(at))
        else {
            continue;
        };
        let (week, hour) = (clock.week(), clock.hour_of_week());
        hours.observe(&StepOfWeek { week, hour, value, usual, anomalous: mark.is_anomalous() });
    }
    hours.risk_windows(i64::MAX)
}
