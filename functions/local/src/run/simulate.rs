//! `weir simulate`: logs of a made-up account, and the truth about them. One function per log source.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use rayon::iter::{ParallelBridge, ParallelIterator};
use weir_detect::message::count;
use weir_simulate::flow::{Parameters, Simulation};
use weir_simulate::usage::{UsageParameters, UsageSimulation};

use crate::arguments::{Simulate, SimulateFlows, SimulateSource, SimulateUsage};
use crate::progress;

pub(super) fn run(arguments: &Simulate) -> anyhow::Result<ExitCode> {
    match &arguments.source {
        SimulateSource::Flows(arguments) => flows(arguments),
        SimulateSource::Usage(arguments) => usage(arguments),
    }
}

fn flows(arguments: &SimulateFlows) -> anyhow::Result<ExitCode> {
    let output = &arguments.output;
    let simulation = Simulation::new(Parameters {
        days: arguments.days,
        hosts: arguments.hosts,
        seed: arguments.seed,
        start: arguments.start.0,
        attacks: !arguments.no_attacks,
        intensity: arguments.intensity,
        only: arguments.only.clone(),
    })?;
    refuse_taken(output, ["AWSLogs", "truth.json"])?;
    let bar = progress::bar(arguments.days as usize * 288, "simulating");
    let (rows, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    // Files are made one after the other and compressed side by side.
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
        "{} rows of {} hosts ({} bytes compressed) and {} attacks in {}",
        count(rows.into_inner()),
        count(truth.monitored_hosts.len() as u64),
        count(bytes.into_inner()),
        count(truth.incidents.len() as u64),
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn usage(arguments: &SimulateUsage) -> anyhow::Result<ExitCode> {
    let output = &arguments.output;
    let simulation = UsageSimulation::new(UsageParameters {
        weeks: arguments.weeks,
        seed: arguments.seed,
        start: arguments.start.0,
        anomalies: !arguments.no_anomalies,
    })?;
    refuse_taken(output, ["usage.csv", "truth.json"])?;
    let mut csv = Vec::new();
    simulation.write_csv(&mut csv)?;
    write(&output.join("usage.csv"), &csv)?;
    let truth = simulation.truth();
    write(&output.join("truth.json"), &serde_json::to_vec_pretty(truth)?)?;
    anstream::eprintln!(
        "{} weeks of {} series and {} anomalies in {}",
        count(u64::from(arguments.weeks)),
        count(simulation.series().len() as u64),
        count(truth.incidents.len() as u64),
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn refuse_taken(output: &Path, names: [&str; 2]) -> anyhow::Result<()> {
    for taken in names.map(|name| output.join(name)) {
        if taken.exists() {
            bail!("{} is there already: name a new folder, so that no logs are mixed", taken.display());
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
