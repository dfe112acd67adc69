//! Reads AWS `CloudTrail` events: the files that a trail delivers (`{"Records":[…]}`, gzip), several of them concatenated, and
//! single events, one per line or one after the other.
//!
//! Every event is an API activity ([`read_activity`]); those by which someone signs in are logins as well ([`read`]). The
//! fields are those of the AWS page `CloudTrail record contents`:
//!
//! | login | event | outcome |
//! |---|---|---|
//! | console login | `ConsoleLogin` of `signin` | `responseElements.ConsoleLogin`; a failure where that is missing and there is an error |
//! | role assumption | `AssumeRole`, `AssumeRoleWithSAML`, `AssumeRoleWithWebIdentity`, `AssumeRoot` of `sts` | a failure where there is an error |
//! | session token | `GetSessionToken`, `GetFederationToken` of `sts` | a failure where there is an error |
//!
//! | field | login | activity |
//! |---|---|---|
//! | `eventTime` | time; an event without is rejected | time |
//! | `eventSource`, `eventName` | kind; an event without is rejected | service (without `.amazonaws.com`), action |
//! | `userIdentity` | user, see below | principal: `arn`, else as the user of a login |
//! | `userIdentity.sessionContext.sessionIssuer.arn` | | issuer |
//! | `sourceIPAddress` | source address; none where a service called and is named instead | the same |
//! | `userAgent` | user agent | user agent |
//! | `errorCode`, else `errorMessage` | outcome, see above | error |
//! | `recipientAccountId`, else `userIdentity.accountId` | account | account |
//! | `awsRegion`, `readOnly` | | region, whether it only reads |
//! | `additionalEventData.MFAUsed` of a console login, else `userIdentity.sessionContext.attributes.mfaAuthenticated` | second factor | |
//!
//! | `userIdentity.type` | user |
//! |---|---|
//! | `IAMUser`, `SAMLUser`, `WebIdentityUser` and others | `userName`, else the end of `arn`, `principalId`, `invokedBy`, `accountId`: the first there is |
//! | `Root` | `root` (its `userName` is the account's alias) |
//! | `AssumedRole`, `FederatedUser` | the end of `arn`: `ROLE/SESSION`, or the name |
//! | `AWSService` | `invokedBy` |
//! | `AWSAccount` (a caller of another account) | `principalId`, else `accountId` |
//!
//! AWS hides what was typed as the name of a user that does not exist: those failures all have the user
//! `HIDDEN_DUE_TO_SECURITY_REASONS`. Temporary credentials that a service fetches for itself are logins too, of a user
//! such as `ec2.amazonaws.com` and from no address.
//!
//! An object is lines where its first brace is followed, on the same line, by another name
//! than `Records`. Then a line is a row; otherwise an element of `Records`, or an object that stands by itself, is a row,
//! and "line" in summary and errors is its number. Rows beyond 1 MiB are rejected as too long (AWS's limit is 256 KB). What is not
//! read of an event is skipped without being built, however deep it nests.

mod event;
mod split;

use std::io::Read;

use weir_domain::login::{ApiActivity, LoginEvent};
use weir_domain::reject::{ReadSummary, RejectReason};

use super::row::{LoginRow, check_among_others};
use crate::compression::ReadLimits;
use crate::error::{ObjectName, ReadError};
use event::Event;
use split::{Events, Row};

/// Reads one object and calls back for every login, in the order of the log.
///
/// Memory is one buffer of 1.25 MiB whatever the object's size. Every row is accounted for in the summary: logins are
/// records, other events and blank lines are no rows, and what cannot be read is a reject with its place and reason. An
/// empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, JSON that is cut off between or inside of
/// records, something else than JSON, more text than the limit, mostly rejects. Records called back before that are to be
/// thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(&LoginEvent<'_>),
) -> Result<ReadSummary, ReadError> {
    read_events(input, object, limits, |_, event| {
        let login = event.login()?;
        Ok(login.map(|login| each(&login)).is_some())
    })
}

/// Reads one object and calls back for every event as API activity, in the order of the log.
///
/// Memory and the summary are as in [`read`], except that all events are records.
///
/// # Errors
/// As in [`read`].
pub fn read_activity(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(&ApiActivity<'_>),
) -> Result<ReadSummary, ReadError> {
    read_events(input, object, limits, |_, event| {
        each(&event.activity()?);
        Ok(true)
    })
}

/// Reads one object and calls back for every login and for every event as API activity, in the order of the log: of an
/// event that is both, for the login first.
///
/// # Errors
/// As [`read`].
pub fn read_all(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(LoginRow<'_>),
) -> Result<ReadSummary, ReadError> {
    read_rows(input, object, limits, |_, row| each(row))
}

/// As [`read_all`], with how many rows were before, records and rejects.
pub(super) fn read_rows(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(u64, LoginRow<'_>),
) -> Result<ReadSummary, ReadError> {
    read_events(input, object, limits, |row, event| {
        let (login, activity) = (event.login()?, event.activity()?);
        if let Some(login) = login {
            each(row, LoginRow::Login(&login));
        }
        each(row, LoginRow::Call(&activity));
        Ok(true)
    })
}

/// Calls back for every event, with how many rows were before; what comes back is whether it is a record.
fn read_events(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(u64, &Event<'_>) -> Result<bool, RejectReason>,
) -> Result<ReadSummary, ReadError> {
    let fail = |line, problem| ReadError { object: object.clone(), line, problem };
    let mut events = Events::open(input, limits.expanded_bytes).map_err(|problem| fail(0, problem))?;
    let mut summary = ReadSummary::default();
    loop {
        let row = events.next().map_err(|problem| fail(events.number, problem))?;
        let (bytes, read) = match row {
            None => break,
            Some(Row::Blank) => (&b""[..], Ok(false)),
            Some(Row::Event(range)) => {
                let bytes = events.bytes(range);
                (bytes, Event::parse(bytes).and_then(|event| each(summary.rows(), &event)))
            }
            Some(Row::TooLong) => (events.head(), Err(RejectReason::LineTooLong)),
        };
        match read {
            Ok(true) => summary.records += 1,
            Ok(false) => summary.not_rows += 1,
            Err(reason) => summary.reject(events.number, reason, bytes),
        }
    }
    check_among_others(limits, &summary).map_err(|problem| fail(events.number, problem))?;
    Ok(summary)
}

#[cfg(test)]
mod tests;
