//! Handles events with findings: decides about each once, and sends it to every channel at most once.

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use weir_aws::channels::SnsChannel;
use weir_aws::envelope::{EnvelopeError, Item};
use weir_aws::metrics::{self, Metric};
use weir_aws::{Error, S3Store, SdkConfig, now, respond};
use weir_detect::suppression::Suppressions;
use weir_pipeline::keys::FINDINGS;
use weir_pipeline::publish::{PublishError, Published};
use weir_pipeline::{Notifier, publish, suppressions};

use crate::settings::Settings;

/// The store and the channels of alerts.
pub(crate) struct Handler {
    state: S3Store,
    channels: Vec<Box<dyn Notifier>>,
    metrics_namespace: String,
}

impl Handler {
    /// Creates the clients.
    pub(crate) fn new(settings: Settings, config: &SdkConfig) -> Self {
        Self {
            state: S3Store::state(config, &settings.state),
            channels: vec![Box::new(SnsChannel::new(config, settings.topic_arn))],
            metrics_namespace: settings.metrics_namespace,
        }
    }

    /// Handles an event.
    ///
    /// # Errors
    /// When a single event fails. Messages of a queue fail one by one.
    pub(crate) async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let suppressions = self.suppressions().await;
        respond(event.payload, finding_key, async |key: &String| self.publish(key, &suppressions).await).await
    }

    async fn publish(&self, key: &str, suppressions: &Suppressions) -> Result<(), PublishError> {
        let now = now();
        let count =
            |metric, finding: &_| metrics::emit(&metrics::finding_line(&self.metrics_namespace, metric, finding, now));
        let channels: Vec<&dyn Notifier> = self.channels.iter().map(AsRef::as_ref).collect();
        // Boxed because futures of the SDK are nested beyond the compiler's recursion limit.
        match Box::pin(publish(&self.state, &channels, suppressions, key, now)).await? {
            Published::Sent { finding, channels } => {
                count(Metric::Sent, &finding);
                let (kind, severity, channels) = (finding.kind(), finding.severity_id, channels.join(","));
                tracing::info!(finding = key, kind, severity, channels, "published");
            }
            Published::Before => tracing::info!(finding = key, "published before"),
            Published::Suppressed(finding) => {
                count(Metric::Suppressed, &finding);
                tracing::info!(finding = key, kind = finding.kind(), by = finding.status_detail, "suppressed");
            }
            Published::Throttled(finding) => {
                count(Metric::Throttled, &finding);
                tracing::info!(finding = key, kind = finding.kind(), "throttled by the alert limit");
            }
            Published::NotAnAlert => tracing::info!(finding = key, "not an alert"),
            Published::Missing => tracing::warn!(finding = key, "no such finding"),
        }
        Ok(())
    }

    /// The current rules. Unreadable rules suppress nothing, because a superfluous alert is better than a missed one.
    async fn suppressions(&self) -> Suppressions {
        Box::pin(suppressions::load(&self.state)).await.unwrap_or_else(|error| {
            tracing::error!(error = %error, "the suppression rules cannot be used, so nothing is suppressed");
            Suppressions::default()
        })
    }
}

/// The key of the finding in an item; `None` for other objects.
fn finding_key(item: &Item) -> Result<Option<String>, EnvelopeError> {
    let key = &item.object()?.key;
    Ok(key.starts_with(FINDINGS).then(|| key.clone()))
}
