//! Tests of preprocessing: the outcome of every kind of bad input, and that the result depends on the object alone.

use std::io;

use weir_domain::window::Scope;

use super::*;
use crate::batch::{LoginBatch, UsageBatch};
use crate::hours::load_hour;
use crate::keys::HourOfScope;
use crate::store::MemoryStore;
use crate::testing::{HEADER, START, content, gzip, object, scan, stopped};
use weir_domain::aggregate::HourAggregate;
use weir_domain::source::Source;
use weir_ingest::ReadLimits;

fn limited() -> PreprocessOptions {
    PreprocessOptions {
        limits: ReadLimits { expanded_bytes: 32 << 20, ..ReadLimits::default() },
        ..PreprocessOptions::default()
    }
}

async fn raw(key: &str, bytes: impl Into<Vec<u8>>) -> MemoryStore {
    let raw = MemoryStore::new();
    raw.put(key, bytes.into(), Condition::Always).await.unwrap();
    raw
}

/// Preprocesses one object of this content into a store.
async fn process(state: &MemoryStore, key: &str, bytes: impl Into<Vec<u8>>) -> Result<Preprocessed, PreprocessError> {
    preprocess(&raw(key, bytes).await, state, &object(key), limited()).await
}

/// The lines of a rejects report.
async fn report_of(state: &MemoryStore, key: &str) -> Vec<serde_json::Value> {
    let report = state.get(&keys::rejects(&object(key).id())).await.unwrap().expect("a rejects report");
    String::from_utf8(report.bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn merged(state: &MemoryStore) -> (HourAggregate, usize) {
    let batches = state.list(keys::PROCESSED).await.unwrap();
    let loaded = load_hour(state, &HourOfScope::from_batch_key(&batches[0]).unwrap()).await.unwrap();
    (loaded.windows.unwrap(), loaded.batches)
}

#[tokio::test]
async fn an_unreadable_object_is_an_error_and_gets_a_report_with_the_reason() {
    let rows = format!("{HEADER}{}", scan(1, 1, 200, START));
    let whole = gzip(rows.as_bytes());
    let row = stopped(1, 1, 22, START);
    let bomb = gzip(format!("{HEADER}{}", row.repeat((64 << 20) / row.len())).as_bytes());
    assert!(bomb.len() < 1 << 20, "small to upload, large to read");
    let mut binary = vec![0x7f, b'E', b'L', b'F'];
    binary.extend((0..10_000u32).map(|i| (i * 31 % 251) as u8));
    let long = vec![b'x'; 10 << 20];
    let cases: [(&str, Vec<u8>, u64, &str); 8] = [
        ("plain.log.gz", vec![0, 1, 2, 3], 0, "named .gz, but"),
        ("cut.log.gz", whole[..whole.len() / 2].to_vec(), 0, "the gzip stream ends early"),
        ("bomb.log.gz", bomb, 1, "expands to more than 33554432 bytes"),
        ("nosrc.log", HEADER.replace(" srcaddr", "").into_bytes(), 1, "the header names no srcaddr"),
        ("noheader.log", scan(1, 1, 3, START).into_bytes(), 0, "in no known format: it is text without a header"),
        ("binary.log", binary, 0, "in no known format: it is binary data"),
        ("long.log", long, 0, "in no known format: it is text without a header"),
        ("empty-first.log", b"\n\n\x00\n".to_vec(), 0, "in no known format: it is binary data"),
    ];
    for (key, bytes, line, why) in cases {
        let state = MemoryStore::new();
        let error = process(&state, key, bytes).await.expect_err(key);
        let PreprocessError::Unreadable(error) = error else { panic!("{key}: {error}") };
        assert!(error.to_string().starts_with(&format!("logs/{key}: {why}")), "{error}");

        let report = report_of(&state, key).await;
        assert_eq!(report.len(), 1, "{key}");
        assert_eq!(report[0]["object"], format!("logs/{key}"));
        assert_eq!(report[0]["reason"], "unreadable object");
        assert!(report[0]["detail"].as_str().unwrap().starts_with(why), "{key}: {}", report[0]["detail"]);
        assert!(report[0]["line"].as_u64().unwrap() >= line, "{key}: {}", report[0]["line"]);
        assert_eq!(state.list(keys::PROCESSED).await.unwrap(), Vec::<String>::new(), "{key}: no half of it is kept");
    }
}

#[tokio::test]
async fn an_object_without_rows_gives_no_batch_and_no_rejects() {
    let header = HEADER.trim_end();
    let gz = gzip(HEADER.as_bytes());
    let cases: [(&str, &[u8]); 5] = [
        ("empty.log", b""),
        ("empty.log.gz", b""),
        ("header.log", header.as_bytes()),
        ("header.log.gz", &gz),
        ("blank.log", b"\n\r\n\n"),
    ];
    for (key, bytes) in cases {
        let state = MemoryStore::new();
        let done = process(&state, key, bytes).await.expect(key);
        assert_eq!((done.summary.records, done.summary.rejected_rows()), (0, 0), "{key}");
        assert_eq!((done.batches, done.rejects), (vec![], None), "{key}");
        assert_eq!(state.list("").await.unwrap(), Vec::<String>::new(), "{key}");
    }
}

#[tokio::test]
async fn bad_rows_are_reported_with_line_and_reason_and_good_ones_are_kept() {
    let good = stopped(1, 1, 22, START);
    let long = "x".repeat(10 << 20);
    let text = format!("{HEADER}{good}{}{good}{long}\n{good}", good.replace("203.0.113.1", "203.0.113.256"));
    let state = MemoryStore::new();
    let done = process(&state, "some.log", text).await.unwrap();
    assert_eq!((done.summary.records, done.summary.rejected_rows()), (3, 2));
    let report = report_of(&state, "some.log").await;
    assert_eq!(done.rejects, Some(keys::rejects(&object("some.log").id())));
    assert_eq!(report[0]["object"], "logs/some.log");
    assert_eq!((&report[0]["records"], &report[0]["rejected"]), (&3.into(), &2.into()));
    assert_eq!(report[0]["by_reason"], serde_json::json!({"bad address": 1, "line too long": 1}));
    let rows: Vec<_> = report[1..].iter().map(|row| (row["line"].as_u64(), row["reason"].as_str())).collect();
    assert_eq!(rows, [(Some(3), Some("bad address")), (Some(5), Some("line too long"))]);
    assert_eq!(merged(&state).await.0.windows.values().next().unwrap().interfaces["eni-1"].totals.rows, 3);
}

#[tokio::test]
async fn line_ends_and_compression_do_not_change_the_result() {
    let text = format!("{HEADER}{}", scan(1, 1, 30, START));
    let (plain, windows, packed) = (MemoryStore::new(), MemoryStore::new(), MemoryStore::new());
    process(&plain, "a.log", text.clone()).await.unwrap();
    let done = process(&windows, "a.log", text.replace('\n', "\r\n")).await.unwrap();
    assert_eq!((done.summary.records, done.rejects), (30, None));
    process(&packed, "a.log", gzip(text.as_bytes())).await.unwrap();
    assert_eq!(merged(&windows).await, merged(&plain).await);
    assert_eq!(merged(&packed).await, merged(&plain).await);
}

#[tokio::test]
async fn one_batch_per_scope_and_hour_by_the_start_of_rows() {
    let rows = [stopped(1, 1, 22, START), stopped(1, 1, 22, START + 3600), stopped(1, 1, 22, START + 3599)].concat();
    let elsewhere = stopped(1, 1, 22, START).replace("eu-west-1", "us-east-1");
    let state = MemoryStore::new();
    let done = process(&state, "a.log", format!("{HEADER}{rows}{elsewhere}")).await.unwrap();
    let id = object("a.log").id();
    let expected =
        ["eu-west-1/dt=2023-11-14/hour=22", "eu-west-1/dt=2023-11-14/hour=23", "us-east-1/dt=2023-11-14/hour=22"]
            .map(|part| format!("processed/source=flow/scope=123456789012.{part}/{id}.parquet"));
    assert_eq!(done.batches, expected);
    assert_eq!(state.list("").await.unwrap(), expected, "and nothing else is written");
}

#[tokio::test]
async fn rows_without_account_and_region_take_those_of_the_key() {
    let text = "srcaddr dstaddr start\n10.0.0.1 10.0.0.2 1700000100\n";
    let state = MemoryStore::new();
    let key = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2023/11/14/x.log";
    let done = process(&state, key, text).await.unwrap();
    assert!(done.batches[0].contains("scope=123456789012.eu-west-1/"), "{}", done.batches[0]);
}

#[tokio::test]
async fn preprocessing_is_idempotent() {
    let text = format!("{HEADER}{}nonsense\n{}", scan(1, 1, 300, START), scan(2, 3, 40, START + 3600));
    let state = MemoryStore::new();
    let first = process(&state, "a.log.gz", gzip(text.as_bytes())).await.unwrap();
    let before = content(&state, "").await;
    let second = process(&state, "a.log.gz", gzip(text.as_bytes())).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(before.len(), 3, "two hours and a rejects report");
    assert_eq!(content(&state, "").await, before);
}

#[tokio::test]
async fn one_file_under_two_keys_counts_once_and_two_files_twice() {
    let text = format!("{HEADER}{}", scan(1, 1, 30, START));
    let once = MemoryStore::new();
    process(&once, "a.log", text.clone()).await.unwrap();
    let twice = MemoryStore::new();
    for key in ["a.log", "copy/of/a.log"] {
        process(&twice, key, text.clone()).await.unwrap();
    }
    assert_eq!(twice.list(keys::PROCESSED).await.unwrap().len(), 2);
    assert_eq!(merged(&twice).await, merged(&once).await);

    process(&twice, "b.log", format!("{text}{}", stopped(1, 1, 99, START))).await.unwrap();
    let (hour, batches) = merged(&twice).await;
    assert_eq!((hour.windows.values().next().unwrap().interfaces["eni-1"].totals.rows, batches), (61, 2));
}

#[tokio::test]
async fn the_size_of_parts_does_not_change_the_result() {
    let text: String = (1..=6).map(|host| scan(host, host, 300, START + i64::from(host) * 200)).collect();
    let text = format!("{HEADER}{text}");
    let raw = raw("a.log", text).await;
    let mut hours = Vec::new();
    for rows_per_part in [1_000_000, 100, 7] {
        let state = MemoryStore::new();
        let options = PreprocessOptions { rows_per_part, ..limited() };
        preprocess(&raw, &state, &object("a.log"), options).await.unwrap();
        hours.push(merged(&state).await);
    }
    assert_eq!(
        hours[0].0.windows.values().flat_map(|w| w.interfaces.values()).map(|i| i.totals.rows).sum::<u64>(),
        1800
    );
    assert_eq!(hours[0], hours[1]);
    assert_eq!(hours[0], hours[2]);
}

#[tokio::test]
async fn a_missing_object_is_an_error_that_names_it() {
    let error = preprocess(&MemoryStore::new(), &MemoryStore::new(), &object("gone.log"), limited()).await.unwrap_err();
    assert!(matches!(&error, PreprocessError::Missing(object) if object.key == "gone.log"), "{error}");
}

#[tokio::test]
async fn rows_longer_than_a_window_are_counted() {
    let text =
        format!("{HEADER}{}", scan(1, 1, 4, START)).replace(&(START + 10).to_string(), &(START + 599).to_string());
    let done = process(&MemoryStore::new(), "a.log", text).await.unwrap();
    assert_eq!((done.summary.records, done.summary.longer_than_window), (4, 4));
}

#[tokio::test]
async fn inline_lines_give_the_same_batches_as_an_object() {
    let text = format!("{HEADER}{}", scan(1, 1, 30, START));
    let stored = MemoryStore::new();
    process(&stored, "a.log", text.clone()).await.unwrap();
    let state = MemoryStore::new();
    let log = RawLog::inline("kinesis", &["stream", "49"], Scope::new("123456789012", "eu-west-1"));
    let read = async || preprocess_reader(io::Cursor::new(text.clone()), &log, &state, limited()).await.unwrap();
    let done = read().await;
    assert_eq!(done, read().await, "the same objects again");
    assert_eq!(state.list("").await.unwrap(), done.batches);
    assert!(done.batches[0].ends_with(&format!("/{}.parquet", log.id)), "{:?}", done.batches);
    assert_eq!(merged(&state).await, merged(&stored).await);
}

#[tokio::test]
async fn an_unreadable_log_without_another_copy_is_stored() {
    let state = MemoryStore::new();
    let log = RawLog::inline("kinesis", &["stream", "50"], Scope::new("", ""));
    let bytes = b"\x00\x01 nothing anyone knows".to_vec();
    let failed = preprocess_reader(io::Cursor::new(bytes.clone()), &log, &state, limited()).await.unwrap_err();
    let PreprocessError::Unreadable(error) = failed else { panic!("{failed}") };
    reject(&state, &log, &error, Some(bytes.clone())).await.unwrap();
    let kept = keys::rejected_bytes(&log.id);
    assert_eq!(state.list("").await.unwrap(), [keys::rejects(&log.id), kept.clone()]);
    assert_eq!(state.get(&kept).await.unwrap().unwrap().bytes, bytes);
    let report = state.get(&keys::rejects(&log.id)).await.unwrap().unwrap().bytes;
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!((&report["object"], &report["kept"]), (&"kinesis:stream:50".into(), &kept.into()));
    assert!(report["detail"].as_str().unwrap().contains("binary data"), "{report}");
}

#[tokio::test]
async fn logins_and_usage_are_stored_by_hour() {
    let state = MemoryStore::new();
    let rows = "user_id,timestamp,ip_address,success\nada,2023-11-14T22:15:00Z,10.0.0.1,true\nbob,2023-11-14T23:15:00Z,10.0.0.2,false\n";
    let done = process(&state, "AWSLogs/123456789012/logins.csv", rows).await.unwrap();
    assert_eq!(done.summary.records, 2);
    let id = object("AWSLogs/123456789012/logins.csv").id();
    let key =
        |hour: u8| format!("processed/source=login/scope=123456789012.unknown/dt=2023-11-14/hour={hour}/{id}.parquet");
    assert_eq!(done.batches, [key(22), key(23)]);
    let batch = LoginBatch::decode(state.get(&key(23)).await.unwrap().unwrap().bytes).unwrap();
    assert_eq!(batch.logins.iter().map(|login| login.user.as_str()).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(batch.raw_hash, blake3::hash(rows.as_bytes()).to_hex().to_string());

    let rows = "timestamp,value\n2023-11-14 22:15:00,1.5\n";
    let done = process(&state, "usage.csv", rows).await.unwrap();
    let [key] = &done.batches[..] else { panic!("{:?}", done.batches) };
    assert!(key.starts_with("processed/source=usage/scope=unknown.unknown/dt=2023-11-14/hour=22/"), "{key}");
    let batch = UsageBatch::decode(state.get(key).await.unwrap().unwrap().bytes).unwrap();
    assert_eq!(batch.points.iter().map(|p| p.value).collect::<Vec<_>>(), [1.5]);

    let error = process(&state, "table.csv", "id,a,b\n1,2,3\n").await.unwrap_err();
    assert!(error.to_string().contains("it is table, which is no flow log"), "{error}");
    let only = PreprocessOptions { source: Some(Source::Flow), ..limited() };
    let error = preprocess(&raw("u.csv", rows).await, &state, &object("u.csv"), only).await.unwrap_err();
    assert!(error.to_string().contains("it is usage, which is no flow log"), "{error}");
}

#[tokio::test]
async fn too_many_hours_are_refused_before_batches_are_written() {
    let time = |hour: i64| START + hour * 3600;
    let stamp = |hour: i64| jiff::Timestamp::from_second(time(hour)).unwrap();
    let table = |header: &str, hours: i64, row: &dyn Fn(i64) -> String| {
        std::iter::once(header.to_owned()).chain((0..hours).map(row)).collect::<Vec<_>>().concat()
    };
    let flows = |hours| table(HEADER, hours, &|hour| stopped(1, 1, 22, time(hour)));
    let usage = |hours| table("timestamp,value\n", hours, &|hour| format!("{},1\n", stamp(hour)));
    let logins = |hours| {
        let row = |hour| format!("ada,{},10.0.0.1,true\n", stamp(hour));
        table("user_id,timestamp,ip_address,success\n", hours, &row)
    };
    for (name, rows) in [("flow.log", flows(9000)), ("usage.csv", usage(9000)), ("logins.csv", logins(9000))] {
        let state = MemoryStore::new();
        let error = process(&state, name, rows).await.unwrap_err();
        assert!(matches!(error, PreprocessError::Unreadable(_)), "{error}");
        assert!(error.to_string().contains("more than 8784 different hours: split it"), "{error}");
        assert_eq!(state.list(keys::PROCESSED).await.unwrap(), Vec::<String>::new(), "no half of it is kept");
        assert_eq!(report_of(&state, name).await.len(), 1);
    }
    assert_eq!(process(&MemoryStore::new(), "a.csv", usage(8784)).await.unwrap().batches.len(), 8784);
}

/// Syslog lines have no year. The store's time of writing takes precedence over that of the options.
#[tokio::test]
async fn syslog_years_come_from_the_time_of_writing() {
    let line = "Dec 10 09:12:20 LabSZ sshd[24680]: Accepted password for fztu from 119.137.62.142 port 49116 ssh2\n";
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("auth.log")).unwrap();
    io::Write::write_all(&mut &file, line.as_bytes()).unwrap();
    // 2024-11-20.
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_hours(481_128)).unwrap();
    let options = PreprocessOptions { written: 1_795_132_800_000, ..limited() };
    let state = MemoryStore::new();
    let files = crate::FolderStore::open_or_create(folder.path()).unwrap();
    let hour = |done: Preprocessed| HourOfScope::from_batch_key(&done.batches[0]).unwrap().hour.start();
    let done = preprocess(&files, &state, &object("auth.log"), options.clone()).await.unwrap();
    assert_eq!(hour(done), 1_702_198_800, "2023-12-10 09:00");
    // The store in memory has no time of writing: 2026-11-20, from the options.
    let done = preprocess(&raw("auth.log", line).await, &state, &object("auth.log"), options).await.unwrap();
    assert_eq!(hour(done), 1_765_357_200, "2025-12-10 09:00");
}
