//! The stored form of an hour of logins and API calls: Parquet, one flat table, one row each, distinguished by the column
//! `row`.
//!
//! Times are milliseconds since the epoch. Values that do not apply or are unknown are empty or -1.

use std::net::IpAddr;

use weir_domain::login::{ApiActivity, ApiCall, Labels, Login, LoginEvent, LoginKind, Outcome};
use weir_domain::window::{Hour, Scope};

use super::columns::footer;
use super::table::{self, Columns, Footer, Layout, TableWriter, format};
use super::{BatchError, FORMAT_VERSION};

const LAYOUT: Layout = Layout {
    name: "logins",
    texts: &[
        "row",
        "user",
        "source_ip",
        "country",
        "region",
        "city",
        "user_agent",
        "browser",
        "os",
        "device_type",
        "device_id",
        "account",
        "kind",
        "issuer",
        "service",
        "action",
        "error_code",
    ],
    numbers: &[
        "time",
        "asn",
        "bytes_in",
        "bytes_out",
        "succeeded",
        "mfa",
        "read_only",
        "label_attack_ip",
        "label_account_takeover",
        "label_attack",
    ],
    reals: &["round_trip_ms"],
};

/// The logins and API calls of one object in one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginBatch {
    /// The BLAKE3 hash of the raw object, hexadecimal. Two batches of one hash are the same data under two keys.
    pub raw_hash: String,
    /// The account and region.
    pub scope: Scope,
    /// The hour.
    pub hour: Hour,
    /// The logins, in the order of the log.
    pub logins: Vec<Login>,
    /// The API calls, in the order of the log.
    pub calls: Vec<ApiCall>,
}

/// Writes the batch of one hour of logins and API calls, in parts.
pub struct LoginBatchWriter {
    identity: [(&'static str, String); 3],
    columns: Columns,
    file: TableWriter,
}

impl LoginBatchWriter {
    /// Starts a batch for an hour.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn new(scope: &Scope, hour: Hour) -> Result<Self, BatchError> {
        Ok(Self {
            identity: identity_entries(scope, hour),
            columns: Columns::new(LAYOUT),
            file: TableWriter::new(LAYOUT)?,
        })
    }

    /// Adds a login. Equal rows in equal order give equal bytes.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn push_login(&mut self, login: &LoginEvent<'_>) -> Result<(), BatchError> {
        push_login(&mut self.columns, login);
        self.file.append_if_full(&mut self.columns, LAYOUT)
    }

    /// Adds an API call.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn push_call(&mut self, call: &ApiActivity<'_>) -> Result<(), BatchError> {
        push_call(&mut self.columns, call);
        self.file.append_if_full(&mut self.columns, LAYOUT)
    }

    /// Ends the batch and returns its bytes. `raw_hash` is the BLAKE3 hash of the raw object, hexadecimal.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn finish(self, raw_hash: &str) -> Result<Vec<u8>, BatchError> {
        self.file.finish(&self.columns, self.identity, raw_hash)
    }
}

impl LoginBatch {
    /// Decodes a batch.
    ///
    /// # Errors
    /// When the bytes are not Parquet, not a batch of logins, of another format version, or inconsistent.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, BatchError> {
        let rows = std::sync::Mutex::new((Vec::new(), Vec::new()));
        let footer = table::read(LAYOUT, bytes, |columns| {
            let mut rows = rows.lock().map_err(|_| format("it is damaged"))?;
            for row in 0..columns.rows() {
                match columns.text(0, row)? {
                    "login" => rows.0.push(login(&columns, row)?),
                    "call" => rows.1.push(call(&columns, row)?),
                    _ => return Err(format("a row of no kind")),
                }
            }
            Ok(())
        })?;
        let (raw_hash, scope, hour) = identity(&footer)?;
        let (logins, calls) = rows.into_inner().map_err(|_| format("it is damaged"))?;
        let of_hour = |ms: i64| Hour::from_time(ms.div_euclid(1000)) == hour;
        if !logins.iter().all(|login: &Login| of_hour(login.time)) || !calls.iter().all(|c: &ApiCall| of_hour(c.time)) {
            return Err(format("a time that is not of its hour"));
        }
        Ok(Self { raw_hash, scope, hour, logins, calls })
    }
}

