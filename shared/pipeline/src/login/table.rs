//! A table of logins in memory that stores each distinct text once.

use std::collections::HashMap;
use std::net::IpAddr;

use weir_domain::login::{Labels, LoginEvent, LoginKind, Outcome};

/// A table of logins.
#[derive(Debug, Clone, Default)]
pub struct LoginTable {
    rows: Vec<Row>,
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    index: u64,
    time: i64,
    source_ip: Option<IpAddr>,
    /// The texts, by number: user, country, region, city, user agent, browser, system, device type, device, account.
    texts: [u32; 10],
    asn: Option<u32>,
    round_trip_ms: Option<f32>,
    bytes_in: Option<u64>,
    bytes_out: Option<u64>,
    outcome: Outcome,
    kind: LoginKind,
    mfa: Option<bool>,
    labels: Labels,
}

impl LoginTable {
    /// Adds a login; `index` is the number of its row in the input files.
    pub fn push(&mut self, index: u64, login: &LoginEvent<'_>) {
        let texts = texts(login).map(|text| self.number(text));
        self.rows.push(Row {
            index,
            time: login.time,
            source_ip: login.source_ip,
            texts,
            asn: login.asn,
            round_trip_ms: login.round_trip_ms.map(|ms| ms as f32),
            bytes_in: login.bytes_in,
            bytes_out: login.bytes_out,
            outcome: login.outcome,
            kind: login.kind,
            mfa: login.mfa,
            labels: login.labels,
        });
    }

    /// Drops all but the first `len` logins, for an object that fails while it is read.
    pub fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// The number of logins.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no logins.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sorts the logins by time, simultaneous ones by content, and equal ones by row number.
    pub(super) fn sort(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by(|a, b| {
            a.time.cmp(&b.time).then_with(|| {
                let content = |row: &Row| {
                    let texts = row.texts.map(|number| self.texts.get(number as usize).map_or("", |text| text));
                    let trip = row.round_trip_ms.map(f32::to_bits);
                    (texts, row.source_ip, row.asn, trip, row.bytes_in, row.bytes_out, row.outcome as u8, row.kind)
                };
                content(a).cmp(&content(b)).then(a.mfa.cmp(&b.mfa)).then(a.index.cmp(&b.index))
            })
        });
        self.rows = rows;
    }

    /// One login.
    pub(super) fn get(&self, at: usize) -> LoginEvent<'_> {
        let row = &self.rows[at];
        let [user, country, region, city, user_agent, browser, os, device_type, device_id, account] =
            row.texts.map(|number| self.texts.get(number as usize).map_or("", |text| &**text));
        LoginEvent {
            source_ip: row.source_ip,
            country,
            region,
            city,
            asn: row.asn,
            user_agent,
            browser,
            os,
            device_type,
            device_id,
            round_trip_ms: row.round_trip_ms.map(f64::from),
            bytes_in: row.bytes_in,
            bytes_out: row.bytes_out,
            mfa: row.mfa,
            account,
            labels: row.labels,
            ..LoginEvent::new(row.time, user, row.kind, row.outcome)
        }
    }

    /// The row number of a login in the input files.
    pub(super) fn index(&self, at: usize) -> u64 {
        self.rows[at].index
    }

    pub(super) fn time(&self, at: usize) -> i64 {
        self.rows[at].time
    }
}

fn texts<'a>(login: &LoginEvent<'a>) -> [&'a str; 10] {
    [
        login.user,
        login.country,
        login.region,
        login.city,
        login.user_agent,
        login.browser,
        login.os,
        login.device_type,
        login.device_id,
        login.account,
    ]
}
