//! Tests of payloads of every kind, valid and invalid, up to the objects written.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_pipeline::keys::{ObjectRef, PROCESSED};
use weir_pipeline::store::{Condition, Opened, Put, StoreError, Versioned};
use weir_pipeline::{MemoryStore, preprocess};

use super::*;
use weir_aws::envelope::{Invocation, Item, MAX_ENCODED};

use crate::settings::Settings;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/flows";

/// Rows of the default format, which have an account and no region.
fn rows(n: u32) -> Vec<String> {
    let row =
        |port| format!("2 123456789012 eni-1 203.0.113.1 10.0.0.1 50000 {port} 6 1 60 1700000100 1700000110 REJECT OK");
    (1..=n).map(row).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn message(lines: &[String]) -> Value {
    let event = |(n, line): (usize, &String)| json!({"id": format!("{n:056}"), "timestamp": 1, "message": line});
    json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "flow-logs", "logStream": "eni-1-all",
        "subscriptionFilters": ["weir"], "logEvents": lines.iter().enumerate().map(event).collect::<Vec<_>>()})
}

fn packed(lines: &[String]) -> Vec<u8> {
    gzip(message(lines).to_string().as_bytes())
}

fn subscription(data: &[u8]) -> Payload {
    payload(json!({"awslogs": {"data": STANDARD.encode(data)}}))
}

fn record(number: u32, base64: &str) -> Payload {
    payload(json!({"Records": [{"eventSource": "aws:kinesis", "eventID": format!("shardId-0:{number}"),
        "eventSourceARN": STREAM, "kinesis": {"sequenceNumber": number.to_string(), "data": base64}}]}))
}

fn payload(event: Value) -> Payload {
    match Invocation::parse(event).unwrap() {
        Invocation::Direct(items) => match items.into_iter().next() {
            Some(Item::Log(payload)) => payload,
            other => panic!("{other:?}"),
        },
        Invocation::Stream(records) => records.into_iter().next().unwrap().payload,
        Invocation::Queue(_) => panic!("a queue"),
    }
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let state = |name: &str| (name == "STATE_BUCKET").then(|| "s".to_owned());
    Settings::from_lookup(&|name: &str| lookup(name).or_else(|| state(name))).unwrap()
}

async fn take(state: &impl Store, payload: &Payload) -> Result<(), PreprocessError> {
    preprocess_payload(state, payload, Some("eu-west-1"), settings(&[]).inline_options()).await
}

/// All keys and objects of a store.
async fn content(state: &MemoryStore) -> Vec<(String, Vec<u8>)> {
    let mut content = Vec::new();
    for key in state.list("").await.unwrap() {
        let bytes = state.get(&key).await.unwrap().unwrap().bytes;
        content.push((key, bytes));
    }
    content
}

/// The key of the only batch without its name: scope, day and hour.
async fn hour(state: &MemoryStore) -> String {
    let keys = state.list("").await.unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].rsplit_once('/').unwrap().0.to_owned()
}

/// The only report, and the stored bytes that it names.
async fn rejected(state: &MemoryStore) -> (Value, Option<Vec<u8>>) {
    let mut content = content(state).await.into_iter();
    let (key, report) = content.next().unwrap();
    assert!(key.starts_with("rejects/"), "{key}");
    let report: Value = serde_json::from_slice(&report).unwrap();
    let kept = content.next().map(|(key, bytes)| {
        assert_eq!(report["kept"], key);
        bytes
    });
    assert!(content.next().is_none(), "nothing else is written");
    (report, kept)
}

