//! The store port, and its implementations in memory and in a folder.

mod folder;
mod memory;

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::AsyncRead;

pub use folder::FolderStore;
pub use memory::MemoryStore;

/// The version of an object, for conditional writes. Equal tags mean equal content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(pub String);

/// The content and version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The content.
    pub bytes: Vec<u8>,
    /// The version.
    pub etag: Etag,
}

/// The condition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Write in any case, replacing an existing object.
    Always,
    /// Write only if the object does not exist.
    IfAbsent,
    /// Write only if the object has this version.
    IfMatch(Etag),
}

/// The outcome of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The object was written; this is its new version.
    Done(Etag),
    /// The condition did not hold, or another write was in progress. The caller reads and decides again.
    Conflict,
}

/// The stream of an opened object.
pub type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// An object that was opened.
pub struct Opened {
    /// The content.
    pub reader: Reader,
    /// The time of the last write, milliseconds since the epoch; `None` where the store does not provide it.
    pub written: Option<i64>,
}

impl Opened {
    /// Opens a file as an object.
    pub async fn file(file: tokio::fs::File) -> Self {
        let written = file.metadata().await.and_then(|file| file.modified()).ok();
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        let written = written.and_then(since).and_then(|since| i64::try_from(since.as_millis()).ok());
        Self { reader: Box::pin(file), written }
    }
}

/// The largest object in bytes that is read as a whole (batches, incidents, findings).
pub const MAX_OBJECT_BYTES: u64 = 512 << 20;

/// A store of objects by key, with conditional writes. A read sees every write acknowledged before it.
///
/// Keys are `/`-separated, without empty parts, `.` or `..`. One contract suite tests every implementation.
pub trait Store: Send + Sync {
    /// Reads a whole object; `None` when it does not exist.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Versioned>, StoreError>> + Send;

    /// Opens an object as a stream; `None` when it does not exist.
    fn open(&self, key: &str) -> impl Future<Output = Result<Option<Opened>, StoreError>> + Send;

    /// Writes an object atomically if the condition holds.
    fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// Lists all keys with a prefix, ascending.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;
}

/// The error of a store operation.
#[derive(Debug, thiserror::Error)]
#[error("{verb} {key}: {problem}")]
pub struct StoreError {
    /// The operation: `get`, `put`, `list`.
    pub verb: &'static str,
    /// The key, or the prefix of a listing.
    pub key: String,
    /// The cause.
    pub problem: String,
}

impl StoreError {
    /// An error of an operation on a key.
    #[must_use]
    pub fn new(verb: &'static str, key: &str, problem: impl Display) -> Self {
        Self { verb, key: key.to_owned(), problem: format!("{problem}") }
    }
}

/// Rejects keys that would escape a folder or give an object a second name.
fn check_key(verb: &'static str, key: &str) -> Result<(), StoreError> {
    let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0']);
    if key.split('/').any(bad) {
        return Err(StoreError::new(verb, key, "not a key: it has an empty part, `.`, `..` or a backslash"));
    }
    Ok(())
}
