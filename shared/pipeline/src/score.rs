//! Scoring: runs the detections of a source over stored batches and stores their findings.
//!
//! [`score()`] scores the hour that a batch belongs to: windows of flow logs by the hour ([`crate::flow`]), logins and usage by
//! the day ([`crate::login`], [`crate::usage`]). [`score_store()`] scores everything that a store holds, as `weir score` does.

mod outcome;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use weir_domain::source::Source;
use weir_model::FlowModel;

use crate::flow::{score_hour, sweep};
use crate::hours::all_hours;
use crate::keys::HourOfScope;
use crate::store::Store;
use crate::{login, usage};

pub use outcome::{ScoreError, Scored};

/// Scores one hour of flow logs, with a model if there is one, or the day of an hour of logins or usage. `now` is
/// milliseconds since the epoch: the learned detection needs whole windows, so it judges those that ended at least 15 minutes
/// before. Hours of the day and week are in UTC.
///
/// It is idempotent and safe to run concurrently: incidents are updated by compare-and-swap, and findings are written only
/// when they are new or changed.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub async fn score(
    state: &impl Store,
    model: Option<&FlowModel>,
    hour: &HourOfScope,
    now: i64,
) -> Result<Scored, ScoreError> {
    score_in_zone(state, model, hour, &TimeZone::UTC, now).await
}

/// As [`score`], with the hours of the day and week of usage in a time zone.
///
/// # Errors
/// When a store fails or stored objects are unreadable.
pub async fn score_in_zone(
    state: &impl Store,
    model: Option<&FlowModel>,
    hour: &HourOfScope,
    zone: &TimeZone,
    now: i64,
) -> Result<Scored, ScoreError> {
    // Boxed because a future holds the futures of all its branches, and these are large.
    match hour.source {
        Source::Flow => score_hour(state, model, hour, now).await,
        Source::Login => Box::pin(login::score_day(state, hour, now)).await,
        Source::Usage => Box::pin(usage::score_day(state, hour, zone, now)).await,
        Source::Activity => Ok(Scored::default()),
    }
}

/// The result of scoring a whole store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreScored {
    /// The number of hours and days scored.
    pub hours: usize,
    /// The number of hits: windows, logins or points in which something was detected.
    pub hits: usize,
    /// The number of usage series beyond the limit, in the scope with most of them.
    pub unwatched: usize,
    /// The keys of new and changed findings.
    pub findings: BTreeSet<String>,
}

impl StoreScored {
    fn add(&mut self, scored: Scored) {
        self.hits += scored.hits;
        self.unwatched = self.unwatched.max(scored.unwatched);
        self.findings.extend(scored.findings);
    }
}

/// Scores a whole store: every hour and day, then the sweep over all hours of flow logs, then the days of usage derived by
/// the sweep. Calls `progress` with (hours and days done, hours and days in all). `now` is milliseconds since the epoch.
///
/// # Errors
/// When the store fails or stored objects are unreadable.
pub async fn score_store(
    state: &impl Store,
    model: Option<&FlowModel>,
    zone: &TimeZone,
    now: i64,
    mut progress: impl FnMut(usize, usize),
) -> Result<StoreScored, ScoreError> {
    let hours: BTreeSet<HourOfScope> = all_hours(state).await?.into_iter().map(HourOfScope::scored_with).collect();
    let mut scored = StoreScored { hours: hours.len(), ..StoreScored::default() };
    for (done, hour) in hours.iter().enumerate() {
        progress(done, hours.len());
        scored.add(score_in_zone(state, model, hour, zone, now).await?);
    }
    progress(hours.len(), hours.len());
    let swept = sweep(state, model, i64::MIN, now).await?;
    // The sweep repeats the hits of the single hours.
    scored.hits = scored.hits.max(swept.hits);
    scored.findings.extend(swept.findings);
    let days = swept.usage.iter().filter_map(|key| HourOfScope::from_batch_key(key)).map(HourOfScope::scored_with);
    for day in days.collect::<BTreeSet<_>>() {
        scored.add(score_in_zone(state, model, &day, zone, now).await?);
    }
    Ok(scored)
}

#[cfg(test)]
mod tests;
