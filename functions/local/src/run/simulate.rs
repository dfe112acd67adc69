//! `weir simulate`: writes synthetic logs of a fictional account and the truth about them. One function per log source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use rayon::iter::{ParallelBridge, ParallelIterator};
use weir_simulate::flow::{Parameters, Simulation};
use weir_simulate::usage::{UsageParameters, UsageSimulation};
use weir_simulate::{activity as simulated_activity, login as simulated_login};

use crate::arguments::{Simulate, SimulateActivity, SimulateFlows, SimulateLogins, SimulateSource, SimulateUsage};
use crate::output::count;
use crate::progress;

pub(super) fn run(arguments: &Simulate) -> anyhow::Result<ExitCode> {
    match &arguments.source {
        SimulateSource::Flows(arguments) => flows(arguments),
        SimulateSource::Logins(arguments) => logins(arguments),
        SimulateSource::Activity(arguments) => activity(arguments),
        SimulateSource::Usage(arguments) => usage(arguments),
    }
}

/// Fails if the folder already contains one of the files, so that logs of two simulations are not mixed.
fn check_unused(folder: &Path, names: &[&str]) -> anyhow::Result<()> {
    for path in names.iter().map(|name| folder.join(name)) {
        if path.exists() {
            bail!("{} already exists: give a new folder, so that logs are not mixed", path.display());
        }
    }
    Ok(())
}

fn flows(arguments: &SimulateFlows) -> anyhow::Result<ExitCode> {
    let output = arguments.into.folder();
    let simulation = Simulation::new(Parameters {
        days: arguments.days,
        hosts: arguments.hosts,
        seed: arguments.seed.seed,
        start: arguments.start.0,
        attacks: !arguments.no_attacks,
        intensity: arguments.intensity,
        only: arguments.only.clone(),
    })?;
    check_unused(output, &["AWSLogs", "truth.json"])?;
    let bar = progress::bar(arguments.days as usize * 288, "simulating");
    let (rows, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    // Files are simulated one after the other and compressed in parallel.
    simulation.files().par_bridge().try_for_each(|file| {
        let object = file.gzip().context("compressing")?;
        write(&output.join(&file.key), &object)?;
        rows.fetch_add(file.rows.len() as u64, Ordering::Relaxed);
        bytes.fetch_add(object.len() as u64, Ordering::Relaxed);
        bar.inc(1);
        anyhow::Ok(())
    })?;
    bar.finish_and_clear();
    let truth = simulation.truth();
    write(&output.join("truth.json"), &serde_json::to_vec_pretty(truth)?)?;
    anstream::eprintln!(
        "{} rows of {} hosts ({} bytes compressed) with {} attacks in {}",
        count(rows.into_inner()),
        count(truth.monitored_hosts.len() as u64),
        count(bytes.into_inner()),
        count(truth.incidents.len() as u64),
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn logins(arguments: &SimulateLogins) -> anyhow::Result<ExitCode> {
    let folder = arguments.into.folder();
    check_unused(folder, &["logins.csv", "logins.jsonl", "prefixes.csv", "truth.json"])?;
    let simulation = simulated_login::Simulation::new(simulated_login::Parameters {
        users: arguments.users,
        days: arguments.days,
        seed: arguments.seed.seed,
        start: arguments.start.0,
        level: arguments.level,
    })?;
    let truth = simulation.truth();
    write(&folder.join("logins.csv"), simulation.csv().as_bytes())?;
    write(&folder.join("logins.jsonl"), simulation.json_lines().as_bytes())?;
    write(&folder.join("prefixes.csv"), simulation.prefixes_csv().as_bytes())?;
    write(&folder.join("truth.json"), &serde_json::to_vec(truth)?)?;
    let tested = truth.n_test_attack + truth.n_test_benign;
    anstream::eprintln!(
        "{} logins of {} users in {} days, level {}: the last {} are for testing, of which {} belong to attacks ({:.2} %); {} attacks \
         in all, in {}",
        count(truth.n_logins as u64),
        count(truth.users as u64),
        truth.days,
        truth.level,
        count(tested as u64),
        count(truth.n_test_attack as u64),
        100.0 * truth.n_test_attack as f64 / tested.max(1) as f64,
        count(truth.attacks.len() as u64),
        folder.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn activity(arguments: &SimulateActivity) -> anyhow::Result<ExitCode> {
    let folder = arguments.into.folder();
    check_unused(folder, &["activity.csv", "schema.toml"])?;
    let rows = simulated_activity::simulate(&simulated_activity::Parameters {
        users: arguments.users,
        days: arguments.days,
        seed: arguments.seed.seed,
        start: arguments.start.0,
        level: arguments.level,
    })?;
    write(&folder.join("activity.csv"), simulated_activity::csv(&rows).as_bytes())?;
    write(&folder.join("schema.toml"), simulated_activity::SCHEMA.as_bytes())?;
    let anomalous: Vec<_> = rows.iter().filter(|row| row.label != "normal").collect();
    let users: BTreeSet<_> = anomalous.iter().map(|row| &row.user).collect();
    anstream::eprintln!(
        "{} user days of {} users, level {}: {} of them, of {} users, are anomalous ({:.2} %), in {}",
        count(rows.len() as u64),
        count(arguments.users as u64),
        arguments.level,
        count(anomalous.len() as u64),
        count(users.len() as u64),
        100.0 * anomalous.len() as f64 / rows.len().max(1) as f64,
        folder.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn usage(arguments: &SimulateUsage) -> anyhow::Result<ExitCode> {
    let output = arguments.into.folder();
    let simulation = UsageSimulation::new(UsageParameters {
        weeks: arguments.weeks,
        seed: arguments.seed.seed,
        start: arguments.start.0,
        anomalies: !arguments.no_anomalies,
    })?;
    check_unused(output, &["usage.csv", "truth.json"])?;
    let mut csv = Vec::new();
    simulation.write_csv(&mut csv)?;
    write(&output.join("usage.csv"), &csv)?;
    let truth = simulation.truth();
    write(&output.join("truth.json"), &serde_json::to_vec_pretty(truth)?)?;
    anstream::eprintln!(
        "{} weeks of {} series with {} anomalies in {}",
        count(u64::from(arguments.weeks)),
        count(simulation.series().len() as u64),
        count(truth.incidents.len() as u64),
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
