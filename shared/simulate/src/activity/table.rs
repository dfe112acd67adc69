//! The table of user activity: its schema, its rows, and its CSV.

use std::fmt::Write as _;

use weir_domain::window::utc_day;

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

/// The activity of a user on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The user.
    pub user: String,
    /// Start of the day, seconds since the epoch.
    pub day: i64,
    /// Department.
    pub department: &'static str,
    /// Role.
    pub role: &'static str,
    /// The measured activity.
    pub activity: DailyActivity,
    /// `normal`, or the kind of anomaly.
    pub label: &'static str,
}

/// The measured activity of a user on a day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DailyActivity {
    /// Successful logins.
    pub logins: u64,
    /// Failed logins.
    pub failed_logins: u64,
    /// Distinct hosts used.
    pub hosts: u64,
    /// Distinct source addresses.
    pub addresses: u64,
    /// Hours with activity, 0 to 24.
    pub hours_active: f64,
    /// Share of the activity outside working hours, 0 to 1.
    pub off_hours_share: f64,
    /// Bytes downloaded.
    pub bytes_down: u64,
    /// Bytes uploaded.
    pub bytes_up: u64,
    /// Files opened.
    pub files_opened: u64,
    /// Files deleted.
    pub files_deleted: u64,
    /// Emails to external recipients.
    pub external_emails: u64,
    /// Writes to removable media.
    pub removable_media_writes: u64,
}

/// The table as CSV: a header, and one line per row.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut out =
        "user,day,department,role,logins,failed_logins,hosts,addresses,hours_active,off_hours_share,bytes_down,\
                   bytes_up,files_opened,files_deleted,external_emails,removable_media_writes,label\n"
            .to_owned();
    for Row { user, day, department, role, activity, label } in rows {
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{user},{}T00:00:00Z,{department},{role},{},{},{},{},{:.1},{:.3},{},{},{},{},{},{},{label}",
            utc_day(*day),
            activity.logins,
            activity.failed_logins,
            activity.hosts,
            activity.addresses,
            activity.hours_active,
            activity.off_hours_share,
            activity.bytes_down,
            activity.bytes_up,
            activity.files_opened,
            activity.files_deleted,
            activity.external_emails,
            activity.removable_media_writes,
        );
    }
    out
}
