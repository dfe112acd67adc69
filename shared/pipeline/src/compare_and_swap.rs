//! The one loop in which an object is read, changed, and written back if nobody else has written it in between.

use std::time::Duration;

use serde::Serialize;

use crate::store::{Condition, Etag, Put, Store, StoreError};

/// How often a conditional write is tried against other writers.
const MAX_ATTEMPTS: u32 = 12;

/// An object that others wrote each time it was to be changed. Trying again later will help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: still being written by others after {MAX_ATTEMPTS} tries")]
pub struct Contended {
    /// The object.
    pub key: String,
}

/// What to do with an object that was read.
pub(crate) enum Change<T> {
    /// Write these bytes and return the value.
    Write(Vec<u8>, T),
    /// Leave the object as it is and return the value.
    Keep(T),
}

impl<T> Change<T> {
    /// Write a value as JSON at a key, and return the other.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub(crate) fn json(key: &str, value: &impl Serialize, result: T) -> Result<Self, StoreError> {
        let bytes = serde_json::to_vec(value).map_err(|e| StoreError::new("encode", key, e))?;
        Ok(Self::Write(bytes, result))
    }
}

/// Reads the object at a key, lets `change` decide by its content (`None` where there is no object), and writes what was
/// decided if the object is still the version that was read. After a conflict it waits and decides again.
///
/// # Errors
/// When the store or `change` fails, or others wrote the object at every attempt.
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

/// The condition that an object is still the version that was read, or still absent.
pub(crate) fn unchanged_since(etag: Option<Etag>) -> Condition {
    etag.map_or(Condition::IfAbsent, Condition::IfMatch)
}

/// Waits 10 ms, doubled with each attempt, at most a second.
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
    async fn a_change_is_decided_again_after_every_conflict_and_given_up_in_the_end() {
        let store = ContendedStore::with_conflicts(3);
        assert_eq!(append(&store, 1).await.unwrap(), 1);
        assert_eq!(append(&store, 2).await.unwrap(), 2);
        assert_eq!(store.get("log").await.unwrap().unwrap().bytes, [1, 2]);

        let store = ContendedStore::with_conflicts(MAX_ATTEMPTS);
        let error = append(&store, 1).await.unwrap_err();
        assert_eq!(error.to_string(), "log: still being written by others after 12 tries");
    }

    #[tokio::test]
    async fn what_is_kept_is_not_written() {
        let store = MemoryStore::new();
        let kept = update(&store, "log", |before| async move { Ok::<_, Failure>(Change::Keep(before)) }).await.unwrap();
        assert_eq!((kept, store.get("log").await.unwrap()), (None, None));
    }
}
