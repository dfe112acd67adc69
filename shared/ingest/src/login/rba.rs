//! Reads logins as CSV with the columns of the RBA data set: <https://github.com/das-group/rba-dataset> (Wiefling, Jørgensen,
//! Thunem, Lo Iacono: *Pump Up Password Security!*, ACM Transactions on Privacy and Security 2022).
//!
//! The header line names the columns, in any order and case. What each becomes:
//!
//! | column | record | absent or empty |
//! |---|---|---|
//! | `Login Timestamp` | time (UTC where no offset follows; seconds or milliseconds since the epoch are read as well) | required in the header; a row without is rejected |
//! | `User ID` | user | required in the header; a row without is rejected |
//! | `Login Successful` | outcome | required in the header; a row without is rejected |
//! | `IP Address` | source address | unknown |
//! | `Country`, `Region`, `City` | the place; `-` is none | unknown |
//! | `ASN` | autonomous system | unknown |
//! | `User Agent String` | user agent | unknown |
//! | `Browser Name and Version`, `OS Name and Version`, `Device Type` | browser, operating system, type of device | unknown |
//! | `Round-Trip Time [ms]` | round-trip time; the data set has it for few rows | unknown |
//! | `Is Attack IP`, `Is Account Takeover` | labels: near to the truth, so that no detector may read them | unknown |
//!
//! Other columns are skipped (the files begin with an index). The kind is a password login: that is what the service of
//! the data set offered. Cells may be quoted as RFC 4180 has it, except that no cell may hold a line break: a row ends
//! with its line, and one with a quote left open is rejected. A header line may stand again further down.

use std::io::Read;

use weir_domain::login::{Labels, LoginEvent, LoginKind};
use weir_domain::reject::{ReadSummary, RejectReason};

use super::cell;
use super::table::{Columns, Table};
use super::time;
use crate::compression::ReadLimits;
use crate::error::{ObjectName, ReadError};
use crate::text::{TextReader, without_mark};

/// The columns, in the order of [`COLUMNS`].
enum Column {
    Timestamp,
    User,
    Success,
    Address,
    Country,
    Region,
    City,
    Asn,
    UserAgent,
    Browser,
    Os,
    DeviceType,
    RoundTrip,
    AttackIp,
    Takeover,
}

static COLUMNS: Columns<15> = Columns {
    format: "login table with the RBA columns",
    names: [
        "Login Timestamp",
        "User ID",
        "Login Successful",
        "IP Address",
        "Country",
        "Region",
        "City",
        "ASN",
        "User Agent String",
        "Browser Name and Version",
        "OS Name and Version",
        "Device Type",
        "Round-Trip Time [ms]",
        "Is Attack IP",
        "Is Account Takeover",
    ],
    required: &[Column::Timestamp as usize, Column::User as usize, Column::Success as usize],
};

/// Reads one object and calls back for every login, in the order of the table.
///
/// Memory is one buffer and one line whatever the object's size. Every line is accounted for in the summary: records,
/// lines that are no rows (headers, blank lines), or rejects with line and reason. An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, a header without the required columns or
/// with one twice, more text than the limit, mostly rejects. Records called back before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(&LoginEvent<'_>),
) -> Result<ReadSummary, ReadError> {
    read_rows(input, object, limits, |_, login| each(login))
}

/// As [`read`], with how many rows were before the login's, records and rejects.
pub(super) fn read_rows(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(u64, &LoginEvent<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut table: Option<Table<15>> = None;
    while let Some((row, line)) = text.next_numbered()? {
        // Concatenated files have byte order marks further down as well.
        let line = without_mark(line);
        let Some(table) = &mut table else {
            match Table::open(&COLUMNS, line) {
                Ok(opened) => table = Some(opened),
                Err(problem) => return Err(text.fail(problem)),
            }
            text.summary.not_rows += 1;
            continue;
        };
        match table.row(line).and_then(|cells| event(&cells).map(|login| each(row, &login))) {
            Ok(()) => text.summary.records += 1,
            Err(_) if table.begins_again() => text.summary.not_rows += 1,
            Err(reason) => {
                let number = text.line();
                text.summary.reject(number, reason, table.line());
            }
        }
    }
    if table.is_none() && text.summary.rejected_rows() > 0 {
        return Err(text.fail(COLUMNS.problem("there is no header line".to_owned())));
    }
    text.finish()
}

fn event<'a>(cells: &[&'a str; 15]) -> Result<LoginEvent<'a>, RejectReason> {
    let cell = |column: Column| cells[column as usize];
    let time = time::parse(cell(Column::Timestamp))?;
    let user = cell::required(cell(Column::User))?;
    let outcome = cell::outcome(cell(Column::Success))?;
    Ok(LoginEvent {
        source_ip: cell::optional_address(cell(Column::Address))?,
        country: cell::place(cell(Column::Country)),
        region: cell::place(cell(Column::Region)),
        city: cell::place(cell(Column::City)),
        asn: cell::optional_asn(cell(Column::Asn))?,
        user_agent: cell::text(cell(Column::UserAgent)),
        browser: cell::text(cell(Column::Browser)),
        os: cell::text(cell(Column::Os)),
        device_type: cell::text(cell(Column::DeviceType)),
        round_trip_ms: cell::optional_duration(cell(Column::RoundTrip))?,
        labels: Labels {
            attack_ip: cell::optional_boolean(cell(Column::AttackIp))?,
            account_takeover: cell::optional_boolean(cell(Column::Takeover))?,
            attack: None,
        },
        ..LoginEvent::new(time, user, LoginKind::Password, outcome)
    })
}

#[cfg(test)]
mod tests;
