//! What all model files have in common: who wrote them, in which version, how long they are, and a hash of it all.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a model file is of: it says so in its first eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// Of flow logs: an [`FlowModel`](crate::FlowModel).
    Flow,
    /// Of a table: an [`TableModel`](crate::TableModel).
    Table,
    /// Of logins: [`LoginModel`](crate::LoginModel).
    Login,
}

impl ModelKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Table, Self::Login];

    /// What a file says it is; `None` where it is no model.
    #[must_use]
    pub fn from_bytes(file: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| file.starts_with(&kind.magic()))
    }

    pub(crate) fn magic(self) -> [u8; 8] {
        match self {
            Self::Flow => *b"WEIRMODL",
            Self::Table => *b"WEIRTABL",
            Self::Login => *b"WEIRLOGN",
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flow => "of flow logs",
            Self::Table => "of a table",
            Self::Login => "of logins",
        })
    }
}

/// The largest payload that is read.
pub const MAX_BYTES: usize = 256 << 20;

/// A file that is no model this program can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
    /// Not a model at all.
    #[error("not a Weir model: it does not begin like one")]
    Foreign,
    /// A model, and of something else.
    #[error("the model is {found}, not {wanted}: use it with the --source it was trained with, or train another")]
    OtherSource {
        /// What it is of.
        found: ModelKind,
        /// What was wanted.
        wanted: ModelKind,
    },
    /// Written by a later program.
    #[error("the model has format version {0}, later than this program reads: use a later program, or train anew")]
    Future(u16),
    /// Cut off, or something was added.
    #[error("the model is cut off or damaged: it says {expected} bytes of payload and has {got}")]
    Length {
        /// Bytes it says.
        expected: u64,
        /// Bytes there are.
        got: u64,
    },
    /// Larger than any model.
    #[error("the model says {0} bytes of payload; at most {MAX_BYTES} are read")]
    TooLarge(u64),
    /// The hash does not agree.
    #[error("the model is damaged: its hash does not agree; fetch it again, or train anew")]
    Damaged,
    /// The payload is no model, or one whose parts contradict each other.
    #[error("the model is unusable: {0}; train anew")]
    Payload(String),
}

/// Bytes before the payload.
pub(crate) const HEADER: usize = 8 + 2 + 8 + 32;

/// The file of a model.
pub(crate) fn encode(kind: ModelKind, version: u16, model: &impl Serialize) -> Result<Vec<u8>, ModelFileError> {
    let payload = postcard::to_allocvec(model).map_err(|e| ModelFileError::Payload(e.to_string()))?;
    if payload.len() > MAX_BYTES {
        return Err(ModelFileError::TooLarge(payload.len() as u64));
    }
    let mut file = Vec::with_capacity(HEADER + payload.len());
    file.extend_from_slice(&kind.magic());
    file.extend_from_slice(&version.to_le_bytes());
    file.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    file.extend_from_slice(blake3::hash(&payload).as_bytes());
    file.extend_from_slice(&payload);
    Ok(file)
}

/// Reads a file whose payload has been the same since version 1.
pub(crate) fn decode<T: DeserializeOwned>(kind: ModelKind, version: u16, file: &[u8]) -> Result<T, ModelFileError> {
    payload(open(kind, version, file)?.1)
}

/// The version of a file, from 1 to `version`, and its payload, which is whole: read it as that version has it.
pub(crate) fn open(kind: ModelKind, version: u16, file: &[u8]) -> Result<(u16, &[u8]), ModelFileError> {
    match ModelKind::from_bytes(file) {
        Some(found) if found == kind => {}
        Some(found) => return Err(ModelFileError::OtherSource { found, wanted: kind }),
        None => return Err(ModelFileError::Foreign),
    }
    let cut = |expected| ModelFileError::Length { expected, got: file.len().saturating_sub(HEADER) as u64 };
    let found = array(file, 8).map(u16::from_le_bytes).ok_or_else(|| cut(0))?;
    if found > version || found == 0 {
        return Err(ModelFileError::Future(found));
    }
    let length = array(file, 10).map(u64::from_le_bytes).ok_or_else(|| cut(0))?;
    if length > MAX_BYTES as u64 {
        return Err(ModelFileError::TooLarge(length));
    }
    let hash: [u8; 32] = array(file, 18).ok_or_else(|| cut(length))?;
    let payload = file.get(HEADER..).filter(|p| p.len() as u64 == length).ok_or_else(|| cut(length))?;
    if blake3::hash(payload) != hash {
        return Err(ModelFileError::Damaged);
    }
    Ok((found, payload))
}

/// Reads a payload.
pub(crate) fn payload<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ModelFileError> {
    postcard::from_bytes(bytes).map_err(|e| ModelFileError::Payload(e.to_string()))
}

fn array<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
    file.get(at..at + N)?.try_into().ok()
}
