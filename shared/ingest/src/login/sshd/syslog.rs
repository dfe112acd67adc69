//! Parses lines of syslog: time, host, program and message.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use weir_domain::reject::RejectReason;
use weir_domain::time::DAY_MILLIS;
use weir_domain::window::utc_year;

use crate::login::time;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The year and offset that time stamps of syslog lines lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// When the log was last written, milliseconds since the epoch: no line is later, except by up to a day
    /// since clocks differ.
    ///
    /// The first line is of the latest year that this leaves. From line to line time runs forward, so that the years turn
    /// within a file: each line is of the earliest year that puts it no more than a day before the line before, which
    /// leaves lines a little out of order where they belong. A line that would then be of after the log was written is of
    /// the latest year that is left: logs of several hosts, one after the other, or of a clock that was set back. February
    /// 29 is of a leap year. Where lines of more than a year follow each other, the first are read as of too late a year.
    pub written: i64,
    /// Minutes that the host's time is ahead of UTC, behind if negative. Default 0.
    pub utc_offset_minutes: i16,
}

impl Clock {
    /// A clock that shows UTC, of a log that was last written then, milliseconds since the epoch.
    #[must_use]
    pub const fn utc(written: i64) -> Self {
        Self { written, utc_offset_minutes: 0 }
    }
}

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
        let time = times.resolve(&stamp)?;
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

/// How far a line may be before the line before it, or after the log was written: a day.
const TOLERANCE_MILLIS: i64 = DAY_MILLIS;

/// Between leap years there are at most eight.
const LEAP: i16 = 8;

/// The times of lines, each with a year found from the line before.
pub(super) struct Times {
    /// The latest time of any line.
    latest: i64,
    /// The year of `latest`, wherever the host is.
    latest_year: i16,
    offset: Option<Offset>,
    /// Time and year of the line before.
    last: Option<(i64, i16)>,
}

impl Times {
    pub(super) fn new(clock: Clock) -> Self {
        let offset = Offset::from_seconds(i32::from(clock.utc_offset_minutes) * 60).ok();
        let latest = clock.written.clamp(time::TIMES.start, time::TIMES.end) + TOLERANCE_MILLIS;
        // No place is two days ahead of Greenwich.
        let latest_year = utc_year((latest + 2 * TOLERANCE_MILLIS).div_euclid(1000));
        Self { latest, latest_year, offset, last: None }
    }

    fn resolve(&mut self, stamp: &Stamp<'_>) -> Result<i64, RejectReason> {
        match stamp {
            Stamp::Whole(text) => time::parse(text),
            Stamp::Yearless(parts) => self.in_some_year(*parts).ok_or(RejectReason::BadTime),
        }
    }

