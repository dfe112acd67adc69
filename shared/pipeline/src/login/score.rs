//! Scores stored logins: a whole day whenever one of its batches arrives.
//!
//! Each login is scored against the history of all logins before it ([`crate::checkpoint`]), so a device that was new
//! yesterday is not new today. A late object causes its own day to be scored again. Later days include its logins from then
//! on, but are not scored again.

use std::sync::Arc;

use weir_features::login::ApiUse;
use weir_model::LoginModel;

use super::checkpoint::{DailyLogins, LoginCheckpoint};
use super::detect::{detect_hits, detect_logins_after};
use super::options::LoginOptions;
use super::pass::LoginsJudged;
use super::places::{check_places, load_places};
use super::scorer::LoginScorer;
use super::table::LoginTable;
use crate::checkpoint::{DayToJudge, day_to_judge};
use crate::incidents::HitsBySubject;
use crate::keys::HourOfScope;
use crate::models;
use crate::score::{ScoreError, Scored};
use crate::store::Store;

/// Scores the day that contains an hour, with the ensemble of the promoted model if there is one. `now` is milliseconds since
/// the epoch.
///
/// It is idempotent. It reads the batches of the day and, if the day is new or older days changed, those since the last valid
/// checkpoint.
///
/// # Errors
/// When a store fails, stored objects are unreadable, or the model was trained on other evidence.
pub(crate) async fn score_day(state: &impl Store, hour: &HourOfScope, now: i64) -> Result<Scored, ScoreError> {
    let Some(day) = judge_day(state, hour).await? else { return Ok(Scored::default()) };
    let hits: HitsBySubject = detect_hits(&day.judged, &day.calls, day.start).into_iter().collect();
    Ok(Scored::new(day.batches, hits.store(state, now).await?))
}

/// The scored logins of a day.
struct JudgedDay {
    /// The start of the day, seconds since the epoch.
    start: i64,
    batches: usize,
    judged: LoginsJudged,
    /// The API calls up to the end of the day.
    calls: ApiUse,
}

async fn judge_day(state: &impl Store, hour: &HourOfScope) -> Result<Option<JudgedDay>, ScoreError> {
    let scorer = scorer(state).await?;
    let mut options = LoginOptions { places: load_places(state).await?, ..LoginOptions::default() };
    let empty = DailyLogins { options: options.clone(), ..DailyLogins::default() };
    let Some(DayToJudge { start, checkpoint, batches }) = day_to_judge(state, hour, empty).await? else {
        return Ok(None);
    };
    let LoginCheckpoint { history, mut calls } = checkpoint.learned;
    let read = batches.len();
    let table = LoginTable::from_batches(batches, &mut calls)?;
    options.model = scorer;
    let judged = detect_logins_after(history, table, &options);
    check_places(&options.places)?;
    Ok(Some(JudgedDay { start, batches: read, judged, calls }))
}

/// The scorer, with the ensemble of the promoted model if there is one.
async fn scorer(state: &impl Store) -> Result<LoginScorer, ScoreError> {
    Ok(match models::current::<LoginModel>(state).await? {
        Some(model) => LoginScorer::with_ensemble(Arc::new(model.ensemble))?,
        None => LoginScorer::default(),
    })
}

#[cfg(test)]
mod tests;
