//! Logins, from events to scores and findings: a pure function of the set of logins and of the options.
//!
//! Logins are put in order of time (those of one moment by their content), so that it does not matter in which objects, and
//! in which order, they came. Each is then scored against the history strictly before it, and counted, weighing the less
//! the more it looks like an attack. [`score_one`] is one such step, without counting: what answers a single request.
//!
//! Over a whole log there is more to know: [`detect_logins`] looks back once, so that the first of a hundred strangers at an
//! address is judged by the hundred, and the first login of a session by the session. Where the beginning of the log is
//! declared a baseline, voices are fitted on it ([`weir_model::login_model`]) that speak of what is doubtful after it. Labels after
//! the baseline are never looked at. [`train_logins`] keeps them, and what is known of users by then, as a model.

mod campaign;
pub(crate) mod days;
mod model;
mod pass;
mod table;
mod train;
mod voices;

use weir_detect::incidents::IncidentLog;
use weir_detect::login::anomalous_user;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::{Hit, Kind, Subject};
use weir_domain::login::{JudgedLogin, LoginEvent};
use weir_domain::score::{PValue, Score};
use weir_features::login::{ApiUse, Evidence, History, Places, Sighting, reasons};

pub use model::{LoginAttack, LoginScorer};
pub use table::LoginTable;
pub use train::{LoginTrainError, LoginsKnown, LoginsTrained, known, train_logins};

use pass::Pass;

/// How logins are judged.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// Learn from this long from the first login on (seconds), and report on what comes after; labels of that time are
    /// used where there are any. Without it, everything is scored against what was before it.
    pub baseline: Option<i64>,
    /// What judges: by default evidence alone, and what is learned from the baseline. With voices of its own, these speak
    /// and nothing is fitted.
    pub model: LoginScorer,
    /// What is known of addresses.
    pub places: Places,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether reasons are written for every login, or only for those that are doubtful.
    pub explain_all: bool,
}

/// What became of the logins of a log.
#[derive(Debug, Clone, Default)]
pub struct LoginsJudged {
    /// The logins after the baseline, in order of time.
    pub logins: Vec<JudgedLogin>,
    /// Logins that were learned from and not reported on.
    pub learned: usize,
    /// Of these, attacks by their labels; `None` where there were no labels.
    pub labelled: Option<usize>,
    /// What was known in the end.
    pub history: History,
}

/// What a single login is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedOne {
    /// The logarithm of the odds of attack before rarity, what the model's voices say included.
    pub score: Score,
    /// How often a normal login scores at least so high, where the model was learned.
    pub p_value: Option<PValue>,
    /// The score by evidence alone: what it is to be counted by, so that history does not depend on what was learned.
    pub counted: Score,
    /// The way of attack that explains it best.
    pub way: LoginAttack,
    /// Why, in words, strongest first.
    pub reasons: Vec<String>,
    /// What [`History::advance`] wants to count it.
    pub sighting: Sighting,
    /// What spoke for and against it.
    pub evidence: Evidence,
}

/// Judges one login by what was before it. No I/O, and nothing is changed: whoever wants it counted calls
/// [`LoginScorer::count`] with its [`counted`](JudgedOne::counted) score. Well below a millisecond, whatever the size of the history.
#[must_use]
pub fn score_one(model: &LoginScorer, history: &History, places: &Places, login: &LoginEvent<'_>) -> JudgedOne {
    let sighting = Sighting::from_login(login, places);
    let evidence = history.evidence(&sighting).with_risk(model.risk(history, &sighting).get());
    let (counted, way) = model.judge(&evidence);
    let (score, p_value) = model.listen(&evidence, counted);
    let reasons = reasons(history, login, &sighting, &evidence);
    JudgedOne { score, p_value, counted, way, reasons, sighting, evidence }
}

/// Judges all logins of a log, of which nothing is known before.
#[must_use]
pub fn detect_logins(table: LoginTable, options: &LoginOptions) -> LoginsJudged {
    detect_logins_after(History::default(), table, options)
}

/// Judges all logins of a log that goes on where a history ends.
#[must_use]
pub fn detect_logins_after(history: History, mut table: LoginTable, options: &LoginOptions) -> LoginsJudged {
    table.sort();
    let model = &options.model;
    let first = Pass::first(&table, options.baseline);
    let mut pass = Pass::over(history, &table, model, options, first);
    campaign::look_back(&table, model, &mut pass);
    voices::listen(model, &mut pass, options.seed);
    pass.finish(&table)
}

/// The findings among judged logins and API calls, most severe first, then by time. `from` is when what is reported on
/// begins, milliseconds since the epoch: calls before only say what is usual. `now` is the time of writing.
#[must_use]
pub fn login_findings(judged: &LoginsJudged, calls: &ApiUse, from: i64, now: i64) -> Vec<DetectionFinding> {
    let mut hits = weir_detect::login::detect(&judged.logins);
    let hours = calls.hours();
    hits.extend(hours.iter().filter(|hour| hour.last >= from.div_euclid(1000)).filter_map(anomalous_user::detect));
    let mut findings = Vec::with_capacity(hits.len());
    let mut by_subject: Vec<(Subject, Vec<Hit>)> = Vec::new();
    hits.sort_by(|a, b| (&a.0, a.1.window).cmp(&(&b.0, b.1.window)));
    for (subject, hit) in hits {
        match by_subject.last_mut() {
            Some((last, hits)) if *last == subject => hits.push(hit),
            _ => by_subject.push((subject, vec![hit])),
        }
    }
    for (subject, hits) in by_subject {
        let mut log = IncidentLog::default();
        if subject.kind == Kind::AnomalousUser {
            log.observe(&subject, hits, now);
            findings.extend(log.incidents.iter().map(|incident| DetectionFinding::of(&subject, incident, now)));
            continue;
        }
        // Each hit is a whole group of logins already; incidents of long ago are not forgotten here.
        for hit in hits {
            log.observe(&subject, [hit], now);
            findings.extend(log.incidents.drain(..).map(|incident| DetectionFinding::of(&subject, &incident, now)));
        }
    }
    findings.sort_by(|a, b| {
        let order = |f: &DetectionFinding| (std::cmp::Reverse(f.severity_id), f.time, f.finding_info.uid.clone());
        order(a).cmp(&order(b))
    });
    findings
}

#[cfg(test)]
mod tests;
