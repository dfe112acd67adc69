//! Handles events with raw objects or log lines.

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::sync::OnceCell;
use weir_aws::envelope::{EnvelopeError, Item, Payload};
use weir_aws::{Error, S3Store, SdkConfig, now, respond};
use weir_ingest::ranges::ProviderRanges;
use weir_pipeline::keys::ObjectRef;
use weir_pipeline::preprocess;
use weir_pipeline::preprocess::{PreprocessError, PreprocessOptions};
use weir_pipeline::usage::from_flows::address_ranges;

use crate::inline::preprocess_payload;
use crate::log::log_preprocessed;
use crate::settings::Settings;

/// The store, and the address ranges of cloud providers.
pub(crate) struct Handler {
    settings: Settings,
    state: S3Store,
    /// Cached while the function is warm. Changed files are read at the next cold start.
    ranges: OnceCell<Arc<ProviderRanges>>,
}

impl Handler {
    /// Creates the client.
    pub(crate) fn new(settings: Settings, config: &SdkConfig) -> Self {
        Self { state: S3Store::state(config, &settings.state), settings, ranges: OnceCell::new() }
    }

    /// Handles an event.
    ///
    /// An unreadable record of a stream is stored with its rejects report and counts as handled. A failure would block the
    /// stream until the record expires, and then lose it.
    ///
    /// # Errors
    /// When a single event fails. Messages of a queue fail one by one, records of a stream from the first failing one on.
    pub(crate) async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        respond(event.payload, raw_log, async |item: &Item| match item {
            Item::Object(object) => self.preprocess_object(object).await,
            Item::Log(payload) => Box::pin(self.preprocess_lines(payload)).await,
            // `raw_log` refuses sweeps.
            Item::Sweep => Ok(()),
        })
        .await
    }

    async fn preprocess_object(&self, object: &ObjectRef) -> Result<(), PreprocessError> {
        let raw = self.state.other_bucket(object.bucket.clone());
        let options = self.with_ranges(self.settings.object_options()).await;
        // Boxed, here and below, because futures of the SDK are nested beyond the compiler's recursion limit.
        let done = Box::pin(preprocess(&raw, &self.state, object, options)).await?;
        log_preprocessed(&object, &done);
        Ok(())
    }

    async fn preprocess_lines(&self, payload: &Payload) -> Result<(), PreprocessError> {
        let options = self.with_ranges(self.settings.inline_options()).await;
        preprocess_payload(&self.state, payload, self.settings.region.as_deref(), options).await
    }

    async fn with_ranges(&self, options: PreprocessOptions) -> PreprocessOptions {
        PreprocessOptions { written: now(), usage: self.ranges().await, ..options }
    }

    /// The address ranges, if traffic with cloud providers is counted. Unreadable files are replaced by the bundled copy, so
    /// that windows are still written.
    async fn ranges(&self) -> Option<Arc<ProviderRanges>> {
        if !self.settings.flow_usage {
            return None;
        }
        let load = async || {
            let loaded = Box::pin(address_ranges::load(&self.state)).await;
            loaded.map(Arc::new).inspect_err(|e| tracing::error!(error = %e, "these address ranges cannot be used"))
        };
        match self.ranges.get_or_try_init(load).await {
            Ok(ranges) => Some(Arc::clone(ranges)),
            Err(_) => ProviderRanges::shipped().map(Arc::new).ok(),
        }
    }
}

/// The raw log of an item. A sweep is an error, because only score handles it.
fn raw_log(item: &Item) -> Result<Option<Item>, EnvelopeError> {
    match item {
        Item::Sweep => Err(EnvelopeError::Sweep),
        Item::Object(_) | Item::Log(_) => Ok(Some(item.clone())),
    }
}
