//! Detection over a whole log of logins, in memory, and over a single login.

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

/// The judgement of a single login.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedOne {
    /// The log-odds of an attack before rarity, with the scores of the ensemble.
    pub score: Score,
    /// The probability that a normal login scores at least so high; `None` without an ensemble.
    pub p_value: Option<PValue>,
    /// The score by evidence alone, by which the login is counted: so the history does not depend on an ensemble.
    pub counted: Score,
    /// The attack class that explains it best.
    pub attack_class: LoginAttack,
    /// The reasons for the score in words, strongest first.
    pub reasons: Vec<String>,
    /// The login as [`History::advance`] takes it.
    pub sighting: Sighting,
    /// The evidence for and against an attack.
    pub evidence: Evidence,
}

/// Judges one login against a history. Nothing is read or changed; to add the login to the history, call
/// [`LoginScorer::count`] with its [`counted`](JudgedOne::counted) score. Well below a millisecond, whatever the size of the history.
#[must_use]
pub fn score_one(model: &LoginScorer, history: &History, places: &Places, login: &LoginEvent<'_>) -> JudgedOne {
    let sighting = Sighting::from_login(login, places);
    let evidence = history.evidence(&sighting).with_risk(model.risk(history, &sighting).get());
    let (counted, attack_class) = model.judge(&evidence);
    let (score, p_value) = model.apply_ensemble(&evidence, counted);
    let reasons = reasons(history, login, &sighting, &evidence);
    JudgedOne { score, p_value, counted, attack_class, reasons, sighting, evidence }
}

/// Judges all logins of a log that begins with an empty history.
#[must_use]
pub fn detect_logins(table: LoginTable, options: &LoginOptions) -> LoginsJudged {
    detect_logins_after(History::default(), table, options)
}

/// Judges all logins of a log that continues a history.
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

/// The hits among judged logins, and among the hours of API calls that end at or after `from`, seconds since the epoch.
pub(super) fn detect_hits(judged: &LoginsJudged, calls: &ApiUse, from: i64) -> Vec<(Subject, Hit)> {
    let mut hits = weir_detect::login::detect(&judged.logins);
    let hours = calls.hours();
    hits.extend(hours.iter().filter(|hour| hour.last >= from).filter_map(anomalous_user::detect));
    hits
}

/// The findings among judged logins and API calls, most severe first, then by time. `from` is when reporting begins,
/// milliseconds since the epoch: calls before it are only learned from. `now` is the time of writing.
#[must_use]
pub fn login_findings(judged: &LoginsJudged, calls: &ApiUse, from: i64, now: i64) -> Vec<DetectionFinding> {
    let hits: HitsBySubject = detect_hits(judged, calls, from.div_euclid(SECOND_MILLIS)).into_iter().collect();
    let grouping = |subject: &Subject| match subject.kind {
        Kind::AnomalousUser => Grouping::NeighbouringWindows,
        // A hit is a group of logins already.
        _ => Grouping::EachHit,
    };
    hits.findings(grouping, now)
}
