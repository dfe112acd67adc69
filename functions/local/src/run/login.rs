//! `weir detect --source login`: logins from files to scores and findings.

mod train;

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use weir_domain::finding::Kind;
use weir_domain::login::JudgedLogin;
use weir_domain::reject::ReadSummary;
use weir_domain::text::count;
use weir_domain::window::{WindowLength, utc_clock, utc_day};
use weir_features::login::{ApiUse, Places};
use weir_ingest::login::{self, LoginRow, sshd};
use weir_ingest::{Format, ObjectName, ReadLimits, recognise};
use weir_model::{EstimatorKind, LoginModel, TrainingSummary};
use weir_pipeline::login::{
    LoginCheckpoint, LoginOptions, LoginScorer, LoginTable, LoginsJudged, detect_logins_after, login_findings,
};

use super::report::report;
use crate::arguments::{Detect, Estimators, Logs, PlaceArguments};
use crate::output::escape;
use crate::{inputs, progress};

pub(super) use train::train;

/// Detects on logins: by a model, or by what is learned from them while they are judged.
pub(super) fn run(arguments: &Detect) -> anyhow::Result<ExitCode> {
    let given = [
        (arguments.alerts_per_day.is_some(), "--alerts-per-day"),
        (arguments.contamination.is_some(), "--contamination"),
    ];
    refuse(&given, arguments.schema.as_deref(), &arguments.logs, &arguments.estimators)?;
    let mut options = LoginOptions {
        baseline: arguments.baseline,
        seed: arguments.estimators.seed,
        explain_all: arguments.logins.scores.is_some(),
        ..LoginOptions::default()
    };
    let (mut past, mut learned) = (LoginCheckpoint::default(), None);
    if let Some(path) = &arguments.model {
        let model = super::read_model(path, LoginModel::decode)?;
        let read = || format!("{}", path.display());
        past = LoginCheckpoint::from_model(&model).with_context(read)?;
        options.model = LoginScorer::with_ensemble(Arc::new(model.voices))
            .with_context(|| format!("{}: the model is of another version's evidence: train anew", path.display()))?;
        learned = Some(model.summary);
    }
    options.places = places(&arguments.places)?;
    // Before the long work: rules that cannot be read are said at once.
    let suppressions = arguments.suppressions.as_deref().map(super::read_suppressions).transpose()?.unwrap_or_default();
    let (table, mut calls, unreadable) = read_all(&arguments.logs)?;
    calls.merge(past.calls);
    let judged = detect_logins_after(past.history, table, &options);
    tell_places(&options.places)?;
    tell(&judged, learned.as_ref());
    if let Some(path) = &arguments.logins.scores {
        write_scores(path, &judged.logins).with_context(|| format!("writing {}", path.display()))?;
    }
    let now = super::now();
    let first = judged.logins.first().map_or(i64::MIN, |login| login.time);
    let from = learned.map_or(first, |learned| learned.to.saturating_mul(1000));
    let findings = login_findings(&judged, &calls, from, now);
    report(findings, arguments, (&suppressions, suppressions.limits(0)), now, unreadable)
}

/// Refuses what means nothing for logins, beside what else was `given`: who typed it expects it to do something.
fn refuse(
    given: &[(bool, &'static str)],
    schema: Option<&str>,
    logs: &Logs,
    estimators: &Estimators,
) -> anyhow::Result<()> {
    let always = [
        (schema.is_some(), "--schema"),
        (logs.fields.is_some(), "--fields"),
        (logs.window != WindowLength::FIVE_MINUTES, "--window"),
        (estimators.estimators != [EstimatorKind::IsolationForest], "--estimators"),
    ];
    let given: Vec<&str> = given.iter().chain(&always).filter_map(|(given, flag)| given.then_some(*flag)).collect();
    if !given.is_empty() {
        bail!("{} means nothing with --source login: leave it out", given.join(", "));
    }
    Ok(())
}

/// Fails what was made of a database of places that turned out to be damaged.
fn tell_places(places: &Places) -> anyhow::Result<()> {
    match places.fault() {
        Some((file, error)) => bail!("{file}: {error}"),
        None => Ok(()),
    }
}

fn places(arguments: &PlaceArguments) -> anyhow::Result<Places> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("{}", path.display()));
    let mut places = Places::none();
    if let Some(path) = &arguments.places {
        places.read_table(&read(path)?).with_context(|| format!("{}", path.display()))?;
    }
    if let Some(path) = &arguments.networks {
        places.read_list(&read(path)?).with_context(|| format!("{}", path.display()))?;
    }
    for path in &arguments.geoip {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        // One byte more than is taken, so that a larger file is told from the largest.
        let most = Places::MAX_BYTES as u64 + 1;
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).with_context(|| name.clone())?;
        places.read_database(&name, bytes).with_context(|| name.clone())?;
    }
    Ok(places)
}

