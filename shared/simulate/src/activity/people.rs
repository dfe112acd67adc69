//! Users, and their normal days.

use super::table::DailyActivity;
use crate::random::Stream;

/// Department, role, and medians per day: logins, hosts, megabytes down and up, files, external emails.
const JOBS: [(&str, &str, [f64; 6]); 9] = [
    ("engineering", "developer", [4.0, 3.0, 900.0, 180.0, 160.0, 2.0]),
    ("engineering", "operator", [9.0, 14.0, 600.0, 250.0, 90.0, 2.0]),
    ("sales", "representative", [3.0, 1.2, 180.0, 60.0, 35.0, 28.0]),
    ("sales", "manager", [3.0, 1.5, 220.0, 70.0, 45.0, 22.0]),
    ("finance", "analyst", [2.5, 1.5, 260.0, 40.0, 110.0, 5.0]),
    ("finance", "accountant", [2.0, 1.1, 150.0, 30.0, 80.0, 7.0]),
    ("people", "recruiter", [2.5, 1.2, 140.0, 50.0, 50.0, 30.0]),
    ("legal", "counsel", [2.0, 1.1, 160.0, 35.0, 90.0, 15.0]),
    ("support", "agent", [3.5, 2.0, 300.0, 90.0, 60.0, 12.0]),
];

/// A user with a baseline of activity.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) department: &'static str,
    pub(super) role: &'static str,
    /// Daily means of the user, in the order of [`JOBS`].
    measures: [f64; 6],
    /// Active hours per day.
    hours: f64,
    /// Share of activity outside office hours.
    late: f64,
    /// Probability of working on a day of the weekend.
    weekend: f64,
    /// Probability of using removable media on a day.
    media: f64,
    /// The day on which their work changes, and the factor by which it changes all activity.
    change: (i64, f64),
    /// First and last day of a holiday.
    away: (i64, i64),
}

impl Person {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut stream = Stream::new(seed, "employee", number);
        let s = &mut stream;
        let (department, role, medians) = s.pick(&JOBS).copied().unwrap_or(JOBS[0]);
        let away = s.between(0, 400);
        Self {
            name: format!("u{number:04}"),
            department,
            role,
            measures: medians.map(|median| s.log_normal(median, 0.45)),
            hours: 6.5 + 2.5 * s.unit(),
            late: 0.02 + if s.chance(0.15) { 0.35 * s.unit() } else { 0.08 * s.unit() },
            weekend: if s.chance(0.2) { 0.3 } else { 0.04 },
            media: if s.chance(0.1) { 0.3 } else { 0.01 },
            change: (s.between(0, 900), s.log_normal(1.0, 0.5)),
            away: (away, away + s.between(5, 15)),
        }
    }

    /// The activity of a day; `None` if the user does not work and is not `forced` to.
    pub(super) fn day(&self, s: &mut Stream, day: i64, working: bool, forced: bool) -> Option<DailyActivity> {
        let works = if working {
            !(self.away.0..=self.away.1).contains(&day) && s.chance(0.96)
        } else {
            s.chance(self.weekend)
        };
        if !works && !forced {
            return None;
        }
        let (since, change) = self.change;
        // Activity of all kinds rises on the same days, and sometimes strongly.
        let intensity = if s.chance(0.02) { s.log_normal(4.0, 0.5) } else { s.log_normal(1.0, 0.35) };
        let amount = intensity * if day >= since { change } else { 1.0 } * if working { 1.0 } else { 0.35 };
        let [logins, hosts, down, up, files, emails] = self.measures;
        let late = if !working || s.chance(0.03) { 0.3 + 0.6 * s.unit() } else { self.late * 2.0 * s.unit() };
        // Occasionally a large file, such as an image or a backup.
        let large = if s.chance(0.01) { s.pareto(4e9, 1.6).min(6e10) } else { 0.0 };
        let elsewhere = if s.chance(0.06) { 1.5 } else { 0.15 };
        let logins = 1 + s.poisson((logins - 1.0).max(0.2) * amount.sqrt());
        Some(DailyActivity {
            logins,
            failed_logins: if s.chance(0.01) { s.between(3, 8) as u64 } else { s.poisson(0.04 * logins as f64) },
            hosts: 1 + s.poisson((hosts - 1.0).max(0.05) * amount.sqrt()),
            addresses: 1 + s.poisson(elsewhere),
            hours_active: (self.hours * s.log_normal(amount.powf(0.15), 0.18)).clamp(0.2, 20.0),
            off_hours_share: late.clamp(0.0, 1.0),
            bytes_down: (s.log_normal(down * 1e6, 0.7) * amount + large) as u64,
            bytes_up: (s.log_normal(up * 1e6, 0.8) * amount + if s.chance(0.3) { large } else { 0.0 }) as u64,
            files_opened: s.poisson(files * amount),
            files_deleted: s.poisson(0.02 * files * amount) + if s.chance(0.005) { s.poisson(files) } else { 0 },
            external_emails: s.poisson(emails * amount),
            removable_media_writes: if s.chance(self.media) { s.poisson(12.0) } else { 0 },
        })
    }
}
