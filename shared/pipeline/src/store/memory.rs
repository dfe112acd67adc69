//! A store in memory, for tests and small runs.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Condition, Etag, Opened, Put, Store, StoreError, Versioned, check_key};

/// A map of objects. Versions are numbered over the lifetime of the store.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Versioned>,
    writes: u64,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and the map is consistent after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        check_key("get", key)?;
        Ok(self.state().objects.get(key).cloned())
    }

    async fn open(&self, key: &str) -> Result<Option<Opened>, StoreError> {
        let object = self.get(key).await?;
        Ok(object.map(|o| Opened { reader: Box::pin(Cursor::new(o.bytes)), written: None }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<Put, StoreError> {
        check_key("put", key)?;
        let mut state = self.state();
        let holds = match (&condition, state.objects.get(key)) {
            (Condition::Always, _) | (Condition::IfAbsent, None) => true,
            (Condition::IfMatch(etag), Some(now)) => now.etag == *etag,
            (Condition::IfAbsent, Some(_)) | (Condition::IfMatch(_), None) => false,
        };
        if !holds {
            return Ok(Put::Conflict);
        }
        state.writes += 1;
        let etag = Etag(state.writes.to_string());
        state.objects.insert(key.to_owned(), Versioned { bytes, etag: etag.clone() });
        Ok(Put::Done(etag))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let state = self.state();
        let keys = state.objects.range(prefix.to_owned()..).map(|(k, _)| k);
        Ok(keys.take_while(|k| k.starts_with(prefix)).cloned().collect())
    }
}