#[tokio::test]
async fn inline_lines_give_the_same_batch_as_an_object() {
    let lines = rows(30);
    let key = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2023/11/14/x.log";
    let raw = MemoryStore::new();
    let text = format!("{HEADER}\n{}\n", lines.join("\n"));
    raw.put(key, text.clone().into_bytes(), Condition::Always).await.unwrap();
    let stored = MemoryStore::new();
    let object = ObjectRef { bucket: "logs".into(), key: key.into() };
    preprocess(&raw, &stored, &object, settings(&[]).object_options()).await.unwrap();
    let expected = hour(&stored).await;
    assert_eq!(expected, "processed/source=flow/scope=123456789012.eu-west-1/dt=2023-11-14/hour=22");

    let with_header = [vec![HEADER.to_owned()], lines.clone()].concat();
    let json = message(&lines).to_string();
    for (what, payload) in [
        ("a subscription", subscription(&packed(&lines))),
        ("a subscription with a header line", subscription(&packed(&with_header))),
        ("a subscription through a stream", record(1, &STANDARD.encode(packed(&lines)))),
        ("the same, not compressed", record(1, &STANDARD.encode(json))),
        ("lines in a stream", record(1, &STANDARD.encode(lines.join("\n")))),
        ("lines with a header in a stream", record(1, &STANDARD.encode(&text))),
        ("compressed lines in a stream", record(1, &STANDARD.encode(gzip(text.as_bytes())))),
    ] {
        let state = MemoryStore::new();
        take(&state, &payload).await.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(hour(&state).await, expected, "{what}");
    }
}

#[tokio::test]
async fn lines_without_an_account_take_that_of_the_owner_or_stream() {
    let fields = settings(&[("FLOW_LOG_FIELDS", "srcaddr dstaddr start")]).inline_options();
    let lines = ["10.0.0.1 10.0.0.2 1700000100".to_owned()];
    let mut message = message(&lines);
    message["owner"] = json!("210987654321");
    let owned = gzip(message.to_string().as_bytes());
    for (payload, scope) in [
        (subscription(&owned), "210987654321.us-east-1"),
        (record(1, &STANDARD.encode(&owned)), "210987654321.eu-west-1"),
        (record(1, &STANDARD.encode(&lines[0])), "123456789012.eu-west-1"),
    ] {
        let state = MemoryStore::new();
        preprocess_payload(&state, &payload, Some("us-east-1"), fields.clone()).await.unwrap();
        assert!(hour(&state).await.contains(&format!("scope={scope}/")), "{}", hour(&state).await);
    }
}

#[tokio::test]
async fn repeated_deliveries_write_the_same_objects() {
    let data = packed(&rows(30));
    let state = MemoryStore::new();
    take(&state, &record(7, &STANDARD.encode(&data))).await.unwrap();
    let before = content(&state).await;
    // CloudWatch Logs repeats a batch: the carrier, compression and sequence number differ, and the log is the same.
    let json = message(&rows(30)).to_string();
    take(&state, &subscription(&data)).await.unwrap();
    take(&state, &record(8, &STANDARD.encode(gzip(json.as_bytes())))).await.unwrap();
    take(&state, &record(9, &STANDARD.encode(json))).await.unwrap();
    assert!(content(&state).await == before);

    let text = STANDARD.encode(rows(30).join("\n"));
    for (number, batches) in [(1, 2), (1, 2), (2, 3)] {
        take(&state, &record(number, &text)).await.unwrap();
        assert_eq!(state.list(PROCESSED).await.unwrap().len(), batches);
    }
}

#[tokio::test]
async fn control_messages_and_empty_payloads_write_nothing() {
    let checking = "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream.";
    let control = json!({"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logStream": "",
        "subscriptionFilters": [], "logEvents": [{"id": "", "timestamp": 1, "message": checking}]});
    let control = gzip(control.to_string().as_bytes());
    for payload in [
        subscription(&control),
        record(1, &STANDARD.encode(&control)),
        subscription(&packed(&[])),
        record(1, ""),
        record(1, &STANDARD.encode(gzip(b""))),
        record(1, &STANDARD.encode("\n\n")),
    ] {
        let state = MemoryStore::new();
        take(&state, &payload).await.unwrap();
        assert_eq!(content(&state).await, [], "{payload}");
    }
}

