//! Weekday and time of day (UTC) of a time in seconds since the epoch.

use weir_domain::time::{DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS};

/// The weekday, 0 for Monday. The epoch was a Thursday.
pub(crate) fn weekday(seconds: i64) -> i64 {
    (seconds.div_euclid(DAY_SECONDS) + 3).rem_euclid(7)
}

/// Hour, minute and second of the day.
pub(crate) fn clock(seconds: i64) -> (i64, i64, i64) {
    let second = seconds.rem_euclid(DAY_SECONDS);
    (second / HOUR_SECONDS, second / MINUTE_SECONDS % 60, second % MINUTE_SECONDS)
}
