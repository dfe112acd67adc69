//! `weir train`.

use std::path::PathBuf;

use clap::Args;

use super::logs::{Estimators, Logs, PlaceArguments, Source};

#[derive(Debug, Args)]
pub(crate) struct Train {
    #[command(flatten)]
    pub(crate) logs: Logs,
    /// Type of the logs
    #[arg(long, value_enum, default_value_t = Source::Flow)]
    pub(crate) source: Source,
    /// With --source activity: the schema of the table, as a file that `weir schema` wrote or the name of a built-in schema. By
    /// default it is inferred
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) schema: Option<String>,
    /// An earlier model, to report the drift of features since then. By default the model at --output, if there is one, else the
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
