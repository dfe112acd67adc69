//! Tests of scoring usage in batches: by day, with objects in any order.

use weir_detect::ocsf::DetectionFinding;

use super::*;
use crate::keys;
use crate::preprocess::{PreprocessOptions, preprocess};
use crate::store::{Condition, MemoryStore};
use crate::testing::{content, object};

/// 2023-11-01 00:00 UTC.
const START: i64 = 1_698_796_800;
const DAY: i64 = 86_400;

/// A day of measurements every five minutes, higher by day than by night, with `noon` added at noon.
fn of_day(day: i64, noon: f64) -> String {
    let row = |step: i64| {
        let time = START + day * DAY + step * 300;
        let wave = (step as f64 / 288.0 * std::f64::consts::TAU).sin();
        let noise = ((day * 288 + step) * 7919 % 101) as f64 / 50.0;
        let value = 100.0 - 20.0 * wave + noise + if step == 144 { noon } else { 0.0 };
        format!("{},ec2,{value:.3}\n", jiff::Timestamp::from_second(time).unwrap())
    };
    std::iter::once("timestamp,service,value\n".to_owned()).chain((0..288).map(row)).collect()
}

async fn add_batches(state: &MemoryStore, name: &str, rows: &str) -> BTreeSet<HourOfScope> {
    let raw = MemoryStore::new();
    raw.put(name, rows.as_bytes().to_vec(), Condition::Always).await.unwrap();
    let done = preprocess(&raw, state, &object(name), PreprocessOptions::default()).await.unwrap();
    done.batches.iter().filter_map(|key| HourOfScope::from_batch_key(key)).map(HourOfScope::scored_with).collect()
}

async fn score_all(state: &MemoryStore, hours: &BTreeSet<HourOfScope>) {
    for hour in hours {
        crate::score(state, None, hour, START * 1000).await.unwrap();
    }
}

#[tokio::test]
async fn a_spike_is_found_from_earlier_days_and_scoring_is_idempotent() {
    let state = MemoryStore::new();
    for day in 0..7 {
        let hours = add_batches(&state, &format!("{day}.csv"), &of_day(day, 0.0)).await;
        assert_eq!(hours.len(), 1, "a day is scored at once");
        score_all(&state, &hours).await;
    }
    let quiet = state.list(keys::FINDINGS).await.unwrap().len();
    let hours = add_batches(&state, "last.csv", &of_day(7, 400.0)).await;
    score_all(&state, &hours).await;
    let mut spikes = Vec::new();
    for key in state.list(keys::FINDINGS).await.unwrap() {
        let finding: DetectionFinding = serde_json::from_slice(&state.get(&key).await.unwrap().unwrap().bytes).unwrap();
        if finding.kind() == "usage-spike" && finding.time >= (START + 7 * DAY) * 1000 {
            spikes.push(finding);
        }
    }
    assert_eq!(spikes.len(), 1, "{quiet} before: {spikes:#?}");
    assert!(spikes[0].entity().unwrap().to_string().contains("service=ec2"), "{spikes:#?}");
    let before = content(&state, "").await;
    score_all(&state, &hours).await;
    assert_eq!(content(&state, "").await, before);
}

#[tokio::test]
async fn checkpoints_do_not_depend_on_the_order_of_objects() {
    let (there, back) = (MemoryStore::new(), MemoryStore::new());
    for (state, days) in [(&there, [0, 1, 2, 3]), (&back, [2, 0, 1, 3])] {
        for day in days {
            let hours = add_batches(state, &format!("{day}.csv"), &of_day(day, 0.0)).await;
            score_all(state, &hours).await;
        }
    }
    let checkpoint =
        |day: i64| keys::checkpoint(Source::Usage, &weir_domain::window::Scope::new("", ""), START + day * DAY);
    assert_eq!(content(&there, &checkpoint(3)).await, content(&back, &checkpoint(3)).await);
    assert_eq!(content(&there, &checkpoint(3)).await.len(), 1);
}

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";

