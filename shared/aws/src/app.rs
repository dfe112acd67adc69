//! What the binaries run: settings and clients, made once, and one handler per function.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::BehaviorVersion;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use weir_model::Artifact;
use weir_pipeline::keys::{FINDINGS, HourOfScope, ObjectRef};
use weir_pipeline::models::ModelError;
use weir_pipeline::preprocess::PreprocessOptions;
use weir_pipeline::publish::Published;
use weir_pipeline::{models, preprocess, publish, score};

use crate::envelope::{EnvelopeError, Invocation};
use crate::settings::BadSettings;
use crate::{Function, S3Store, Settings, SnsNotifier, metrics};

/// Why a function could not start, or an event that came by itself could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment is not set up.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The event is none that is known.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Some of the event's objects could not be handled.
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
}

/// A model that was read, and from where.
#[derive(Debug)]
struct Warm {
    key: String,
    model: Arc<Artifact>,
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
        })
    }

    /// Handles an event of raw objects.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one.
    pub async fn preprocess(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let options = PreprocessOptions { window_length: self.settings.window_length, ..PreprocessOptions::default() };
        respond(
            event.payload,
            |object| Some(object.clone()),
            async |object: &ObjectRef| {
                let raw = S3Store::new(self.s3.clone(), object.bucket.clone());
                let done = Box::pin(preprocess(&raw, &self.state, object, options.clone())).await?;
                tracing::info!(
                    object = %object,
                    records = done.summary.records,
                    no_data = done.summary.no_data,
                    skip_data = done.summary.skip_data,
                    rejected = done.summary.rejected_rows(),
                    longer_than_window = done.summary.longer_than_window,
                    batches = done.batches.len(),
                    "preprocessed"
                );
                Ok::<_, weir_pipeline::preprocess::PreprocessError>(())
            },
        )
        .await
    }

    /// Handles an event of processed batches: each hour they belong to is scored once.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one.
    pub async fn score(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let model = self.model().await.inspect_err(|e| tracing::error!(error = %e, "no model"))?;
        respond(
            event.payload,
            |object| HourOfScope::of_batch(&object.key),
            async |hour: &HourOfScope| {
                let done = Box::pin(score(&self.state, model.as_deref(), hour, now())).await?;
                tracing::info!(
                    hour = hour.prefix(),
                    batches = done.batches,
                    hits = done.hits,
                    findings = done.findings.len(),
                    "scored"
                );
                Ok::<_, weir_pipeline::score::ScoreError>(())
            },
        )
        .await
    }

    /// The model in use, read again only when the pointer has moved. None yet: the learned detection is still learning.
    async fn model(&self) -> Result<Option<Arc<Artifact>>, ModelError> {
        let Some(pointer) = Box::pin(models::pointer(&self.state)).await? else {
            tracing::info!("no model yet: the learned detection is still learning");
            return Ok(None);
        };
        let mut kept = self.model.lock().await;
        if let Some(warm) = kept.as_ref().filter(|warm| warm.key == pointer.key) {
            return Ok(Some(Arc::clone(&warm.model)));
        }
        let model = Arc::new(Box::pin(models::load(&self.state, &pointer.key)).await?);
        tracing::info!(model = pointer.key, windows = model.summary.rows, "model loaded");
        *kept = Some(Warm { key: pointer.key, model: Arc::clone(&model) });
        Ok(Some(model))
    }

    /// Handles an event of findings.
    ///
    /// # Errors
    /// When an event by itself fails; messages of a queue fail one by one.
    pub async fn publish(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let finding = |object: &ObjectRef| object.key.starts_with(FINDINGS).then(|| object.key.clone());
        respond(event.payload, finding, async |key: &String| {
            let now = now();
            match Box::pin(publish(&self.state, &self.sns, key, now)).await? {
                Published::Sent(finding) => {
                    metrics::emit(&metrics::finding_line(&self.settings.metrics_namespace, &finding, now));
                    tracing::info!(finding = key, kind = finding.kind(), severity = finding.severity_id, "published");
                }
                Published::Before => tracing::info!(finding = key, "published before"),
                Published::NotAnAlert => tracing::info!(finding = key, "not an alert"),
                Published::Missing => tracing::warn!(finding = key, "no such finding"),
            }
            Ok::<_, weir_pipeline::publish::PublishError>(())
        })
        .await
    }
}

