//! What may be typed.

mod simulate;
mod usage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use weir_domain::finding::Severity;
use weir_domain::window::WindowLength;
use weir_ingest::Format;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_model::EstimatorKind;
use weir_pipeline::table::Judge;

pub(crate) use simulate::{Simulate, SimulateActivity, SimulateFlows, SimulateLogins, SimulateSource, SimulateUsage};
pub(crate) use usage::{DetectUsage, Usage, UsageFormat};

/// Anomaly detection over cloud logs: says what is out of the ordinary, why, and how sure it is.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Find scans, sweeps and unusual behaviour in log files, and print findings
    Detect(Detect),
    /// Show what a file is: format, columns, rows, rejects, time range, distinct hosts or users
    Inspect(Inspect),
    /// Write a schema file for a table (CSV or Parquet): what each column is, guessed from its first rows, with the reasons
    Schema(Schema),
    /// Say how good findings are against a labelled truth, or how good the estimators are on a benchmark
    Evaluate(Evaluate),
    /// Turn log files into processed batches in a store folder (what the preprocess function does)
    Preprocess(Preprocess),
    /// Detect on the processed batches of a store folder and keep findings (what the score function does)
    Score(Score),
    /// Learn what is usual from log files and write a model, for `weir detect --model` and `weir models promote`
    Train(Train),
    /// List the models of a store folder, choose those that the score function uses, or go back to the one before
    Models(Models),
    /// Look at usage over time: what is usual, what stands out, what is to come, and how providers and places compare
    Usage(Usage),
    /// Write seeded, labelled logs of a made-up account, to try detections on and to measure them by
    Simulate(Simulate),
    /// Send the findings of a store folder to standard output, each once (what the publish function does)
    Publish(Publish),
    /// List the findings of a store folder
    Findings(Findings),
    /// Say that a finding is benign: write a rule so that its like is not sent any more, or take the rule back
    Feedback(Feedback),
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) logs: Logs,
    /// What the logs are
    #[arg(long, value_enum, default_value_t = Source::Flow)]
    pub(crate) source: Source,
    /// Learn what is usual from this long from the first log on (24h, 90m, 2d), best a time known to be clean; without it,
    /// what is usual is learned from all of the input
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "model")]
    pub(crate) baseline: Option<i64>,
    /// Judge by a model that `weir train` wrote with the same --source, instead of learning from the input. One of logins also
    /// knows the users: give it the logs that come after those it was trained on
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// What the columns of a table are: a file that `weir schema` wrote, or the name of a shipped one (kdd99, nsl-kdd,
    /// unsw-nb15); without it, it is guessed (for --source activity)
    #[arg(long, value_name = "FILE|NAME", conflicts_with = "model")]
    pub(crate) schema: Option<String>,
    /// The share of usual rows of a table that may pass for anomalous; by default 0.01 (for --source activity)
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with = "alerts_per_day")]
    pub(crate) contamination: Option<f64>,
    #[command(flatten)]
    pub(crate) logins: LoginArguments,
    #[command(flatten)]
    pub(crate) places: PlaceArguments,
    #[command(flatten)]
    pub(crate) usage: DetectUsage,
    #[command(flatten)]
    pub(crate) estimators: Estimators,
    /// How many windows of hosts a day may pass for unlikely by chance (those that are then far above what is usual become
    /// findings); by default 3 in 100. Of a table: how many rows
    #[arg(long, value_name = "NUMBER", value_parser = positive)]
    pub(crate) alerts_per_day: Option<f64>,
    /// How findings are written: a table to look at, OCSF (one JSON object a line), or CSV
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
    /// Write findings to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with code 1 if a finding of this severity or higher was found that is not suppressed
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<SeverityName>,
    /// Leave out what the rules and expected actors of this file suppress (TOML; `weir feedback` writes rules)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
    /// Show all findings, however many of one kind and neighbourhood there are in an hour
    #[arg(long)]
    pub(crate) no_limit: bool,
    /// Show what is suppressed or beyond the limit, too, with the reason
    #[arg(long)]
    pub(crate) all: bool,
}

/// What concerns the judging of logins alone.
#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// With --source login: write one line per login that is reported on: the number of its row (from 0 over the files in
    /// order, rejected rows counted), score, p-value, kind, user, time and reasons
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
}

