//! Lines of syslog: when, which host, which program, what it says.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use weir_domain::reject::RejectReason;

use super::Clock;
use crate::login::time;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One line. A line without a program, such as `last message repeated 2 times`, has the empty one.
pub(super) struct Entry<'a> {
    /// Milliseconds since the epoch.
    pub(super) time: i64,
    pub(super) host: &'a str,
    pub(super) program: &'a str,
    pub(super) message: &'a str,
}

impl<'a> Entry<'a> {
    pub(super) fn parse(line: &'a str, times: &mut Times) -> Result<Self, RejectReason> {
        let (stamp, rest) = stamp(line).ok_or(RejectReason::BadStructure)?;
        let (host, rest) =
            rest.split_once(' ').filter(|(host, _)| !host.is_empty()).ok_or(RejectReason::BadStructure)?;
        let time = times.of(&stamp)?;
        let (tag, message) = rest.split_once(": ").or_else(|| rest.split_once(':')).unwrap_or(("", rest));
        let program = tag.split_once('[').map_or(tag, |(program, _)| program);
        Ok(Self { time, host, program, message })
    }
}

/// A time stamp as it is written.
enum Stamp<'a> {
    /// RFC 3339.
    Whole(&'a str),
    /// RFC 3164: month, day, hour, minute, second.
    Yearless([i8; 5]),
}

/// The time stamp that a line begins with, and what follows it and a blank.
fn stamp(line: &str) -> Option<(Stamp<'_>, &str)> {
    if line.as_bytes().first()?.is_ascii_digit() {
        let (stamp, rest) = line.split_once(' ')?;
        return stamp.contains('T').then_some((Stamp::Whole(stamp), rest));
    }
    let (stamp, rest) = (line.get(..15)?, line.get(15..)?.strip_prefix(' ')?);
    let month = MONTHS.iter().position(|month| stamp.starts_with(month))? as i8 + 1;
    let bytes = stamp.as_bytes();
    if [bytes[3], bytes[6], bytes[9], bytes[12]] != *b"  ::" {
        return None;
    }
    let number = |at: usize| -> Option<i8> { stamp[at..at + 2].trim_start().parse().ok() };
    Some((Stamp::Yearless([month, number(4)?, number(7)?, number(10)?, number(13)?]), rest))
}

/// The times of lines, each with a year found from the line before.
pub(super) struct Times {
    year: i16,
    offset: Option<Offset>,
    last: Option<i64>,
}

impl Times {
    pub(super) fn new(clock: Clock) -> Self {
        let offset = Offset::from_seconds(i32::from(clock.utc_offset_minutes) * 60).ok();
        Self { year: clock.year, offset, last: None }
    }

    fn of(&mut self, stamp: &Stamp<'_>) -> Result<i64, RejectReason> {
        match stamp {
            Stamp::Whole(text) => time::parse(text),
            Stamp::Yearless(parts) => self.in_nearest_year(*parts).ok_or(RejectReason::BadTime),
        }
    }

    fn in_nearest_year(&mut self, parts: [i8; 5]) -> Option<i64> {
        let (time, year) = match self.last {
            None => (self.in_year(self.year, parts)?, self.year),
            Some(last) => [self.year.checked_sub(1)?, self.year, self.year.checked_add(1)?]
                .into_iter()
                .filter_map(|year| Some((self.in_year(year, parts)?, year)))
                .min_by_key(|(time, _)| time.abs_diff(last))?,
        };
        (self.year, self.last) = (year, Some(time));
        Some(time)
    }

    fn in_year(&self, year: i16, [month, day, hour, minute, second]: [i8; 5]) -> Option<i64> {
        // Second 60 of a leap second is the one before it.
        let second = if second == 60 { 59 } else { second };
        let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        time::at_offset(civil, self.offset?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times(year: i16, stamps: &[&str]) -> Vec<Result<i64, RejectReason>> {
        let mut times = Times::new(Clock::utc(year));
        stamps.iter().map(|stamp| Entry::parse(&format!("{stamp} host x"), &mut times).map(|e| e.time)).collect()
    }

    fn utc(text: &str) -> Result<i64, RejectReason> {
        time::parse(text)
    }

    #[test]
    fn years_turn_and_turn_back() {
        let stamps = ["Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:58", "Jan  1 00:00:02", "May  1 00:00:00"];
        let expected = [
            "2016-12-31 23:59:59",
            "2017-01-01 00:00:00",
            "2016-12-31 23:59:58",
            "2017-01-01 00:00:02",
            "2017-05-01 00:00:00",
        ];
        assert_eq!(times(2016, &stamps), expected.map(utc));
    }

    #[test]
    fn leap_days_need_a_leap_year() {
        assert_eq!(times(2024, &["Feb 29 00:00:00"]), [utc("2024-02-29 00:00:00")]);
        assert_eq!(times(2023, &["Feb 29 00:00:00"]), [Err(RejectReason::BadTime)]);
        assert_eq!(times(2016, &["Dec 31 23:59:60"]), [utc("2016-12-31 23:59:59")]);
    }

    #[test]
    fn clocks_beside_utc_and_beside_themselves() {
        let at = |utc_offset_minutes| {
            let mut times = Times::new(Clock { year: 2016, utc_offset_minutes });
            Entry::parse("Dec 10 08:00:00 host x", &mut times).map(|entry| entry.time)
        };
        assert_eq!(at(480), utc("2016-12-10 00:00:00"));
        assert_eq!(at(-60), utc("2016-12-10 09:00:00"));
        assert_eq!(at(i16::MAX), Err(RejectReason::BadTime), "no place is that far from Greenwich");
        for year in [i16::MIN, -1, 1969, 2100, i16::MAX] {
            assert_eq!(times(year, &["Dec 10 08:00:00"; 2]), [Err(RejectReason::BadTime); 2], "{year}");
        }
        assert_eq!(times(2099, &["Dec 31 08:00:00", "Jan  1 08:00:00"]).len(), 2);
    }

    #[test]
    fn whole_time_stamps_need_no_clock() {
        let stamps = ["2024-12-10T09:32:20.5+01:00", "2024-12-10T08:32:20.500Z"];
        assert_eq!(times(1999, &stamps), [utc("2024-12-10 08:32:20.500"); 2]);
        assert_eq!(times(1999, &["2024-12-40T00:00:00Z"]), [Err(RejectReason::BadTime)]);
    }

    #[test]
    fn parts_of_a_line() {
        let mut times = Times::new(Clock::utc(2016));
        let mut parts = |rest: &str| {
            let line = format!("Dec 10 06:55:46 {rest}");
            Entry::parse(&line, &mut times).map(|e| [e.host, e.program, e.message].map(str::to_owned))
        };
        let owned = |parts: [&str; 3]| Ok(parts.map(str::to_owned));
        assert_eq!(parts("lab sshd[24200]: Invalid user: x"), owned(["lab", "sshd", "Invalid user: x"]));
        assert_eq!(parts("lab kernel: up"), owned(["lab", "kernel", "up"]));
        assert_eq!(parts("lab sshd[1]:"), owned(["lab", "sshd", ""]));
        assert_eq!(parts("lab last message repeated 2 times"), owned(["lab", "", "last message repeated 2 times"]));
        assert_eq!(parts("lab"), Err(RejectReason::BadStructure));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in "\\PC{0,60}|[JanDec0-9T: é-]{0,40}", year in any::<i16>()) {
            let _ = Entry::parse(&line, &mut Times::new(Clock::utc(year)));
        }
    }
}
