//! What all model files have in common: who wrote them, in which version, how long they are, and a hash of it all.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::artifact::{ArtifactError, MOST_BYTES};

/// How a model of logs begins.
pub(crate) const MAGIC_OF_LOGS: [u8; 8] = *b"WEIRMODL";

/// How a model of a table begins.
pub(crate) const MAGIC_OF_TABLES: [u8; 8] = *b"WEIRTABL";

/// Bytes before the payload.
pub(crate) const HEADER: usize = 8 + 2 + 8 + 32;

/// The file of a model.
pub(crate) fn encode(magic: [u8; 8], version: u16, model: &impl Serialize) -> Result<Vec<u8>, ArtifactError> {
    let payload = postcard::to_allocvec(model).map_err(|e| ArtifactError::Payload(e.to_string()))?;
    if payload.len() > MOST_BYTES {
        return Err(ArtifactError::TooLarge(payload.len() as u64));
    }
    let mut file = Vec::with_capacity(HEADER + payload.len());
    file.extend_from_slice(&magic);
    file.extend_from_slice(&version.to_le_bytes());
    file.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    file.extend_from_slice(blake3::hash(&payload).as_bytes());
    file.extend_from_slice(&payload);
    Ok(file)
}

/// Reads a file of versions 1 to `version`, whose payloads are the same.
pub(crate) fn decode<T: DeserializeOwned>(magic: [u8; 8], version: u16, file: &[u8]) -> Result<T, ArtifactError> {
    let (_, payload) = open(magic, version, file)?;
    postcard::from_bytes(payload).map_err(|e| ArtifactError::Payload(e.to_string()))
}

/// Version and payload of a file of versions 1 to `version`.
pub(crate) fn open(magic: [u8; 8], version: u16, file: &[u8]) -> Result<(u16, &[u8]), ArtifactError> {
    let start = file.get(..8);
    if start != Some(&magic[..]) {
        return Err(if start == Some(&MAGIC_OF_LOGS[..]) {
            ArtifactError::OtherSource("of logs, not of a table")
        } else if start == Some(&MAGIC_OF_TABLES[..]) {
            ArtifactError::OtherSource("of a table, not of logs")
        } else {
            ArtifactError::Foreign
        });
    }
    let cut = |expected| ArtifactError::Length { expected, got: file.len().saturating_sub(HEADER) as u64 };
    let found = array(file, 8).map(u16::from_le_bytes).ok_or_else(|| cut(0))?;
    if found > version || found == 0 {
        return Err(ArtifactError::Future(found));
    }
    let length = array(file, 10).map(u64::from_le_bytes).ok_or_else(|| cut(0))?;
    if length > MOST_BYTES as u64 {
        return Err(ArtifactError::TooLarge(length));
    }
    let hash: [u8; 32] = array(file, 18).ok_or_else(|| cut(length))?;
    let payload = file.get(HEADER..).filter(|p| p.len() as u64 == length).ok_or_else(|| cut(length))?;
    if blake3::hash(payload) == hash { Ok((found, payload)) } else { Err(ArtifactError::Damaged) }
}

fn array<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
    file.get(at..at + N)?.try_into().ok()
}
