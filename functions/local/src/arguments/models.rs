//! `weir models`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::logs::{InStore, Source};

#[derive(Debug, Args)]
pub(crate) struct Models {
    #[command(subcommand)]
    pub(crate) verb: ModelsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsVerb {
    /// List the models of a store, those in use first
    List(InStore),
    /// Copy a model of flow logs or of logins into a store and use it from now on. A model of logins is copied without its
    /// history of users, since the store keeps its own
    Promote {
        /// The model that `weir train` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        store: InStore,
    },
    /// Use the previous model again
    Rollback {
        #[command(flatten)]
        store: InStore,
        /// Type of the model: flow or login
        #[arg(long, value_enum, default_value_t = Source::Flow)]
        source: Source,
    },
}
