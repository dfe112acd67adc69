//! Parses times as dates and as numbers since the epoch.
//!
//! Two forms are read: numbers since the epoch, [`since_epoch`], and dates, [`on_calendar`]. [`from_text`] takes either as it
//! stands in tables of any origin; log formats add what they know of theirs (`login::time`).

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Numbers below this count seconds (until the year 5138), from it on milliseconds (since 1973).
pub(crate) const FIRST_MILLISECOND: f64 = 1e11;

/// Seconds since the epoch that a row of a table may have, 1975 to 2099. What is earlier is a count, or a clock that was
/// never set.
const TIMES: Range<i64> = 157_766_400..4_102_444_800;

/// Milliseconds since the epoch, from a number of milliseconds or of seconds, by its size.
pub(crate) fn since_epoch(number: f64) -> f64 {
    if number < FIRST_MILLISECOND { number * 1000.0 } else { number }
}

/// A date and a time of day, as RFC 3339 or with a blank for its `T`, without an offset UTC, with or without seconds and
/// their fraction; without a time of day midnight.
pub(crate) fn on_calendar(text: &str) -> Option<Timestamp> {
    // Behind the date, these letters occur in an offset only.
    if text.bytes().skip(10).any(|b| matches!(b, b'Z' | b'z' | b'+' | b'-')) {
        text.parse().ok()
    } else {
        Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
    }
}

/// Seconds since the epoch, from a number of seconds or of milliseconds. Fractions are cut off.
pub(crate) fn from_number(number: f64) -> Option<i64> {
    // Beyond the range of i64 the cast saturates, which is no time either; NaN becomes 0.
    let seconds = (since_epoch(number).floor() as i64).div_euclid(1000);
    TIMES.contains(&seconds).then_some(seconds)
}

/// Seconds since the epoch, from a date (`UTC` may follow) or a number. Fractions are cut off.
pub(crate) fn from_text(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?.trim();
    if let Ok(number) = text.parse() {
        return from_number(number);
    }
    let seconds = on_calendar(text.strip_suffix(" UTC").unwrap_or(text))?.as_second();
    TIMES.contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_time() {
        for text in [
            "2014-04-02T14:29:00Z",
            "2014-04-02T16:29:00+02:00",
            "2014-04-02 12:29:00-02:00",
            "2014-04-02T14:29:00.750Z",
            "2014-04-02 14:29:00",
            "2014-04-02T14:29",
            "2014-04-02 14:29",
            " 2014-04-02 14:29:00.5 ",
            "2014-04-02 14:29:00 UTC",
            "1396448940",
            "1396448940.75",
            "1.39644894e9",
            "1396448940123",
        ] {
            assert_eq!(from_text(text.as_bytes()), Some(1_396_448_940), "{text}");
        }
        assert_eq!(from_text(b"2014-04-02"), Some(1_396_396_800));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "-",
            "yesterday",
            "0",
            "-1396448940",
            "20140402",
            "157766399",
            "4102444800",
            "1974-12-31T23:59:59Z",
            "2100-01-01",
            "2014-02-30",
            "2014-04-02 25:00",
            "inf",
            "NaN",
            "1e300",
            "2014-04-02T14:29:00Zx",
            "é014-04-02 14:29",
        ] {
            assert_eq!(from_text(text.as_bytes()), None, "{text}");
        }
        assert_eq!(from_text(b"\xff"), None);
        assert_eq!(from_text(b"157766400"), Some(157_766_400));
        assert_eq!(from_number(4_102_444_799_999.0), Some(4_102_444_799));
    }
}
