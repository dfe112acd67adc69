//! Parameters of a simulation of logins, and their ranges.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use weir_domain::time::DAY_SECONDS;

/// Difficulty: how rare attacks are, and how well they are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// About 15 in 1,000 logins of the test period belong to attacks, which are hardly hidden.
    #[default]
    Easy,
    /// About 3 in 1,000; many attackers use the victim's country or browser.
    Medium,
    /// About 3 in 2,000; most attackers do, at the victim's hours, with few attempts.
    Hard,
}

impl Level {
    /// All levels, from easy to hard.
    pub const ALL: [Self; 3] = [Self::Easy, Self::Medium, Self::Hard];

    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }

    /// The value for this level.
    pub(crate) fn select<T>(self, easy: T, medium: T, hard: T) -> T {
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

/// Parameters of the simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Number of users, 200 to 20,000. Default 8,000.
    pub users: usize,
    /// Length in days, 10 to 120; the first 60 % are for training. Default 45.
    pub days: u32,
    /// Random seed. Default 42.
    pub seed: u64,
    /// Start, seconds since the epoch: a midnight (UTC) from 1970 to 9999. Default 2025-03-03, a Monday.
    pub start: i64,
    /// Difficulty. Default easy.
    pub level: Level,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { users: 8_000, days: 45, seed: 42, start: 1_740_960_000, level: Level::Easy }
    }
}

/// A parameter that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Too few or too many users.
    #[error("{0} users cannot be simulated: give 200 to 20000")]
    Users(usize),
    /// Too short or too long.
    #[error("{0} days cannot be simulated: give 10 to 120")]
    Days(u32),
    /// Not a midnight.
    #[error("the simulation cannot start at {0} (seconds since 1970): give a midnight before the year 9999")]
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
        if self.start % DAY_SECONDS != 0 || !(0..253_000_000_000).contains(&self.start) {
            return Err(BadParameters::Start(self.start));
        }
        Ok(())
    }

    /// Start of the test period after 60 % of the days, seconds since the epoch.
    pub(crate) fn test_start(&self) -> i64 {
        self.start + i64::from(self.days * 6 / 10) * DAY_SECONDS
    }

    /// End (excluded), seconds since the epoch.
    pub(crate) fn end(&self) -> i64 {
        self.start + i64::from(self.days) * DAY_SECONDS
    }
}
