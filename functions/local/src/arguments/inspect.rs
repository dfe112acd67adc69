//! `weir inspect` and `weir schema`.

use std::path::PathBuf;

use clap::Args;
use weir_ingest::Format;

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read it as this format instead of detecting the format from its content
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
