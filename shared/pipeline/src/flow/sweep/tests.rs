//! Tests of the sweep: it finds behaviour over hours once, and repeats only changed hours.

use super::*;
use crate::keys::{FINDINGS, ROLLUP};
use crate::preprocess::{PreprocessOptions, preprocess};
use crate::store::MemoryStore;
use crate::testing::{HEADER, START, content, object, stopped};

const NOW: i64 = 1_800_000_000_000;

async fn receive(state: &MemoryStore, key: &str, rows: &str) {
    let raw = MemoryStore::new();
    raw.put(key, format!("{HEADER}{rows}").into_bytes(), Condition::Always).await.unwrap();
    preprocess(&raw, state, &object(key), PreprocessOptions::default()).await.unwrap();
}

/// A scan of one port every 4 minutes by an external host: 15 an hour, 1 or 2 per window.
fn slow_scan(ports: u16) -> String {
    (0..ports).map(|n| stopped(1, 1, n + 1, START + i64::from(n) * 240)).collect()
}

#[tokio::test]
async fn a_slow_scan_over_hours_is_found_once() {
    let state = MemoryStore::new();
    receive(&state, "a.log", &slow_scan(90)).await;
    let first = sweep(&state, None, i64::MIN, NOW).await.unwrap();
    assert!(first.hits > 0 && first.findings.len() == 1, "{first:?}");
    assert_eq!(content(&state, ROLLUP).await.len(), first.hours);
    let before = content(&state, "").await;
    assert_eq!(sweep(&state, None, i64::MIN, NOW + 300_000).await.unwrap(), Swept::default(), "nothing changed");
    assert_eq!(content(&state, "").await, before);
}

#[tokio::test]
async fn a_scan_below_the_threshold_is_not_found() {
    let state = MemoryStore::new();
    receive(&state, "a.log", &slow_scan(39)).await;
    assert_eq!(sweep(&state, None, i64::MIN, NOW).await.unwrap().hits, 0, "39 ports in 4 hours are not 40");
}

#[tokio::test]
async fn a_late_object_causes_a_sweep_of_its_hour() {
    let state = MemoryStore::new();
    receive(&state, "a.log", &slow_scan(90)).await;
    let hours = sweep(&state, None, i64::MIN, NOW).await.unwrap().hours;
    receive(&state, "b.log", &stopped(2, 1, 80, START)).await;
    assert_eq!(sweep(&state, None, i64::MIN, NOW).await.unwrap().hours, 1, "of {hours}");
}

#[tokio::test]
async fn windows_are_judged_once_they_are_whole() {
    let state = MemoryStore::new();
    receive(&state, "a.log", &slow_scan(90)).await;
    let from = START - SWEPT_SECONDS;
    let mut found = Vec::new();
    // Every 5 minutes like the schedule, while the windows of six hours become whole; all logs are present from the start.
    for step in 0..90 {
        let swept = sweep(&state, None, from, (START + step * 300) * 1000).await.unwrap();
        found.extend(swept.findings);
    }
    let step_by_step: Vec<_> = content(&state, "incidents/").await;
    assert!(!found.is_empty());
    let at_once = MemoryStore::new();
    receive(&at_once, "a.log", &slow_scan(90)).await;
    sweep(&at_once, None, i64::MIN, NOW).await.unwrap();
    let windows = |logs: &[(String, Vec<u8>)]| -> Vec<_> {
        let logs =
            logs.iter().map(|(_, log)| serde_json::from_slice::<weir_detect::incidents::IncidentLog>(log).unwrap());
        logs.flat_map(|log| log.incidents).map(|incident| incident.hits).collect()
    };
    assert_eq!(windows(&step_by_step), windows(&content(&at_once, "incidents/").await));
    assert_eq!(content(&state, FINDINGS).await.len(), 1, "hits of consecutive hours are one finding");
}

#[tokio::test]
async fn a_damaged_rollup_is_recomputed() {
    let state = MemoryStore::new();
    receive(&state, "a.log", &slow_scan(90)).await;
    sweep(&state, None, i64::MIN, NOW).await.unwrap();
    let before = content(&state, ROLLUP).await;
    state.put(&before[0].0, b"{".to_vec(), Condition::Always).await.unwrap();
    assert_eq!(sweep(&state, None, i64::MIN, NOW).await.unwrap().hours, 1);
    assert_eq!(content(&state, ROLLUP).await, before);
}
