//! `weir simulate`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use weir_simulate::flow::{Intensity, Kind};
use weir_simulate::login::Level;

use super::{Midnight, midnight};

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    pub(crate) source: SimulateSource,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateSource {
    /// VPC Flow Logs of a network under attack from the second day on, and truth.json, which names every attack
    Flows(SimulateFlows),
    /// Usage of cloud services by provider, service, region and city, and truth.json, which names every anomaly
    Usage(SimulateUsage),
    /// Logins of people with habits and of those who take over their accounts: logins.csv, logins.jsonl, prefixes.csv and
    /// truth.json, which names every attack
    Logins(SimulateLogins),
    /// What users did, a row per user and day: activity.csv with the truth in its last column, and its schema.toml
    Activity(SimulateActivity),
}

/// Where what was simulated goes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OutputFolder {
    /// The folder to write to; it must not hold such files yet
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The same, as an option
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl OutputFolder {
    /// The folder: exactly one of both is given.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().or(self.output.as_deref()).unwrap_or(Path::new(""))
    }
}

/// What everything random follows from.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// Seed of everything random: the same seed and options give the same files
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateUsage {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// Length in weeks, 1 to 104; the first two are clean
    #[arg(long, default_value_t = 8)]
    pub(crate) weeks: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// The first day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-01-06", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// Leave out the anomalies
    #[arg(long)]
    pub(crate) no_anomalies: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateLogins {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// People with an account, 200 to 20000
    #[arg(long, default_value_t = 8000)]
    pub(crate) users: usize,
    /// Length in days, 10 to 120; the first six tenths are for training
    #[arg(long, default_value_t = 45)]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// The first day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-03-03", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// How rare attacks are and how well they hide: easy, medium or hard
    #[arg(long, default_value_t = Level::Easy)]
    pub(crate) level: Level,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateActivity {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// Users, 20 to 5000
    #[arg(long, default_value_t = 300)]
    pub(crate) users: usize,
    /// Length in days, 10 to 366
    #[arg(long, default_value_t = 60)]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// The first day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-03-03", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// How rare anomalous users are and how well they hide: easy, medium or hard
    #[arg(long, default_value_t = Level::Easy)]
    pub(crate) level: Level,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateFlows {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// Length in days, 1 to 92; the first is clean
    #[arg(long, default_value_t = 2)]
    pub(crate) days: u32,
    /// Hosts of the network, 30 to 1000; traffic grows with them
    #[arg(long, default_value_t = 60)]
    pub(crate) hosts: usize,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// The first day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-03-04", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// Leave out the attacks
    #[arg(long)]
    pub(crate) no_attacks: bool,
    /// How strong the attacks are: 1 (subtle) to 5, or all of these
    #[arg(long, value_name = "1..5|all", default_value = "all")]
    pub(crate) intensity: Intensity,
    /// Attack in these ways only: port-scan, host-sweep, denial-of-service, connection-burst, exfiltration, beacon,
    /// malware-c2, brute-force, unknown-peer, unusual-protocol, lateral-movement
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', conflicts_with = "no_attacks")]
    pub(crate) only: Vec<Kind>,
}
