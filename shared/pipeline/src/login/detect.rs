//! Scores a whole log of logins in memory, or a single login.

use weir_detect::login::anomalous_user;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::{Hit, Kind, Subject};
use weir_domain::login::{LoginAttack, LoginEvent};
use weir_domain::score::{PValue, Score};
use weir_domain::time::SECOND_MILLIS;
use weir_features::login::{ApiUse, Evidence, History, Places, Sighting, reasons};

use super::ensemble::apply_ensemble;
use super::look_back::look_back;
use super::options::LoginOptions;
use super::pass::{LoginsJudged, Pass};
use super::scorer::LoginScorer;
use super::table::LoginTable;
use crate::incidents::{Grouping, HitsBySubject};

/// The score and reasons of a single login.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedOne {
    /// The log-odds of an attack before the prior, with those of the ensemble added.
    pub score: Score,
    /// The probability that a normal login scores at least as high; `None` without an ensemble.
    pub p_value: Option<PValue>,
    /// The score by evidence alone, which decides the login's weight in the history. So the history does not depend on an
    /// ensemble.
    pub counted: Score,
    /// The most likely attack class.
    pub attack_class: LoginAttack,
    /// The reasons for the score in words, strongest first.
    pub reasons: Vec<String>,
    /// The encoded login, the input of [`History::advance`].
    pub sighting: Sighting,
    /// The evidence for and against an attack.
    pub evidence: Evidence,
}

/// Scores one login against a history, which stays unchanged; to add the login, call [`LoginScorer::count`] with its
/// [`counted`](JudgedOne::counted) score. Takes well below a millisecond for any size of the history.
#[must_use]
pub fn score_one(model: &LoginScorer, history: &History, places: &Places, login: &LoginEvent<'_>) -> JudgedOne {
    let sighting = Sighting::from_login(login, places);
    let evidence = history.evidence(&sighting).with_risk(model.risk(history, &sighting).get());
    let (counted, attack_class) = model.judge(&evidence);
    let (score, p_value) = model.apply_ensemble(&evidence, counted);
    let reasons = reasons(history, login, &sighting, &evidence);
    JudgedOne { score, p_value, counted, attack_class, reasons, sighting, evidence }
}

/// Scores all logins of a log, starting with an empty history.
#[must_use]
pub fn detect_logins(table: LoginTable, options: &LoginOptions) -> LoginsJudged {
    detect_logins_after(History::default(), table, options)
}

/// Scores all logins of a log that continues a history.
#[must_use]
pub fn detect_logins_after(history: History, mut table: LoginTable, options: &LoginOptions) -> LoginsJudged {
    table.sort();
    let model = &options.model;
    let first = Pass::first(&table, options.baseline);
    let mut pass = Pass::over(history, &table, model, options, first);
    look_back(&table, model, &mut pass);
    apply_ensemble(model, &mut pass, options.seed);
    pass.finish(&table)
}

/// The hits among scored logins, and among the hours of API calls that end at or after `from`, seconds since the epoch.
pub(super) fn detect_hits(judged: &LoginsJudged, calls: &ApiUse, from: i64) -> Vec<(Subject, Hit)> {
    let mut hits = weir_detect::login::detect(&judged.logins);
    let hours = calls.hours();
    hits.extend(hours.iter().filter(|hour| hour.last >= from).filter_map(anomalous_user::detect));
    hits
}

/// The findings among scored logins and API calls, most severe first, then by time. `from` is the start of reporting,
/// milliseconds since the epoch: earlier calls are history only. `now` is the time of writing, in the same unit.
#[must_use]
pub fn login_findings(judged: &LoginsJudged, calls: &ApiUse, from: i64, now: i64) -> Vec<DetectionFinding> {
    let hits: HitsBySubject = detect_hits(judged, calls, from.div_euclid(SECOND_MILLIS)).into_iter().collect();
    let grouping = |subject: &Subject| match subject.kind {
        Kind::AnomalousUser => Grouping::NeighbouringWindows,
        // A hit is already a group of logins.
        _ => Grouping::EachHit,
    };
    hits.findings(grouping, now)
}