/// The time, milliseconds since the epoch: the one place where the functions read the clock.
#[expect(clippy::disallowed_methods, reason = "a binary reads the clock and hands it on")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// Does the work of every distinct thing an event is about once, and answers as the event wants it: a queue is told
/// which messages failed, anything else fails as a whole.
async fn respond<K: Ord + Clone, E: Display>(
    event: Value,
    subject: impl Fn(&ObjectRef) -> Option<K>,
    work: impl AsyncFn(&K) -> Result<(), E>,
) -> Result<Value, Error> {
    let invocation = Invocation::peel(event).inspect_err(|e| tracing::error!(error = %e, "event refused"))?;
    let mut done: BTreeMap<K, Result<(), String>> = BTreeMap::new();
    let mut handle = async |objects: &[ObjectRef]| -> Result<(), String> {
        let mut outcome = Ok(());
        for object in objects {
            let Some(key) = subject(object) else {
                tracing::warn!(object = %object, "passed over: not for this function");
                continue;
            };
            if !done.contains_key(&key) {
                let result = work(&key).await.map_err(|e| e.to_string());
                if let Err(error) = &result {
                    tracing::error!(object = %object, error, "failed");
                }
                done.insert(key.clone(), result);
            }
            if let Some(Err(error)) = done.get(&key) {
                outcome = Err(error.clone());
            }
        }
        outcome
    };
    match invocation {
        Invocation::Direct(objects) => {
            handle(&objects).await.map_err(Error::Objects)?;
            Ok(json!({ "objects": objects.len() }))
        }
        Invocation::Queue(messages) => {
            let mut response = SqsBatchResponse::default();
            for message in messages {
                let outcome = match &message.objects {
                    Ok(objects) => handle(objects).await,
                    Err(error) => {
                        tracing::error!(message = message.id, error = %error, "message refused");
                        Err(error.to_string())
                    }
                };
                if outcome.is_err() {
                    let mut failure = BatchItemFailure::default();
                    failure.item_identifier = message.id;
                    response.batch_item_failures.push(failure);
                }
            }
            Ok(serde_json::to_value(response)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(keys: &[&str]) -> Value {
        let body = |key: &str| json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}]});
        let record = |(i, key): (usize, &&str)| json!({"messageId": format!("m{i}"), "eventSource": "aws:sqs", "body": body(key).to_string()});
        json!({"Records": keys.iter().enumerate().map(record).collect::<Vec<_>>()})
    }

    #[tokio::test]
    async fn only_failed_messages_are_reported_and_nothing_is_done_twice() {
        let worked = std::sync::Mutex::new(Vec::new());
        let answer = respond(
            batch(&["good", "bad", "good", "other"]),
            |o| (o.key != "other").then(|| o.key.clone()),
            async |key: &String| {
                worked.lock().unwrap().push(key.clone());
                if key == "bad" { Err("broken") } else { Ok(()) }
            },
        )
        .await
        .unwrap();
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m1"}]}));
        assert_eq!(*worked.lock().unwrap(), ["good", "bad"]);
    }

    #[tokio::test]
    async fn an_event_by_itself_fails_as_a_whole() {
        let event = json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]});
        let failed = respond(event.clone(), |o| Some(o.clone()), async |_| Err("broken")).await;
        assert_eq!(failed.unwrap_err().to_string(), "broken");
        assert!(respond(event, |o| Some(o.clone()), async |_| Ok::<_, String>(())).await.is_ok());
    }
}
