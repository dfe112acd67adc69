//! The local time of steps, by the clock and calendar of a time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use weir_domain::time::{DAY_HOURS, DAY_SECONDS, HOUR_SECONDS};
use weir_domain::usage::UsageSeries;

/// A day and a time of day as a local clock shows them. A day of 23 or 25 hours counts as a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Seconds since midnight, by the clock: 0 to 86,399.
    pub second: u32,
}

impl LocalTime {
    /// The local time of an instant, in seconds since the epoch. Beyond the years -9999 to 9999 the offset is that of the
    /// nearest of them.
    #[must_use]
    pub fn at(time: i64, zone: &TimeZone) -> Self {
        let local = time.saturating_add(offset(time, zone));
        Self { day: local.div_euclid(DAY_SECONDS), second: local.rem_euclid(DAY_SECONDS) as u32 }
    }

    /// Seconds by which the clock is ahead of UTC at an instant whose local time this is.
    #[must_use]
    pub fn ahead_of(self, time: i64) -> i64 {
        self.day.saturating_mul(DAY_SECONDS).saturating_add(i64::from(self.second)).saturating_sub(time)
    }

    /// The number of the week, which begins on Monday; 0 is that of 1970-01-01.
    #[must_use]
    pub fn week(self) -> i64 {
        self.day.saturating_add(3).div_euclid(7)
    }

    /// The day of the week, 0 for Monday. The epoch was a Thursday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        (self.day + 3).rem_euclid(7) as u8
    }

    /// Whether the day is a Saturday or Sunday.
    #[must_use]
    pub fn is_weekend(self) -> bool {
        self.weekday() >= 5
    }

    /// The hour by the clock, 0 to 23.
    #[must_use]
    pub fn hour(self) -> u8 {
        (self.second / HOUR_SECONDS as u32) as u8
    }

    /// The hour of the week from Monday midnight, 0 to 167.
    #[must_use]
    pub fn hour_of_week(self) -> u8 {
        self.weekday() * DAY_HOURS as u8 + self.hour()
    }

    /// The share of the day that has passed on the clock, from 0 to below 1.
    #[must_use]
    pub fn day_phase(self) -> f64 {
        f64::from(self.second) / DAY_SECONDS as f64
    }

    /// The share of the week that has passed on the clock, from 0 on Monday midnight to below 1.
    #[must_use]
    pub fn week_phase(self) -> f64 {
        (f64::from(self.weekday()) + self.day_phase()) / 7.0
    }
}

/// The local time at the start of every step of a series.
#[must_use]
pub fn local_times(series: &UsageSeries, zone: &TimeZone) -> Vec<LocalTime> {
    let step = i64::from(series.step);
    let time = |at: usize| series.start.saturating_add(step.saturating_mul(at as i64));
    (0..series.values.len()).map(|at| LocalTime::at(time(at), zone)).collect()
}

/// The instant at which the clock showed the same time this many days before, in seconds since the epoch; `None` where the
/// clock skipped that time.
#[must_use]
pub fn same_clock(time: i64, days: u32, zone: &TimeZone) -> Option<i64> {
    let now = LocalTime::at(time, zone);
    let there = LocalTime { day: now.day.checked_sub(i64::from(days))?, ..now };
    let local = there.day.checked_mul(DAY_SECONDS)?.checked_add(i64::from(there.second))?;
    // The offset at that instant is that of a guess with the offset of today, or of a second guess with the first one's offset.
    // They differ only around a change of the clock.
    let guess = local.checked_sub(offset(time, zone))?;
    [guess, local.checked_sub(offset(guess, zone))?].into_iter().find(|at| LocalTime::at(*at, zone) == there)
}

/// Seconds by which the clock is ahead of UTC.
fn offset(time: i64, zone: &TimeZone) -> i64 {
    let clamped = time.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(clamped).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn days_hours_and_weeks_by_the_clock() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let local = LocalTime::at(at("2024-01-07T23:30:00Z"), &berlin);
        assert_eq!((local.weekday(), local.hour(), local.hour_of_week()), (0, 0, 0), "Monday in Berlin");
        assert_eq!((local.second, local.ahead_of(at("2024-01-07T23:30:00Z"))), (1800, 3600));
        let utc = LocalTime::at(at("2024-01-07T23:30:00Z"), &TimeZone::UTC);
        assert_eq!((utc.weekday(), utc.hour_of_week(), utc.is_weekend()), (6, 167, true));
        assert_eq!((local.week(), utc.week(), LocalTime::at(0, &TimeZone::UTC).week()), (2819, 2818, 0));
        assert!((utc.week_phase() - (6.0 + 23.5 / 24.0) / 7.0).abs() < 1e-12);
        assert_eq!(LocalTime::at(-1, &TimeZone::UTC), LocalTime { day: -1, second: 86_399 });
    }

    #[test]
    fn the_same_clock_time_survives_a_change_of_the_clock() {
        let new_york = TimeZone::get("America/New_York").unwrap();
        // The clock went forward on 10 March 2024 at 02:00, and back on 3 November at 02:00.
        let noon = at("2024-03-10T16:00:00Z");
        assert_eq!(LocalTime::at(noon, &new_york).hour(), 12);
        assert_eq!(same_clock(noon, 1, &new_york), Some(at("2024-03-09T17:00:00Z")));
        assert_eq!(same_clock(noon, 7, &new_york), Some(at("2024-03-03T17:00:00Z")));
        let skipped = at("2024-03-11T06:30:00Z");
        assert_eq!((LocalTime::at(skipped, &new_york).hour(), same_clock(skipped, 1, &new_york)), (2, None));
        let back = at("2024-11-03T17:00:00Z");
        assert_eq!(same_clock(back, 1, &new_york), Some(at("2024-11-02T16:00:00Z")));
        assert_eq!(same_clock(noon, 1, &TimeZone::UTC), Some(noon - DAY_SECONDS));
    }

    #[test]
    fn instants_beyond_the_calendar_have_a_local_time() {
        let zone = TimeZone::get("Asia/Kathmandu").unwrap();
        for time in [i64::MIN, i64::MAX] {
            assert!(LocalTime::at(time, &zone).second < 86_400);
            // The offset is that of the nearest end of the calendar, so the clock never skips.
            let week_before = time.saturating_sub(weir_domain::time::WEEK_SECONDS);
            assert!(
                same_clock(time, 7, &zone).is_none_or(|at| at.abs_diff(week_before) <= DAY_SECONDS as u64),
                "{time}"
            );
        }
    }
}
