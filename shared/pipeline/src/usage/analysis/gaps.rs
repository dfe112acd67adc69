//! Gaps: where a series has no values for longer than it usually has none.
//!
//! Nights and weekends without values come every week, and are none. A gap is told where gaps half as long, or longer, come
//! less often than every other week, or where there is no other.

use serde::Serialize;
use weir_domain::usage::UsageSeries;

use super::season::WEEK;
use super::step_start;

/// Steps missing in a row.
const STEPS: u64 = 3;

/// The most gaps told of a series.
const MAX: usize = 100;

/// Steps in a row in which nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DataGap {
    /// When the first of them begins, seconds since the epoch.
    pub start: i64,
    /// When the last of them ends.
    pub end: i64,
    /// How many they are.
    pub steps: u64,
}

/// The gaps of a series that are longer than usual, the longest first, at most 100. O(steps + gaps log gaps).
pub(super) fn data_gaps(series: &UsageSeries) -> Vec<DataGap> {
    let mut gaps: Vec<DataGap> = Vec::new();
    let mut first = None;
    for (at, value) in series.values.iter().enumerate() {
        match (value, first) {
            (None, None) => first = Some(at),
            (Some(_), Some(from)) => {
                let (start, end) = (step_start(series, from), step_start(series, at));
                gaps.push(DataGap { start, end, steps: (at - from) as u64 });
                first = None;
            }
            _ => {}
        }
    }
    gaps.sort_unstable_by(|a, b| b.steps.cmp(&a.steps).then(a.start.cmp(&b.start)));
    let span = u64::from(series.step).saturating_mul(series.values.len() as u64);
    let most = (span / (2 * WEEK)).max(1);
    let as_long = |gap: &DataGap| gaps.partition_point(|other| 2 * other.steps >= gap.steps) as u64;
    let told = gaps.iter().copied().take_while(|gap| gap.steps >= STEPS).filter(|gap| as_long(gap) <= most);
    told.take(MAX).collect()
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
    fn gaps_longer_than_usual_are_told_and_weekends_are_not() {
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
    fn of_a_few_days_the_only_gap_is_told() {
        assert_eq!(found(96, |at| (20..30).contains(&at)), [(20, 10)]);
        assert_eq!(found(96, |at| (20..30).contains(&at) || (50..60).contains(&at)), []);
    }
}
