//! When people are about: the day, the week, and how one day differs from another.

use weir_domain::time::DAY_SECONDS;

pub(crate) use crate::calendar::weekday;
use crate::random::Stream;

/// Hour of the day (UTC), with its fraction.
pub(crate) fn hour(time: i64) -> f64 {
    time.rem_euclid(DAY_SECONDS) as f64 / 3600.0
}

/// True from Monday to Friday.
pub(crate) fn is_workday(time: i64) -> bool {
    weekday(time) < 5
}

/// How much visitors do, around 1 at the busiest hour of a working day: a trough at four in the morning, a peak in the
/// afternoon, six tenths of it at the weekend, and every day up to a tenth more or less than the last.
pub(crate) fn visitors(seed: u64, time: i64) -> f64 {
    let wave = 0.5 - 0.5 * ((hour(time) - 3.5) / 24.0 * std::f64::consts::TAU).cos();
    let week = if is_workday(time) { 1.0 } else { 0.6 };
    let day = 0.9 + 0.2 * Stream::new(seed, "day", time.div_euclid(DAY_SECONDS) as u64).unit();
    (0.2 + 0.8 * wave) * week * day
}

/// How much people at work do, 0 to 1: between eight and six on working days, less at noon.
pub(crate) fn office(time: i64) -> f64 {
    let hour = hour(time);
    match hour {
        _ if !is_workday(time) => 0.02,
        h if !(7.0..19.0).contains(&h) => 0.03,
        h if (12.0..13.0).contains(&h) => 0.6,
        h if !(8.0..18.0).contains(&h) => 0.3,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks() {
        let tuesday = 1_741_046_400; // 2025-03-04
        assert_eq!((weekday(tuesday), weekday(tuesday + 5 * DAY_SECONDS)), (1, 6));
        assert!(is_workday(tuesday) && !is_workday(tuesday + 4 * DAY_SECONDS));
        assert!(visitors(1, tuesday + 15 * 3600) > 2.0 * visitors(1, tuesday + 4 * 3600));
        assert!(visitors(1, tuesday + 15 * 3600) > visitors(1, tuesday + 4 * DAY_SECONDS + 15 * 3600));
        assert!(office(tuesday + 10 * 3600) > office(tuesday + 22 * 3600));
        assert!((hour(tuesday + 5400) - 1.5).abs() < 1e-9);
    }
}
