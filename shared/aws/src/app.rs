//! What the binaries run: settings and clients, made once, and one handler per function.

mod inline;
mod respond;

use std::fmt::Display;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::BehaviorVersion;
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use weir_detect::suppression::Suppressions;
use weir_ingest::ranges::ProviderRanges;
use weir_model::FlowModel;
use weir_pipeline::keys::{FINDINGS, HourOfScope, ObjectRef};
use weir_pipeline::models::ModelError;
use weir_pipeline::preprocess::{PreprocessError, PreprocessOptions, Preprocessed};
use weir_pipeline::publish::Published;
use weir_pipeline::score::score_by_clock;
use weir_pipeline::sweep::SWEPT_SECONDS;
use weir_pipeline::usage::address_ranges;
use weir_pipeline::{models, preprocess, publish, suppressions, sweep};

use crate::envelope::{EnvelopeError, Item, Payload};
use crate::metrics::Metric;
use crate::settings::BadSettings;
use crate::{Function, S3Store, Settings, SnsNotifier, metrics};
use respond::respond;

/// Why a function could not start, or an event that came by itself could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment is not set up.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The event is none that is known.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Some of what the event is about could not be handled.
    #[error("{0}")]
    Objects(String),
    /// The model in use cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The answer could not be written.
    #[error(transparent)]
    Answer(#[from] serde_json::Error),
}

/// What the runtime reports of a failed event.
impl From<Error> for lambda_runtime::Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match error {
            Error::Settings(_) => "Settings",
            Error::Envelope(_) => "Envelope",
            Error::Objects(_) => "Objects",
            Error::Model(_) => "Model",
            Error::Answer(_) => "Answer",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// Settings and clients.
///
/// Use cases are boxed: futures of the SDK are nested deeper than the compiler looks into by itself.
#[derive(Debug, Clone)]
pub struct App {
    settings: Settings,
    s3: aws_sdk_s3::Client,
    state: S3Store,
    sns: SnsNotifier,
    /// The model read last, kept while the function is warm.
    model: Arc<Mutex<Option<Warm>>>,
    /// Whose addresses are, kept while the function is warm: another file of ranges is seen by the next that starts.
    ranges: Arc<OnceCell<Arc<ProviderRanges>>>,
}

/// A model that was read, and from where.
#[derive(Debug)]
struct Warm {
    key: String,
    model: Arc<FlowModel>,
}

impl App {
    /// Starts a function: logs, settings, clients. Called once, before the first event.
    ///
    /// # Errors
    /// When the environment is not set up.
    pub async fn from_env(function: Function) -> Result<Self, Error> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let lookup = |name: &str| std::env::var(name).ok();
        crate::start_logs(lookup("RUST_LOG").as_deref());
        let settings =
            Settings::from_lookup(function, lookup).inspect_err(|e| tracing::error!(error = %e, "cannot start"))?;
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
        let s3 = S3Store::client(&config, settings.local_s3);
        Ok(Self {
            state: S3Store::new(s3.clone(), settings.state_bucket.clone()),
            sns: SnsNotifier::new(&config, settings.topic_arn.clone()),
            s3,
            settings,
            model: Arc::default(),
            ranges: Arc::default(),
        })
    }

    /// Handles an event of raw objects, or of log lines.
    ///
    /// A record of a stream that cannot be read is kept with its rejects report, since it is kept nowhere else for long, and
    /// counts as handled: failing would bring the stream to a halt for as long as it is tried again, and then lose it.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one, records of a stream from the first that fails.
    pub async fn preprocess(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        respond(
            event.payload,
            |item| match item {
                Item::Sweep => Err(EnvelopeError::Sweep),
                Item::Object(_) | Item::Log(_) => Ok(Some(item.clone())),
            },
            async |item: &Item| match item {
                Item::Object(object) => self.preprocess_object(object).await,
                Item::Log(payload) => Box::pin(self.preprocess_payload(payload)).await,
                // Refused before it comes here.
                Item::Sweep => Ok(()),
            },
        )
        .await
    }

    async fn preprocess_object(&self, object: &ObjectRef) -> Result<(), PreprocessError> {
        let raw = S3Store::new(self.s3.clone(), object.bucket.clone());
        let options =
            PreprocessOptions { written: now(), usage: self.ranges().await, ..self.settings.preprocess_options() };
        let done = Box::pin(preprocess(&raw, &self.state, object, options)).await?;
        tell(&object, &done);
        Ok(())
    }

    async fn preprocess_payload(&self, payload: &Payload) -> Result<(), PreprocessError> {
        let options =
            PreprocessOptions { written: now(), usage: self.ranges().await, ..self.settings.inline_options() };
        inline::preprocess_payload(&self.state, payload, &self.settings.region, options).await
    }

    /// Whose addresses are, where flow logs tell the use of providers. Files that cannot be used are as good as none: windows
    /// matter more.
    async fn ranges(&self) -> Option<Arc<ProviderRanges>> {
        if !self.settings.flow_usage {
            return None;
        }
        let load = async || {
            let loaded = Box::pin(address_ranges::load(&self.state)).await;
            loaded
                .map(Arc::new)
                .inspect_err(|e| tracing::error!(error = %e, "these ranges of addresses cannot be used"))
        };
        match self.ranges.get_or_try_init(load).await {
            Ok(ranges) => Some(Arc::clone(ranges)),
            Err(_) => ProviderRanges::shipped().map(Arc::new).ok(),
        }
    }