    fn in_some_year(&mut self, parts: [i8; 5]) -> Option<i64> {
        let in_year = |year: i16| Some((self.in_year(year, parts)?, year)).filter(|(time, _)| *time <= self.latest);
        let forward = self.last.and_then(|(last, year)| {
            (year - 1..=year + LEAP).filter_map(in_year).find(|(time, _)| *time >= last - TOLERANCE_MILLIS)
        });
        let found = forward.or_else(|| (self.latest_year - LEAP - 1..=self.latest_year).rev().find_map(in_year))?;
        self.last = Some(found);
        Some(found.0)
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

    fn at(text: &str) -> i64 {
        time::parse(text).unwrap()
    }

    fn times(written: i64, stamps: &[&str]) -> Vec<Result<i64, RejectReason>> {
        let mut times = Times::new(Clock::utc(written));
        stamps.iter().map(|stamp| Entry::parse(&format!("{stamp} host x"), &mut times).map(|e| e.time)).collect()
    }

    /// The years of lines of a log that was last written on a day.
    fn years(written: &str, stamps: &[&str]) -> Vec<i16> {
        let mut times = Times::new(Clock::utc(at(&format!("{written} 12:00:00"))));
        let mut time = |day| Entry::parse(&format!("{day} 10:00:00 host x"), &mut times).unwrap().time;
        stamps.iter().map(|day| utc_year(time(day).div_euclid(1000))).collect()
    }

    #[test]
    fn no_line_is_of_after_the_log_was_written() {
        assert_eq!(years("2026-11-20", &["Dec 10", "Dec 31", "Jan  1", "Nov 20"]), [2025, 2025, 2026, 2026]);
        assert_eq!(years("2026-11-20", &["Nov 19", "Nov 20", "Nov 21"]), [2026; 3], "a day ahead");
        assert_eq!(years("2026-11-20", &["Nov 22"]), [2025], "two days ahead are a year ago");
        assert_eq!(years("2027-01-05", &["Dec 31", "Jan  1", "Dec 31", "Jan  2"]), [2026, 2027, 2026, 2027]);
        assert_eq!(years("2026-12-31", &["Jan  1"]), [2027], "the host's clock is ahead");
        assert_eq!(years("2026-12-30", &["Jan  1"]), [2026]);
        assert_eq!(years("2027-01-05", &["Jan  3", "Dec  4", "Jan  4"]), [2027, 2026, 2027], "two hosts in a log");
    }

    #[test]
    fn years_turn_and_turn_back() {
        let stamps = ["Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:58", "Jan  1 00:00:02", "Dec 30 00:00:00"];
        let expected = [
            "2016-12-31 23:59:59",
            "2017-01-01 00:00:00",
            "2016-12-31 23:59:58",
            "2017-01-01 00:00:02",
            "2017-12-30 00:00:00",
        ];
        // Written at a time that leaves the year of every line to the order.
        assert_eq!(times(at("2017-12-30 12:00:00"), &stamps), expected.map(time::parse));
    }

    #[test]
    fn leap_days_are_of_leap_years() {
        assert_eq!(years("2024-02-29", &["Feb 29"]), [2024]);
        assert_eq!(years("2024-02-28", &["Feb 28", "Feb 29"]), [2024, 2024], "a day ahead");
        assert_eq!(years("2024-02-27", &["Feb 29"]), [2020]);
        assert_eq!(years("2027-06-01", &["Feb 28", "Feb 29", "Mar  1"]), [2027, 2024, 2024]);
        let day = "Feb 30 00:00:00";
        assert_eq!(times(at("2024-06-01 00:00:00"), &[day]), [Err(RejectReason::BadTime)]);
        assert_eq!(times(at("2017-01-01 00:00:00"), &["Dec 31 23:59:60"]), [time::parse("2016-12-31 23:59:59")]);
    }

    #[test]
    fn clocks_beside_utc_and_beside_themselves() {
        let at_offset = |utc_offset_minutes| {
            let mut times = Times::new(Clock { written: at("2016-12-20 00:00:00"), utc_offset_minutes });
            Entry::parse("Dec 10 08:00:00 host x", &mut times).map(|entry| entry.time)
        };
        assert_eq!(at_offset(480), time::parse("2016-12-10 00:00:00"));
        assert_eq!(at_offset(-60), time::parse("2016-12-10 09:00:00"));
        assert_eq!(at_offset(i16::MAX), Err(RejectReason::BadTime), "no place is that far from Greenwich");
        for written in [i64::MIN, -1, 0] {
            assert_eq!(times(written, &["Dec 10 08:00:00"; 2]), [Err(RejectReason::BadTime); 2], "{written}");
        }
        let last = [time::parse("2099-12-31 08:00:00"), time::parse("2099-01-01 08:00:00")];
        assert_eq!(times(i64::MAX, &["Dec 31 08:00:00", "Jan  1 08:00:00"]), last, "the century ends");
        // New Year has come to Kiritimati, fourteen hours ahead, and not to Greenwich.
        let mut times = Times::new(Clock { written: at("2016-12-31 12:00:00"), utc_offset_minutes: 840 });
        let there = Entry::parse("Jan  1 02:00:00 host x", &mut times).map(|entry| entry.time);
        assert_eq!(there, time::parse("2016-12-31 12:00:00"));
    }

    #[test]
    fn whole_time_stamps_need_no_clock() {
        let stamps = ["2024-12-10T09:32:20.5+01:00", "2024-12-10T08:32:20.500Z"];
        assert_eq!(times(0, &stamps), [time::parse("2024-12-10 08:32:20.500"); 2]);
        assert_eq!(times(0, &["2024-12-40T00:00:00Z"]), [Err(RejectReason::BadTime)]);
    }

    #[test]
    fn parts_of_a_line() {
        let mut times = Times::new(Clock::utc(at("2016-12-31 00:00:00")));
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
        fn any_line_is_read_or_refused(line in "\\PC{0,60}|[JanDec0-9T: é-]{0,40}", written in any::<i64>()) {
            let _ = Entry::parse(&line, &mut Times::new(Clock::utc(written)));
        }

        /// Whatever the order: of after the log was written is none, and each is on the day and at the time it says.
        #[test]
        fn lines_without_a_year_are_never_of_the_future(
            written in 100_000_000_000_i64..4_000_000_000_000,
            utc_offset_minutes in -1440_i16..1440,
            lines in prop::collection::vec((0..12_usize, 1..32, 0..24, 0..60), 1..20),
        ) {
            let mut times = Times::new(Clock { written, utc_offset_minutes });
            for (month, day, hour, minute) in lines {
                let line = format!("{} {day:2} {hour:02}:{minute:02}:07 host x", MONTHS[month]);
                match Entry::parse(&line, &mut times) {
                    Ok(entry) => {
                        prop_assert!(entry.time <= written + TOLERANCE_MILLIS, "{line}");
                        let local = jiff::Timestamp::from_millisecond(entry.time + i64::from(utc_offset_minutes) * 60_000);
                        let written = local.unwrap().strftime("%b %e %H:%M:%S host x").to_string();
                        prop_assert_eq!(written, line);
                    }
                    Err(reason) => prop_assert!(day > 28 && reason == RejectReason::BadTime, "{line}: {reason}"),
                }
            }
        }
    }
}
