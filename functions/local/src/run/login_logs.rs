//! Login logs: reading files into a table of logins, reading tables of places, and rejecting flags that do not apply.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use weir_domain::reject::ReadSummary;
use weir_domain::window::WindowLength;
use weir_features::login::{ApiUse, Places};
use weir_ingest::login::{self, LoginRow, sshd};
use weir_ingest::{Format, ObjectName, ReadLimits, recognise};
use weir_model::EstimatorKind;
use weir_pipeline::login::LoginTable;

use super::clock::modified_time;
use crate::arguments::{Estimators, Logs, PlaceArguments};
use crate::output::{count, escape};
use crate::{log_files, progress};

/// Rejects flags that do not apply to logins: the `given` ones, and those that every verb for logins rejects.
///
/// # Errors
/// When such a flag is set.
pub(super) fn reject_flags(
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
        bail!("{} cannot be used with --source login", given.join(", "));
    }
    Ok(())
}

/// Reads the tables and databases of places that the arguments name.
pub(super) fn read_places(arguments: &PlaceArguments) -> anyhow::Result<Places> {
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
        // One byte more than the limit, so that a file above the limit is recognised.
        let limit = Places::MAX_BYTES as u64 + 1;
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).with_context(|| name.clone())?;
        places.read_database(&name, bytes).with_context(|| name.clone())?;
    }
    Ok(places)
}

/// Fails if a database of places turned out to be damaged while it was used.
pub(super) fn check_places(places: &Places) -> anyhow::Result<()> {
    match places.fault() {
        Some((file, error)) => bail!("{file}: {error}"),
        None => Ok(()),
    }
}

/// All logins and API calls of the files.
pub(super) struct LoginLogs {
    /// Numbered by their rows over all readable files.
    pub(super) logins: LoginTable,
    pub(super) calls: ApiUse,
    /// Whether a file could not be read.
    pub(super) unreadable: bool,
}

/// Reads all files, and prints on standard error how many logins they have and which files could not be read.
pub(super) fn read_login_logs(logs: &Logs) -> anyhow::Result<LoginLogs> {
    let files = log_files::find(&logs.paths)?;
    let bar = progress::bar(files.len(), "reading");
    let mut all = LoginLogs { logins: LoginTable::default(), calls: ApiUse::default(), unreadable: false };
    let (mut rows, mut rejected) = (0, 0);
    for path in &files {
        let (before, mut calls) = (all.logins.len(), ApiUse::default());
        let each = |number, row: LoginRow<'_>| match row {
            LoginRow::Login(login) => all.logins.push(rows + number, login),
            LoginRow::Call(call) => calls.push(call),
        };
        match read_file(path, logs.input_format, each) {
            Ok(summary) => {
                rejected += summary.rejected_rows();
                rows += summary.rows();
                all.calls.merge(calls);
            }
            Err(error) => {
                all.unreadable = true;
                all.logins.truncate(before);
                anstream::eprintln!("{}", escape(&format!("{error:#}")));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    anstream::eprintln!(
        "{} logins from {} files, {} rows rejected",
        count(all.logins.len() as u64),
        count(files.len() as u64),
        count(rejected)
    );
    Ok(all)
}

fn read_file(path: &Path, format: Option<Format>, each: impl FnMut(u64, LoginRow<'_>)) -> anyhow::Result<ReadSummary> {
    let name = ObjectName::new(&path.to_string_lossy());
    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
    let limits = ReadLimits::default();
    let clock = sshd::Clock::utc(modified_time(path));
    Ok(match format {
        Some(format) => login::read_numbered(format, file, &name, limits, clock, each)?,
        None => match recognise(file, &name)? {
            (Some(format), whole) => login::read_numbered(format, whole, &name, limits, clock, each)?,
            (None, _) => ReadSummary::default(),
        },
    })
}
