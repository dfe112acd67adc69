//! Parsers of values on the command line. An error says how the value must be written.

use jiff::tz::TimeZone;
use weir_domain::time::{DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS};
use weir_domain::window::WindowLength;

/// The shortest and the longest duration, seconds: 5 minutes to 100 years of 365 days.
const DURATIONS: std::ops::RangeInclusive<i64> = 5 * MINUTE_SECONDS..=100 * 365 * DAY_SECONDS;

/// The start of a day (UTC), seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Midnight(pub(crate) i64);

/// A share between 0 and 1, both excluded.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| *n > 0.0 && *n < 1.0);
    number.ok_or_else(|| "write it as a number between 0 and 1, such as 0.01".to_owned())
}

/// A finite number above 0.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| "write it as a number above 0".to_owned())
}

/// A duration such as `24h`, `90m` or `2d`, in seconds.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    let unit = |c| match c {
        'm' => Some(MINUTE_SECONDS),
        'h' => Some(HOUR_SECONDS),
        'd' => Some(DAY_SECONDS),
        _ => None,
    };
    let seconds = text.chars().last().and_then(unit).and_then(|unit: i64| {
        let number: i64 = text.get(..text.len() - 1)?.parse().ok()?;
        number.checked_mul(unit).filter(|s| DURATIONS.contains(s))
    });
    seconds.ok_or_else(|| "write it as minutes, hours or days, at least 5 minutes: 90m, 24h, 2d".to_owned())
}

/// A date such as `2025-03-04`.
pub(super) fn midnight(text: &str) -> Result<Midnight, String> {
    let date: Option<jiff::civil::Date> = text.parse().ok();
    let zoned = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    zoned.map(|zoned| Midnight(zoned.timestamp().as_second())).ok_or_else(|| "write it as 2025-03-04".to_owned())
}

/// A zone of the IANA database, such as `Europe/Berlin`.
pub(super) fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "write it as a name of the IANA database: UTC, Europe/Berlin".to_owned())
}

/// A percentage such as `5%` or `5`, as a share: 0.05.
pub(super) fn percentage(text: &str) -> Result<f64, String> {
    let percent = text.trim_end_matches('%').trim().parse::<f64>().ok().filter(|p| *p > 0.0 && *p <= 100.0);
    percent.map(|p| p / 100.0).ok_or_else(|| "write it as a percentage above 0 and up to 100: 5%".to_owned())
}

/// A window length in minutes.
pub(super) fn window(text: &str) -> Result<WindowLength, String> {
    let minutes: u32 = text.parse().map_err(|_| "write it as a number of minutes".to_owned())?;
    WindowLength::from_minutes(minutes).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight_utc() {
        assert_eq!(midnight("2025-03-04"), Ok(Midnight(1_741_046_400)));
        for bad in ["", "2025-02-30", "yesterday", "1741046400"] {
            assert!(midnight(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn zones_and_percentages() {
        assert_eq!(zone("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        assert!(zone("Nowhere/Town").is_err() && zone("").is_err());
        assert_eq!((percentage("5%"), percentage("12.5")), (Ok(0.05), Ok(0.125)));
        for bad in ["", "0", "101%", "NaN", "-1%"] {
            assert!(percentage(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_and_positive_numbers() {
        assert_eq!((share("0.01"), positive("3")), (Ok(0.01), Ok(3.0)));
        for bad in ["", "0", "1", "-0.1", "NaN"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        for bad in ["", "0", "-1", "NaN", "inf"] {
            assert!(positive(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!((duration("24h"), duration("90m"), duration("2d")), (Ok(86_400), Ok(5_400), Ok(172_800)));
        for bad in ["", "h", "24", "1m", "-5h", "9999999999999999999d", "1é"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
