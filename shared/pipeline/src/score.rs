//! Scoring: the detections of a source over stored batches, and the findings that are stored of them.
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

/// Scores one hour of flow logs, with a model where there is one, or the day of an hour of logins or of usage. `now` is
/// milliseconds since the epoch: the learned detection judges the windows that ended at least 15 minutes before, since it needs
/// whole ones. Hours of the day and week are those of UTC.
///
/// Doing it again, or at the same time elsewhere, changes nothing: incidents are kept by compare-and-swap, and findings
/// are written only when they are new or have changed.
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

/// As [`score`], with the hours of day and week of usage in a time zone.
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
    // Boxed, since a future holds all futures of its branches, and these are large.
    match hour.source {
        Source::Flow => score_hour(state, model, hour, now).await,
        Source::Login => Box::pin(login::score_day(state, hour, now)).await,
        Source::Usage => Box::pin(usage::score_day(state, hour, zone, now)).await,
        Source::Activity => Ok(Scored::default()),
    }
}

/// What scoring a whole store did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreScored {
    /// Hours and days that were scored.
    pub hours: usize,
    /// Hits: windows, logins or points in which something was detected.
    pub hits: usize,
    /// Series of usage that are not watched, in the scope that has the most of them.
    pub unwatched: usize,
    /// Keys of the findings that were written because they are new or have changed.
    pub findings: BTreeSet<String>,
}

impl StoreScored {
    fn add(&mut self, scored: Scored) {
        self.hits += scored.hits;
        self.unwatched = self.unwatched.max(scored.unwatched);
        self.findings.extend(scored.findings);
    }
}

/// Scores everything that a store holds: every hour and day, then the sweep over all hours of flow logs, then the days of usage
/// that the sweep derived from them. Calls `progress` with (hours and days done, hours and days in all). `now` is milliseconds
/// since the epoch.
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
    // The sweep finds again what the hours by themselves showed.
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
