//! Events that say an object was created: S3's own notification and `EventBridge`'s. Keys in the first are URL-encoded (`+`
//! for a blank) and are decoded; those in the second are not.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_pipeline::keys::ObjectRef;

use super::error::EnvelopeError;

/// The parts of an S3 record that are needed. `aws_lambda_events` requires more than all senders send.
pub(super) fn s3_record(record: &Value) -> Result<Option<ObjectRef>, EnvelopeError> {
    // Removals and restores are no uploads.
    if record["eventName"].as_str().is_some_and(|name| !name.contains("ObjectCreated")) {
        return Ok(None);
    }
    let created: Created =
        serde_json::from_value(record["s3"].clone()).map_err(|e| EnvelopeError::incomplete("S3 record", &e))?;
    Ok(Some(ObjectRef { bucket: created.bucket.name, key: url_decode(&created.object.key) }))
}

/// `EventBridge`'s "Object Created".
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
mod tests {
    use super::*;

    #[test]
    fn decoding_leaves_what_is_not_encoded() {
        assert_eq!(url_decode("100%/a%2"), "100%/a%2");
        assert_eq!(url_decode("%C3%A9+%ff"), "é \u{fffd}");
    }
}
