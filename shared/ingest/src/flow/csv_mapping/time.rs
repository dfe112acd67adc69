//! Parses times and durations in the unit or pattern of a mapping.

use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use weir_domain::reject::RejectReason;

use crate::flow::value;

/// Half a day.
const TWELVE_HOURS: f64 = 43_200.0;

/// How many units a second has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit(f64);

impl Unit {
    pub(super) const NAMES: [&'static str; 3] = ["seconds", "milliseconds", "microseconds"];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(Self(match name {
            "seconds" => 1.0,
            "milliseconds" => 1e3,
            "microseconds" => 1e6,
            _ => return None,
        }))
    }

    /// Seconds.
    pub(super) fn read(self, text: &[u8]) -> Result<f64, RejectReason> {
        value::number(text).map(|n| n / self.0).ok_or(RejectReason::BadTime)
    }
}

impl Default for Unit {
    fn default() -> Self {
        Self(1.0)
    }
}

/// How a point in time is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Clock {
    /// The unit of a count from the epoch.
    pub(super) unit: Unit,
    /// The patterns, of which the first that fits counts; none for a count from the epoch.
    pub(super) patterns: Vec<String>,
    /// Hours from 1 up to below this are afternoon, on a 12-hour clock without a mark.
    pub(super) afternoon_below: i8,
}

impl Clock {
    /// Seconds since the epoch.
    pub(super) fn read(&self, text: &[u8]) -> Result<f64, RejectReason> {
        if self.patterns.is_empty() {
            return self.unit.read(text);
        }
        let broken = self.patterns.iter().find_map(|p| BrokenDownTime::parse(p, text).ok());
        let broken = broken.ok_or(RejectReason::BadTime)?;
        let afternoon =
            broken.meridiem().is_none() && broken.hour().is_some_and(|hour| (1..self.afternoon_below).contains(&hour));
        let time = epoch(&broken).ok_or(RejectReason::BadTime)?;
        Ok(if afternoon { time + TWELVE_HOURS } else { time })
    }
}

/// Whether a time written by a pattern is read back as the same day.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let day = jiff::civil::date(2017, 11, 23);
    let (Ok(midnight), Ok(sample)) = (day.to_zoned(TimeZone::UTC), day.at(10, 59, 58, 0).to_zoned(TimeZone::UTC))
    else {
        return false;
    };
    let midnight = midnight.timestamp().as_second() as f64;
    let text = strtime::format(pattern, &sample).ok();
    let read = text.and_then(|text| epoch(&BrokenDownTime::parse(pattern, &text).ok()?));
    read.is_some_and(|time| (midnight..midnight + 2.0 * TWELVE_HOURS).contains(&time))
}

/// Seconds since the epoch; UTC where no offset is written, midnight where no hour is.
fn epoch(broken: &BrokenDownTime) -> Option<f64> {
    let timestamp = match broken.to_timestamp() {
        Ok(timestamp) => timestamp,
        Err(_) if broken.offset().is_some() => return None,
        Err(_) => {
            let date = broken.to_date().ok()?;
            let time = if broken.hour().is_some() { broken.to_time().ok()? } else { jiff::civil::Time::midnight() };
            date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    Some(timestamp.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patterns(patterns: &[&str], afternoon_below: i8) -> Clock {
        Clock { patterns: patterns.iter().map(ToString::to_string).collect(), afternoon_below, ..Clock::default() }
    }

    #[test]
    fn numbers_in_their_unit() {
        for (name, text) in
            [("seconds", "1700000000.25"), ("milliseconds", "1700000000250"), ("microseconds", "1700000000250000")]
        {
            assert_eq!(Unit::from_name(name).unwrap().read(text.as_bytes()), Ok(1_700_000_000.25), "{name}");
        }
        assert_eq!(Unit::from_name("days"), None);
        assert_eq!(Unit::NAMES.map(|n| Unit::from_name(n).is_some()), [true; 3]);
        for bad in ["", "NaN", "inf", "1e999", "yesterday"] {
            assert_eq!(Unit::default().read(bad.as_bytes()), Err(RejectReason::BadTime), "{bad}");
        }
    }

    #[test]
    fn patterns_in_order() {
        let clock = patterns(&["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"], 8);
        // 3 July 2017 08:55:00.
        let morning = 1_499_072_100.0;
        assert_eq!(clock.read(b"3/7/2017 8:55"), Ok(morning));
        assert_eq!(clock.read(b"03/07/2017 08:55:58"), Ok(morning + 58.0));
        assert_eq!(clock.read(b"3/7/2017 1:55"), Ok(morning + 5.0 * 3600.0), "13 h");
        assert_eq!(clock.read(b"3/7/2017 12:55"), Ok(morning + 4.0 * 3600.0), "noon");
        for bad in [&b"13/13/2017 8:55"[..], b"3/7/2017", b"", b"\xff\xfe", b"3/7/2017 8:55 tomorrow"] {
            assert_eq!(clock.read(bad), Err(RejectReason::BadTime), "{bad:?}");
        }
    }

    #[test]
    fn offsets_marks_and_days() {
        assert_eq!(patterns(&["%Y-%m-%dT%H:%M:%S%z"], 8).read(b"2017-07-03T08:55:00-0300"), Ok(1_499_082_900.0));
        assert_eq!(
            patterns(&["%Y-%m-%d %I:%M %p"], 8).read(b"2017-07-03 01:55 AM"),
            Ok(1_499_046_900.0),
            "a mark counts"
        );
        assert_eq!(patterns(&["%F"], 0).read(b"2017-07-03"), Ok(1_499_040_000.0));
    }

    #[test]
    fn patterns_without_a_date_are_faults() {
        for good in ["%F", "%Y-%m-%d %H:%M:%S%.f", "%d/%m/%y %I:%M %p", "%s", "%a, %d %b %Y %T %z", "%Y %j"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in ["", "%H:%M", "%Y", "%m/%d", "soon", "%!", "%", "%Y-%m-%d %c"] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_finite_time_or_none(text in prop::collection::vec(any::<u8>(), 0..40), afternoon in any::<i8>()) {
            for clock in [patterns(&["%Y-%m-%d", "%d/%m/%Y %H:%M", "%s"], afternoon), Clock::default()] {
                prop_assert!(clock.read(&text).is_ok_and(f64::is_finite) || clock.read(&text).is_err());
            }
        }

        #[test]
        fn any_pattern_is_a_pattern_or_a_fault(pattern in "(%[!-~]{1,3}|[ -~]){0,6}") {
            let _ = is_pattern(&pattern);
        }
    }
}
