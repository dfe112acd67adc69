use serde_json::json;

use super::*;

fn object(bucket: &str, key: &str) -> Item {
    Item::Object(ObjectRef { bucket: bucket.into(), key: key.into() })
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

fn direct(event: Value) -> Vec<Item> {
    match Invocation::parse(event).unwrap() {
        Invocation::Direct(items) => items,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_envelopes_give_the_same_object() {
    let expected = vec![object("logs", "a b/c=1+.gz")];
    let encoded = s3("a+b/c%3D1%2B.gz");
    assert_eq!(direct(encoded.clone()), expected);
    assert_eq!(direct(event_bridge("a b/c=1+.gz")), expected, "EventBridge's keys are not encoded");
    let in_sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": encoded.to_string()}}]});
    assert_eq!(direct(in_sns), expected);
    let notification = json!({"Type": "Notification", "Message": encoded.to_string()});
    let batch = sqs(&[encoded.to_string(), event_bridge("a b/c=1+.gz").to_string(), notification.to_string()]);
    let Invocation::Queue(messages) = Invocation::parse(batch).unwrap() else { panic!("direct") };
    assert_eq!(messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["m0", "m1", "m2"]);
    for message in messages {
        assert_eq!(message.items.unwrap(), expected);
    }
}

#[test]
fn one_bad_message_is_its_own_error() {
    let batch = sqs(&["not json".to_owned(), s3("k").to_string(), "{\"hello\":1}".to_owned()]);
    let Invocation::Queue(messages) = Invocation::parse(batch).unwrap() else { panic!("direct") };
    assert_eq!(messages[0].items, Err(EnvelopeError::NotJson));
    assert_eq!(messages[1].items, Ok(vec![object("logs", "k")]));
    assert_eq!(messages[2].items, Err(EnvelopeError::Unknown { fields: "hello".into() }));
}

#[test]
fn test_events_and_removals_give_no_items() {
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
        assert!(Invocation::parse(event.clone()).is_err(), "{event}");
    }
    assert_eq!(Invocation::parse(serde_json::from_str(&deep).unwrap()).unwrap_err(), EnvelopeError::TooDeep);
}

#[test]
fn a_record_of_a_failed_event_is_parsed_as_the_event() {
    let kept = |event: Value| {
        json!({"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event,
            "responseContext": {"statusCode": 200}, "responsePayload": {"errorType": "Objects"}})
    };
    assert_eq!(direct(kept(s3("k"))), [object("logs", "k")]);
    let subscription = json!({"awslogs": {"data": "eA=="}});
    assert_eq!(direct(subscription.clone()), [Item::Log(Payload::subscription("eA=="))]);
    let Invocation::Queue(messages) = Invocation::parse(sqs(&[kept(subscription).to_string()])).unwrap() else {
        panic!()
    };
    assert_eq!(messages[0].items, Ok(vec![Item::Log(Payload::subscription("eA=="))]), "a dead letter, redriven");

    let pointer = json!({"version": "1.0", "KinesisBatchInfo": {"shardId": "shardId-1", "startSequenceNumber": "49",
        "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/flows", "batchSize": 3}});
    let error = Invocation::parse(pointer).unwrap_err().to_string();
    assert!(error.contains("stream/flows, shardId-1, from 49") && error.contains("get-records"), "{error}");
}

#[test]
fn records_of_a_stream_are_named_by_stream_shard_and_sequence_number() {
    let record = |arn: &str, id: &str, number: &str| {
        json!({"eventSource": "aws:kinesis", "eventSourceARN": arn, "eventID": id,
            "kinesis": {"sequenceNumber": number, "data": "eA=="}})
    };
    let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/flows";
    let batch = [
        record(arn, "shardId-1:7", "7"),
        record(arn, "shardId-2:7", "7"),
        record(arn, "shardId-1:8", "8"),
        record(&format!("{arn}/consumer/c:1"), "shardId-1:7", "7"),
    ];
    let Invocation::Stream(records) = Invocation::parse(json!({"Records": batch})).unwrap() else { panic!() };
    let logs: Vec<_> = records.iter().map(|record| record.payload.log()).collect();
    assert_eq!(records.iter().map(|r| r.sequence_number.as_str()).collect::<Vec<_>>(), ["7", "7", "8", "7"]);
    assert_eq!(logs[0].name, format!("kinesis:{arn}:shardId-1:7"));
    assert_eq!(logs[0].scope.to_string(), "123456789012.eu-west-1");
    assert!(logs[0].id != logs[1].id && logs[0].id != logs[2].id);
    assert_eq!(logs[0], logs[3], "a consumer reads the same stream");

    for missing in ["sequenceNumber", "data"] {
        let mut event = json!({"Records": [record(arn, "", "7")]});
        event["Records"][0]["kinesis"].as_object_mut().unwrap().remove(missing);
        let error = Invocation::parse(event).unwrap_err().to_string();
        assert!(error.contains("a Kinesis event with parts missing") && error.contains(missing), "{error}");
    }
}
