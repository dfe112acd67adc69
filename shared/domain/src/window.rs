//! The grid of time: hours, which name stored batches, and the windows within them.

use std::fmt;

use crate::time::{HOUR_SECONDS, MINUTE_SECONDS};

/// The slots of a window, which show how traffic is distributed within it.
pub const SLOTS: usize = 5;

/// The length of a window: a divisor of an hour, in whole slots.
///
/// The default is 5 minutes. AWS aggregates flow logs over 10 minutes by default; such logs need windows of
/// [`WindowLength::TEN_MINUTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowLength(u32);

impl WindowLength {
    /// Five slots of a minute.
    pub const FIVE_MINUTES: Self = Self(300);
    /// Five slots of two minutes.
    pub const TEN_MINUTES: Self = Self(600);

    /// A window length of this many minutes.
    ///
    /// # Errors
    /// When the length does not divide an hour (5, 10, 15, 20, 30 and 60 do).
    pub fn from_minutes(minutes: u32) -> Result<Self, BadWindowLength> {
        Self::from_seconds(minutes.saturating_mul(MINUTE_SECONDS as u32))
    }

    /// A window length of this many seconds.
    ///
    /// # Errors
    /// When it is shorter than 5 minutes, does not divide an hour, or is not a multiple of 5 minutes.
    pub fn from_seconds(seconds: u32) -> Result<Self, BadWindowLength> {
        if seconds >= 300 && seconds.is_multiple_of(300) && (HOUR_SECONDS as u32).is_multiple_of(seconds) {
            Ok(Self(seconds))
        } else {
            Err(BadWindowLength { seconds })
        }
    }

    /// The length in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::from(self.0)
    }

    /// The window that contains a time, seconds since the epoch.
    #[must_use]
    pub fn start_of(self, time: i64) -> WindowStart {
        WindowStart(time.div_euclid(self.seconds()) * self.seconds())
    }

    /// The slot of its window that contains a time, from 0 to [`SLOTS`] less one.
    #[must_use]
    pub fn slot_of(self, time: i64) -> usize {
        (time.rem_euclid(self.seconds()) * SLOTS as i64 / self.seconds()) as usize
    }
}

/// A window length that does not fit the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a window of {seconds} s does not fit: use 5, 10, 15, 20, 30 or 60 minutes")]
pub struct BadWindowLength {
    /// The length that was given.
    pub seconds: u32,
}

/// The start of a window, seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct WindowStart(pub i64);

impl WindowStart {
    /// The hour that contains the window.
    #[must_use]
    pub fn hour(self) -> Hour {
        Hour::from_time(self.0)
    }

    /// The end of a window of this length, seconds since the epoch.
    #[must_use]
    pub fn end(self, length: WindowLength) -> i64 {
        self.0 + length.seconds()
    }
}

/// An hour, by its start in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Hour(i64);

impl Hour {
    /// The hour that contains a time, seconds since the epoch.
    #[must_use]
    pub fn from_time(time: i64) -> Self {
        Self(time.div_euclid(HOUR_SECONDS) * HOUR_SECONDS)
    }

    /// The start of the hour, seconds since the epoch.
    #[must_use]
    pub fn start(self) -> i64 {
        self.0
    }
}

/// The account and region of logs. Every stored batch belongs to one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    account: String,
    region: String,
}

impl Scope {
    /// Stands for an account or region that neither the log nor its key names.
    pub const UNKNOWN: &'static str = "unknown";

    /// A scope whose names are safe in storage keys: anything but letters, digits and dashes becomes a dash, an empty name
    /// becomes `unknown`.
    #[must_use]
    pub fn new(account: &str, region: &str) -> Self {
        Self { account: Self::part(account), region: Self::part(region) }
    }

    fn part(text: &str) -> String {
        if text.is_empty() || text == "-" {
            return Self::UNKNOWN.to_owned();
        }
        text.chars().take(64).map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
    }

    /// Parses `ACCOUNT.REGION`, as [`Scope`] is displayed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (account, region) = text.split_once('.')?;
        let scope = Self::new(account, region);
        (scope.to_string() == text).then_some(scope)
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.account, self.region)
    }
}

/// The year of a time in UTC, seconds since the epoch.
#[must_use]
pub fn utc_year(seconds: i64) -> i16 {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).year()
}

/// The UTC day of a time, `YYYY-MM-DD`.
#[must_use]
pub fn utc_day(time: i64) -> String {
    utc(time, "%Y-%m-%d")
}

/// The UTC hour of a time, `HH`.
#[must_use]
pub fn utc_hour(time: i64) -> String {
    utc(time, "%H")
}

/// The UTC time of day, `HH:MM`.
#[must_use]
pub fn utc_clock(time: i64) -> String {
    utc(time, "%H:%M")
}

/// Formats a time in UTC. Times beyond the calendar are clamped to its ends.
fn utc(time: i64, format: &str) -> String {
    let timestamp = jiff::Timestamp::from_second(time).unwrap_or(if time < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    timestamp.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_fit_an_hour() {
        for minutes in [5, 10, 15, 20, 30, 60] {
            assert!(WindowLength::from_minutes(minutes).is_ok());
        }
        for minutes in [0, 1, 7, 25, 45, 120, u32::MAX] {
            assert!(WindowLength::from_minutes(minutes).is_err(), "{minutes}");
        }
    }

    #[test]
    fn a_time_has_a_window_and_a_slot() {
        let five = WindowLength::FIVE_MINUTES;
        assert_eq!(five.start_of(1_545_403_840), WindowStart(1_545_403_800));
        assert_eq!(five.slot_of(1_545_403_840), 0);
        assert_eq!(five.slot_of(1_545_403_800 + 299), 4);
        assert_eq!(WindowLength::TEN_MINUTES.slot_of(121), 1);
        assert_eq!(five.start_of(-1), WindowStart(-300));
    }

    #[test]
    fn times_are_formatted_in_utc() {
        assert_eq!((utc_day(1_545_403_840), utc_clock(1_545_403_840)), ("2018-12-21".into(), "14:50".into()));
        assert_eq!(utc_hour(-1), "23");
        assert_eq!(utc_day(i64::MAX).len(), utc_day(i64::MAX).trim().len());
    }

    #[test]
    fn scopes_are_safe_in_keys_and_read_back() {
        let scope = Scope::new("123456789012", "us-east-1");
        assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
        assert_eq!(Scope::new("../x", "").to_string(), "---x.unknown");
        assert_eq!(Scope::parse("a.b.c"), None);
    }
}
