//! Login logs: opening the files, reading tables of places, and rejecting flags that do not apply.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use weir_domain::window::WindowLength;
use weir_features::login::Places;
use weir_ingest::login::sshd;
use weir_ingest::{Format, ObjectName};
use weir_model::EstimatorKind;
use weir_pipeline::login::LoginLogs;

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

/// The logins of files, and whether a file could not be read.
pub(super) struct ReadLogs {
    pub(super) logs: LoginLogs,
    pub(super) unreadable: bool,
}

/// Reads all files, and prints on standard error how many logins they have and which files could not be read.
pub(super) fn read_login_logs(logs: &Logs) -> anyhow::Result<ReadLogs> {
    let files = log_files::find(&logs.paths)?;
    let bar = progress::bar(files.len(), "reading");
    let mut all = ReadLogs { logs: LoginLogs::default(), unreadable: false };
    for path in &files {
        if let Err(error) = read_file(path, logs.input_format, &mut all.logs) {
            all.unreadable = true;
            anstream::eprintln!("{}", escape(&format!("{error:#}")));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    anstream::eprintln!(
        "{} logins from {} files, {} rows rejected",
        count(all.logs.logins.len() as u64),
        count(files.len() as u64),
        count(all.logs.rejected())
    );
    Ok(all)
}

fn read_file(path: &Path, format: Option<Format>, logs: &mut LoginLogs) -> anyhow::Result<()> {
    let name = ObjectName::new(&path.to_string_lossy());
    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
    logs.read(file, &name, format, sshd::Clock::utc(modified_time(path)))?;
    Ok(())
}
