//! Parses the events of a created object: S3 notifications and those of `EventBridge`. Keys in the former are URL-encoded
//! (`+` for a blank) and are decoded; keys in the latter are not encoded.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_pipeline::keys::ObjectRef;

use super::error::EnvelopeError;

/// The object of an S3 record; `None` for other events than uploads. `aws_lambda_events` requires fields that some senders
/// omit.
pub(super) fn s3_record(record: &Value) -> Result<Option<ObjectRef>, EnvelopeError> {
    // Removals and restores are not uploads.
    if record["eventName"].as_str().is_some_and(|name| !name.contains("ObjectCreated")) {
        return Ok(None);
    }
    let created: Created =
        serde_json::from_value(record["s3"].clone()).map_err(|e| EnvelopeError::incomplete("S3 record", &e))?;
    Ok(Some(ObjectRef { bucket: created.bucket.name, key: url_decode(&created.object.key) }))
}

/// The object of an "Object Created" event of `EventBridge`.
pub(super) fn event_bridge(event: Value) -> Result<ObjectRef, EnvelopeError> {
    let created: EventBridgeEvent<Created> =
        serde_json::from_value(event).map_err(|e| EnvelopeError::incomplete("EventBridge event", &e))?;
    Ok(ObjectRef { bucket: created.detail.bucket.name, key: created.detail.object.key })
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

/// Decodes `+` to a blank and `%XX` to a byte; everything else stays. Invalid UTF-8, which no key has, becomes U+FFFD.
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
mod tests {
    use super::*;

    #[test]
    fn decoding_keeps_text_that_is_not_encoded() {
        assert_eq!(url_decode("100%/a%2"), "100%/a%2");
        assert_eq!(url_decode("%C3%A9+%ff"), "é \u{fffd}");
    }
}
