//! Reads logins from the syslog lines of an OpenSSH server, in a file of their own or among those of other programs.
//!
//! ```text
//! Dec 10 09:32:20 LabSZ sshd[24680]: Accepted password for fztu from 119.137.62.142 port 49116 ssh2
//! ```
//!
//! The messages are those of `auth_log` in OpenSSH's `auth.c`:
//!
//! | message of `sshd`, `sshd-session` or `sshd-auth` | login |
//! |---|---|
//! | `Accepted METHOD for USER from ADDRESS port N ssh2` | a success, whatever the method |
//! | `Failed password for USER from …`, `Failed password for invalid user USER from …` | a failure |
//! | `Failed keyboard-interactive/… for …` | a failure |
//! | `Failed none`, `Failed publickey` and other methods | no row: a client tries these by itself before it comes to the password |
//! | `message repeated N times: [ MESSAGE]` | N times what MESSAGE is |
//! | others: PAM, disconnects, `Invalid user` (its `Failed password` follows) | no row |
//!
//! | part | record |
//! |---|---|
//! | time stamp, `Dec 10 09:32:20` (RFC 3164) | time, with year and offset from UTC from [`Clock`] |
//! | time stamp, `2024-12-10T09:32:20.5+00:00` (RFC 3339) | time |
//! | host | account: what was logged in to |
//! | USER | user; may be empty or anything else that someone typed |
//! | ADDRESS | source address; none for a host name and for `UNKNOWN` |
//!
//! A line is one row, whatever it repeats: a line with "repeated 5 times" calls back five times, with one time, and
//! counts as one record. One login at most can be tried as often as the server's `MaxAuthTries`, so that a line that
//! repeats more than 1,000 times is rejected. `last message repeated N times`, without the message, is no row.
//!
//! Who may log in chooses the user's name, and may choose one that looks like the rest of the line: the address of a
//! failure is therefore the last in its line. The name after `Accepted` is one the server knows, and its address the
//! first: what follows it names a key.

mod syslog;

pub use syslog::Clock;

use std::io::Read;
use std::net::IpAddr;

use weir_domain::login::{LoginEvent, LoginKind, Outcome};
use weir_domain::reject::{ReadSummary, RejectReason};

use super::cell;
use super::row::check_among_others;
use crate::compression::ReadLimits;
use crate::error::{ObjectName, ReadError};
use crate::text::TextReader;
use syslog::{Entry, Times};

/// The most often that one line may repeat a message.
const MAX_REPEATS: u32 = 1000;

/// Reads one object and calls back for every login, in the order of the log.
///
/// Memory is one buffer whatever the object's size. Every line is accounted for in the summary: lines about a login
/// (once or several times) are records, lines about something else are no rows, and lines that cannot be read are
/// rejects with line and reason. An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, more text than the limit, mostly rejects.
/// Records called back before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    clock: Clock,
    mut each: impl FnMut(&LoginEvent<'_>),
) -> Result<ReadSummary, ReadError> {
    read_rows(input, object, limits, clock, |_, login| each(login))
}

/// As [`read`], with how many rows were before the login's, records and rejects.
pub(super) fn read_rows(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    clock: Clock,
    mut each: impl FnMut(u64, &LoginEvent<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut times = Times::new(clock);
    while let Some((row, line)) = text.next_numbered()? {
        match logins(line, &mut times) {
            Ok(Some((login, repeats))) => {
                for _ in 0..repeats {
                    each(row, &login);
                }
                text.summary.records += 1;
            }
            Ok(None) => text.summary.not_rows += 1,
            Err(reason) => {
                let row = line.to_vec();
                let number = text.line();
                text.summary.reject(number, reason, &row);
            }
        }
    }
    let summary = std::mem::take(&mut text.summary);
    check_among_others(limits, &summary).map_err(|problem| text.fail(problem))?;
    Ok(summary)
}

/// The login in a line, if there is one, and how many times.
fn logins<'a>(line: &'a [u8], times: &mut Times) -> Result<Option<(LoginEvent<'a>, u32)>, RejectReason> {
    let line = str::from_utf8(line).map_err(|_| RejectReason::BadIdentifier)?;
    let entry = Entry::parse(line, times)?;
    if !matches!(entry.program, "sshd" | "sshd-session" | "sshd-auth") {
        return Ok(None);
    }
    let (message, repeats) = match entry.message.strip_prefix("message repeated ") {
        Some(repeated) => repeated_message(repeated)?,
        None => (entry.message, 1),
    };
    let Some((outcome, user, address)) = attempt(message)? else { return Ok(None) };
    let login = LoginEvent {
        source_ip: source(address)?,
        account: cell::text(entry.host),
        ..LoginEvent::new(entry.time, cell::text(user), LoginKind::Ssh, outcome)
    };
    if (1..=MAX_REPEATS).contains(&repeats) { Ok(Some((login, repeats))) } else { Err(RejectReason::BadNumber) }
}

/// The message and how many times, of `N times: [ MESSAGE]`.
fn repeated_message(repeated: &str) -> Result<(&str, u32), RejectReason> {
    let (number, message) = repeated.split_once(" times: [").ok_or(RejectReason::BadStructure)?;
    let message = message.trim_end().strip_suffix(']').ok_or(RejectReason::BadStructure)?;
    Ok((message.trim_start(), number.parse().map_err(|_| RejectReason::BadNumber)?))
}

/// Outcome, user and address, if the message is about a login.
fn attempt(message: &str) -> Result<Option<(Outcome, &str, &str)>, RejectReason> {
    let (outcome, rest) = if let Some(rest) = message.strip_prefix("Accepted ") {
        (Outcome::Success, rest)
    } else if let Some(rest) = message.strip_prefix("Failed ") {
        (Outcome::Failure, rest)
    } else {
        return Ok(None);
    };
    let Some((method, rest)) = rest.split_once(" for ") else { return Ok(None) };
    let counts = outcome == Outcome::Success || method == "password" || method.starts_with("keyboard-interactive");
    if !counts || method.contains(' ') {
        return Ok(None);
    }
    let rest = rest.strip_prefix("invalid user ").unwrap_or(rest);
    let from = if outcome == Outcome::Success { rest.find(FROM) } else { rest.rfind(FROM) };
    let from = from.ok_or(RejectReason::BadStructure)?;
    let (user, rest) = (&rest[..from], &rest[from + FROM.len()..]);
    let mut words = rest.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(address), Some("port"), Some(port), Some(protocol)) if protocol.starts_with("ssh") => {
            let _: u16 = port.parse().map_err(|_| RejectReason::BadPort)?;
            Ok(Some((outcome, user, address)))
        }
        _ => Err(RejectReason::BadStructure),
    }
}

const FROM: &str = " from ";

/// The address, of what may be a host's name, `UNKNOWN`, or an IPv6 address with a zone.
fn source(address: &str) -> Result<Option<IpAddr>, RejectReason> {
    let address = address.split_once('%').map_or(address, |(address, _)| address);
    let is_name = !address.contains(':') && address.bytes().any(|b| b.is_ascii_alphabetic());
    match cell::address(address) {
        None if !is_name => Err(RejectReason::BadAddress),
        address => Ok(address),
    }
}

#[cfg(test)]
mod tests;
