//! The models of a store: kept under the hash of their content, with a pointer to the one in use.
//!
//! A model is written before the pointer moves, and is never changed; so whoever follows the pointer finds a whole one.

use serde::{Deserialize, Serialize};
use weir_model::{Artifact, ArtifactError};

use crate::keys;
use crate::store::{Condition, Store, StoreError};

/// Which model is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The model's key.
    pub key: String,
    /// When it was promoted, milliseconds since the epoch.
    pub promoted_at: i64,
    /// The model that was in use before, to go back to.
    pub previous: Option<String>,
    /// Hosts it was trained on; 0 in pointers written before that was said.
    #[serde(default)]
    pub hosts: u64,
}

/// A model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pointer is no pointer.
    #[error("{pointer}: not a pointer to a model: {0}", pointer = keys::CURRENT_MODEL)]
    Pointer(serde_json::Error),
    /// The pointer names a model that is not there.
    #[error("{pointer}: there is no model {0}: promote another", pointer = keys::CURRENT_MODEL)]
    Missing(String),
    /// The model is unreadable.
    #[error("{key}: {error}")]
    Artifact {
        /// Its key.
        key: String,
        /// What is wrong with it.
        error: ArtifactError,
    },
    /// There is nothing to go back to.
    #[error("there was no model in use before this one")]
    NoPrevious,
}

/// The pointer, where there is one.
///
/// # Errors
/// When the store fails, or the pointer is none.
pub async fn pointer(state: &impl Store) -> Result<Option<Pointer>, ModelError> {
    let Some(found) = state.get(keys::CURRENT_MODEL).await? else { return Ok(None) };
    serde_json::from_slice(&found.bytes).map(Some).map_err(ModelError::Pointer)
}

/// Reads a model.
///
/// # Errors
/// When it is not there or unreadable.
pub async fn load(state: &impl Store, key: &str) -> Result<Artifact, ModelError> {
    let found = state.get(key).await?.ok_or_else(|| ModelError::Missing(key.to_owned()))?;
    Artifact::decode(&found.bytes).map_err(|error| ModelError::Artifact { key: key.to_owned(), error })
}

/// The model in use, where there is one.
///
/// # Errors
/// As [`pointer`] and [`load`].
pub async fn current(state: &impl Store) -> Result<Option<Artifact>, ModelError> {
    match pointer(state).await? {
        Some(pointer) => load(state, &pointer.key).await.map(Some),
        None => Ok(None),
    }
}

/// Keeps a model and makes it the one in use. Doing it again changes nothing but the time. Gives its key.
///
/// # Errors
/// When the store fails, or the model is too large.
pub async fn promote(state: &impl Store, model: &Artifact, now: i64) -> Result<String, ModelError> {
    let bytes = model.encode().map_err(|error| ModelError::Artifact { key: "the model".to_owned(), error })?;
    let key = keys::model(blake3::hash(&bytes).to_hex().as_str());
    state.put(&key, bytes, Condition::Always).await?;
    point(state, &key, model.summary.entities, now).await?;
    Ok(key)
}

/// Goes back to the model that was in use before. Gives its key.
///
/// # Errors
/// When there was none, it is not there any more or unreadable, or the store fails.
pub async fn roll_back(state: &impl Store, now: i64) -> Result<String, ModelError> {
    let previous = pointer(state).await?.and_then(|pointer| pointer.previous).ok_or(ModelError::NoPrevious)?;
    let model = load(state, &previous).await?;
    point(state, &previous, model.summary.entities, now).await?;
    Ok(previous)
}

async fn point(state: &impl Store, key: &str, hosts: u64, now: i64) -> Result<(), ModelError> {
    let before = pointer(state).await?;
    let previous = match before {
        Some(before) if before.key == key => before.previous,
        before => before.map(|before| before.key),
    };
    let pointer = Pointer { key: key.to_owned(), promoted_at: now, previous, hosts };
    let bytes = serde_json::to_vec(&pointer).map_err(ModelError::Pointer)?;
    state.put(keys::CURRENT_MODEL, bytes, Condition::Always).await?;
    Ok(())
}

/// The keys of all models kept, ascending.
///
/// # Errors
/// When the store fails.
pub async fn list(state: &impl Store) -> Result<Vec<String>, ModelError> {
    let keys = state.list(keys::MODELS).await?;
    Ok(keys.into_iter().filter(|key| key != keys::CURRENT_MODEL).collect())
}
