//! The anomalies of users: kind, user, days, and their effect on the activity.

use super::parameters::Parameters;
use super::table::DailyActivity;
use crate::login::Level;
use crate::random::Stream;

/// The kind of an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnomalyKind {
    /// A leaving user copies data.
    Theft,
    /// A user deletes files.
    Sabotage,
    /// An attacker uses the account.
    Compromised,
    /// A user leaks data slowly over some days.
    Leak,
}

const ALL: [AnomalyKind; 4] = [AnomalyKind::Theft, AnomalyKind::Sabotage, AnomalyKind::Compromised, AnomalyKind::Leak];

/// An anomaly of one user, from one day to another (included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anomaly {
    user: usize,
    from: i64,
    to: i64,
    kind: AnomalyKind,
}

impl Anomaly {
    /// All anomalies: of 4 %, 2.5 % or 1.5 % of the users by level, and at least one of every kind.
    pub(super) fn all(parameters: &Parameters) -> Vec<Self> {
        let mut stream = Stream::new(parameters.seed, "anomalies", 0);
        let share = parameters.level.select(0.04, 0.025, 0.015);
        let count = ((parameters.users as f64 * share) as usize).max(ALL.len());
        let users = stream.sample(&(0..parameters.users).collect::<Vec<_>>(), count);
        let days = i64::from(parameters.days);
        let anomaly = |(number, user): (usize, usize)| {
            let kind = ALL[number % ALL.len()];
            let length = match kind {
                AnomalyKind::Theft => stream.between(2, 4),
                AnomalyKind::Sabotage => stream.between(1, 2),
                AnomalyKind::Compromised => stream.between(1, 5),
                AnomalyKind::Leak => stream.between(4, 8),
            };
            let from = stream.between(days / 5, days - length);
            Self { user, from, to: from + length - 1, kind }
        };
        users.into_iter().enumerate().map(anomaly).collect()
    }

    pub(super) fn applies_to(&self, user: usize, day: i64) -> bool {
        self.user == user && (self.from..=self.to).contains(&day)
    }

    pub(super) fn label(&self) -> &'static str {
        match self.kind {
            AnomalyKind::Theft => "theft",
            AnomalyKind::Sabotage => "sabotage",
            AnomalyKind::Compromised => "compromised",
            AnomalyKind::Leak => "leak",
        }
    }

    /// Changes the activity of a day.
    pub(super) fn change(&self, activity: &mut DailyActivity, s: &mut Stream, level: Level) {
        let times = |count: u64, factor: f64| (count as f64 * factor) as u64;
        let factor = |s: &mut Stream, easy, medium, hard| s.log_normal(level.select(easy, medium, hard), 0.4).max(1.0);
        let late = |activity: &mut DailyActivity, s: &mut Stream, share: f64| {
            activity.off_hours_share = (activity.off_hours_share + share * (0.6 + 0.4 * s.unit())).min(1.0);
        };
        match self.kind {
            AnomalyKind::Theft => {
                activity.bytes_down = times(activity.bytes_down, factor(s, 25.0, 8.0, 3.0));
                activity.files_opened = times(activity.files_opened, factor(s, 12.0, 5.0, 2.5)) + 20;
                activity.removable_media_writes += s.poisson(level.select(300.0, 80.0, 20.0));
                late(activity, s, level.select(0.6, 0.3, 0.1));
            }
            AnomalyKind::Sabotage => {
                activity.files_deleted += s.poisson(level.select(2_000.0, 250.0, 50.0));
                activity.hosts += s.poisson(level.select(12.0, 5.0, 2.0));
                late(activity, s, level.select(0.6, 0.4, 0.2));
            }
            AnomalyKind::Compromised => {
                activity.failed_logins += s.poisson(level.select(25.0, 6.0, 2.0));
                activity.addresses += 1 + s.poisson(level.select(8.0, 3.0, 1.0));
                activity.hosts += s.poisson(level.select(20.0, 7.0, 3.0));
                activity.logins += s.poisson(level.select(12.0, 5.0, 2.0));
                activity.bytes_up = times(activity.bytes_up, factor(s, 10.0, 4.0, 2.0));
                late(activity, s, level.select(0.7, 0.4, 0.2));
                activity.hours_active = (activity.hours_active + level.select(7.0, 4.0, 2.0)).min(24.0);
            }
            AnomalyKind::Leak => {
                activity.external_emails = times(activity.external_emails, factor(s, 8.0, 3.0, 1.8)) + 8;
                activity.bytes_up = times(activity.bytes_up, factor(s, 15.0, 6.0, 2.5));
                activity.files_opened = times(activity.files_opened, factor(s, 4.0, 2.0, 1.4));
            }
        }
    }
}
