//! What scoring returns: the counts and findings of an hour or a day, or why it failed.

use crate::hours::LoadError;
use crate::incidents::{IncidentError, Stored};
use crate::store::StoreError;

/// What scoring an hour or a day did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scored {
    /// Batches that were read; equal ones (the same file under two keys) count once for flow logs.
    pub batches: usize,
    /// Hits: windows, logins or points in which something was detected.
    pub hits: usize,
    /// Series of usage that are not watched because their scope has too many.
    pub unwatched: usize,
    /// Keys of the findings that were written because they are new or have changed.
    pub findings: Vec<String>,
}

impl Scored {
    /// The outcome of storing hits that were found in some batches.
    pub(crate) fn new(batches: usize, stored: Stored) -> Self {
        Self { batches, hits: stored.hits, unwatched: 0, findings: stored.findings }
    }
}

/// Why an hour or a day could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A store failed. Trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Batches could not be read or merged.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file that says where addresses are is unreadable.
    #[error("{key}: {error}")]
    Places {
        /// Its key.
        key: String,
        /// The fault in it.
        error: weir_features::login::BadPlaces,
    },
    /// Incidents or findings could not be stored.
    #[error(transparent)]
    Incidents(#[from] IncidentError),
    /// The model in use does not fit the logs.
    #[error("the model does not fit these logs: {0}: train one on logs like them")]
    Model(#[from] weir_model::SchemaMismatch),
    /// The model in use cannot be read.
    #[error(transparent)]
    Models(#[from] crate::models::ModelError),
    /// The parameters of a detector are out of range, which would be a fault of this program.
    #[error(transparent)]
    Params(#[from] weir_model::BadParams),
}
