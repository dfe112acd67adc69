//! Reads logins and API calls, and stores the records by hour.

use std::io::Read;

use weir_domain::source::Source;
use weir_domain::time::SECOND_MILLIS;
use weir_domain::window::Scope;
use weir_ingest::login::sshd::Clock;
use weir_ingest::login::{self, LoginRow};
use weir_ingest::{Format, ObjectName};

use super::hour_writers::{HourWriter, RecordWriters, Written};
use super::options::PreprocessOptions;
use super::outcome::PreprocessError;
use crate::batch::LoginBatchWriter;

/// Reads an object of logins. `fallback` supplies the account.
pub(super) fn read(
    format: Format,
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    // A user is the same in all regions, so the history of users is kept per account.
    let mut hours = RecordWriters::new(Source::Login, Scope::new(fallback.account(), ""));
    let clock = Clock::utc(options.written);
    let summary = login::read(format, input, name, options.limits, clock, |row| match row {
        LoginRow::Login(login) => {
            hours.write(login.time.div_euclid(SECOND_MILLIS), LoginBatchWriter::new, |writer| writer.push_login(login));
        }
        LoginRow::Call(call) => {
            hours.write(call.time.div_euclid(SECOND_MILLIS), LoginBatchWriter::new, |writer| writer.push_call(call));
        }
    })?;
    Ok((summary, hours.finish(name, HourWriter::Logins)?))
}
