//! `weir simulate`, one verb per log source.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use weir_simulate::flow::{Intensity, Kind};
use weir_simulate::login::Level;

use super::values::{Midnight, midnight};

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    pub(crate) source: SimulateSource,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateSource {
    /// VPC Flow Logs of a network that is attacked from the second day on, and truth.json with every attack
    Flows(SimulateFlows),
    /// Usage of cloud services by provider, service, region and city, and truth.json with every anomaly
    Usage(SimulateUsage),
    /// Logins of users and of attackers who take over their accounts: logins.csv, logins.jsonl, prefixes.csv, and truth.json
    /// with every attack
    Logins(SimulateLogins),
    /// A table of user activity, one row per user and day: activity.csv with labels in its last column, and its schema.toml
    Activity(SimulateActivity),
}

/// The output folder, as an argument or as an option.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OutputFolder {
    /// The folder to write to; it must not contain such files yet
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The same folder, as an option
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl OutputFolder {
    /// The folder. Exactly one of both is given.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().or(self.output.as_deref()).unwrap_or(Path::new(""))
    }
}

/// The random seed.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// Random seed: the same seed and options give the same files
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateUsage {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// Length in weeks, 1 to 104; the first two weeks have no anomalies
    #[arg(long, default_value_t = 8)]
    pub(crate) weeks: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// First day (UTC)
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
    /// Number of users, 200 to 20000
    #[arg(long, default_value_t = 8000)]
    pub(crate) users: usize,
    /// Length in days, 10 to 120; the first 60 % are for training
    #[arg(long, default_value_t = 45)]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// First day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-03-03", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// Difficulty: how rare attacks are and how well they are hidden: easy, medium or hard
    #[arg(long, default_value_t = Level::Easy)]
    pub(crate) level: Level,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateActivity {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// Number of users, 20 to 5000
    #[arg(long, default_value_t = 300)]
    pub(crate) users: usize,
    /// Length in days, 10 to 366
    #[arg(long, default_value_t = 60)]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// First day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-03-03", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// Difficulty: how rare anomalous users are and how well they are hidden: easy, medium or hard
    #[arg(long, default_value_t = Level::Easy)]
    pub(crate) level: Level,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateFlows {
    #[command(flatten)]
    pub(crate) into: OutputFolder,
    /// Length in days, 1 to 92; the first day has no attacks
    #[arg(long, default_value_t = 2)]
    pub(crate) days: u32,
    /// Number of hosts in the network, 30 to 1000; traffic grows with it
    #[arg(long, default_value_t = 60)]
    pub(crate) hosts: usize,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// First day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-03-04", value_parser = midnight)]
    pub(crate) start: Midnight,
    /// Leave out the attacks
    #[arg(long)]
    pub(crate) no_attacks: bool,
    /// Strength of the attacks: 1 (subtle) to 5, or all of these
    #[arg(long, value_name = "1..5|all", default_value = "all")]
    pub(crate) intensity: Intensity,
    /// Simulate only these kinds of attacks: port-scan, host-sweep, denial-of-service, connection-burst, exfiltration, beacon,
    /// malware-c2, brute-force, unknown-peer, unusual-protocol, lateral-movement
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', conflicts_with = "no_attacks")]
    pub(crate) only: Vec<Kind>,
}