#[tokio::test]
async fn other_formats_are_detected_or_taken_from_settings() {
    let zeek = r#"{"ts":1700000100.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.2","id.resp_p":22,"proto":"tcp","conn_state":"S0","orig_pkts":1,"orig_ip_bytes":60,"resp_pkts":0,"resp_ip_bytes":0}"#;
    let named = settings(&[("SOURCE", "zeek-conn")]);
    for options in [settings(&[]).inline_options(), named.inline_options()] {
        let state = MemoryStore::new();
        preprocess_payload(&state, &record(1, &STANDARD.encode(zeek)), Some("r"), options).await.unwrap();
        assert_eq!(state.list(PROCESSED).await.unwrap().len(), 1);
    }
    let flow_log = subscription(&packed(&[vec![HEADER.to_owned()], rows(40)].concat()));
    let failed = preprocess_payload(&MemoryStore::new(), &flow_log, Some("r"), named.inline_options()).await;
    assert!(failed.is_err(), "what SOURCE names is not second-guessed");
    assert_eq!(settings(&[]).object_options().flow.fields, None, "objects have a header line");
    assert_eq!(settings(&[]).inline_options().flow.fields, Some(FieldOrder::version_2()));
}

#[tokio::test]
async fn bad_lines_are_rejects_and_the_good_ones_kept() {
    let lines = [rows(3), vec!["nonsense".to_owned()]].concat();
    let state = MemoryStore::new();
    take(&state, &subscription(&packed(&lines))).await.unwrap();
    let content = content(&state).await;
    assert_eq!(content.len(), 2);
    let report = String::from_utf8(content[1].1.clone()).unwrap();
    let head: Value = serde_json::from_str(report.lines().next().unwrap()).unwrap();
    assert_eq!((&head["records"], &head["rejected"]), (&json!(3), &json!(1)));
    let name = head["object"].as_str().unwrap();
    assert!(name.starts_with("cloudwatch-logs:123456789012:eu-west-1:flow-logs:eni-1-all:0"), "{name}");
}

/// Unreadable payloads of CloudWatch Logs and their errors.
fn unreadable() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = packed(&rows(200));
    let json = message(&rows(2));
    let without = |name: &str| {
        let mut json = json.clone();
        json.as_object_mut().unwrap().remove(name);
        gzip(json.to_string().as_bytes())
    };
    let with = |name: &str, value: Value| {
        let mut json = json.clone();
        json[name] = value;
        gzip(json.to_string().as_bytes())
    };
    // Type and group come first, as CloudWatch Logs writes them, so a truncated payload is still recognised.
    let begin = r#"{"messageType":"DATA_MESSAGE","logGroup":"g","owner":"1","logStream":"s","logEvents":["#;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(begin.as_bytes()).unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..257 {
        bomb.write_all(&blanks).unwrap();
    }
    vec![
        ("cut gzip", whole[..whole.len() * 9 / 10].to_vec(), "the gzip stream ends early"),
        ("cut JSON", gzip(begin.as_bytes()), "its JSON ends early"),
        ("deep JSON", gzip(format!("{begin}{}", "[".repeat(1000)).as_bytes()), "its JSON lacks parts"),
        ("no owner", without("owner"), "lacks parts"),
        ("no events", without("logEvents"), "lacks parts"),
        ("events of another kind", with("logEvents", json!("x")), "lacks parts"),
        ("an event without id", with("logEvents", json!([{"message": "x"}])), "lacks parts"),
        ("an empty id", with("logEvents", json!([{"id": "", "message": "x"}])), "first event's id has 0 bytes"),
        ("a long group", with("logGroup", json!("g".repeat(600))), "logGroup has 600 bytes"),
        ("an unknown type", with("messageType", json!("NEWS")), "neither DATA_MESSAGE nor CONTROL_MESSAGE"),
        ("most rows bad", packed(&vec!["nonsense".to_owned(); 40]), "40 of 40 rows cannot be read"),
        ("a bomb", bomb.finish().unwrap(), "expands to more than 268435456 bytes"),
    ]
}

