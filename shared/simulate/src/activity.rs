//! What the users of a made-up company do, a row per user and day, and who of them is an insider or not themselves.
//!
//! People of a department are alike and every one has measures of their own; projects, nights before a release, holidays and
//! new work make some days unusual that nobody is to blame for. Behaviour is invented and no measurement of anybody.

mod anomaly;
mod people;

use std::fmt::Write as _;

use thiserror::Error;
use weir_domain::window::utc_day;

use crate::calendar::{DAY, weekday};
use crate::login::Level;
use crate::random::Stream;
use anomaly::Anomaly;
use people::Person;

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Users, 20 to 5,000. Default 300.
    pub users: usize,
    /// Length in days, 10 to 366. Default 60.
    pub days: u32,
    /// Everything random follows from it. Default 42.
    pub seed: u64,
    /// When it begins, seconds since the epoch: a midnight (UTC). Default 2025-03-03, a Monday.
    pub start: i64,
    /// How rare anomalous users are, and how well they hide. Default easy.
    pub level: Level,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { users: 300, days: 60, seed: 42, start: 1_740_960_000, level: Level::Easy }
    }
}

/// What cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Too few or too many users.
    #[error("{0} users cannot be simulated: ask for 20 to 5000")]
    Users(usize),
    /// Too short or too long.
    #[error("{0} days cannot be simulated: ask for 10 to 366")]
    Days(u32),
    /// No midnight.
    #[error("the simulation cannot begin at {0} (seconds since 1970): ask for a midnight before the year 9999")]
    Start(i64),
}

/// The schema of the table, as `weir detect --source activity --schema` takes it.
pub const SCHEMA: &str = r#"# What users did a day. The truth is in label; nothing learns from it.
header = true
columns = [
  { name = "user",                   role = "id" },
  { name = "day",                    role = "time" },
  { name = "department",             role = "categorical" },
  { name = "role",                   role = "categorical" },
  { name = "logins",                 role = "numeric" },
  { name = "failed_logins",          role = "numeric" },
  { name = "hosts",                  role = "numeric" },
  { name = "addresses",              role = "numeric" },
  { name = "hours_active",           role = "numeric" },
  { name = "off_hours_share",        role = "numeric" },
  { name = "bytes_down",             role = "numeric" },
  { name = "bytes_up",               role = "numeric" },
  { name = "files_opened",           role = "numeric" },
  { name = "files_deleted",          role = "numeric" },
  { name = "external_emails",        role = "numeric" },
  { name = "removable_media_writes", role = "numeric" },
  { name = "label",                  role = "label" },
]
"#;

/// A user's day.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whose.
    pub user: String,
    /// When it begins, seconds since the epoch.
    pub day: i64,
    /// Where they work.
    pub department: &'static str,
    /// As what.
    pub role: &'static str,
    /// What they did.
    pub did: Did,
    /// `normal`, or what was wrong.
    pub label: &'static str,
}

/// What somebody did on a day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Did {
    /// Successful logins.
    pub logins: u64,
    /// Failed logins.
    pub failed_logins: u64,
    /// Distinct hosts they were on.
    pub hosts: u64,
    /// Distinct addresses they came from.
    pub addresses: u64,
    /// Hours in which something happened, 0 to 24.
    pub hours_active: f64,
    /// The share of it outside their hours, 0 to 1.
    pub off_hours_share: f64,
    /// Bytes they got.
    pub bytes_down: u64,
    /// Bytes they sent.
    pub bytes_up: u64,
    /// Files opened.
    pub files_opened: u64,
    /// Files deleted.
    pub files_deleted: u64,
    /// Messages to people outside.
    pub external_emails: u64,
    /// Writes to removable media.
    pub removable_media_writes: u64,
}

/// The rows of all users, by day and user.
///
/// # Errors
/// When a parameter is out of range.
pub fn simulate(parameters: &Parameters) -> Result<Vec<Row>, BadParameters> {
    if !(20..=5_000).contains(&parameters.users) {
        return Err(BadParameters::Users(parameters.users));
    }
    if !(10..=366).contains(&parameters.days) {
        return Err(BadParameters::Days(parameters.days));
    }
    if parameters.start % DAY != 0 || !(0..253_000_000_000).contains(&parameters.start) {
        return Err(BadParameters::Start(parameters.start));
    }
    let people: Vec<Person> = (0..parameters.users).map(|number| Person::new(parameters.seed, number as u64)).collect();
    let anomalies = Anomaly::all(parameters);
    let mut rows = Vec::new();
    for day in 0..i64::from(parameters.days) {
        let midnight = parameters.start + day * DAY;
        for (number, person) in people.iter().enumerate() {
            let mut stream = Stream::new(parameters.seed ^ number as u64, "day", day.cast_unsigned());
            let anomaly = anomalies.iter().find(|anomaly| anomaly.is_on(number, day));
            let did = person.day(&mut stream, day, weekday(midnight) < 5, anomaly.is_some());
            let Some(mut did) = did else { continue };
            if let Some(anomaly) = anomaly {
                anomaly.change(&mut did, &mut stream, parameters.level);
            }
            rows.push(Row {
                user: person.name.clone(),
                day: midnight,
                department: person.department,
                role: person.role,
                did,
                label: anomaly.map_or("normal", Anomaly::label),
            });
        }
    }
    Ok(rows)
}

/// The table: a header, and a line per row.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut out =
        "user,day,department,role,logins,failed_logins,hosts,addresses,hours_active,off_hours_share,bytes_down,\
                   bytes_up,files_opened,files_deleted,external_emails,removable_media_writes,label\n"
            .to_owned();
    for Row { user, day, department, role, did, label } in rows {
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{user},{}T00:00:00Z,{department},{role},{},{},{},{},{:.1},{:.3},{},{},{},{},{},{},{label}",
            utc_day(*day),
            did.logins,
            did.failed_logins,
            did.hosts,
            did.addresses,
            did.hours_active,
            did.off_hours_share,
            did.bytes_down,
            did.bytes_up,
            did.files_opened,
            did.files_deleted,
            did.external_emails,
            did.removable_media_writes,
        );
    }
    out
}

#[cfg(test)]
mod tests;
