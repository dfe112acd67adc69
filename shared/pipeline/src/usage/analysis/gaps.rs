//! Gaps in the data of a series that are longer than its typical gaps.
//!
//! Nights and weekends without values recur every week and do not count. A gap is reported if gaps of at least half its length occur
//! less than every other week, or if it is the only one.

use serde::Serialize;
use weir_domain::time::WEEK_SECONDS;
use weir_domain::usage::UsageSeries;

/// Minimum length of a gap in steps.
const MIN_STEPS: u64 = 3;

/// Maximum number of gaps reported for a series.
const MAX_GAPS: usize = 100;

/// Consecutive steps without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DataGap {
    /// Start of the first step, seconds since the epoch.
    pub start: i64,
    /// End of the last step, seconds since the epoch.
    pub end: i64,
    /// Number of steps.
    pub steps: u64,
}

/// The gaps of a series that are longer than typical, the longest first, at most 100. O(steps + gaps log gaps).
pub(super) fn data_gaps(series: &UsageSeries) -> Vec<DataGap> {
    let mut gaps: Vec<DataGap> = Vec::new();
    let mut first = None;
    for (at, value) in series.values.iter().enumerate() {
        match (value, first) {
            (None, None) => first = Some(at),
            (Some(_), Some(from)) => {
                let (start, end) = (series.step_start(from), series.step_start(at));
                gaps.push(DataGap { start, end, steps: (at - from) as u64 });
                first = None;
            }
            _ => {}
        }
    }
    gaps.sort_unstable_by(|a, b| b.steps.cmp(&a.steps).then(a.start.cmp(&b.start)));
    let span = u64::from(series.step).saturating_mul(series.values.len() as u64);
    let most = (span / (2 * WEEK_SECONDS as u64)).max(1);
    let as_long = |gap: &DataGap| gaps.partition_point(|other| 2 * other.steps >= gap.steps) as u64;
    let reported = gaps.iter().copied().take_while(|gap| gap.steps >= MIN_STEPS).filter(|gap| as_long(gap) <= most);
    reported.take(MAX_GAPS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half hours from a Monday on, without those that are `absent`.
    fn found(steps: usize, absent: impl Fn(usize) -> bool) -> Vec<(usize, u64)> {
        let values = (0..steps).map(|at| (!absent(at)).then_some(1.0)).collect();
        let series = UsageSeries { metric: String::new(), keys: vec![], start: 0, step: 1800, values };
        data_gaps(&series).iter().map(|gap| ((gap.start / 1800) as usize, gap.steps)).collect()
    }

    #[test]
    fn unusually_long_gaps_are_reported_and_weekends_are_not() {
        let weekend = |at: usize| at / 48 % 7 >= 5;
        assert_eq!(found(8 * 336, |at| (500..520).contains(&at)), [(500, 20)]);
        assert_eq!(found(8 * 336, |at| weekend(at) && at < 8 * 336 - 1), []);
        let long = |at: usize| (weekend(at) && at < 8 * 336 - 1) || (1030..1240).contains(&at);
        assert_eq!(found(8 * 336, long), [(1030, 210)]);
        // Two steps, and what comes every day.
        assert_eq!(found(8 * 336, |at| at == 500 || at == 501), []);
        assert_eq!(found(8 * 336, |at| (4..10).contains(&(at % 48))), []);
        assert_eq!(found(0, |_| true), []);
    }

    #[test]
    fn the_only_gap_of_a_few_days_is_reported() {
        assert_eq!(found(96, |at| (20..30).contains(&at)), [(20, 10)]);
        assert_eq!(found(96, |at| (20..30).contains(&at) || (50..60).contains(&at)), []);
    }
}
