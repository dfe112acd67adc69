//! What may be asked for.

use std::str::FromStr;

use thiserror::Error;

use super::attack::Kind;
use weir_domain::time::DAY_SECONDS;

/// How strong attacks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intensity {
    /// All of them, evenly.
    #[default]
    All,
    /// One, from 1 (subtle) to 5.
    Only(u8),
}

impl FromStr for Intensity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(level @ 1..=5)) => Ok(Self::Only(level)),
            _ => Err("write it as a number from 1 (subtle) to 5, or as all".to_owned()),
        }
    }
}

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Length in days, 1 to 92; the first is clean. Default 2.
    pub days: u32,
    /// Interfaces of the network, 30 to 1,000; traffic grows with them. Default 60.
    pub hosts: usize,
    /// Everything random follows from it. Default 42.
    pub seed: u64,
    /// When it begins, seconds since the epoch, a whole number of 5 minutes from 1970 to 9999. Default 2025-03-04.
    pub start: i64,
    /// Whether anybody attacks. Default true.
    pub attacks: bool,
    /// How strong the attacks are. Default all.
    pub intensity: Intensity,
    /// Which kinds of attacks there are; all if empty, the default.
    pub only: Vec<Kind>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            days: 2,
            hosts: 60,
            seed: 42,
            start: 1_741_046_400,
            attacks: true,
            intensity: Intensity::All,
            only: Vec::new(),
        }
    }
}

/// What cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Too short or too long.
    #[error("{0} days cannot be simulated: ask for 1 to 92")]
    Days(u32),
    /// A clean day, and no time left for attacks.
    #[error("attacks begin on the second day: ask for 2 days or more, or for no attacks")]
    NoTimeForAttacks,
    /// Too few or too many hosts.
    #[error("a network of {0} hosts cannot be simulated: ask for 30 to 1000")]
    Hosts(usize),
    /// Not on the grid of log files.
    #[error(
        "the simulation cannot begin at {0} (seconds since 1970): ask for a whole number of 5 minutes before the year 9999"
    )]
    Start(i64),
    /// No such strength.
    #[error("there is no intensity {0}: ask for 1 to 5, or for all")]
    Intensity(u8),
}

impl Parameters {
    /// Checks every range.
    pub(crate) fn check(&self) -> Result<(), BadParameters> {
        if !(1..=92).contains(&self.days) {
            return Err(BadParameters::Days(self.days));
        }
        if self.attacks && self.days < 2 {
            return Err(BadParameters::NoTimeForAttacks);
        }
        if !(30..=1000).contains(&self.hosts) {
            return Err(BadParameters::Hosts(self.hosts));
        }
        if !(0..253_370_764_800).contains(&self.start) || self.start % 300 != 0 {
            return Err(BadParameters::Start(self.start));
        }
        match self.intensity {
            Intensity::Only(level) if !(1..=5).contains(&level) => Err(BadParameters::Intensity(level)),
            _ => Ok(()),
        }
    }

    /// When the clean day ends.
    pub(crate) fn attacks_from(&self) -> i64 {
        self.start + DAY_SECONDS
    }

    /// When everything ends.
    pub(crate) fn end(&self) -> i64 {
        self.start + i64::from(self.days) * DAY_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_simulated_is_refused() {
        let with = |change: &dyn Fn(&mut Parameters)| {
            let mut parameters = Parameters::default();
            change(&mut parameters);
            parameters.check()
        };
        assert_eq!(with(&|_| ()), Ok(()));
        assert_eq!(with(&|p| p.days = 93), Err(BadParameters::Days(93)));
        assert_eq!(with(&|p| p.days = 1), Err(BadParameters::NoTimeForAttacks));
        assert_eq!(with(&|p| (p.days, p.attacks) = (1, false)), Ok(()));
        assert_eq!(with(&|p| p.hosts = 29), Err(BadParameters::Hosts(29)));
        assert_eq!(with(&|p| p.start += 1), Err(BadParameters::Start(1_741_046_401)));
        assert_eq!(with(&|p| p.start = -300), Err(BadParameters::Start(-300)));
        assert_eq!(with(&|p| p.intensity = Intensity::Only(6)), Err(BadParameters::Intensity(6)));
    }

    #[test]
    fn intensities() {
        assert_eq!(("all".parse(), "3".parse()), (Ok(Intensity::All), Ok(Intensity::Only(3))));
        for bad in ["", "0", "6", "-1", "strong"] {
            assert!(bad.parse::<Intensity>().is_err(), "{bad}");
        }
    }
}
