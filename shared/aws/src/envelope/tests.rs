use serde_json::json;

use super::*;

fn object(bucket: &str, key: &str) -> ObjectRef {
    ObjectRef { bucket: bucket.into(), key: key.into() }
}

fn s3(key: &str) -> Value {
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": key, "size": 3}}}]})
}

fn event_bridge(key: &str) -> Value {
    json!({"version": "0", "detail-type": "Object Created", "source": "aws.s3", "account": "1", "region": "r",
        "time": "2026-01-15T10:00:00Z", "detail": {"bucket": {"name": "logs"}, "object": {"key": key}}})
}

fn sqs(bodies: &[String]) -> Value {
    let record =
        |(i, body): (usize, &String)| json!({"messageId": format!("m{i}"), "body": body, "eventSource": "aws:sqs"});
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

fn direct(event: Value) -> Vec<ObjectRef> {
    match Invocation::peel(event).unwrap() {
        Invocation::Direct(objects) => objects,
        Invocation::Queue(_) => panic!("a queue"),
    }
}

#[test]
fn all_envelopes_come_to_the_same_object() {
    let expected = vec![object("logs", "a b/c=1+.gz")];
    let encoded = s3("a+b/c%3D1%2B.gz");
    assert_eq!(direct(encoded.clone()), expected);
    assert_eq!(direct(event_bridge("a b/c=1+.gz")), expected, "EventBridge's keys are not encoded");
    let in_sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": encoded.to_string()}}]});
    assert_eq!(direct(in_sns), expected);
    let notification = json!({"Type": "Notification", "Message": encoded.to_string()});
    let batch = sqs(&[encoded.to_string(), event_bridge("a b/c=1+.gz").to_string(), notification.to_string()]);
    let Invocation::Queue(messages) = Invocation::peel(batch).unwrap() else { panic!("direct") };
    assert_eq!(messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["m0", "m1", "m2"]);
    for message in messages {
        assert_eq!(message.objects.unwrap(), expected);
    }
}

#[test]
fn one_bad_message_is_its_own_error() {
    let batch = sqs(&["not json".to_owned(), s3("k").to_string(), "{\"hello\":1}".to_owned()]);
    let Invocation::Queue(messages) = Invocation::peel(batch).unwrap() else { panic!("direct") };
    assert_eq!(messages[0].objects, Err(EnvelopeError::NotJson));
    assert_eq!(messages[1].objects, Ok(vec![object("logs", "k")]));
    assert_eq!(messages[2].objects, Err(EnvelopeError::Unknown { fields: "hello".into() }));
}

#[test]
fn test_events_and_removals_tell_of_nothing() {
    assert_eq!(direct(json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"})), []);
    let mut removed = s3("k");
    removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
    assert_eq!(direct(removed), []);
}

#[test]
fn hostile_events_are_errors() {
    let mut deep = s3("k").to_string();
    for _ in 0..10 {
        deep = json!({"Type": "Notification", "Message": deep}).to_string();
    }
    for event in [json!(null), json!([]), json!({"Records": [{"x": 1}]}), json!({"Records": [{"s3": {}}]})] {
        assert!(Invocation::peel(event.clone()).is_err(), "{event}");
    }
    assert_eq!(Invocation::peel(serde_json::from_str(&deep).unwrap()).unwrap_err(), EnvelopeError::TooDeep);
}

#[test]
fn decoding_leaves_what_is_not_encoded() {
    assert_eq!(url_decode("100%/a%2"), "100%/a%2");
    assert_eq!(url_decode("%C3%A9+%ff"), "é \u{fffd}");
}
