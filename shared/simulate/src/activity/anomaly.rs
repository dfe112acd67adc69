//! What is wrong with whom, and when.

use super::{Did, Parameters};
use crate::login::Level;
use crate::random::Stream;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// Somebody who leaves takes along what they can.
    Theft,
    /// Somebody with a grudge deletes.
    Sabotage,
    /// Somebody else uses the account.
    Compromised,
    /// Somebody sells what they know, by and by.
    Leak,
}

const ALL: [Wrong; 4] = [Wrong::Theft, Wrong::Sabotage, Wrong::Compromised, Wrong::Leak];

/// What is wrong with one user, from one day to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anomaly {
    user: usize,
    from: i64,
    to: i64,
    wrong: Wrong,
}

impl Anomaly {
    /// All of them: one in fifty users on the easy level, one in two hundred on the hard one, and one at least of every sort.
    pub(super) fn all(parameters: &Parameters) -> Vec<Self> {
        let mut stream = Stream::new(parameters.seed, "anomalies", 0);
        let share = parameters.level.of(0.04, 0.025, 0.015);
        let count = ((parameters.users as f64 * share) as usize).max(ALL.len());
        let users = stream.sample(&(0..parameters.users).collect::<Vec<_>>(), count);
        let days = i64::from(parameters.days);
        let anomaly = |(number, user): (usize, usize)| {
            let wrong = ALL[number % ALL.len()];
            let length = match wrong {
                Wrong::Theft => stream.between(2, 4),
                Wrong::Sabotage => stream.between(1, 2),
                Wrong::Compromised => stream.between(1, 5),
                Wrong::Leak => stream.between(4, 8),
            };
            let from = stream.between(days / 5, days - length);
            Self { user, from, to: from + length - 1, wrong }
        };
        users.into_iter().enumerate().map(anomaly).collect()
    }

    pub(super) fn is_on(&self, user: usize, day: i64) -> bool {
        self.user == user && (self.from..=self.to).contains(&day)
    }

    pub(super) fn label(&self) -> &'static str {
        match self.wrong {
            Wrong::Theft => "theft",
            Wrong::Sabotage => "sabotage",
            Wrong::Compromised => "compromised",
            Wrong::Leak => "leak",
        }
    }

    /// Adds what is wrong to a day.
    pub(super) fn change(&self, did: &mut Did, s: &mut Stream, level: Level) {
        let times = |count: u64, factor: f64| (count as f64 * factor) as u64;
        let much = |s: &mut Stream, easy, medium, hard| s.log_normal(level.of(easy, medium, hard), 0.4).max(1.0);
        let late = |did: &mut Did, s: &mut Stream, share: f64| {
            did.off_hours_share = (did.off_hours_share + share * (0.6 + 0.4 * s.unit())).min(1.0);
        };
        match self.wrong {
            Wrong::Theft => {
                did.bytes_down = times(did.bytes_down, much(s, 25.0, 8.0, 3.0));
                did.files_opened = times(did.files_opened, much(s, 12.0, 5.0, 2.5)) + 20;
                did.removable_media_writes += s.poisson(level.of(300.0, 80.0, 20.0));
                late(did, s, level.of(0.6, 0.3, 0.1));
            }
            Wrong::Sabotage => {
                did.files_deleted += s.poisson(level.of(2_000.0, 250.0, 50.0));
                did.hosts += s.poisson(level.of(12.0, 5.0, 2.0));
                late(did, s, level.of(0.6, 0.4, 0.2));
            }
            Wrong::Compromised => {
                did.failed_logins += s.poisson(level.of(25.0, 6.0, 2.0));
                did.addresses += 1 + s.poisson(level.of(8.0, 3.0, 1.0));
                did.hosts += s.poisson(level.of(20.0, 7.0, 3.0));
                did.logins += s.poisson(level.of(12.0, 5.0, 2.0));
                did.bytes_up = times(did.bytes_up, much(s, 10.0, 4.0, 2.0));
                late(did, s, level.of(0.7, 0.4, 0.2));
                did.hours_active = (did.hours_active + level.of(7.0, 4.0, 2.0)).min(24.0);
            }
            Wrong::Leak => {
                did.external_emails = times(did.external_emails, much(s, 8.0, 3.0, 1.8)) + 8;
                did.bytes_up = times(did.bytes_up, much(s, 15.0, 6.0, 2.5));
                did.files_opened = times(did.files_opened, much(s, 4.0, 2.0, 1.4));
            }
        }
    }
}