/// All logins and API calls of all files, and whether some of the files could not be read. Logins are numbered by the rows
/// before theirs, over the files that can be read.
fn read_all(logs: &Logs) -> anyhow::Result<(LoginTable, ApiUse, bool)> {
    let files = inputs::find(&logs.paths)?;
    let bar = progress::bar(files.len(), "reading");
    let (mut table, mut calls) = (LoginTable::default(), ApiUse::default());
    let (mut rows, mut rejected) = (0, 0);
    let mut unreadable = false;
    for path in &files {
        let (before, mut of_file) = (table.len(), ApiUse::default());
        let each = |number, row: LoginRow<'_>| match row {
            LoginRow::Login(login) => table.push(rows + number, login),
            LoginRow::Call(call) => of_file.push(call),
        };
        match read(path, logs.input_format, each) {
            Ok(summary) => {
                rejected += summary.rejected_rows();
                rows += summary.rows();
                calls.merge(of_file);
            }
            Err(error) => {
                unreadable = true;
                table.truncate(before);
                anstream::eprintln!("{}", escape(&format!("{error:#}")));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    anstream::eprintln!(
        "{} logins from {} files, {} rows rejected",
        count(table.len() as u64),
        count(files.len() as u64),
        count(rejected)
    );
    Ok((table, calls, unreadable))
}

fn read(path: &Path, format: Option<Format>, each: impl FnMut(u64, LoginRow<'_>)) -> anyhow::Result<ReadSummary> {
    let name = ObjectName::new(&path.to_string_lossy());
    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
    let limits = ReadLimits::default();
    let clock = sshd::Clock::utc(super::written(path));
    Ok(match format {
        Some(format) => login::read_numbered(format, file, &name, limits, clock, each)?,
        None => match recognise(file, &name)? {
            (Some(format), whole) => login::read_numbered(format, whole, &name, limits, clock, each)?,
            (None, _) => ReadSummary::default(),
        },
    })
}

/// Says on standard error what was looked at and what the scores rest on.
fn tell(judged: &LoginsJudged, learned: Option<&TrainingSummary>) {
    let at = |time: i64| format!("{} {} UTC", utc_day(time.div_euclid(1000)), utc_clock(time.div_euclid(1000)));
    if let Some(learned) = learned {
        let (logins, until) = (count(learned.rows), learned.to.saturating_mul(1000));
        let users = count(learned.entities);
        anstream::eprintln!("what is usual as learned from {logins} logins of {users} users before {}", at(until));
        let again = judged.logins.iter().filter(|login| login.time < until).count() as u64;
        if again > 0 {
            anstream::eprintln!(
                "{} of the logins judged are older: if they were learned from, they count twice",
                count(again)
            );
        }
    }
    if judged.learned > 0 {
        let labels = match judged.labelled {
            Some(attacks) => format!(", {} of them attacks by their labels", count(attacks as u64)),
            None => String::new(),
        };
        anstream::eprintln!("learned from {} logins{labels}", count(judged.learned as u64));
    }
    if let (Some(first), Some(last)) = (judged.logins.first(), judged.logins.last()) {
        let users = count(judged.history.users() as u64);
        anstream::eprintln!(
            "{} logins judged, from {} to {}; {users} users known",
            count(judged.logins.len() as u64),
            at(first.time),
            at(last.time)
        );
    }
}

/// One line per login, in the order of the files.
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
