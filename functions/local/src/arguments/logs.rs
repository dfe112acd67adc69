//! Arguments that several verbs share: input files, log source, store folder, estimators, output format.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use weir_domain::window::WindowLength;
use weir_ingest::Format;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_model::EstimatorKind;

use super::values::window;

/// The log files, and how they are read.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Log files, or folders that are searched for them, in any format that `weir inspect` recognises
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read the files as this format instead of detecting the format from their content (see `weir inspect`)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<Format>,
    /// The fields of flow logs without a header line, in the syntax of the AWS flow log format; `v2` and `tgw` stand for the
    /// default formats of VPC and Transit Gateway Flow Logs
    #[arg(long, value_name = "FIELDS")]
    pub(crate) fields: Option<FieldOrder>,
    /// Window length in minutes: 5, or 10 for flow logs with the AWS default aggregation interval of 10 minutes
    #[arg(long, value_name = "MINUTES", default_value = "5", value_parser = window)]
    pub(crate) window: WindowLength,
}

/// The store of batches, incidents and findings.
#[derive(Debug, Args)]
pub(crate) struct InStore {
    /// The store folder, which stands for the state bucket
    #[arg(long, value_name = "FOLDER")]
    pub(crate) store: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// Network flow logs
    Flow,
    /// Tables of any columns: one row per user and day, or labelled connections
    Activity,
    /// Logins: CSV with the RBA or the simple columns, JSON lines, CloudTrail, sshd
    Login,
    /// Usage over time: CSV or JSON lines of measurements; or flow logs, summed by provider, service and region
    Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Table,
    Ocsf,
    Csv,
}

/// Tables and databases that describe the addresses of logins.
#[derive(Debug, Args)]
pub(crate) struct PlaceArguments {
    /// With --source login: locations of address blocks (CSV with a column cidr and any of asn, country, region and city), for
    /// logs without locations
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Option<PathBuf>,
    /// With --source login: a `MaxMind` database (.mmdb: City, Country or ASN), used where neither the logs nor --places have the
    /// information; may be given several times
    #[arg(long, value_name = "FILE.mmdb")]
    pub(crate) geoip: Vec<PathBuf>,
    /// With --source login: addresses of anonymising networks (VPN, Tor, hosting), one address or CIDR block per line
    #[arg(long, value_name = "FILE")]
    pub(crate) networks: Option<PathBuf>,
}

/// The estimators of a model.
#[derive(Debug, Args)]
pub(crate) struct Estimators {
    /// The estimators of the ensemble: isolation-forest, local-outlier-factor, one-class-svm, ecod, pca
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "isolation-forest")]
    pub(crate) estimators: Vec<EstimatorKind>,
    /// Random seed of training: the same seed and logs give the same model and findings
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}