    /// Handles an event of processed batches: each hour they belong to is scored once. The schedule's event has all hours
    /// swept that changed in the last day.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one.
    pub async fn score(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let model = self.model().await.inspect_err(|e| tracing::error!(error = %e, "no model"))?;
        respond(
            event.payload,
            |item| match item {
                Item::Sweep => Ok(Some(Score::Sweep)),
                Item::Object(_) | Item::Log(_) => {
                    Ok(HourOfScope::of_batch(&item.object()?.key).map(|hour| Score::Hour(hour.scored_with())))
                }
            },
            async |what: &Score| {
                let Score::Hour(hour) = what else { return Box::pin(self.sweep(model.as_deref())).await };
                let zone = &self.settings.usage_zone;
                let done = Box::pin(score_by_clock(&self.state, model.as_deref(), hour, zone, now())).await?;
                tracing::info!(
                    hour = hour.prefix(),
                    batches = done.batches,
                    hits = done.hits,
                    findings = done.findings.len(),
                    unwatched = done.unwatched,
                    "scored"
                );
                Ok::<_, weir_pipeline::score::ScoreError>(())
            },
        )
        .await
    }

    async fn sweep(&self, model: Option<&FlowModel>) -> Result<(), weir_pipeline::score::ScoreError> {
        let now = now();
        let from = now.div_euclid(1000) - SWEPT_SECONDS;
        let done = Box::pin(sweep(&self.state, model, from, now)).await?;
        tracing::info!(
            hours = done.hours,
            hits = done.hits,
            findings = done.findings.len(),
            usage = done.usage.len(),
            "swept"
        );
        Ok(())
    }

    /// The model in use, read again only when the pointer has moved. None yet: the learned detection is still learning.
    async fn model(&self) -> Result<Option<Arc<FlowModel>>, ModelError> {
        let Some(pointer) = Box::pin(models::pointer::<FlowModel>(&self.state)).await? else {
            tracing::info!("no model yet: the learned detection is still learning");
            return Ok(None);
        };
        let mut kept = self.model.lock().await;
        if let Some(warm) = kept.as_ref().filter(|warm| warm.key == pointer.key) {
            return Ok(Some(Arc::clone(&warm.model)));
        }
        let model = Arc::new(Box::pin(models::load::<FlowModel>(&self.state, &pointer.key)).await?);
        tracing::info!(model = pointer.key, windows = model.summary.rows, "model loaded");
        *kept = Some(Warm { key: pointer.key, model: Arc::clone(&model) });
        Ok(Some(model))
    }

    /// The rules as they stand now. What cannot be read suppresses nothing: an alert too many is better than one too few.
    async fn suppressions(&self) -> Suppressions {
        Box::pin(suppressions::load(&self.state)).await.unwrap_or_else(|error| {
            tracing::error!(error = %error, "nothing is suppressed: the rules cannot be used");
            Suppressions::default()
        })
    }

    /// Handles an event of findings.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one.
    pub async fn publish(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let finding = |item: &Item| {
            let key = &item.object()?.key;
            Ok(key.starts_with(FINDINGS).then(|| key.clone()))
        };
        let suppressions = self.suppressions().await;
        respond(event.payload, finding, async |key: &String| {
            let now = now();
            let count = |metric, finding: &_| {
                metrics::emit(&metrics::finding_line(&self.settings.metrics_namespace, metric, finding, now));
            };
            match Box::pin(publish(&self.state, &self.sns, &suppressions, key, now)).await? {
                Published::Sent(finding) => {
                    count(Metric::Sent, &finding);
                    tracing::info!(finding = key, kind = finding.kind(), severity = finding.severity_id, "published");
                }
                Published::Before => tracing::info!(finding = key, "published before"),
                Published::Suppressed(finding) => {
                    count(Metric::Suppressed, &finding);
                    tracing::info!(finding = key, kind = finding.kind(), by = finding.status_detail, "suppressed");
                }
                Published::Throttled(finding) => {
                    count(Metric::Throttled, &finding);
                    tracing::info!(finding = key, kind = finding.kind(), "held back by the alert limit");
                }
                Published::NotAnAlert => tracing::info!(finding = key, "not an alert"),
                Published::Missing => tracing::warn!(finding = key, "no such finding"),
            }
            Ok::<_, weir_pipeline::publish::PublishError>(())
        })
        .await
    }
}

/// What the function score is asked for: hours come before the sweep that looks at them again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Score {
    Hour(HourOfScope),
    Sweep,
}

/// The time, milliseconds since the epoch: the one place where the functions read the clock.
#[expect(clippy::disallowed_methods, reason = "a binary reads the clock and hands it on")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// Says what became of a raw log.
fn tell(log: &impl Display, done: &Preprocessed) {
    tracing::info!(
        object = %log,
        records = done.summary.records,
        no_data = done.summary.no_data,
        skip_data = done.summary.skip_data,
        rejected = done.summary.rejected_rows(),
        longer_than_window = done.summary.longer_than_window,
        batches = done.batches.len(),
        "preprocessed"
    );
}
