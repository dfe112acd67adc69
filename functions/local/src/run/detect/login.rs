//! `weir detect --source login`: scores every login against its user's history and reports findings.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use weir_domain::finding::Kind;
use weir_domain::login::JudgedLogin;
use weir_domain::time::SECOND_MILLIS;
use weir_model::{LoginModel, TrainingSummary};
use weir_pipeline::login::{
    LoginCheckpoint, LoginOptions, LoginScorer, LoginsJudged, detect_logins_after, login_findings,
};

use super::report::report;
use crate::arguments::Detect;
use crate::output::{count, escape, utc_minute};
use crate::run::clock::now;
use crate::run::login_logs::{ReadLogs, check_places, read_login_logs, read_places, reject_flags};
use crate::run::model_files::read_model;
use crate::run::suppressions;

pub(super) fn run(arguments: &Detect) -> anyhow::Result<ExitCode> {
    let given = [
        (arguments.alerts_per_day.is_some(), "--alerts-per-day"),
        (arguments.contamination.is_some(), "--contamination"),
    ];
    reject_flags(&given, arguments.schema.as_deref(), &arguments.logs, &arguments.estimators)?;
    let mut options = LoginOptions {
        baseline: arguments.baseline,
        seed: arguments.estimators.seed,
        explain_all: arguments.logins.scores.is_some(),
        ..LoginOptions::default()
    };
    let (mut past, mut trained) = (LoginCheckpoint::default(), None);
    if let Some(path) = &arguments.model {
        let model = read_model(path, LoginModel::decode)?;
        past = LoginCheckpoint::from_model(&model).with_context(|| format!("{}", path.display()))?;
        options.model = LoginScorer::with_ensemble(Arc::new(model.ensemble)).with_context(|| {
            format!("{}: the model has other features than this version: train again", path.display())
        })?;
        trained = Some(model.summary);
    }
    options.places = read_places(&arguments.places)?;
    // Before the long work, so that unreadable rules are reported at once.
    let suppressions = suppressions::read_optional(arguments.suppressions.as_deref())?;
    let ReadLogs { mut logs, unreadable } = read_login_logs(&arguments.logs)?;
    logs.calls.merge(past.calls);
    let judged = detect_logins_after(past.history, logs.logins, &options);
    check_places(&options.places)?;
    print_baseline(&judged, trained.as_ref());
    if let Some(path) = &arguments.logins.scores {
        write_scores(path, &judged.logins).with_context(|| format!("writing {}", path.display()))?;
    }
    let now = now();
    let first = judged.logins.first().map_or(i64::MIN, |login| login.time);
    let from = trained.map_or(first, |trained| trained.to.saturating_mul(SECOND_MILLIS));
    let findings = login_findings(&judged, &logs.calls, from, now);
    report(findings, arguments, (&suppressions, suppressions.limits(0)), now, unreadable)
}

/// Prints on standard error which logins were scored and what the scores are based on.
fn print_baseline(judged: &LoginsJudged, trained: Option<&TrainingSummary>) {
    let at = |millis: i64| utc_minute(millis.div_euclid(SECOND_MILLIS));
    if let Some(trained) = trained {
        let (logins, until) = (count(trained.rows), trained.to.saturating_mul(SECOND_MILLIS));
        let users = count(trained.entities);
        anstream::eprintln!("baseline: a model trained on {logins} logins of {users} users before {}", at(until));
        let older = judged.logins.iter().filter(|login| login.time < until).count() as u64;
        if older > 0 {
            anstream::eprintln!(
                "{} of the scored logins are older than that: if the model was trained on them, they count twice",
                count(older)
            );
        }
    }
    if judged.learned > 0 {
        let labels = match judged.labelled {
            Some(attacks) => format!(", {} of them labelled as attacks", count(attacks as u64)),
            None => String::new(),
        };
        anstream::eprintln!("baseline: {} logins{labels}", count(judged.learned as u64));
    }
    if let (Some(first), Some(last)) = (judged.logins.first(), judged.logins.last()) {
        let users = count(judged.history.users() as u64);
        anstream::eprintln!(
            "{} logins scored, from {} to {}; {users} users in the history",
            count(judged.logins.len() as u64),
            at(first.time),
            at(last.time)
        );
    }
}

/// Writes one CSV line per login, in the order of the files.
fn write_scores(path: &Path, logins: &[JudgedLogin]) -> anyhow::Result<()> {
    let (_, kinds) = weir_detect::login::detect_kinds(logins);
    let mut order: Vec<(&JudgedLogin, Option<Kind>)> = logins.iter().zip(kinds).collect();
    order.sort_by_key(|(login, _)| login.index);
    let mut csv = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
    csv.write_record(["index", "score", "p_value", "kind", "user", "time", "reasons"])?;
    for (login, kind) in order {
        let time = jiff::Timestamp::from_millisecond(login.time).map(|time| time.to_string()).unwrap_or_default();
        csv.write_record([
            login.index.to_string(),
            format!("{:.6}", login.score),
            format!("{:.3e}", login.p_value),
            kind.map_or(String::new(), |kind| kind.as_str().to_owned()),
            escape(&login.user),
            time,
            escape(&login.reasons.join("; ")),
        ])?;
    }
    csv.into_inner().map_err(csv::IntoInnerError::into_error)?.flush()?;
    Ok(())
}
