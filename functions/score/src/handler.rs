//! Handles events with processed batches: scores the hour or day of each once. The event of the schedule starts the sweep.

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::sync::Mutex;
use weir_aws::envelope::{EnvelopeError, Item};
use weir_aws::{Error, S3Store, SdkConfig, now, respond};
use weir_domain::time::SECOND_MILLIS;
use weir_model::FlowModel;
use weir_pipeline::flow::{SWEPT_SECONDS, sweep};
use weir_pipeline::keys::HourOfScope;
use weir_pipeline::models::{self, ModelError};
use weir_pipeline::score::{ScoreError, score_in_zone};

use crate::settings::Settings;

/// The store, and the last model read.
pub(crate) struct Handler {
    settings: Settings,
    state: S3Store,
    /// Cached while the function is warm.
    model: Mutex<Option<WarmModel>>,
}

/// A model and its key.
struct WarmModel {
    key: String,
    model: Arc<FlowModel>,
}

/// The work of an event. Hours sort before the sweep, which repeats them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Hour(HourOfScope),
    Sweep,
}

impl Handler {
    /// Creates the client.
    pub(crate) fn new(settings: Settings, config: &SdkConfig) -> Self {
        Self { state: S3Store::state(config, &settings.state), settings, model: Mutex::default() }
    }

    /// Handles an event.
    ///
    /// # Errors
    /// When a single event fails. Messages of a queue fail one by one.
    pub(crate) async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let model = self.model().await.inspect_err(|e| tracing::error!(error = %e, "no model"))?;
        let model = model.as_deref();
        respond(event.payload, work, async |work: &Work| match work {
            Work::Hour(hour) => self.score(model, hour).await,
            Work::Sweep => self.sweep(model).await,
        })
        .await
    }

    async fn score(&self, model: Option<&FlowModel>, hour: &HourOfScope) -> Result<(), ScoreError> {
        // Boxed, here and below, because futures of the SDK are nested beyond the compiler's recursion limit.
        let scored = Box::pin(score_in_zone(&self.state, model, hour, &self.settings.usage_zone, now())).await?;
        tracing::info!(
            hour = hour.prefix(),
            batches = scored.batches,
            hits = scored.hits,
            findings = scored.findings.len(),
            unwatched = scored.unwatched,
            "scored"
        );
        Ok(())
    }

    async fn sweep(&self, model: Option<&FlowModel>) -> Result<(), ScoreError> {
        let now = now();
        let from = now.div_euclid(SECOND_MILLIS) - SWEPT_SECONDS;
        let swept = Box::pin(sweep(&self.state, model, from, now)).await?;
        tracing::info!(
            hours = swept.hours,
            hits = swept.hits,
            findings = swept.findings.len(),
            usage = swept.usage.len(),
            "swept"
        );
        Ok(())
    }

    /// The model in use, read again only if the pointer moved; `None` before the first promotion.
    async fn model(&self) -> Result<Option<Arc<FlowModel>>, ModelError> {
        let Some(pointer) = Box::pin(models::pointer::<FlowModel>(&self.state)).await? else {
            tracing::info!("no model yet: the learned detection is still learning");
            return Ok(None);
        };
        let mut warm = self.model.lock().await;
        if let Some(warm) = warm.as_ref().filter(|warm| warm.key == pointer.key) {
            return Ok(Some(Arc::clone(&warm.model)));
        }
        let model = Arc::new(Box::pin(models::load::<FlowModel>(&self.state, &pointer.key)).await?);
        tracing::info!(model = pointer.key, windows = model.summary.rows, "model loaded");
        *warm = Some(WarmModel { key: pointer.key, model: Arc::clone(&model) });
        Ok(Some(model))
    }
}

/// The work of an item; `None` for objects that are not batches.
fn work(item: &Item) -> Result<Option<Work>, EnvelopeError> {
    match item {
        Item::Sweep => Ok(Some(Work::Sweep)),
        Item::Object(_) | Item::Log(_) => {
            let hour = HourOfScope::from_batch_key(&item.object()?.key);
            Ok(hour.map(|hour| Work::Hour(hour.scored_with())))
        }
    }
}
