//! The port to where everything is kept, and the two stores that need no cloud.

mod folder;
mod memory;

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::AsyncRead;

pub use folder::FolderStore;
pub use memory::MemoryStore;

/// A version of an object: what a conditional write names. Equal tags mean equal content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(pub String);

/// An object's content and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The content.
    pub bytes: Vec<u8>,
    /// Its version.
    pub etag: Etag,
}

/// What must hold for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing: replace what is there.
    Always,
    /// There is no such object yet.
    IfAbsent,
    /// The object is still this version.
    IfMatch(Etag),
}

/// Whether a write happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It did; this is the new version.
    Done(Etag),
    /// The condition did not hold, or another write was under way: read again, decide again.
    Conflict,
}

/// An object being read.
pub type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// An object that was opened.
pub struct Opened {
    /// Its content.
    pub reader: Reader,
    /// When it was last written, milliseconds since the epoch, where the store says.
    pub written: Option<i64>,
}

impl Opened {
    /// A file, from its beginning.
    pub async fn file(file: tokio::fs::File) -> Self {
        let written = file.metadata().await.and_then(|file| file.modified()).ok();
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        let written = written.and_then(since).and_then(|since| i64::try_from(since.as_millis()).ok());
        Self { reader: Box::pin(file), written }
    }
}

/// The largest object that is read as a whole (batches, incidents, findings).
pub const MAX_OBJECT_BYTES: u64 = 512 << 20;

/// A place for objects by key, with conditional writes. Reads see every write that was acknowledged before.
///
/// Keys are `/`-separated, without empty parts, `.` or `..`. One suite of tests runs over every implementation.
pub trait Store: Send + Sync {
    /// An object as a whole; `None` when there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Versioned>, StoreError>> + Send;

    /// An object as a stream; `None` when there is none.
    fn open(&self, key: &str) -> impl Future<Output = Result<Option<Opened>, StoreError>> + Send;

    /// Writes an object, atomically, if the condition holds.
    fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// All keys that begin with a prefix, ascending.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{verb} {key}: {problem}")]
pub struct StoreError {
    /// What was tried: `get`, `put`, `list`.
    pub verb: &'static str,
    /// The key, or the prefix of a listing.
    pub key: String,
    /// What went wrong.
    pub problem: String,
}

impl StoreError {
    /// An error about a key.
    #[must_use]
    pub fn new(verb: &'static str, key: &str, problem: impl Display) -> Self {
        Self { verb, key: key.to_owned(), problem: format!("{problem}") }
    }
}

/// Refuses keys that would leave a folder or name the same object twice.
fn check_key(verb: &'static str, key: &str) -> Result<(), StoreError> {
    let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0']);
    if key.split('/').any(bad) {
        return Err(StoreError::new(verb, key, "not a key: it has an empty part, `.`, `..` or a backslash"));
    }
    Ok(())
}
