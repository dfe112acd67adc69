//! Reads stored batches of logins into a table, for scoring and training.

use std::collections::BTreeSet;

use weir_features::login::ApiUse;

use super::table::LoginTable;
use crate::batch::LoginBatch;
use crate::hours::{LoadError, RawBatches};

impl LoginTable {
    /// The logins of stored batches, numbered in the order of the batches; their API calls are added to `calls`. Equal
    /// batches (the same file under two keys) are read once.
    ///
    /// # Errors
    /// When a batch is unreadable.
    pub fn from_batches(batches: RawBatches, calls: &mut ApiUse) -> Result<Self, LoadError> {
        let (mut table, mut seen) = (Self::default(), BTreeSet::new());
        let mut index = 0;
        for (key, bytes) in batches {
            let batch = LoginBatch::decode(bytes).map_err(|error| LoadError::Batch { key, error })?;
            if !seen.insert((batch.raw_hash, batch.hour)) {
                continue;
            }
            for login in &batch.logins {
                table.push(index, &login.event());
                index += 1;
            }
            for call in &batch.calls {
                calls.push(&call.activity());
            }
        }
        Ok(table)
    }
}
