//! One series that is watched point by point: its detector, its last scores, and what it does in the hours of the week.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use weir_detect::usage::high_risk_window::{self, HoursOfWeeks, Risk, StepOfWeek};
use weir_detect::usage::{ALARM, ScoredSeries, detect};
use weir_domain::finding::{Hit, Subject};
use weir_domain::usage::UsageScore;
use weir_domain::window::Scope;
use weir_features::usage::LocalTime;
use weir_model::{BadParams, OnlineDetector, OnlineDetectorParams};

/// Scores that are kept of a series, so that what builds up over midnight is seen.
const REMEMBERED: usize = 512;

/// By whose clock the hours of day and week are told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock {
    zone: TimeZone,
    name: String,
}

impl Clock {
    pub(super) fn new(zone: &TimeZone) -> Self {
        Self { zone: zone.clone(), name: zone.iana_name().unwrap_or("UTC").to_owned() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A series that is watched.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchedSeries {
    detector: OnlineDetector,
    /// The last scores, in order.
    scores: Vec<UsageScore>,
    hours: HoursOfWeeks,
    /// The latest week of which there is a point.
    week: Option<i64>,
    /// What was found when that week began.
    risk: Option<Risk>,
    /// Whether it is of flow logs: in a step in which these have rows it is 0 where it has no value.
    of_flow_logs: bool,
}

impl WatchedSeries {
    pub(super) fn new(of_flow_logs: bool) -> Result<Self, BadParams> {
        Ok(Self {
            detector: OnlineDetectorParams::default().check()?.start(),
            scores: Vec::new(),
            hours: HoursOfWeeks::default(),
            week: None,
            risk: None,
            of_flow_logs,
        })
    }

    pub(super) fn is_of_flow_logs(&self) -> bool {
        self.of_flow_logs
    }

    /// Takes in a point. With the first of a week the weeks before it are judged, once.
    pub(super) fn next(&mut self, time: i64, value: f64, clock: &Clock) {
        let local = LocalTime::at(time, &clock.zone);
        self.detector.set_utc_offset(i32::try_from(local.ahead_of(time)).unwrap_or(0));
        let Some(score) = self.detector.next(time, value) else { return };
        let week = local.week();
        if self.week.is_none_or(|latest| week > latest) {
            self.judge_weeks(week, time);
            self.week = Some(week);
        }
        self.hours.observe(&StepOfWeek::from_score(&score, week, local.hour_of_week()));
        self.scores.push(score);
    }

    /// Judges the weeks before one, at a time.
    fn judge_weeks(&mut self, before: i64, time: i64) {
        let windows = self.hours.risk_windows(before);
        let since = self.risk.as_ref().map_or(time, |risk| risk.since);
        let points = self.scores.last().map_or(0, |score| score.seen + 1);
        self.risk = (!windows.is_empty()).then_some(Risk { since, judged: time, points, windows });
        self.hours.keep_latest();
    }

    /// Judges all weeks, the last one as far as it is known.
    pub(super) fn judge_all_weeks(&mut self) {
        if let Some(time) = self.scores.last().map(|score| score.time) {
            self.judge_weeks(i64::MAX, time);
        }
    }

    /// What is found from a time on (seconds since the epoch), by the scores that are kept.
    pub(super) fn hits(&self, scope: &Scope, name: &str, clock: &Clock, from: i64) -> Vec<(Subject, Hit)> {
        let series = ScoredSeries { scope, name, scores: &self.scores, alarm: ALARM };
        let risk = self.risk.as_ref().filter(|risk| risk.judged >= from);
        let risk = risk.map(|risk| high_risk_window::detect(scope, name, &clock.name, risk));
        detect(&series).into_iter().filter(|(_, hit)| hit.window.0 >= from).chain(risk).collect()
    }

    /// How many points were taken in, as far as their scores are kept.
    #[cfg(test)]
    pub(super) fn seen(&self) -> usize {
        self.scores.len()
    }

    /// Forgets all scores but the last.
    pub(super) fn forget(&mut self) {
        let excess = self.scores.len().saturating_sub(REMEMBERED);
        self.scores.drain(..excess);
    }

    /// Whether it can have been kept: what is read from a store may be damaged.
    pub(super) fn is_sound(&self) -> bool {
        self.scores.len() <= REMEMBERED
            && self.hours.is_sound()
            && self.risk.as_ref().is_none_or(|risk| risk.windows.len() <= HoursOfWeeks::MAX_WINDOWS)
    }
}