/// A day of flows to a range of AWS and one of Google, every five minutes each, with `noon` more bytes to the first at noon.
fn flows(day: i64, noon: u64, google: bool) -> Vec<String> {
    let row = |to: &str, time: i64, bytes: u64| {
        format!("2 123456789012 eni-1 10.0.0.1 {to} 50000 443 6 10 {bytes} {time} {} ACCEPT OK\n", time + 60)
    };
    let rows = |step: i64| {
        let time = START + day * DAY + step * 300;
        let wave = 1.0 - (step as f64 / 288.0 * std::f64::consts::TAU).cos();
        let noise = ((day * 288 + step) * 7919 % 101) as u64 * 10;
        let more = if (144..150).contains(&step) { noon } else { 0 };
        let mut rows = row("52.216.1.1", time, 10_000 + (2000.0 * wave) as u64 + noise + more);
        if google && step == 30 {
            rows += &row("8.8.8.8", time, 500);
        }
        rows
    };
    (0..288).map(rows).collect()
}

async fn take_in_flows(state: &MemoryStore, name: &str, rows: &[String]) {
    let raw = MemoryStore::new();
    let text = HEADER.to_owned() + &rows.concat();
    raw.put(name, text.into_bytes(), Condition::Always).await.unwrap();
    let ranges = weir_ingest::ranges::ProviderRanges::shipped().unwrap();
    let options = PreprocessOptions { usage: Some(std::sync::Arc::new(ranges)), ..PreprocessOptions::default() };
    preprocess(&raw, state, &object(name), options).await.unwrap();
}

/// Sweeps at a time and scores the days of the usage batches, like the functions.
async fn sweep_at(state: &MemoryStore, now: i64) -> Vec<String> {
    let swept = crate::flow::sweep(state, None, i64::MIN, now * 1000).await.unwrap();
    let hours = swept.usage.iter().map(|key| HourOfScope::from_batch_key(key).unwrap().scored_with());
    score_all(state, &hours.collect()).await;
    swept.usage
}

async fn used(state: &MemoryStore) -> Vec<(String, Vec<u8>)> {
    content(state, "processed/source=usage/").await
}

#[tokio::test]
async fn flow_logs_show_a_spike_of_a_provider() {
    let state = MemoryStore::new();
    for day in 0..14 {
        take_in_flows(&state, &format!("{day}.log"), &flows(day, if day == 13 { 90_000 } else { 0 }, day > 3)).await;
    }
    let written = sweep_at(&state, START + 15 * DAY).await;
    assert_eq!(written.len(), 14 * 24);
    let mut spikes = BTreeSet::new();
    for key in state.list(keys::FINDINGS).await.unwrap() {
        let finding: DetectionFinding = serde_json::from_slice(&state.get(&key).await.unwrap().unwrap().bytes).unwrap();
        if finding.kind() == "usage-spike" && finding.time > (START + 13 * DAY) * 1000 {
            spikes.insert((finding.entity().unwrap().to_string(), finding.finding_info.first_seen_time));
        }
    }
    let noon = (START + 13 * DAY + DAY / 2) * 1000;
    let name = "provider=aws region=us-east-1 service=s3 source=flow-logs bytes".to_owned();
    assert_eq!(spikes.into_iter().collect::<Vec<_>>(), [(name, noon)]);
    let before = content(&state, "").await;
    assert!(sweep_at(&state, START + 16 * DAY).await.is_empty());
    assert_eq!(content(&state, "").await, before, "doing it again changes nothing");
}

