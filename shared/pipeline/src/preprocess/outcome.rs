//! What preprocessing returns: the batches of an object, or why there are none.

use weir_domain::reject::ReadSummary;
use weir_ingest::ReadError;

use crate::batch::BatchError;
use crate::keys::ObjectRef;
use crate::store::StoreError;

/// An object that was preprocessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preprocessed {
    /// The counts of its rows.
    pub summary: ReadSummary,
    /// Keys of the batches that were written, ascending.
    pub batches: Vec<String>,
    /// Key of the rejects report, if there were rejects.
    pub rejects: Option<String>,
}

/// Why an object could not be processed.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessError {
    /// There is no such object (any more).
    #[error("{0}: there is no such object")]
    Missing(ObjectRef),
    /// The object is unreadable. Trying again will not help; the rejects report says why.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// A store failed. Trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch could not be written.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The reading task was cut off.
    #[error("reading {0} was cut off")]
    CutOff(String),
}
