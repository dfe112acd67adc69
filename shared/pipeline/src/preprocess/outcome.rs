//! The result of preprocessing an object, and its errors.

use weir_domain::reject::ReadSummary;
use weir_ingest::ReadError;

use crate::batch::BatchError;
use crate::keys::ObjectRef;
use crate::store::StoreError;

/// The result of preprocessing an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preprocessed {
    /// The counts of its rows.
    pub summary: ReadSummary,
    /// The keys of the batches written, ascending.
    pub batches: Vec<String>,
    /// The key of the rejects report, if rows were rejected.
    pub rejects: Option<String>,
}

/// The error of preprocessing.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessError {
    /// The object does not exist, or no longer exists.
    #[error("{0}: there is no such object")]
    Missing(ObjectRef),
    /// The object is unreadable. A retry fails again; the rejects report has the reason.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// A store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch could not be written.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The reading task was aborted or panicked.
    #[error("reading {0} was aborted")]
    Aborted(String),
}
