//! Compare-and-swap on an object: reads it, changes it, and writes it back if no other writer changed it in between.

use std::time::Duration;

use serde::Serialize;

use crate::store::{Condition, Etag, Put, Store, StoreError};

/// The maximum number of attempts of a conditional write.
const MAX_ATTEMPTS: u32 = 12;

/// The error of an object that other writers changed at every attempt. A later retry succeeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: other writers changed it at each of {MAX_ATTEMPTS} attempts")]
pub struct Contended {
    /// The key of the object.
    pub key: String,
}

/// The decision about an object that was read.
pub(crate) enum Change<T> {
    /// Write these bytes and return the value.
    Write(Vec<u8>, T),
    /// Keep the object unchanged and return the value.
    Keep(T),
}

impl<T> Change<T> {
    /// A write of a value as JSON that returns `result`.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub(crate) fn json(key: &str, value: &impl Serialize, result: T) -> Result<Self, StoreError> {
        let bytes = serde_json::to_vec(value).map_err(|e| StoreError::new("encode", key, e))?;
        Ok(Self::Write(bytes, result))
    }
}

/// Reads the object at a key, calls `change` with its content (`None` if it does not exist), and writes the result if the
/// object still has the version that was read. After a conflict it waits, reads and decides again.
///
/// # Errors
/// When the store or `change` fails, or other writers changed the object at every attempt.
pub(crate) async fn update<T, E, F>(
    state: &impl Store,
    key: &str,
    mut change: impl FnMut(Option<Vec<u8>>) -> F,
) -> Result<T, E>
where
    E: From<StoreError> + From<Contended>,
    F: Future<Output = Result<Change<T>, E>>,
{
    for attempt in 0..MAX_ATTEMPTS {
        let (bytes, etag) = state.get(key).await?.map(|object| (object.bytes, object.etag)).unzip();
        match change(bytes).await? {
            Change::Keep(value) => return Ok(value),
            Change::Write(bytes, value) => match state.put(key, bytes, unchanged_since(etag)).await? {
                Put::Done(_) => return Ok(value),
                Put::Conflict => back_off(attempt).await,
            },
        }
    }
    Err(Contended { key: key.to_owned() }.into())
}

/// The condition that an object still has the version that was read, or is still absent.
pub(crate) fn unchanged_since(etag: Option<Etag>) -> Condition {
    etag.map_or(Condition::IfAbsent, Condition::IfMatch)
}

/// Waits 10 ms, doubled with each attempt, up to a second.
async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis((10 << attempt.min(7)).min(1000))).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::testing::ContendedStore;

    #[derive(Debug, thiserror::Error)]
    enum Failure {
        #[error(transparent)]
        Store(#[from] StoreError),
        #[error(transparent)]
        Contended(#[from] Contended),
    }

    async fn append(store: &impl Store, byte: u8) -> Result<usize, Failure> {
        update(store, "log", |before| async move {
            let mut bytes = before.unwrap_or_default();
            bytes.push(byte);
            let len = bytes.len();
            Ok(Change::Write(bytes, len))
        })
        .await
    }

    #[tokio::test]
    async fn a_change_is_retried_after_every_conflict_up_to_the_limit() {
        let store = ContendedStore::with_conflicts(3);
        assert_eq!(append(&store, 1).await.unwrap(), 1);
        assert_eq!(append(&store, 2).await.unwrap(), 2);
        assert_eq!(store.get("log").await.unwrap().unwrap().bytes, [1, 2]);

        let store = ContendedStore::with_conflicts(MAX_ATTEMPTS);
        let error = append(&store, 1).await.unwrap_err();
        assert_eq!(error.to_string(), "log: other writers changed it at each of 12 attempts");
    }

    #[tokio::test]
    async fn a_kept_object_is_not_written() {
        let store = MemoryStore::new();
        let kept = update(&store, "log", |before| async move { Ok::<_, Failure>(Change::Keep(before)) }).await.unwrap();
        assert_eq!((kept, store.get("log").await.unwrap()), (None, None));
    }
}
