//! Loads the address ranges of cloud providers from the files below `ranges/` in a store, else from the bundled copy.

use weir_ingest::ranges::{ProviderRanges, RangesError};

use crate::keys;
use crate::store::{Store, StoreError};

/// The error of loading ranges.
#[derive(Debug, thiserror::Error)]
pub enum LoadRangesError {
    /// The store failed. A retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of ranges is unreadable.
    #[error("{key}: {error}")]
    Ranges {
        /// The key of the file.
        key: String,
        /// The cause.
        error: RangesError,
    },
}

/// The union of all files below `ranges/`, in the order of their keys: `ranges/aws.json`, `ranges/google.json`, or text. A
/// text file of prefixes alone belongs to the provider it is named after (`ranges/apple.txt`). Without such files, the
/// bundled copy.
///
/// # Errors
/// When the store fails or a file is unreadable.
pub async fn load(state: &impl Store) -> Result<ProviderRanges, LoadRangesError> {
    let mut found: Option<ProviderRanges> = None;
    for key in state.list(keys::RANGES).await? {
        let Some(object) = state.get(&key).await? else { continue };
        let name = key.strip_prefix(keys::RANGES).and_then(|name| name.split('.').next());
        let ranges = found.get_or_insert_default();
        ranges.read_for_provider(&object.bytes, name).map_err(|error| LoadRangesError::Ranges { key, error })?;
    }
    let shipped = |error| LoadRangesError::Ranges { key: "the shipped ranges".to_owned(), error };
    found.map_or_else(|| ProviderRanges::shipped().map_err(shipped), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Condition, MemoryStore};

    #[tokio::test]
    async fn files_of_ranges_replace_the_bundled_copy() {
        let state = MemoryStore::new();
        let provider = |ranges: &ProviderRanges, address: &str| {
            ranges.find(address.parse().unwrap()).map(|place| place.provider.clone())
        };
        let shipped = load(&state).await.unwrap();
        assert_eq!(provider(&shipped, "17.1.1.1").as_deref(), Some("apple"));
        for (key, text) in [("ranges/ours.txt", "192.0.2.0/24\n"), ("ranges/p.txt", "aws s3 here 17.0.0.0/8\n")] {
            state.put(key, text.into(), Condition::Always).await.unwrap();
        }
        let given = load(&state).await.unwrap();
        assert_eq!(provider(&given, "17.1.1.1").as_deref(), Some("aws"));
        assert_eq!(provider(&given, "192.0.2.9").as_deref(), Some("ours"));
        assert_eq!(provider(&given, "8.8.8.8"), None);
        state.put("ranges/z.json", b"{".to_vec(), Condition::Always).await.unwrap();
        assert!(load(&state).await.unwrap_err().to_string().starts_with("ranges/z.json: "));
    }
}
