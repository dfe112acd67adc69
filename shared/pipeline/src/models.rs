//! The models of a store: kept under the hash of their content, with a pointer per kind to the one in use.
//!
//! A model is written before the pointer moves, and is never changed; so whoever follows the pointer finds a whole one.

use serde::{Deserialize, Serialize};
use weir_model::{FlowModel, LoginModel, ModelFileError};

use crate::keys;
use crate::store::{Condition, Store, StoreError};

/// A kind of model, of which one is in use at a time.
pub trait Model: Sized {
    /// The key of the pointer to it.
    const POINTER: &'static str;

    /// The file.
    ///
    /// # Errors
    /// When it is too large.
    fn encode(&self) -> Result<Vec<u8>, ModelFileError>;

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none of this kind that this program can use.
    fn decode(file: &[u8]) -> Result<Self, ModelFileError>;

    /// Hosts it was trained on, 0 where it is of something else.
    fn hosts(&self) -> u64;
}

/// Of flow logs.
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

/// Of logins.
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

/// Which model is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The model's key.
    pub key: String,
    /// When it was promoted, milliseconds since the epoch.
    pub promoted_at: i64,
    /// The model that was in use before, to go back to.
    pub previous: Option<String>,
    /// Hosts it was trained on; 0 in pointers written before that was said, and to models of something else.
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
    #[error("{pointer}: not a pointer to a model: {error}")]
    Pointer {
        /// Its key.
        pointer: &'static str,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The pointer names a model that is not there.
    #[error("{pointer}: there is no model {key}: promote another")]
    Missing {
        /// The pointer's key.
        pointer: &'static str,
        /// The model's.
        key: String,
    },
    /// The model is unreadable.
    #[error("{key}: {error}")]
    File {
        /// Its key.
        key: String,
        /// What is wrong with it.
        error: ModelFileError,
    },
    /// There is nothing to go back to.
    #[error("there was no model in use before this one")]
    NoPrevious,
}

/// The pointer, where there is one.
///
/// # Errors
/// When the store fails, or the pointer is none.
pub async fn pointer<M: Model>(state: &impl Store) -> Result<Option<Pointer>, ModelError> {
    let Some(found) = state.get(M::POINTER).await? else { return Ok(None) };
    let pointer = serde_json::from_slice(&found.bytes);
    pointer.map(Some).map_err(|error| ModelError::Pointer { pointer: M::POINTER, error })
}

/// Reads a model.
///
/// # Errors
/// When it is not there or unreadable.
pub async fn load<M: Model>(state: &impl Store, key: &str) -> Result<M, ModelError> {
    let found = state.get(key).await?;
    let found = found.ok_or_else(|| ModelError::Missing { pointer: M::POINTER, key: key.to_owned() })?;
    M::decode(&found.bytes).map_err(|error| ModelError::File { key: key.to_owned(), error })
}

/// The model in use, where there is one.
///
/// # Errors
/// As [`pointer`] and [`load`].
pub async fn current<M: Model>(state: &impl Store) -> Result<Option<M>, ModelError> {
    match pointer::<M>(state).await? {
        Some(pointer) => load(state, &pointer.key).await.map(Some),
        None => Ok(None),
    }
}

/// Keeps a model and makes it the one of its kind in use. Doing it again changes nothing but the time. Gives its key.
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

/// Goes back to the model of a kind that was in use before. Gives its key.
///
/// # Errors
/// When there was none, it is not there any more or unreadable, or the store fails.
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

/// The keys of all models kept, of whatever kind, ascending.
///
/// # Errors
/// When the store fails.
pub async fn list(state: &impl Store) -> Result<Vec<String>, ModelError> {
    let keys = state.list(keys::MODELS).await?;
    Ok(keys.into_iter().filter(|key| key != keys::CURRENT_MODEL && key != keys::CURRENT_LOGIN_MODEL).collect())
}
