//! Reads logins with a dozen plain columns, as CSV or as JSON lines, as exports and exercises of login analytics have them.
//! The format is recognised by the first line: JSON lines begin with `{`.
//!
//! | column | record | absent or empty |
//! |---|---|---|
//! | `timestamp` | time: RFC 3339, `YYYY-MM-DD HH:MM:SS[.fff]` (UTC), or seconds or milliseconds since the epoch | required; a row without is rejected |
//! | `user_id` | user | required; a row without is rejected |
//! | `ip_address` | source address | unknown |
//! | `geo_location` | `City, Region, Country`, `City, Country` or `Country`; coordinates are skipped | unknown |
//! | `device_id` | device | unknown |
//! | `bytes_in`, `bytes_out` | bytes of the session | unknown |
//! | `success` | outcome: true or false, 1 or 0, success or failure | success where there is no such column: such logs list who came in; an empty cell or `null` rejects the row |
//! | `label` | label `attack`: true or false, 1 or 0, normal or attack; no detector may read it | unknown |
//! | `login_hour`, `is_new_device` | skipped: the time and the history of the user show them | |
//!
//! Columns may stand in any order; others are skipped. CSV names them in a header line, which may stand again further
//! down; a cell may be quoted, and hold no line break. A line of JSON is one object; its values may be texts or numbers,
//! and one that is `null` is an empty cell. The kind of login is unknown.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use weir_domain::login::{Labels, LoginEvent, LoginKind, Outcome};
use weir_domain::reject::{ReadSummary, RejectReason};

use super::cell;
use super::scalar::Scalar;
use super::table::{Columns, Table};
use super::time;
use crate::compression::ReadLimits;
use crate::error::{ObjectName, ReadError};
use crate::text::{TextReader, without_mark};

/// The columns that are read, in the order of [`COLUMNS`].
enum Column {
    Timestamp,
    User,
    Success,
    Address,
    Place,
    Device,
    BytesIn,
    BytesOut,
    Label,
}

static COLUMNS: Columns<9> = Columns {
    format: "login table",
    names: [
        "timestamp",
        "user_id",
        "success",
        "ip_address",
        "geo_location",
        "device_id",
        "bytes_in",
        "bytes_out",
        "label",
    ],
    required: &[Column::Timestamp as usize, Column::User as usize],
};

/// How lines are written, by the first one.
enum Shape {
    Csv(Box<Table<9>>),
    Json,
}

impl Shape {
    /// Reads the last line as a header, if it is one.
    fn begins_again(&mut self) -> bool {
        match self {
            Self::Csv(table) => table.begins_again(),
            Self::Json => false,
        }
    }
}

/// Reads one object and calls back for every login, in the order of the log.
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
    let mut shape: Option<Shape> = None;
    while let Some((row, line)) = text.next_numbered()? {
        // Concatenated files have byte order marks further down as well.
        let line = without_mark(line);
        let shape = match &mut shape {
            Some(shape) => shape,
            None if line.trim_ascii_start().starts_with(b"{") => shape.insert(Shape::Json),
            None => {
                match Table::open(&COLUMNS, line) {
                    Ok(table) => shape = Some(Shape::Csv(Box::new(table))),
                    Err(problem) => return Err(text.fail(problem)),
                }
                text.summary.not_rows += 1;
                continue;
            }
        };
        let read = match shape {
            Shape::Json => members(line).and_then(|members| {
                let says_success = members.0[Column::Success as usize].is_some();
                let cells = members.0.each_ref().map(|member| member.as_deref().unwrap_or_default());
                event(&cells, says_success).map(|login| each(row, &login))
            }),
            Shape::Csv(table) => {
                let says_success = table.has(Column::Success as usize);
                table.row(line).and_then(|cells| event(&cells, says_success).map(|login| each(row, &login)))
            }
        };
        match read {
            Ok(()) => text.summary.records += 1,
            Err(_) if shape.begins_again() => text.summary.not_rows += 1,
            Err(reason) => {
                let row = line.to_vec();
                let number = text.line();
                text.summary.reject(number, reason, &row);
            }
        }
    }
    if shape.is_none() && text.summary.rejected_rows() > 0 {
        return Err(text.fail(COLUMNS.problem("there is neither a header line nor a line of JSON".to_owned())));
    }
    text.finish()
}

fn event<'a>(cells: &[&'a str; 9], says_success: bool) -> Result<LoginEvent<'a>, RejectReason> {
    let cell = |column: Column| cells[column as usize];
    let time = time::parse(cell(Column::Timestamp))?;
    let user = cell::required(cell(Column::User))?;
    let outcome = if says_success { cell::outcome(cell(Column::Success))? } else { Outcome::Success };
    let (city, region, country) = place(cell(Column::Place));
    Ok(LoginEvent {
        source_ip: cell::optional_address(cell(Column::Address))?,
        country,
        region,
        city,
        device_id: cell::text(cell(Column::Device)),
        bytes_in: cell::optional_count(cell(Column::BytesIn))?,
        bytes_out: cell::optional_count(cell(Column::BytesOut))?,
        labels: Labels { attack: cell::optional_label(cell(Column::Label))?, ..Labels::default() },
        ..LoginEvent::new(time, user, LoginKind::Unknown, outcome)
    })
}

/// City, region and country. The last part is the country; what stands between it and the first is the region.
fn place(cell: &str) -> (&str, &str, &str) {
    let is_number = |part: &str| part.trim_ascii().parse::<f64>().is_ok();
    let Some((rest, country)) = cell.rsplit_once(',') else { return ("", "", cell::place(cell)) };
    let (city, region) = rest.split_once(',').unwrap_or((rest, ""));
    if is_number(city) && is_number(country) {
        return ("", "", "");
    }
    (cell::place(city.trim_ascii()), cell::place(region.trim_ascii()), cell::place(country.trim_ascii()))
}

/// The columns in one line of JSON.
fn members(line: &[u8]) -> Result<Members<'_>, RejectReason> {
    let text = str::from_utf8(line).map_err(|_| RejectReason::BadJson)?;
    serde_json::from_str(text).map_err(|_| RejectReason::BadJson)
}

/// The members of one JSON object that are columns.
struct Members<'a>([Option<Cow<'a, str>>; 9]);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Self::Value, M::Error> {
        let mut members = Members(Default::default());
        while let Some(name) = object.next_key::<Scalar<'de>>()? {
            let Some(column) = COLUMNS.position(&name) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = object.next_value::<Scalar<'de>>()?.trimmed();
            if members.0[column].replace(value).is_some() {
                return Err(M::Error::custom("a column twice"));
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests;
