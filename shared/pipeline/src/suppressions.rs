//! Reads `suppressions.toml` of a store for publishing, and edits it for feedback.

use tokio::io::AsyncReadExt;
use weir_detect::ocsf::DetectionFinding;
use weir_detect::suppression::{BadSuppressions, CannotEdit, Rule, Suppressions};

use crate::compare_and_swap::{Change, Contended, update};
use crate::keys::SUPPRESSIONS;
use crate::store::{Store, StoreError};

/// The error of suppressions that cannot be read or edited.
#[derive(Debug, thiserror::Error)]
pub enum SuppressionsError {
    /// The store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file has faults.
    #[error("{SUPPRESSIONS}: {0}")]
    Bad(BadSuppressions),
    /// A rule cannot be added to the file or removed from it.
    #[error("{SUPPRESSIONS}: {0}")]
    Edit(CannotEdit),
    /// Other writers kept changing the same object.
    #[error(transparent)]
    Contended(#[from] Contended),
}

impl From<BadSuppressions> for SuppressionsError {
    fn from(error: BadSuppressions) -> Self {
        Self::Bad(error)
    }
}

impl From<CannotEdit> for SuppressionsError {
    fn from(error: CannotEdit) -> Self {
        Self::Edit(error)
    }
}

/// Reads the suppressions of a store; empty without a file. At most [`Suppressions::MAX_FILE_BYTES`] bytes are accepted.
///
/// # Errors
/// When the store fails or the file cannot be used.
pub async fn load(state: &impl Store) -> Result<Suppressions, SuppressionsError> {
    let Some(opened) = state.open(SUPPRESSIONS).await? else { return Ok(Suppressions::default()) };
    let mut bytes = Vec::new();
    // One byte beyond the limit, so that a file that is too large is detected.
    let read = opened.reader.take(Suppressions::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).await;
    read.map_err(|e| StoreError::new("get", SUPPRESSIONS, e))?;
    Ok(Suppressions::parse(&bytes)?)
}

/// Appends a rule to the suppressions of a store. It replaces the rule that was written for the same finding.
///
/// # Errors
/// When the store fails, the file cannot be used, or other writers keep changing it.
pub async fn write_rule(state: &impl Store, rule: &Rule) -> Result<(), SuppressionsError> {
    edit(state, |text| Suppressions::write_rule(text, rule).map(Some)).await.map(|_| ())
}

/// Removes the rule that was written for a finding. Returns whether there was one.
///
/// # Errors
/// When the store fails, the file cannot be used or edited, or other writers keep changing it.
pub async fn take_back(state: &impl Store, uid: &str) -> Result<bool, SuppressionsError> {
    edit(state, |text| Suppressions::take_back(text, uid)).await
}

/// Marks a suppressed finding as open, so that the next publish decides about it again. Returns whether it was suppressed.
///
/// # Errors
/// When the store fails or other writers keep changing the finding.
pub async fn reopen(state: &impl Store, key: &str) -> Result<bool, SuppressionsError> {
    update(state, key, |bytes| async move {
        let finding = bytes.and_then(|bytes| serde_json::from_slice::<DetectionFinding>(&bytes).ok());
        match finding.filter(DetectionFinding::is_suppressed) {
            Some(finding) => Ok::<_, SuppressionsError>(Change::json(key, &finding.as_detected(), true)?),
            None => Ok(Change::Keep(false)),
        }
    })
    .await
}

/// Edits the text of the file. Returns whether it changed.
async fn edit(
    state: &impl Store,
    change: impl Fn(&str) -> Result<Option<String>, CannotEdit>,
) -> Result<bool, SuppressionsError> {
    let change = &change;
    update(state, SUPPRESSIONS, |bytes| async move {
        let text = str::from_utf8(bytes.as_deref().unwrap_or_default()).map_err(|_| BadSuppressions::NotText)?;
        match change(text)? {
            Some(after) => Ok::<_, SuppressionsError>(Change::Write(after.into_bytes(), true)),
            None => Ok(Change::Keep(false)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Condition, MemoryStore};
    use crate::testing::ContendedStore;

    async fn with(text: &[u8]) -> MemoryStore {
        let store = MemoryStore::new();
        store.put(SUPPRESSIONS, text.to_vec(), Condition::Always).await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_missing_file_gives_no_suppressions_and_errors_name_the_file() {
        assert_eq!(load(&MemoryStore::new()).await.unwrap(), Suppressions::default());
        assert_eq!(load(&with(b"alerts_per_hour = 3").await).await.unwrap().alerts_per_hour, 3);
        for bad in [&b"[[suppress]]\n"[..], b"\xff", &vec![b'#'; Suppressions::MAX_FILE_BYTES + 1]] {
            let error = load(&with(bad).await).await.unwrap_err().to_string();
            assert!(error.starts_with("suppressions.toml: "), "{error}");
        }
    }

    #[tokio::test]
    async fn rules_are_written_despite_conflicts_and_removed_again() {
        let store = ContendedStore::with_conflicts(3);
        let finding = DetectionFinding::test(7);
        let rule = Rule::about(&finding, "ours", 7, None).unwrap();
        write_rule(&store, &rule).await.unwrap();
        assert_eq!(store.conflicts_left(), 0);
        assert_eq!(load(&store).await.unwrap().rules, [rule]);
        assert!(take_back(&store, &finding.finding_info.uid).await.unwrap());
        assert!(!take_back(&store, &finding.finding_info.uid).await.unwrap());
        assert_eq!(load(&store).await.unwrap().rules, []);
    }
}
