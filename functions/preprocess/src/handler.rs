//! Handles events of raw objects, and of log lines inside events.

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
    /// Kept while the function is warm: the next one that starts reads changed files.
    ranges: OnceCell<Arc<ProviderRanges>>,
}

impl Handler {
    /// Makes the client.
    pub(crate) fn new(settings: Settings, config: &SdkConfig) -> Self {
        Self { state: S3Store::state(config, &settings.state), settings, ranges: OnceCell::new() }
    }

    /// Handles an event.
    ///
    /// A record of a stream that cannot be read is kept with its rejects report, since it is kept nowhere else for long, and
    /// counts as handled: failing would bring the stream to a halt for as long as it is tried again, and then lose it.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one, records of a stream from the first that fails.
    pub(crate) async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        respond(event.payload, raw_log, async |item: &Item| match item {
            Item::Object(object) => self.preprocess_object(object).await,
            Item::Log(payload) => Box::pin(self.preprocess_lines(payload)).await,
            // Refused before it comes here.
            Item::Sweep => Ok(()),
        })
        .await
    }

    async fn preprocess_object(&self, object: &ObjectRef) -> Result<(), PreprocessError> {
        let raw = self.state.other_bucket(object.bucket.clone());
        let options = self.with_ranges(self.settings.object_options()).await;
        // Boxed, here and below: futures of the SDK are nested deeper than the compiler looks into by itself.
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

    /// The address ranges, where flow logs count traffic with cloud providers. Unreadable files are replaced by the shipped
    /// copy: windows matter more.
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

/// The raw log that an item is; a sweep is for the function score.
fn raw_log(item: &Item) -> Result<Option<Item>, EnvelopeError> {
    match item {
        Item::Sweep => Err(EnvelopeError::Sweep),
        Item::Object(_) | Item::Log(_) => Ok(Some(item.clone())),
    }
}
