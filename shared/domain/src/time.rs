//! Lengths of time in seconds, milliseconds and half hours: the one place where they are named.
//!
//! Times are whole seconds since the Unix epoch (UTC) in flow logs and usage, and whole milliseconds since the epoch in
//! logins, in the clock that is passed in as `now`, and in OCSF. A name says which unit it is in.

/// A minute, seconds.
pub const MINUTE_SECONDS: i64 = 60;
/// Half an hour, seconds: the step of usage series.
pub const HALF_HOUR_SECONDS: i64 = 30 * MINUTE_SECONDS;
/// An hour, seconds.
pub const HOUR_SECONDS: i64 = 60 * MINUTE_SECONDS;
/// A day, seconds.
pub const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// A week, seconds.
pub const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;

/// A second, milliseconds.
pub const SECOND_MILLIS: i64 = 1000;
/// A minute, milliseconds.
pub const MINUTE_MILLIS: i64 = MINUTE_SECONDS * SECOND_MILLIS;
/// An hour, milliseconds.
pub const HOUR_MILLIS: i64 = HOUR_SECONDS * SECOND_MILLIS;
/// A day, milliseconds.
pub const DAY_MILLIS: i64 = DAY_SECONDS * SECOND_MILLIS;

/// Half hours in a day.
pub const DAY_HALF_HOURS: usize = 48;
/// Hours in a day.
pub const DAY_HOURS: usize = 24;
/// Hours in a week: the slots of a weekly profile, Monday midnight first.
pub const WEEK_HOURS: usize = 7 * DAY_HOURS;