#[tokio::test]
async fn objects_of_an_hour_add_up_in_any_order_and_duplicates_count_once() {
    let (whole, parts) = (MemoryStore::new(), MemoryStore::new());
    let rows = flows(0, 0, true);
    take_in_flows(&whole, "whole.log", &rows).await;
    sweep_at(&whole, START + 2 * DAY).await;
    // Every other row arrives late, and the first half is stored under two keys.
    let (even, odd): (Vec<_>, Vec<_>) = rows.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let [even, odd] = [even, odd].map(|rows| rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
    take_in_flows(&parts, "even.log", &even).await;
    take_in_flows(&parts, "even-again.log", &even).await;
    assert_eq!(sweep_at(&parts, START + 2 * DAY).await.len(), 24);
    assert_ne!(used(&parts).await, used(&whole).await);
    take_in_flows(&parts, "odd.log", &odd).await;
    assert_eq!(sweep_at(&parts, START + 2 * DAY).await.len(), 24);
    assert_eq!(used(&parts).await, used(&whole).await);
}

#[tokio::test]
async fn an_hour_is_summed_up_half_an_hour_after_its_end_and_only_on_request() {
    let state = MemoryStore::new();
    take_in_flows(&state, "day.log", &flows(0, 0, false)).await;
    let hour = 3600;
    assert_eq!(sweep_at(&state, START + 3 * hour + 1799).await.len(), 2, "the hours that ended at 1 and at 2");
    assert_eq!(sweep_at(&state, START + 3 * hour + 1800).await.len(), 1);
    assert!(sweep_at(&state, START + 3 * hour + 2100).await.is_empty());
    let without = MemoryStore::new();
    let raw = MemoryStore::new();
    let text = HEADER.to_owned() + &flows(0, 0, false).concat();
    raw.put("a.log", text.into_bytes(), Condition::Always).await.unwrap();
    preprocess(&raw, &without, &object("a.log"), PreprocessOptions::default()).await.unwrap();
    assert!(sweep_at(&without, START + 2 * DAY).await.is_empty());
}

#[tokio::test]
async fn a_place_without_rows_has_usage_zero_and_a_step_without_rows_is_a_gap() {
    let state = MemoryStore::new();
    let mut rows = flows(0, 0, true);
    // The hour at 05:00 has no rows.
    rows.drain(60..72);
    take_in_flows(&state, "day.log", &rows).await;
    sweep_at(&state, START + 2 * DAY).await;
    let mut batches = Vec::new();
    for (key, bytes) in used(&state).await {
        batches.push((key, bytes));
    }
    let mut checkpoint = UsageCheckpoint { clock: Clock::new(&TimeZone::UTC), series: BTreeMap::new() };
    checkpoint.add_batches(batches).unwrap();
    let points = |name: &str| checkpoint.series[name].seen();
    // Google has one row at 02:30 and none after.
    let google = "provider=google region=- service=- source=flow-logs flows";
    let names: Vec<_> = checkpoint.series.keys().collect();
    assert!(checkpoint.series.contains_key(google), "{names:?}");
    assert_eq!((points("source=flow-logs rows"), points(google)), (46, 41));
}

#[tokio::test]
async fn a_risk_is_reported_once_and_updated_weekly() {
    let state = MemoryStore::new();
    let scope = weir_domain::window::Scope::new("", "");
    // Half hours, with an anomaly at 02:00 on Thursdays in most weeks. The first day is a Wednesday.
    let of_day = |day: i64| {
        let row = |step: i64| {
            let time = START + day * DAY + step * 1800;
            let at = day * 48 + step;
            let bad = (4..6).contains(&step) && day % 7 == 1 && day / 7 != 4 && day > 7;
            let value = 100.0 - 20.0 * (step as f64 / 48.0 * std::f64::consts::TAU).sin()
                + (at * 7919 % 101) as f64 / 50.0
                + if bad { 150.0 + (at * 37 % 211) as f64 } else { 0.0 };
            format!("{},ec2,{value:.3}\n", jiff::Timestamp::from_second(time).unwrap())
        };
        std::iter::once("timestamp,service,value\n".to_owned()).chain((0..48).map(row)).collect::<String>()
    };
    let mut reported = Vec::new();
    for day in 0..63 {
        let hours = add_batches(&state, &format!("{day}.csv"), &of_day(day)).await;
        score_all(&state, &hours).await;
        let mut risks = Vec::new();
        for (key, bytes) in content(&state, keys::FINDINGS).await {
            let finding: DetectionFinding = serde_json::from_slice(&bytes).unwrap();
            if finding.kind() == "high-risk-window" {
                risks.push((key, finding.message.clone()));
            }
        }
        assert!(risks.len() <= 1, "{risks:#?}");
        if reported.last() != risks.last() {
            reported.extend(risks.pop());
        }
    }
    assert!(reported.len() > 2 && reported.len() <= 8, "once a week at most: {reported:#?}");
    assert!(reported.iter().all(|(key, _)| *key == reported[0].0), "one finding");
    assert!(reported.last().unwrap().1.contains("Thursdays 02:00 to 0"), "{reported:#?}");
    // Decoding inverts encoding, and a checkpoint of another time zone is recomputed.
    let key = keys::checkpoint(Source::Usage, &scope, START + 62 * DAY);
    let kept = state.get(&key).await.unwrap().unwrap().bytes;
    let nothing = |zone| UsageCheckpoint { clock: Clock::new(&zone), series: BTreeMap::new() };
    let bytes = &kept[8 + 32..];
    let restored = nothing(TimeZone::UTC).restore(bytes).unwrap();
    assert_eq!(restored.encode().unwrap(), bytes);
    assert!(nothing(TimeZone::get("Europe/Berlin").unwrap()).restore(bytes).is_err());
}
