//! Lagged values of a series: the last steps, and the same time by the clock a day and a week before.

use jiff::tz::TimeZone;
use weir_domain::time::{DAY_SECONDS, WEEK_SECONDS};
use weir_domain::usage::UsageSeries;

use super::calendar::same_clock;

/// The lags of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LagChoice {
    /// How many of the last steps, 0 to 1,000; 3 by default.
    pub last: u16,
    /// Whether to include the same time by the clock the day before.
    pub yesterday: bool,
    /// Whether to include the same time by the clock a week before.
    pub last_week: bool,
}

impl LagChoice {
    /// The lags that most steps of a series have: the last 3 steps, the day before for a series of at least three days, and the
    /// week before for one of at least three weeks.
    #[must_use]
    pub fn for_series(series: &UsageSeries) -> Self {
        let seconds = (series.values.len() as i64).saturating_mul(i64::from(series.step));
        let step = i64::from(series.step);
        Self {
            last: 3,
            yesterday: step < DAY_SECONDS && seconds >= 3 * DAY_SECONDS,
            last_week: step < WEEK_SECONDS && seconds >= 3 * WEEK_SECONDS,
        }
    }

    /// The names and labels of the lags, in the order of [`values`](Self::values).
    pub(super) fn names(self) -> Vec<(String, String)> {
        let last = (1..=self.last.min(1000)).map(|n| (format!("lag_{n}"), format!("{n} steps before")));
        let day = self.yesterday.then(|| ("lag_day".to_owned(), "same time the day before".to_owned()));
        let week = self.last_week.then(|| ("lag_week".to_owned(), "same time the week before".to_owned()));
        last.chain(day).chain(week).collect()
    }

    /// The lags of a step, `None` where nothing was measured.
    pub(super) fn values(self, series: &UsageSeries, at: usize, zone: &TimeZone) -> Vec<Option<f64>> {
        let before = |steps: usize| at.checked_sub(steps).and_then(|there| series.values[there]);
        let step = i64::from(series.step.max(1));
        let clock = |days: u32| {
            let time = series.start.checked_add(step.checked_mul(at as i64)?)?;
            let there = same_clock(time, days, zone)?.checked_sub(series.start)?.div_euclid(step);
            *series.values.get(usize::try_from(there).ok()?)?
        };
        let last = (1..=self.last.min(1000)).map(|n| before(usize::from(n)));
        let clocks = [(self.yesterday, 1), (self.last_week, 7)];
        last.chain(clocks.into_iter().filter(|(wanted, _)| *wanted).map(|(_, days)| clock(days))).collect()
    }
}
