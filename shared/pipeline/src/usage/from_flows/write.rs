//! Writes the usage of an hour of flow logs as a batch of usage.

use weir_domain::source::Source;

use super::hour::HourUsage;
use crate::batch::UsageBatchWriter;
use crate::hours::LoadError;
use crate::keys::HourOfScope;
use crate::score::ScoreError;
use crate::store::{Condition, Store, StoreError};

/// Writes the usage of an hour and returns the key of the batch. An hour has one such key, so a changed hour replaces its
/// batch.
pub(crate) async fn write_usage_batch(
    state: &impl Store,
    hour: &HourOfScope,
    usage: Option<&HourUsage>,
) -> Result<Option<String>, ScoreError> {
    let Some(usage) = usage else { return Ok(None) };
    let hour = HourOfScope { source: Source::Usage, ..hour.clone() };
    let key = hour.batch("flow-logs");
    let batch = |error| LoadError::Batch { key: key.clone(), error };
    let mut writer = UsageBatchWriter::new(&hour.scope, hour.hour).map_err(batch)?;
    usage.each(|point| writer.push(point)).map_err(batch)?;
    let text = usage.encode().map_err(|e| StoreError::new("encode", &key, e))?;
    let bytes = writer.finish(&blake3::hash(text.as_bytes()).to_hex()).map_err(batch)?;
    state.put(&key, bytes, Condition::Always).await?;
    Ok(Some(key))
}