#[tokio::test]
async fn an_unreadable_subscription_fails_with_a_report() {
    for (what, data, why) in unreadable() {
        let state = MemoryStore::new();
        let error = take(&state, &subscription(&data)).await.expect_err(what).to_string();
        assert!(error.contains(why), "{what}: {error}");
        let (report, kept) = rejected(&state).await;
        assert_eq!((report["reason"].as_str(), kept), (Some("unreadable object"), None), "{what}");
        assert!(report["detail"].as_str().unwrap().contains(why), "{what}: {report}");
    }
}

#[tokio::test]
async fn an_unreadable_record_is_stored_and_the_stream_continues() {
    let cut = gzip(rows(200).join("\n").as_bytes());
    let others = [
        ("binary data", (0..10_000u32).map(|i| (i * 31 % 251) as u8).collect::<Vec<_>>(), "it is binary data"),
        ("other JSON", br#"{"hello": 1}"#.to_vec(), "it is JSON of another shape"),
        ("cut lines", cut[..cut.len() / 2].to_vec(), "the gzip stream ends early"),
    ];
    for (what, data, why) in unreadable().into_iter().chain(others) {
        let state = MemoryStore::new();
        take(&state, &record(1, &STANDARD.encode(&data))).await.unwrap_or_else(|e| panic!("{what}: {e}"));
        let (report, kept) = rejected(&state).await;
        assert!(report["detail"].as_str().unwrap().contains(why), "{what}: {report}");
        assert!(kept == Some(data), "{what}");
    }
}

#[tokio::test]
async fn invalid_base64_is_stored_unchanged() {
    let long = "A".repeat(MAX_ENCODED + 4);
    let cases = [("not base64!", "not base64"), ("YWJ", "not base64"), (&*long, "more than an event can hold")];
    for (base64, why) in cases {
        let state = MemoryStore::new();
        take(&state, &record(1, base64)).await.unwrap();
        let (report, kept) = rejected(&state).await;
        assert!(report["detail"].as_str().unwrap().contains(why), "{report}");
        assert!(kept == Some(base64.as_bytes().to_vec()));
    }
}

/// A store whose writes fail.
struct Full;

impl Store for Full {
    async fn get(&self, _: &str) -> Result<Option<Versioned>, StoreError> {
        Ok(None)
    }

    async fn open(&self, _: &str) -> Result<Option<Opened>, StoreError> {
        Ok(None)
    }

    async fn put(&self, key: &str, _: Vec<u8>, _: Condition) -> Result<Put, StoreError> {
        Err(StoreError::new("put", key, "no room"))
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_failing_store_fails_the_record_so_that_it_is_delivered_again() {
    for data in [rows(1).join("\n"), "\0\0".to_owned()] {
        let failed = take(&Full, &record(1, &STANDARD.encode(data))).await;
        assert!(matches!(failed, Err(PreprocessError::Store(_))), "{failed:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A payload truncated anywhere, before or after any step of encoding, is an error.
    #[test]
    fn truncated_payloads_are_errors(at in any::<prop::sample::Index>(), step in 0..3) {
        let json = message(&rows(40)).to_string().into_bytes();
        let cut = |bytes: &[u8]| bytes[..at.index(bytes.len())].to_vec();
        let base64 = match step {
            0 => STANDARD.encode(gzip(&cut(&json))),
            1 => STANDARD.encode(cut(&gzip(&json))),
            _ => String::from_utf8(cut(STANDARD.encode(gzip(&json)).as_bytes())).unwrap(),
        };
        let opened = payload(json!({"awslogs": {"data": base64}})).open("r");
        prop_assert!(opened.is_err());
    }

    #[test]
    fn other_bytes_than_a_payload_are_refused_or_lines_of_a_stream(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,80}") {
        for data in [bytes.clone(), gzip(&bytes), text.clone().into_bytes(), gzip(text.as_bytes())] {
            prop_assert!(subscription(&data).open("r").is_err());
            if let Ok(Some(log)) = record(1, &STANDARD.encode(&data)).open("r") {
                prop_assert!(log.lines.len() as u64 <= weir_aws::envelope::MAX_EXPANDED);
            }
        }
    }
}