/// What is known of the addresses of logins.
#[derive(Debug, Args)]
pub(crate) struct PlaceArguments {
    /// With --source login: where addresses are (CSV with a column cidr and any of asn, country, region and city), for logs
    /// that do not say
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Option<PathBuf>,
    /// With --source login: a database of where addresses are or whose (.mmdb: City, Country or ASN), for what neither the logs
    /// nor --places say; may be given several times
    #[arg(long, value_name = "FILE.mmdb")]
    pub(crate) geoip: Vec<PathBuf>,
    /// With --source login: addresses of bad reputation (VPN, Tor, hosting), one address or block a line
    #[arg(long, value_name = "FILE")]
    pub(crate) networks: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Findings {
    #[command(flatten)]
    pub(crate) store: InStore,
    /// Rules to judge by, instead of those in the store (suppressions.toml)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
    /// Show what is suppressed, beyond the limit or closed, too, with the reason
    #[arg(long)]
    pub(crate) all: bool,
    /// How findings are written: a table to look at, OCSF (one JSON object a line), or CSV
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
    /// Write findings to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Feedback {
    /// The uid of the finding
    #[arg(value_name = "UID")]
    pub(crate) uid: String,
    /// Why it is benign: its like (kind, entity, other end and port) is suppressed from now on
    #[arg(long, value_name = "WHY", required_unless_present = "undo")]
    pub(crate) benign: Option<String>,
    /// Suppress it for this long (90d, 24h); without it, for good
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "benign")]
    pub(crate) duration: Option<i64>,
    /// Take back the rule that was written for the finding
    #[arg(long, conflicts_with = "benign")]
    pub(crate) undo: bool,
    /// The folder that stands for the state bucket, with the finding and the rules
    #[arg(long, value_name = "FOLDER", required_unless_present = "suppressions",
          conflicts_with_all = ["findings", "suppressions"])]
    pub(crate) store: Option<PathBuf>,
    /// The findings, as `weir detect --format ocsf` wrote them
    #[arg(long, value_name = "FILE", required_unless_present_any = ["store", "undo"], requires = "suppressions")]
    pub(crate) findings: Option<PathBuf>,
    /// The file to write the rule to
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
}

/// What learns.
#[derive(Debug, Args)]
pub(crate) struct Estimators {
    /// Which estimators judge together: isolation-forest, local-outlier-factor, one-class-svm, ecod
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "isolation-forest")]
    pub(crate) estimators: Vec<EstimatorKind>,
    /// Seed of everything random in what is learned: the same seed and logs give the same model and findings
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    #[command(flatten)]
    pub(crate) logs: Logs,
    /// What the logs are
    #[arg(long, value_enum, default_value_t = Source::Flow)]
    pub(crate) source: Source,
    /// What the columns of a table are: a file that `weir schema` wrote, or the name of a shipped one; without it, it is
    /// guessed (for --source activity)
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) schema: Option<String>,
    /// An earlier model, to say which features have moved since; by default the one at --output, if there is one, else the
    /// second half of the rows is compared with the first
    #[arg(long, value_name = "FILE")]
    pub(crate) earlier: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) places: PlaceArguments,
    #[command(flatten)]
    pub(crate) estimators: Estimators,
    /// The file to write the model to
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// The begin of a day, seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Midnight(pub(crate) i64);

#[derive(Debug, Args)]
pub(crate) struct Models {
    #[command(subcommand)]
    pub(crate) verb: ModelsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsVerb {
    /// Show the models of a store, those in use first
    List(InStore),
    /// Copy a model of flow logs or of logins into a store and use it from now on; of logins without what it knows of users,
    /// which the store knows itself
    Promote {
        /// The model, as `weir train` wrote it
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        store: InStore,
    },
    /// Use the model again that was in use before
    Rollback {
        #[command(flatten)]
        store: InStore,
        /// What the model is of: flow or login
        #[arg(long, value_enum, default_value_t = Source::Flow)]
        source: Source,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read it as this format instead of the one its content shows
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<Format>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The table
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write the schema to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Findings to judge: OCSF, one JSON object a line (`weir detect --format ocsf`)
    #[arg(long, value_name = "FILE", requires = "truth", required_unless_present_any = ["suite", "labels"],
          conflicts_with_all = ["suite", "labels"])]
    pub(crate) findings: Option<PathBuf>,
    /// What really happened in those logs: JSON
    #[arg(long, value_name = "FILE", requires = "findings")]
    pub(crate) truth: Option<PathBuf>,
    /// Run the estimators, or the detectors for series, on a benchmark instead
    #[arg(long, value_enum, value_name = "NAME", requires = "path")]
    pub(crate) suite: Option<Suite>,
    /// Hold out a third of a labelled table instead, and say how well its rows are told apart; the column has the truth
    #[arg(long, value_name = "COLUMN", requires = "path", conflicts_with = "suite")]
    pub(crate) labels: Option<String>,
    /// What the columns of the table are: a file that `weir schema` wrote, or the name of a shipped one (kdd99, nsl-kdd,
    /// unsw-nb15); without it, it is guessed
    #[arg(long, value_name = "FILE|NAME", requires = "labels")]
    pub(crate) schema: Option<String>,
    /// Which label stands for the usual; by default normal, benign, 0, false and nothing do
    #[arg(long, value_name = "VALUE", requires = "labels")]
    pub(crate) normal: Option<String>,
    /// What tells the table's rows apart: random-forest, which learns from the labels, or one that does not see them
    /// (isolation-forest, local-outlier-factor, one-class-svm, ecod)
    #[arg(long, value_name = "NAME", default_value = "random-forest")]
    pub(crate) estimator: Judge,
    /// Seed of the split and of the estimator, for --labels
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// The benchmark (a file, or a folder of them), or the table
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// How often estimators that are random run, with the seeds 0, 1, …: their figures are means
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) seeds: u32,
    /// What another implementation reached, to compare with (default: tests/parity/adbench.json, where there is one)
    #[arg(long, value_name = "FILE", requires = "suite")]
    pub(crate) reference: Option<PathBuf>,
    /// How the result is written: tables to look at, or JSON
    #[arg(long, value_enum, default_value_t = EvaluationFormat::Table)]
    pub(crate) format: EvaluationFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Preprocess {
    #[command(flatten)]
    pub(crate) logs: Logs,
    #[command(flatten)]
    pub(crate) store: InStore,
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    #[command(flatten)]
    pub(crate) store: InStore,
    /// By whose clock hours of day and week of usage are told: UTC, Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) timezone: TimeZone,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) store: InStore,
    /// Send one test finding instead, to see that the channel works
    #[arg(long)]
    pub(crate) test: bool,
}

