//! The result of scoring an hour or a day, and its errors.

use crate::hours::LoadError;
use crate::incidents::{IncidentError, Stored};
use crate::store::StoreError;

/// The result of scoring an hour or a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scored {
    /// The number of batches read. For flow logs equal ones (the same file under two keys) count once.
    pub batches: usize,
    /// The number of hits: windows, logins or points in which something was detected.
    pub hits: usize,
    /// The number of usage series that are not watched because their scope has too many.
    pub unwatched: usize,
    /// The keys of new and changed findings.
    pub findings: Vec<String>,
}

impl Scored {
    /// The result for this many batches, from stored hits.
    pub(crate) fn new(batches: usize, stored: Stored) -> Self {
        Self { batches, hits: stored.hits, unwatched: 0, findings: stored.findings }
    }
}

/// The error of scoring an hour or a day.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Batches could not be read or merged.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file of address locations is unreadable.
    #[error("{key}: {error}")]
    Places {
        /// The key of the file.
        key: String,
        /// The fault in the file.
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
    /// The parameters of a detector are out of range, which is a bug.
    #[error(transparent)]
    Params(#[from] weir_model::BadParams),
}
