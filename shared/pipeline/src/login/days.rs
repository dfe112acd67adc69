//! Logins as they come: what scoring does with batches of logins.
//!
//! A day is judged whole whenever some of it comes in, each login by what was before it: the history of all logins of the days
//! before ([`crate::known`]), so that yesterday's new device is not new today.
//!
//! A late object has its own day judged again. The days after it know of it from then on, but are not judged again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_detect::login::anomalous_user;
use weir_domain::finding::{Hit, Subject};
use weir_domain::source::Source;
use weir_features::login::{ApiUse, BadPlaces, History, Places};
use weir_model::LoginModel;

use super::{LoginOptions, LoginScorer, LoginTable, LoginsJudged, detect_logins_after};
use crate::batch::LoginBatch;
use crate::keys::{self, HourOfScope};
use crate::known::{Batches, DAY, Known, Today, today};
use crate::models;
use crate::score::{ScoreError, Scored, keep_hits};
use crate::store::Store;

/// Of API calls so many days are remembered (seconds).
const CALLS_REMEMBERED: i64 = 30 * DAY;

/// What is known when a day begins.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownLogins {
    pub(super) history: History,
    pub(super) calls: ApiUse,
    /// What is known of addresses: how days are read, and not kept. Without a model, which the history does not depend on.
    pub(super) options: LoginOptions,
}

/// Judges the day that an hour belongs to, with the model of logins in use where there is one. `now` is milliseconds since the
/// epoch.
///
/// Doing it again changes nothing. Reads the day's batches, and, when the day is new or older days have changed, those of the
/// days since what is known was last written.
///
/// # Errors
/// When a store fails or stored objects are unreadable, or the model is of other evidence.
pub(crate) async fn score_day(state: &impl Store, hour: &HourOfScope, now: i64) -> Result<Scored, ScoreError> {
    let Some(day) = judge_day(state, hour).await? else { return Ok(Scored::default()) };
    let mut by_subject: BTreeMap<Subject, Vec<Hit>> = BTreeMap::new();
    for (subject, hit) in hits(&day.judged, &day.calls, day.start) {
        by_subject.entry(subject).or_default().push(hit);
    }
    Ok(Scored { batches: day.batches, ..keep_hits(state, by_subject, now).await? })
}

/// A day's logins, judged.
struct JudgedDay {
    /// When it begins, seconds since the epoch.
    start: i64,
    batches: usize,
    judged: LoginsJudged,
    /// Calls up to its end.
    calls: ApiUse,
}

async fn judge_day(state: &impl Store, hour: &HourOfScope) -> Result<Option<JudgedDay>, ScoreError> {
    let model = model(state).await?;
    let mut options = LoginOptions { places: places(state).await?, ..LoginOptions::default() };
    let nothing = KnownLogins { options: options.clone(), ..KnownLogins::default() };
    let Some(Today { start, known, batches }) = today(state, hour, nothing).await? else { return Ok(None) };
    let read_batches = batches.len();
    let mut calls = known.calls;
    let table = read(batches, &mut calls)?;
    options.model = model;
    let judged = detect_logins_after(known.history, table, &options);
    check(&options.places)?;
    Ok(Some(JudgedDay { start, batches: read_batches, judged, calls }))
}

fn hits(judged: &LoginsJudged, calls: &ApiUse, start: i64) -> Vec<(Subject, Hit)> {
    let mut hits = weir_detect::login::detect(&judged.logins);
    let hours = calls.hours();
    hits.extend(hours.iter().filter(|hour| hour.last >= start).filter_map(anomalous_user::detect));
    hits
}

/// What logins are judged by: with the voices of the model that was promoted, and what is known here.
async fn model(state: &impl Store) -> Result<LoginScorer, ScoreError> {
    Ok(match models::current::<LoginModel>(state).await? {
        Some(trained) => LoginScorer::with_voices(Arc::new(trained.voices))?,
        None => LoginScorer::default(),
    })
}

/// The logins of some batches; their API calls are counted. Equal batches (the same file under two keys) count once.
fn read(batches: Batches, calls: &mut ApiUse) -> Result<LoginTable, ScoreError> {
    let (mut table, mut seen) = (LoginTable::default(), BTreeSet::new());
    let mut index = 0;
    for (key, bytes) in batches {
        let batch = LoginBatch::decode(bytes).map_err(|error| ScoreError::Batch { key, error })?;
        if !seen.insert((batch.raw_hash, batch.hour)) {
            continue;
        }
        for login in &batch.logins {
            table.push(index, &login.event());
            index += 1;
        }
        for call in &batch.calls {
            calls.push(&call.activity());
        }
    }
    Ok(table)
}

/// What is known of addresses, where somebody put it into the store: nothing by default.
async fn places(state: &impl Store) -> Result<Places, ScoreError> {
    let mut places = Places::none();
    for (key, read) in [
        (keys::PLACES, Places::read_table as fn(&mut Places, &str) -> Result<(), BadPlaces>),
        (keys::NETWORKS, Places::read_list),
    ] {
        let Some(object) = state.get(key).await? else { continue };
        let text = String::from_utf8_lossy(&object.bytes);
        read(&mut places, &text).map_err(|error| ScoreError::Places { key: key.to_owned(), error })?;
    }
    for key in [keys::CITY_DATABASE, keys::ASN_DATABASE] {
        let Some(object) = state.get(key).await? else { continue };
        places.read_database(key, object.bytes).map_err(|error| ScoreError::Places { key: key.to_owned(), error })?;
    }
    Ok(places)
}

/// Fails what was made of a database that turned out to be damaged.
fn check(places: &Places) -> Result<(), ScoreError> {
    match places.fault() {
        Some((key, error)) => Err(ScoreError::Places { key: key.to_owned(), error: error.clone() }),
        None => Ok(()),
    }
}

impl Known for KnownLogins {
    const SOURCE: Source = Source::Login;

    fn encode(&self) -> Result<Vec<u8>, String> {
        let history = self.history.encode().map_err(|e| e.to_string())?;
        let calls = self.calls.encode().map_err(|e| e.to_string())?;
        Ok([&(history.len() as u64).to_le_bytes()[..], &history, &calls].concat())
    }

    fn restore(&self, bytes: &[u8]) -> Result<Self, String> {
        let cut_off = || "it is cut off".to_owned();
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut_off)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|e| e.to_string())?;
        let (history, calls) = rest.split_at_checked(length).ok_or_else(cut_off)?;
        Ok(Self {
            history: History::decode(history).map_err(|e| e.to_string())?,
            calls: ApiUse::decode(calls).map_err(|e| e.to_string())?,
            options: self.options.clone(),
        })
    }

    fn advance(&mut self, day: i64, batches: Batches) -> Result<(), ScoreError> {
        let table = read(batches, &mut self.calls)?;
        self.history = detect_logins_after(std::mem::take(&mut self.history), table, &self.options).history;
        check(&self.options.places)?;
        self.calls.forget_before(day + DAY - CALLS_REMEMBERED);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
