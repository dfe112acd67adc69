//! Envelopes are peeled here and nowhere else: every event becomes object references.
//!
//! A message may be a plain S3 notification, `EventBridge`'s "Object Created", or either of them inside SNS; an event is a
//! batch of SQS messages or one of these by itself. Keys in S3 notifications are URL-encoded (`+` for a blank) and are
//! decoded; `EventBridge`'s are not.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_pipeline::keys::ObjectRef;

/// What a function is invoked with.
#[derive(Debug)]
pub enum Invocation {
    /// A batch of a queue: every message fails or succeeds by itself.
    Queue(Vec<Message>),
    /// An event by itself: it fails or succeeds as a whole.
    Direct(Vec<ObjectRef>),
}

/// A message of a queue.
#[derive(Debug)]
pub struct Message {
    /// Its id, by which it is reported as failed.
    pub id: String,
    /// The objects it is about.
    pub objects: Result<Vec<ObjectRef>, EnvelopeError>,
}

/// An event that tells of no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON.
    #[error("the message is not JSON")]
    NotJson,
    /// None of the shapes that are known.
    #[error(
        "the event is none that is known: expected SQS messages, an S3 notification, EventBridge's \"Object Created\", \
         or one of these in SNS; it has the fields {fields}"
    )]
    Unknown {
        /// The names of its fields.
        fields: String,
    },
    /// A known shape with parts missing.
    #[error("a {shape} with parts missing: {problem}")]
    Incomplete {
        /// Which shape.
        shape: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Envelopes in envelopes in envelopes.
    #[error("the event is wrapped more than {MOST_LAYERS} times")]
    TooDeep,
}

/// SQS, SNS, S3: nothing wraps deeper.
const MOST_LAYERS: usize = 4;

impl Invocation {
    /// Peels an event.
    ///
    /// # Errors
    /// When the event as a whole is unknown. A message of a queue that is unknown is its own error.
    pub fn peel(event: Value) -> Result<Self, EnvelopeError> {
        let from = |source: &str| event["Records"][0]["eventSource"] == source;
        if from("aws:sqs") {
            let batch: SqsEvent = serde_json::from_value(event).map_err(|e| incomplete("SQS event", &e))?;
            let message = |record: aws_lambda_events::event::sqs::SqsMessage| Message {
                id: record.message_id.unwrap_or_default(),
                objects: peel_text(record.body.as_deref().unwrap_or_default(), 1),
            };
            return Ok(Self::Queue(batch.records.into_iter().map(message).collect()));
        }
        peel(event, 0).map(Self::Direct)
    }
}

fn incomplete(shape: &'static str, error: &serde_json::Error) -> EnvelopeError {
    EnvelopeError::Incomplete { shape, problem: error.to_string() }
}

fn peel_text(text: &str, layers: usize) -> Result<Vec<ObjectRef>, EnvelopeError> {
    peel(serde_json::from_str(text).map_err(|_| EnvelopeError::NotJson)?, layers)
}

fn peel(event: Value, layers: usize) -> Result<Vec<ObjectRef>, EnvelopeError> {
    if layers > MOST_LAYERS {
        return Err(EnvelopeError::TooDeep);
    }
    // What S3 sends to see whether a destination works.
    if event["Event"] == "s3:TestEvent" {
        return Ok(Vec::new());
    }
    if event["detail-type"] == "Object Created" {
        let created: EventBridgeEvent<Created> =
            serde_json::from_value(event).map_err(|e| incomplete("EventBridge event", &e))?;
        return Ok(vec![ObjectRef { bucket: created.detail.bucket.name, key: created.detail.object.key }]);
    }
    // A message of SNS in a queue, and an event of SNS.
    if event["Type"] == "Notification"
        && let Some(message) = event["Message"].as_str()
    {
        return peel_text(message, layers + 1);
    }
    if let Some(records) = event["Records"].as_array() {
        let mut objects = Vec::new();
        for record in records {
            if let Some(message) = record["Sns"]["Message"].as_str() {
                objects.extend(peel_text(message, layers + 1)?);
            } else if record["s3"].is_object() {
                objects.extend(s3_record(record)?);
            } else {
                return Err(unknown(record));
            }
        }
        return Ok(objects);
    }
    Err(unknown(&event))
}

/// Names of fields, never values: an event may be anybody's.
fn unknown(event: &Value) -> EnvelopeError {
    let names = |object: &serde_json::Map<String, Value>| {
        object.keys().take(8).map(|k| k.chars().take(40).collect::<String>()).collect::<Vec<_>>().join(", ")
    };
    EnvelopeError::Unknown { fields: event.as_object().map(names).unwrap_or_default().escape_debug().to_string() }
}

/// The parts of an S3 record that are needed. `aws_lambda_events` requires more than all senders send.
fn s3_record(record: &Value) -> Result<Option<ObjectRef>, EnvelopeError> {
    // Removals and restores are no uploads.
    if record["eventName"].as_str().is_some_and(|name| !name.contains("ObjectCreated")) {
        return Ok(None);
    }
    let created: Created = serde_json::from_value(record["s3"].clone()).map_err(|e| incomplete("S3 record", &e))?;
    Ok(Some(ObjectRef { bucket: created.bucket.name, key: url_decode(&created.object.key) }))
}

#[derive(Debug, Serialize, Deserialize)]
struct Created {
    bucket: Bucket,
    object: Object,
}

#[derive(Debug, Serialize, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Object {
    key: String,
}

/// `+` is a blank, `%XX` a byte; anything else stays. Bytes that are no UTF-8 cannot be keys and become U+FFFD.
pub(crate) fn url_decode(key: &str) -> String {
    let bytes = key.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'+', ..) => out.push(b' '),
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
