//! Parses the times of login logs, to the millisecond and never without a time of day.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use weir_domain::reject::RejectReason;

use crate::time;

/// Milliseconds from the epoch to the end of the century; what lies outside is no time of a login.
pub(super) const TIMES: std::ops::Range<i64> = 0..4_102_444_800_000;

/// The longest text that is read as a time: RFC 3339 with nanoseconds and an offset has 35 characters.
const MAX_LEN: usize = 40;

/// The shortest: a date, and a time to the minute.
const MIN_LEN: usize = 16;

/// Milliseconds since the epoch, of RFC 3339, of `2023-09-25 00:01:45.820` (UTC where no offset follows), or of a number
/// of seconds or milliseconds since the epoch.
pub(super) fn parse(cell: &str) -> Result<i64, RejectReason> {
    if cell.is_empty() {
        return Err(RejectReason::MissingValue);
    }
    let read = if cell.len() > MAX_LEN {
        None
    } else if cell.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        cell.parse().ok().map(|number| time::since_epoch(number).round() as i64)
    } else if cell.len() < MIN_LEN {
        None
    } else {
        time::on_calendar(cell).map(Timestamp::as_millisecond)
    };
    read.filter(|time| TIMES.contains(time)).ok_or(RejectReason::BadTime)
}

/// Milliseconds since the epoch of a time on the calendar at an offset from UTC.
pub(super) fn at_offset(time: DateTime, offset: Offset) -> Option<i64> {
    offset.to_timestamp(time).ok().map(Timestamp::as_millisecond).filter(|time| TIMES.contains(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_of_writing_one_time() {
        let cases = [
            "2023-09-25T00:01:45.820Z",
            "2023-09-25T00:01:45.820999Z",
            "2023-09-25T02:01:45.82+02:00",
            "2023-09-24 20:01:45.820-04:00",
            "2023-09-25 00:01:45.820",
            "2023-09-25T00:01:45.820",
            "1695600105.820",
            "1695600105820",
            "1695600105820.0",
        ];
        for cell in cases {
            assert_eq!(parse(cell), Ok(1_695_600_105_820), "{cell}");
        }
        assert_eq!(parse("1695600105"), Ok(1_695_600_105_000));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("2023-09-25 00:01"), Ok(1_695_600_060_000));
    }

    #[test]
    fn what_is_no_time_of_a_login() {
        let long = "1".repeat(400);
        let cases =
            ["yesterday", "2023-09-25", "2023-02-30 00:00:00", "2023-09-25 25:00:00", "-5", "1.2.3", ".", "1e300"];
        let far = ["1969-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "1695600105820000", "99999999999999999999", &long];
        for cell in cases.into_iter().chain(far) {
            assert_eq!(parse(cell), Err(RejectReason::BadTime), "{cell}");
        }
        assert_eq!(parse(""), Err(RejectReason::MissingValue));
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_of_this_century_or_none(cell in "\\PC{0,45}|[0-9TZ:. +-]{0,45}") {
            prop_assert!(parse(&cell).map_or(true, |time| TIMES.contains(&time)));
        }
    }
}
