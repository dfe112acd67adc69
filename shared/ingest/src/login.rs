//! Reads logins: user, source address, device and outcome. One module per format.
//!
//! | module | reads |
//! |---|---|
//! | [`rba`] | CSV with the columns of the RBA data set |
//! | [`simple`] | a dozen plain columns, as CSV or as JSON lines |
//! | [`cloudtrail`] | AWS `CloudTrail`: sign-ins and temporary credentials as logins, every event as API activity |
//! | [`sshd`] | syslog lines of an OpenSSH server |
//!
//! What is text in a record is cut to 1,024 bytes: whoever logs in chooses much of it, and must neither fill memory nor
//! have the row rejected.

pub mod cloudtrail;
pub mod rba;
pub mod simple;
pub mod sshd;

mod cell;
mod row;
mod scalar;
mod table;
mod time;

pub use row::LoginRow;

use std::io::Read;

use weir_domain::login::LoginEvent;
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::format::Format;

/// Reads one object in one of the formats of logins and calls back for every login and API call, in the order of the log.
///
/// # Errors
/// When the format is of another source, or the object cannot be read as a whole. Rows called back before that are to be
/// thrown away.
pub fn read(
    format: Format,
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    clock: sshd::Clock,
    mut each: impl FnMut(LoginRow<'_>),
) -> Result<ReadSummary, ReadError> {
    read_numbered(format, input, object, limits, clock, |_, row| each(row))
}

/// As [`read`], with the number of the row: how many rows of the object were before, those that were rejected as well. A
/// line of sshd that repeats a message is one row, and so is a `CloudTrail` event.
///
/// # Errors
/// As [`read`].
pub fn read_numbered(
    format: Format,
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    clock: sshd::Clock,
    mut each: impl FnMut(u64, LoginRow<'_>),
) -> Result<ReadSummary, ReadError> {
    let login = |row, login: &LoginEvent<'_>| each(row, LoginRow::Login(login));
    match format {
        Format::RbaLogins => rba::read_rows(input, object, limits, login),
        Format::SimpleLogins => simple::read_rows(input, object, limits, login),
        Format::Sshd => sshd::read_rows(input, object, limits, clock, login),
        Format::CloudTrail => cloudtrail::read_rows(input, object, limits, each),
        _ => Err(ReadError {
            object: object.clone(),
            line: 0,
            problem: Problem::OtherSource { format: format.name(), expected: "log of logins" },
        }),
    }
}
