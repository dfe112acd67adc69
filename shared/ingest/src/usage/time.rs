//! Times as people and programs write them, to seconds since the epoch.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Times that a row may have, 1975 to 2099. What is earlier is a count, or a clock that was never set.
const TIMES: Range<i64> = 157_766_400..4_102_444_800;

/// A time from a number: seconds or milliseconds since the epoch, told apart by their size. Fractions are cut off.
pub(crate) fn of_number(number: f64) -> Option<i64> {
    // Beyond the range of i64 the cast saturates, which is no time either; NaN becomes 0.
    let whole = number.floor() as i64;
    [whole, whole.div_euclid(1000)].into_iter().find(|seconds| TIMES.contains(seconds))
}

/// A time from text: RFC 3339 with or without the offset, a blank for its `T`, with or without seconds or the time of
/// day; or a number. Without an offset it is UTC.
pub(crate) fn of_text(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?.trim();
    if let Ok(number) = text.parse() {
        return of_number(number);
    }
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let time_of_day = text.get(10..).unwrap_or_default();
    let seconds = if time_of_day.contains(['Z', 'z', '+', '-']) {
        text.parse::<Timestamp>().ok()?.as_second()
    } else {
        text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()
    };
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
            assert_eq!(of_text(text.as_bytes()), Some(1_396_448_940), "{text}");
        }
        assert_eq!(of_text(b"2014-04-02"), Some(1_396_396_800));
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
            assert_eq!(of_text(text.as_bytes()), None, "{text}");
        }
        assert_eq!(of_text(b"\xff"), None);
        assert_eq!(of_text(b"157766400"), Some(157_766_400));
        assert_eq!(of_number(4_102_444_799_999.0), Some(4_102_444_799));
    }
}
