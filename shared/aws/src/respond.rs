//! Handles every distinct item of an event once, and answers which parts failed.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Value, json};

use crate::envelope::{EnvelopeError, Invocation, Item};
use crate::error::Error;

/// Handles every distinct item of an event once. The answer for a queue has the failed messages, that for a stream the record
/// to restart at; any other event fails as a whole.
///
/// `subject` maps an item to the work of the function: `None` for an item to skip, an error for an item of another function.
///
/// # Errors
/// When a single event fails, or the event has an unknown shape.
pub async fn respond<K: Ord + Clone, E: Display>(
    event: Value,
    subject: impl Fn(&Item) -> Result<Option<K>, EnvelopeError>,
    work: impl AsyncFn(&K) -> Result<(), E>,
) -> Result<Value, Error> {
    let invocation = Invocation::parse(event).inspect_err(|e| tracing::error!(error = %e, "event refused"))?;
    let mut done: BTreeMap<K, Result<(), String>> = BTreeMap::new();
    let mut handle = async |items: &[Item]| -> Result<(), Error> {
        let mut outcome = Ok(());
        for item in items {
            let key = match subject(item) {
                Ok(Some(key)) => key,
                Ok(None) => {
                    tracing::warn!(object = %item, "skipped: not for this function");
                    continue;
                }
                Err(error) => {
                    tracing::error!(object = %item, error = %error, "refused");
                    return Err(Error::Envelope(error));
                }
            };
            if !done.contains_key(&key) {
                let result = work(&key).await.map_err(|e| e.to_string());
                if let Err(error) = &result {
                    tracing::error!(object = %item, error, "failed");
                }
                done.insert(key.clone(), result);
            }
            if let Some(Err(error)) = done.get(&key) {
                outcome = Err(Error::Objects(error.clone()));
            }
        }
        outcome
    };
    match invocation {
        Invocation::Direct(items) => {
            handle(&items).await?;
            Ok(json!({ "objects": items.len() }))
        }
        Invocation::Queue(messages) => {
            let mut failed = Vec::new();
            for message in messages {
                let outcome = match &message.items {
                    Ok(items) => handle(items).await.is_ok(),
                    Err(error) => {
                        tracing::error!(message = message.id, error = %error, "message refused");
                        false
                    }
                };
                if !outcome {
                    failed.push(message.id);
                }
            }
            Ok(failures(failed))
        }
        Invocation::Stream(records) => {
            for record in records {
                match handle(&[Item::Log(record.payload)]).await {
                    Ok(()) => {}
                    Err(refused @ Error::Envelope(_)) => return Err(refused),
                    // Lambda restarts at the first failed record, so later ones are not handled now.
                    Err(_) => return Ok(failures(vec![record.sequence_number])),
                }
            }
            Ok(failures(Vec::new()))
        }
    }
}

/// The answer for `ReportBatchItemFailures`, the same for queues and streams.
fn failures(identifiers: Vec<String>) -> Value {
    let failures: Vec<_> = identifiers.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn key(item: &Item) -> Result<Option<String>, EnvelopeError> {
        item.object().map(|o| Some(o.key.clone()))
    }

    fn batch(keys: &[&str]) -> Value {
        let body = |key: &str| json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}]});
        let record = |(i, key): (usize, &&str)| json!({"messageId": format!("m{i}"), "eventSource": "aws:sqs", "body": body(key).to_string()});
        json!({"Records": keys.iter().enumerate().map(record).collect::<Vec<_>>()})
    }

    fn stream(data: &[&str]) -> Value {
        let record = |(i, data): (usize, &&str)| {
            json!({"eventSource": "aws:kinesis", "eventID": format!("shardId-0:{i}"),
                "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/flows",
                "kinesis": {"sequenceNumber": i.to_string(), "data": data}})
        };
        json!({"Records": data.iter().enumerate().map(record).collect::<Vec<_>>()})
    }

    #[tokio::test]
    async fn only_failed_messages_are_reported_and_items_are_handled_once() {
        let worked = Mutex::new(Vec::new());
        let answer = respond(
            batch(&["good", "bad", "good", "other"]),
            |item| key(item).map(|key| key.filter(|key| key != "other")),
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
    async fn a_single_event_fails_as_a_whole() {
        let event = json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]});
        let failed = respond(event.clone(), key, async |_| Err("broken")).await;
        assert_eq!(failed.unwrap_err().to_string(), "broken");
        assert!(respond(event, key, async |_| Ok::<_, String>(())).await.is_ok());
    }

    #[tokio::test]
    async fn a_stream_restarts_at_the_first_failed_record() {
        let worked = Mutex::new(Vec::new());
        let work = async |item: &Item| {
            let Item::Log(payload) = item else { panic!("{item}") };
            let text = String::from_utf8(payload.bytes()).unwrap();
            worked.lock().unwrap().push(text.clone());
            if text == "bad" { Err("broken") } else { Ok(()) }
        };
        let (good, bad, other) = ("Z29vZA==", "YmFk", "b3RoZXI=");
        let answer = respond(stream(&[good, bad, other]), |item| Ok(Some(item.clone())), work).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "1"}]}));
        assert_eq!(*worked.lock().unwrap(), ["good", "bad"]);
        let answer = respond(stream(&[good, other]), |item| Ok(Some(item.clone())), work).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }

    #[tokio::test]
    async fn functions_of_objects_refuse_log_lines() {
        for event in [stream(&["Z29vZA=="]), json!({"awslogs": {"data": "Z29vZA=="}})] {
            let refused = respond(event, key, async |_: &String| Ok::<_, String>(())).await.unwrap_err();
            assert!(matches!(refused, Error::Envelope(EnvelopeError::LogLines)), "{refused}");
            assert!(refused.to_string().contains("only the function preprocess takes those"), "{refused}");
        }
    }
}