/// The footer entries that identify a table of records: format version, scope and hour.
pub(super) fn identity_entries(scope: &Scope, hour: Hour) -> [(&'static str, String); 3] {
    [
        (footer::VERSION, FORMAT_VERSION.to_owned()),
        (footer::SCOPE, scope.to_string()),
        (footer::HOUR, hour.start().to_string()),
    ]
}

/// The raw hash, scope and hour in the footer of a table of records.
pub(super) fn identity(footer: &Footer) -> Result<(String, Scope, Hour), BatchError> {
    if footer.get(footer::VERSION)? != FORMAT_VERSION {
        return Err(format("it is of another version"));
    }
    let scope = Scope::parse(footer.get(footer::SCOPE)?).ok_or_else(|| format("its scope is none"))?;
    let start: i64 = footer.get(footer::HOUR)?.parse().map_err(|_| format("its hour is none"))?;
    if !super::TIMES.contains(&start) || Hour::from_time(start).start() != start {
        return Err(format("its hour is none"));
    }
    Ok((footer.get(footer::RAW_HASH)?.to_owned(), scope, Hour::from_time(start)))
}

fn push_login(columns: &mut Columns, login: &LoginEvent<'_>) {
    let source = login.source_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let size = |bytes: Option<u64>| bytes.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
    columns.push(
        [
            "login",
            login.user,
            &source,
            login.country,
            login.region,
            login.city,
            login.user_agent,
            login.browser,
            login.os,
            login.device_type,
            login.device_id,
            login.account,
            login.kind.as_str(),
            "",
            "",
            "",
            "",
        ],
        [
            login.time,
            login.asn.map_or(-1, i64::from),
            size(login.bytes_in),
            size(login.bytes_out),
            i64::from(login.outcome == Outcome::Success),
            flag(login.mfa),
            -1,
            flag(login.labels.attack_ip),
            flag(login.labels.account_takeover),
            flag(login.labels.attack),
        ],
        [login.round_trip_ms.unwrap_or(-1.0)],
    );
}

fn push_call(columns: &mut Columns, call: &ApiActivity<'_>) {
    let source = call.source_ip.map(|ip| ip.to_string()).unwrap_or_default();
    columns.push(
        [
            "call",
            call.principal,
            &source,
            "",
            call.region,
            "",
            call.user_agent,
            "",
            "",
            "",
            "",
            call.account,
            "",
            call.issuer,
            call.service,
            call.action,
            call.error_code,
        ],
        [call.time, -1, -1, -1, i64::from(call.error_code.is_empty()), -1, flag(call.read_only), -1, -1, -1],
        [-1.0],
    );
}

fn flag(value: Option<bool>) -> i64 {
    value.map_or(-1, i64::from)
}

fn read_flag(value: i64) -> Result<Option<bool>, BatchError> {
    match value {
        -1 => Ok(None),
        0 => Ok(Some(false)),
        1 => Ok(Some(true)),
        _ => Err(format("a flag that is none")),
    }
}

fn address(text: &str) -> Result<Option<IpAddr>, BatchError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| format("an address that is none")) }
}

fn size(number: i64) -> Result<Option<u64>, BatchError> {
    if number == -1 { Ok(None) } else { u64::try_from(number).map(Some).map_err(|_| format("a negative size")) }
}

fn login(columns: &Columns, row: usize) -> Result<Login, BatchError> {
    let text = |column: usize| columns.text(column, row).map(str::to_owned);
    let number = |column: usize| columns.numbers[column][row];
    let asn = number(1);
    let kind = columns.text(12, row)?;
    let round_trip = columns.reals[0][row];
    if !round_trip.is_finite() {
        return Err(format("a round-trip time that is none"));
    }
    Ok(Login {
        time: number(0),
        user: text(1)?,
        source_ip: address(columns.text(2, row)?)?,
        country: text(3)?,
        region: text(4)?,
        city: text(5)?,
        user_agent: text(6)?,
        browser: text(7)?,
        os: text(8)?,
        device_type: text(9)?,
        device_id: text(10)?,
        account: text(11)?,
        kind: LoginKind::ALL
            .into_iter()
            .find(|k| k.as_str() == kind)
            .ok_or_else(|| format("a login of no known kind"))?,
        asn: if asn == -1 { None } else { Some(u32::try_from(asn).map_err(|_| format("a network that is none"))?) },
        bytes_in: size(number(2))?,
        bytes_out: size(number(3))?,
        outcome: if read_flag(number(4))? == Some(true) { Outcome::Success } else { Outcome::Failure },
        mfa: read_flag(number(5))?,
        labels: Labels {
            attack_ip: read_flag(number(7))?,
            account_takeover: read_flag(number(8))?,
            attack: read_flag(number(9))?,
        },
        round_trip_ms: (round_trip >= 0.0).then_some(round_trip),
    })
}

fn call(columns: &Columns, row: usize) -> Result<ApiCall, BatchError> {
    let text = |column: usize| columns.text(column, row).map(str::to_owned);
    Ok(ApiCall {
        time: columns.numbers[0][row],
        principal: text(1)?,
        source_ip: address(columns.text(2, row)?)?,
        region: text(4)?,
        user_agent: text(6)?,
        account: text(11)?,
        issuer: text(13)?,
        service: text(14)?,
        action: text(15)?,
        error_code: text(16)?,
        read_only: read_flag(columns.numbers[6][row])?,
    })
}
