//! Days as they are written: the civil calendar of a time.

/// Seconds in a day.
pub(crate) const DAY: i64 = 86_400;

/// Monday is 0. (The epoch was a Thursday.)
pub(crate) fn weekday(seconds: i64) -> i64 {
    (seconds.div_euclid(DAY) + 3).rem_euclid(7)
}

/// Hours, minutes and seconds of the day.
pub(crate) fn clock(seconds: i64) -> (i64, i64, i64) {
    let second = seconds.rem_euclid(DAY);
    (second / 3600, second / 60 % 60, second % 60)
}