/// Which logs, and how they are read.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Log files, or folders of them (walked): flow logs in any format that `weir inspect` recognises
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read them as this format instead of the one their content shows (`weir inspect` tells)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<Format>,
    /// The fields of flow logs that come without a header line, as the flow log's format names them; `v2` and `tgw` stand
    /// for the default formats of VPC and Transit Gateway Flow Logs
    #[arg(long, value_name = "FIELDS")]
    pub(crate) fields: Option<FieldOrder>,
    /// Length of windows in minutes: 5, or 10 for logs that AWS aggregates over its default of 10 minutes
    #[arg(long, value_name = "MINUTES", default_value = "5", value_parser = window)]
    pub(crate) window: WindowLength,
}

/// Where batches, incidents and findings are kept.
#[derive(Debug, Args)]
pub(crate) struct InStore {
    /// The folder that stands for the state bucket
    #[arg(long, value_name = "FOLDER")]
    pub(crate) store: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// Network flow logs
    Flow,
    /// Any table, a row each: what users did a day, connections with labels
    Activity,
    /// Logins: CSV with the RBA or the simple columns, JSON lines, CloudTrail, sshd
    Login,
    /// Usage over time: CSV or JSON lines of measurements; or flow logs, by provider, service and region of the other end
    Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Table,
    Ocsf,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Outlier detection on tables: .npz files of X and y
    Adbench,
    /// Anomalies in series as the Numenta Anomaly Benchmark scores them: a folder with `combined_windows.json` and the files
    /// it names
    Nab,
    /// Labelled anomalies in series: CSV files of time, value and label, such as Microsoft's cloud monitoring ones
    Cloudmon,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvaluationFormat {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityName {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Informational => Self::Informational,
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| *n > 0.0 && *n < 1.0);
    number.ok_or_else(|| "write it as a number between 0 and 1, such as 0.01".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| "write it as a number above 0".to_owned())
}

/// `24h`, `90m`, `2d`: seconds.
fn duration(text: &str) -> Result<i64, String> {
    let unit = |c| match c {
        'm' => Some(60),
        'h' => Some(3600),
        'd' => Some(86_400),
        _ => None,
    };
    let seconds = text.chars().last().and_then(unit).and_then(|unit: i64| {
        let number: i64 = text.get(..text.len() - 1)?.parse().ok()?;
        number.checked_mul(unit).filter(|s| (300..=3_153_600_000).contains(s))
    });
    seconds.ok_or_else(|| "write it as minutes, hours or days, at least 5 minutes: 90m, 24h, 2d".to_owned())
}

fn midnight(text: &str) -> Result<Midnight, String> {
    let date: Option<jiff::civil::Date> = text.parse().ok();
    let zoned = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    zoned.map(|zoned| Midnight(zoned.timestamp().as_second())).ok_or_else(|| "write it as 2025-03-04".to_owned())
}

/// `Europe/Berlin`: a zone of the IANA database.
fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "write it as a name of the IANA database: UTC, Europe/Berlin".to_owned())
}

/// `5%` or `5`: 0.05.
fn percentage(text: &str) -> Result<f64, String> {
    let percent = text.trim_end_matches('%').trim().parse::<f64>().ok().filter(|p| *p > 0.0 && *p <= 100.0);
    percent.map(|p| p / 100.0).ok_or_else(|| "write it as a percentage above 0 and up to 100: 5%".to_owned())
}

fn window(text: &str) -> Result<WindowLength, String> {
    let minutes: u32 = text.parse().map_err(|_| "write it as a number of minutes".to_owned())?;
    WindowLength::from_minutes(minutes).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn days_begin_at_midnight() {
        assert_eq!(midnight("2025-03-04"), Ok(Midnight(1_741_046_400)));
        for bad in ["", "2025-02-30", "yesterday", "1741046400"] {
            assert!(midnight(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn zones_and_shares() {
        assert_eq!(zone("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        assert!(zone("Nowhere/Town").is_err() && zone("").is_err());
        assert_eq!((percentage("5%"), percentage("12.5")), (Ok(0.05), Ok(0.125)));
        for bad in ["", "0", "101%", "NaN", "-1%"] {
            assert!(percentage(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("24h"), Ok(86_400));
        assert_eq!(duration("90m"), Ok(5_400));
        for bad in ["", "h", "24", "1m", "-5h", "9999999999999999999d", "1é"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
