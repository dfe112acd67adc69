//! What may be asked for.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How rare attacks are, and how well they hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Some fifteen logins of the test period in a thousand are of an attack; attackers take few pains.
    #[default]
    Easy,
    /// Some three in a thousand; many use the victim's country or browser.
    Medium,
    /// Some three in two thousand; most do, at the victim's hours, with few tries.
    Hard,
}

impl Level {
    /// All levels, the easiest first.
    pub const ALL: [Self; 3] = [Self::Easy, Self::Medium, Self::Hard];

    /// The name, as on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }

    /// One of three things, by level.
    pub(crate) fn of<T>(self, easy: T, medium: T, hard: T) -> T {
        match self {
            Self::Easy => easy,
            Self::Medium => medium,
            Self::Hard => hard,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = Self::ALL.into_iter().find(|level| level.as_str() == text);
        level.ok_or_else(|| "write it as easy, medium or hard".to_owned())
    }
}

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// People with an account, 200 to 20,000. Default 8,000.
    pub users: usize,
    /// Length in days, 10 to 120; the first six tenths are for training. Default 45.
    pub days: u32,
    /// Everything random follows from it. Default 42.
    pub seed: u64,
    /// When it begins, seconds since the epoch: a midnight (UTC) from 1970 to 9999. Default 2025-03-03, a Monday.
    pub start: i64,
    /// How rare attacks are, and how well they hide. Default easy.
    pub level: Level,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { users: 8_000, days: 45, seed: 42, start: 1_740_960_000, level: Level::Easy }
    }
}

/// What cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Too few or too many people.
    #[error("{0} users cannot be simulated: ask for 200 to 20000")]
    Users(usize),
    /// Too short or too long.
    #[error("{0} days cannot be simulated: ask for 10 to 120")]
    Days(u32),
    /// No midnight.
    #[error("the simulation cannot begin at {0} (seconds since 1970): ask for a midnight before the year 9999")]
    Start(i64),
}

impl Parameters {
    /// Checks every range.
    pub(crate) fn check(&self) -> Result<(), BadParameters> {
        if !(200..=20_000).contains(&self.users) {
            return Err(BadParameters::Users(self.users));
        }
        if !(10..=120).contains(&self.days) {
            return Err(BadParameters::Days(self.days));
        }
        if self.start % 86_400 != 0 || !(0..253_000_000_000).contains(&self.start) {
            return Err(BadParameters::Start(self.start));
        }
        Ok(())
    }

    /// When the test period begins, seconds since the epoch: after six tenths of the days.
    pub(crate) fn test_start(&self) -> i64 {
        self.start + i64::from(self.days * 6 / 10) * 86_400
    }

    /// When it ends.
    pub(crate) fn end(&self) -> i64 {
        self.start + i64::from(self.days) * 86_400
    }
}
