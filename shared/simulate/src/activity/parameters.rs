//! Parameters of a simulation of user activity.

use thiserror::Error;
use weir_domain::time::DAY_SECONDS;

use crate::login::Level;

/// Parameters of the simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Number of users, 20 to 5,000. Default 300.
    pub users: usize,
    /// Length in days, 10 to 366. Default 60.
    pub days: u32,
    /// Random seed. Default 42.
    pub seed: u64,
    /// Start, seconds since the epoch: a midnight (UTC). Default 2025-03-03, a Monday.
    pub start: i64,
    /// How rare anomalous users are, and how well they are hidden. Default easy.
    pub level: Level,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { users: 300, days: 60, seed: 42, start: 1_740_960_000, level: Level::Easy }
    }
}

/// A parameter that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Too few or too many users.
    #[error("{0} users cannot be simulated: give 20 to 5000")]
    Users(usize),
    /// Too short or too long.
    #[error("{0} days cannot be simulated: give 10 to 366")]
    Days(u32),
    /// Not a midnight.
    #[error("the simulation cannot start at {0} (seconds since 1970): give a midnight before the year 9999")]
    Start(i64),
}

impl Parameters {
    /// Checks every range.
    pub(super) fn check(&self) -> Result<(), BadParameters> {
        if !(20..=5_000).contains(&self.users) {
            return Err(BadParameters::Users(self.users));
        }
        if !(10..=366).contains(&self.days) {
            return Err(BadParameters::Days(self.days));
        }
        if self.start % DAY_SECONDS != 0 || !(0..253_000_000_000).contains(&self.start) {
            return Err(BadParameters::Start(self.start));
        }
        Ok(())
    }
}
