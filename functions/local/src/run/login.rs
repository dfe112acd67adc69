//! `weir detect --source login`: logins from files to scores and findings.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use weir_detect::limit::limit;
use weir_detect::message::count;
use weir_domain::finding::{Kind, Severity};
use weir_domain::login::{JudgedLogin, LoginEvent};
use weir_domain::reject::ReadSummary;
use weir_domain::window::{utc_clock, utc_day};
use weir_features::login::{ApiUse, Places};
use weir_ingest::login::{cloudtrail, rba, simple, sshd};
use weir_ingest::{Format, ObjectName, ReadError, ReadLimits, recognise};
use weir_pipeline::login::{LoginOptions, LoginTable, LoginsJudged, detect_logins, login_findings};

use super::listing;
use crate::arguments::{Detect, Logs};
use crate::output::escape;
use crate::{inputs, progress};

pub(super) fn run(arguments: &Detect) -> anyhow::Result<ExitCode> {
    if arguments.model.is_some() {
        bail!("--model is a model of flows: for logins, --baseline 27d learns from the first days of the input");
    }
    let options = LoginOptions {
        baseline: arguments.baseline,
        places: places(arguments.logins.places.as_deref(), arguments.logins.networks.as_deref())?,
        seed: arguments.estimators.seed,
        explain_all: arguments.logins.scores.is_some(),
    };
    // Before the long work: rules that cannot be read are said at once.
    let suppressions = arguments.suppressions.as_deref().map(super::read_suppressions).transpose()?.unwrap_or_default();
    let (table, calls, unreadable) = read_all(&arguments.logs)?;
    let judged = detect_logins(table, &options);
    tell(&judged);
    if let Some(path) = &arguments.logins.scores {
        write_scores(path, &judged.logins).with_context(|| format!("writing {}", path.display()))?;
    }
    let now = super::now();
    let findings = login_findings(&judged, &calls, judged.logins.first().map_or(i64::MIN, |login| login.time), now);
    if findings.is_empty() {
        anstream::eprintln!("nothing out of the ordinary was found");
    }
    let mut findings: Vec<_> = findings.into_iter().map(|f| suppressions.apply(f, now)).collect();
    if !arguments.no_limit {
        findings = limit(findings, suppressions.limits(0), now);
    }
    let worst = findings.iter().filter(|f| !f.is_suppressed()).map(|f| f.severity_id).max().unwrap_or(0);
    let shown = listing::choose(findings, arguments.all);
    listing::write(&shown, arguments.format, arguments.output.as_deref(), arguments.all)?;
    Ok(if unreadable {
        ExitCode::from(2)
    } else if arguments.fail_on.is_some_and(|limit| worst >= Severity::from(limit).id()) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

fn places(table: Option<&Path>, list: Option<&Path>) -> anyhow::Result<Places> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("{}", path.display()));
    let mut places = Places::none();
    if let Some(path) = table {
        places.read_table(&read(path)?).with_context(|| format!("{}", path.display()))?;
    }
    if let Some(path) = list {
        places.read_list(&read(path)?).with_context(|| format!("{}", path.display()))?;
    }
    Ok(places)
}

/// All logins and API calls of all files, and whether some of the files could not be read.
fn read_all(logs: &Logs) -> anyhow::Result<(LoginTable, ApiUse, bool)> {
    let files = inputs::find(&logs.paths)?;
    let bar = progress::bar(files.len(), "reading");
    let mut table = LoginTable::default();
    let mut all = ReadSummary::default();
    let mut calls = ApiUse::default();
    let mut unreadable = false;
    let mut index = 0;
    for path in &files {
        let name = ObjectName::new(&path.to_string_lossy());
        let before = (table.len(), index);
        let mut each = |login: &LoginEvent<'_>| {
            table.push(index, login);
            index += 1;
        };
        match read(path, logs.input_format, &name, &mut each) {
            Ok(summary) => {
                all.records += summary.records;
                all.not_rows += summary.not_rows;
                for (reason, n) in summary.rejected {
                    *all.rejected.entry(reason).or_default() += n;
                }
                if recognised(path, logs.input_format, &name)? == Some(Format::CloudTrail) {
                    // The same rows: what is rejected was told already.
                    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
                    cloudtrail::read_activity(file, &name, ReadLimits::default(), |call| calls.push(call))?;
                }
            }
            Err(error) => {
                unreadable = true;
                table.truncate(before.0);
                index = before.1;
                anstream::eprintln!("{}", escape(&format!("{error:#}")));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    anstream::eprintln!(
        "{} logins from {} files, {} rows rejected",
        count(all.records),
        count(files.len() as u64),
        count(all.rejected_rows())
    );
    Ok((table, calls, unreadable))
}

fn recognised(path: &Path, format: Option<Format>, name: &ObjectName) -> anyhow::Result<Option<Format>> {
    if format.is_some() {
        return Ok(format);
    }
    Ok(recognise(File::open(path).with_context(|| format!("{}", path.display()))?, name)?.0)
}

fn read(
    path: &Path,
    format: Option<Format>,
    name: &ObjectName,
    each: &mut impl FnMut(&LoginEvent<'_>),
) -> anyhow::Result<ReadSummary> {
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let format = recognised(path, format, name)?;
    let limits = ReadLimits::default();
    let read: Result<ReadSummary, ReadError> = match format {
        None => return Ok(ReadSummary::default()),
        Some(Format::RbaLogins) => rba::read(open()?, name, limits, each),
        Some(Format::SimpleLogins) => simple::read(open()?, name, limits, each),
        Some(Format::CloudTrail) => cloudtrail::read(open()?, name, limits, each),
        Some(Format::Sshd) => {
            let clock = sshd::Clock { year: super::inspect::year(path), utc_offset_minutes: 0 };
            sshd::read(open()?, name, limits, clock, each)
        }
        Some(other) => bail!(
            "{}: {other} has no logins: {} can be read with --source login",
            path.display(),
            [Format::RbaLogins, Format::SimpleLogins, Format::CloudTrail, Format::Sshd].map(Format::name).join(", ")
        ),
    };
    Ok(read?)
}

/// Says on standard error what was looked at and what the scores rest on.
fn tell(judged: &LoginsJudged) {
    let at = |time: i64| format!("{} {} UTC", utc_day(time.div_euclid(1000)), utc_clock(time.div_euclid(1000)));
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
