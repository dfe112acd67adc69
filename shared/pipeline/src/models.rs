//! Stores models under the hash of their content, with a pointer per kind to the one in use.
//!
//! A model is written before the pointer moves and never changes, so a reader that follows the pointer always finds a whole
//! model.

use serde::{Deserialize, Serialize};
use weir_model::{FlowModel, LoginModel, ModelFileError};

use crate::keys;
use crate::store::{Condition, Store, StoreError};

/// A kind of model. One model of each kind is in use at a time.
pub trait Model: Sized {
    /// The key of the pointer to the model in use.
    const POINTER: &'static str;

    /// Encodes the model file.
    ///
    /// # Errors
    /// When the file is too large.
    fn encode(&self) -> Result<Vec<u8>, ModelFileError>;

    /// Decodes a model file.
    ///
    /// # Errors
    /// When the file is of another kind or version, or damaged.
    fn decode(file: &[u8]) -> Result<Self, ModelFileError>;

    /// The number of hosts it was trained on; 0 for models without hosts.
    fn hosts(&self) -> u64;
}

impl Model for FlowModel {
    const POINTER: &'static str = keys::CURRENT_MODEL;

    fn encode(&self) -> Result<Vec<u8>, ModelFileError> {
        self.encode()
    }

    fn decode(file: &[u8]) -> Result<Self, ModelFileError> {
        Self::decode(file)
    }

    fn hosts(&self) -> u64 {
        self.summary.entities
    }
}

impl Model for LoginModel {
    const POINTER: &'static str = keys::CURRENT_LOGIN_MODEL;

    fn encode(&self) -> Result<Vec<u8>, ModelFileError> {
        self.encode()
    }

    fn decode(file: &[u8]) -> Result<Self, ModelFileError> {
        Self::decode(file)
    }

    fn hosts(&self) -> u64 {
        0
    }
}

/// The pointer to the model in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The key of the model.
    pub key: String,
    /// The time of promotion, milliseconds since the epoch.
    pub promoted_at: i64,
    /// The key of the model that was in use before, for a roll back.
    pub previous: Option<String>,
    /// The number of hosts it was trained on; 0 in older pointers and for models without hosts.
    #[serde(default)]
    pub hosts: u64,
}

/// The error of a model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pointer cannot be decoded.
    #[error("{pointer}: not a pointer to a model: {error}")]
    Pointer {
        /// The key.
        pointer: &'static str,
        /// The cause.
        error: serde_json::Error,
    },
    /// The pointer names a missing model.
    #[error("{pointer}: there is no model {key}: promote another")]
    Missing {
        /// The key of the pointer.
        pointer: &'static str,
        /// The key of the model.
        key: String,
    },
    /// The model is unreadable.
    #[error("{key}: {error}")]
    File {
        /// The key.
        key: String,
        /// The cause.
        error: ModelFileError,
    },
    /// There is no earlier model to roll back to.
    #[error("there was no model in use before this one")]
    NoPrevious,
}

/// The pointer to the model in use; `None` before the first promotion.
///
/// # Errors
/// When the store fails, or the pointer cannot be decoded.
pub async fn pointer<M: Model>(state: &impl Store) -> Result<Option<Pointer>, ModelError> {
    let Some(found) = state.get(M::POINTER).await? else { return Ok(None) };
    let pointer = serde_json::from_slice(&found.bytes);
    pointer.map(Some).map_err(|error| ModelError::Pointer { pointer: M::POINTER, error })
}

/// Reads the model at a key.
///
/// # Errors
/// When it is missing or unreadable.
pub async fn load<M: Model>(state: &impl Store, key: &str) -> Result<M, ModelError> {
    let found = state.get(key).await?;
    let found = found.ok_or_else(|| ModelError::Missing { pointer: M::POINTER, key: key.to_owned() })?;
    M::decode(&found.bytes).map_err(|error| ModelError::File { key: key.to_owned(), error })
}

/// The model in use; `None` before the first promotion.
///
/// # Errors
/// As [`pointer`] and [`load`].
pub async fn current<M: Model>(state: &impl Store) -> Result<Option<M>, ModelError> {
    match pointer::<M>(state).await? {
        Some(pointer) => load(state, &pointer.key).await.map(Some),
        None => Ok(None),
    }
}

/// Stores a model, makes it the one in use of its kind, and returns its key. Repeating it changes the time of promotion only.
///
/// # Errors
/// When the store fails, or the model is too large.
pub async fn promote<M: Model>(state: &impl Store, model: &M, now: i64) -> Result<String, ModelError> {
    let bytes = model.encode().map_err(|error| ModelError::File { key: "the model".to_owned(), error })?;
    let key = keys::model(blake3::hash(&bytes).to_hex().as_str());
    state.put(&key, bytes, Condition::Always).await?;
    point::<M>(state, &key, model.hosts(), now).await?;
    Ok(key)
}

/// Makes the previous model of a kind the one in use again, and returns its key.
///
/// # Errors
/// When there is no previous model, it is missing or unreadable, or the store fails.
pub async fn roll_back<M: Model>(state: &impl Store, now: i64) -> Result<String, ModelError> {
    let previous = pointer::<M>(state).await?.and_then(|pointer| pointer.previous).ok_or(ModelError::NoPrevious)?;
    let model: M = load(state, &previous).await?;
    point::<M>(state, &previous, model.hosts(), now).await?;
    Ok(previous)
}

async fn point<M: Model>(state: &impl Store, key: &str, hosts: u64, now: i64) -> Result<(), ModelError> {
    let before = pointer::<M>(state).await?;
    let previous = match before {
        Some(before) if before.key == key => before.previous,
        before => before.map(|before| before.key),
    };
    let pointer = Pointer { key: key.to_owned(), promoted_at: now, previous, hosts };
    let bytes = serde_json::to_vec(&pointer).map_err(|error| ModelError::Pointer { pointer: M::POINTER, error })?;
    state.put(M::POINTER, bytes, Condition::Always).await?;
    Ok(())
}

/// The keys of all stored models of every kind, ascending.
///
/// # Errors
/// When the store fails.
pub async fn list(state: &impl Store) -> Result<Vec<String>, ModelError> {
    let keys = state.list(keys::MODELS).await?;
    Ok(keys.into_iter().filter(|key| key != keys::CURRENT_MODEL && key != keys::CURRENT_LOGIN_MODEL).collect())
}
