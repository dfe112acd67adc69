//! Unwraps the envelopes of events into references to objects, or log lines. No other module does.
//!
//! | event | result |
//! |---|---|
//! | S3's notification, `EventBridge`'s "Object Created" | [`Item::Object`] |
//! | either of them in SNS | the same |
//! | a subscription of CloudWatch Logs: `{"awslogs": {"data": …}}` | [`Item::Log`] |
//! | Lambda's record of an event that failed: `{"requestPayload": …}` | as that event, so that dead letters can be redriven |
//! | the schedule's `{"sweep": …}` | [`Item::Sweep`] |
//! | a batch of SQS messages with any of these | [`Invocation::Queue`] |
//! | a batch of Kinesis records | [`Invocation::Stream`] |
//!
//! Log lines stay compressed until [`Payload::open`] is called, so a batch of small payloads that expand a thousandfold is
//! never in memory as a whole.

mod cloudwatch_logs;
mod error;
mod inline_log;
mod kinesis;
mod objects;
mod payload;

use std::fmt;

use aws_lambda_events::event::sqs::SqsEvent;
use serde_json::Value;
use weir_pipeline::keys::ObjectRef;

use error::MAX_LAYERS;

pub use error::EnvelopeError;
pub use inline_log::{InlineLog, MAX_EXPANDED};
pub use kinesis::StreamRecord;
pub use payload::{MAX_ENCODED, Payload};

pub(crate) use objects::url_decode;

/// An invocation of a function.
#[derive(Debug)]
pub enum Invocation {
    /// A batch of a queue. Every message fails or succeeds by itself.
    Queue(Vec<Message>),
    /// A batch of a stream. The first failing record and all later ones are delivered again, in order.
    Stream(Vec<StreamRecord>),
    /// A single event. It fails or succeeds as a whole.
    Direct(Vec<Item>),
}

/// A message of a queue.
#[derive(Debug)]
pub struct Message {
    /// The id, which reports a failed message.
    pub id: String,
    /// The items in the message.
    pub items: Result<Vec<Item>, EnvelopeError>,
}

/// An item in an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// An object that was created.
    Object(ObjectRef),
    /// Log lines inside the event.
    Log(Payload),
    /// The scheduled request to sweep the changed hours.
    Sweep,
}

impl Item {
    /// The object.
    ///
    /// # Errors
    /// When the item is log lines, which only preprocess accepts, or a sweep, which only score accepts.
    pub fn object(&self) -> Result<&ObjectRef, EnvelopeError> {
        match self {
            Self::Object(object) => Ok(object),
            Self::Log(_) => Err(EnvelopeError::LogLines),
            Self::Sweep => Err(EnvelopeError::Sweep),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(object) => object.fmt(f),
            Self::Log(payload) => payload.fmt(f),
            Self::Sweep => f.write_str("sweep"),
        }
    }
}

impl Invocation {
    /// Parses an event.
    ///
    /// # Errors
    /// When the event has an unknown shape. An invalid message of a queue is an error of that message only.
    pub fn parse(event: Value) -> Result<Self, EnvelopeError> {
        let from = |source: &str| event["Records"][0]["eventSource"] == source;
        if from("aws:sqs") {
            let batch: SqsEvent =
                serde_json::from_value(event).map_err(|e| EnvelopeError::incomplete("SQS event", &e))?;
            let message = |record: aws_lambda_events::event::sqs::SqsMessage| Message {
                id: record.message_id.unwrap_or_default(),
                items: parse_text(record.body.as_deref().unwrap_or_default(), 1),
            };
            return Ok(Self::Queue(batch.records.into_iter().map(message).collect()));
        }
        if from("aws:kinesis") {
            return kinesis::records(event).map(Self::Stream);
        }
        parse(event, 0).map(Self::Direct)
    }
}

fn parse_text(text: &str, layers: usize) -> Result<Vec<Item>, EnvelopeError> {
    parse(serde_json::from_str(text).map_err(|_| EnvelopeError::NotJson)?, layers)
}

fn parse(mut event: Value, layers: usize) -> Result<Vec<Item>, EnvelopeError> {
    if layers > MAX_LAYERS {
        return Err(EnvelopeError::TooDeep);
    }
    // S3 sends this to test a destination.
    if event["Event"] == "s3:TestEvent" {
        return Ok(Vec::new());
    }
    if event["detail-type"] == "Object Created" {
        return Ok(vec![Item::Object(objects::event_bridge(event)?)]);
    }
    if let Some(data) = event["awslogs"]["data"].as_str() {
        return Ok(vec![Item::Log(Payload::subscription(data))]);
    }
    if event["sweep"].is_object() {
        return Ok(vec![Item::Sweep]);
    }
    // Lambda's record of an event, or of stream records, that failed.
    if event["requestPayload"].is_object() {
        return parse(event["requestPayload"].take(), layers + 1);
    }
    if event["KinesisBatchInfo"].is_object() {
        return Err(kinesis::elsewhere(&event["KinesisBatchInfo"]));
    }
    // A message of SNS in a queue, and an event of SNS.
    if event["Type"] == "Notification"
        && let Some(message) = event["Message"].as_str()
    {
        return parse_text(message, layers + 1);
    }
    if let Some(records) = event["Records"].as_array() {
        let mut items = Vec::new();
        for record in records {
            if let Some(message) = record["Sns"]["Message"].as_str() {
                items.extend(parse_text(message, layers + 1)?);
            } else if record["s3"].is_object() {
                items.extend(objects::s3_record(record)?.map(Item::Object));
            } else {
                return Err(unknown(record));
            }
        }
        return Ok(items);
    }
    Err(unknown(&event))
}

/// The error has the names of fields and never values, because an event may hold data of customers.
fn unknown(event: &Value) -> EnvelopeError {
    let names = |object: &serde_json::Map<String, Value>| {
        object.keys().take(8).map(|k| k.chars().take(40).collect::<String>()).collect::<Vec<_>>().join(", ")
    };
    EnvelopeError::Unknown { fields: event.as_object().map(names).unwrap_or_default().escape_debug().to_string() }
}

#[cfg(test)]
mod tests;
