//! One watched series: its detector, its last scores, and its statistics per hour of the week.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use weir_detect::usage::high_risk_window::{self, HoursOfWeeks, Risk, StepOfWeek};
use weir_detect::usage::{ALARM, ScoredSeries, detect};
use weir_domain::finding::{Hit, Subject};
use weir_domain::usage::UsageScore;
use weir_domain::window::Scope;
use weir_features::usage::LocalTime;
use weir_model::{BadParams, OnlineDetector, OnlineDetectorParams};

/// The number of scores kept of a series between days, so that an anomaly that builds up over midnight is detected.
const MAX_KEPT_SCORES: usize = 512;

/// The time zone of the hours of the day and week, and its name.
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

/// A watched series.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchedSeries {
    detector: OnlineDetector,
    /// The last scores, in order.
    scores: Vec<UsageScore>,
    hours: HoursOfWeeks,
    /// The latest week with a point.
    week: Option<i64>,
    /// The high-risk hours found at the start of that week.
    risk: Option<Risk>,
    /// Whether the series is derived from flow logs. A missing value is then 0 in every step in which the logs have rows.
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

    pub(super) fn is_from_flow_logs(&self) -> bool {
        self.of_flow_logs
    }

    /// Scores a point. The first point of a week also judges the weeks before it.
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

    /// Finds the high-risk hours of the weeks before one; `time` is the time of the finding.
    fn judge_weeks(&mut self, before: i64, time: i64) {
        let windows = self.hours.risk_windows(before);
        let since = self.risk.as_ref().map_or(time, |risk| risk.since);
        let points = self.scores.last().map_or(0, |score| score.seen + 1);
        self.risk = (!windows.is_empty()).then_some(Risk { since, judged: time, points, windows });
        self.hours.keep_latest();
    }

    /// Finds the high-risk hours of all weeks, the incomplete last one included.
    pub(super) fn judge_all_weeks(&mut self) {
        if let Some(time) = self.scores.last().map(|score| score.time) {
            self.judge_weeks(i64::MAX, time);
        }
    }

    /// The hits from a time on (seconds since the epoch), by the kept scores.
    pub(super) fn hits(&self, scope: &Scope, name: &str, clock: &Clock, from: i64) -> Vec<(Subject, Hit)> {
        let series = ScoredSeries { scope, name, scores: &self.scores, alarm: ALARM };
        let risk = self.risk.as_ref().filter(|risk| risk.judged >= from);
        let risk = risk.map(|risk| high_risk_window::detect(scope, name, &clock.name, risk));
        detect(&series).into_iter().filter(|(_, hit)| hit.window.0 >= from).chain(risk).collect()
    }

    /// The number of kept scores.
    #[cfg(test)]
    pub(super) fn seen(&self) -> usize {
        self.scores.len()
    }

    /// Drops all but the last scores.
    pub(super) fn forget(&mut self) {
        let excess = self.scores.len().saturating_sub(MAX_KEPT_SCORES);
        self.scores.drain(..excess);
    }

    /// Whether a decoded series is within its bounds; stored bytes may be damaged.
    pub(super) fn is_sound(&self) -> bool {
        self.scores.len() <= MAX_KEPT_SCORES
            && self.hours.is_sound()
            && self.risk.as_ref().is_none_or(|risk| risk.windows.len() <= HoursOfWeeks::MAX_WINDOWS)
    }
}
