//! Tests of scoring: repeated, concurrent and in any order, it gives the same result as once.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;
use crate::hours::LoadError;
use crate::incidents::IncidentError;
use crate::keys::{FINDINGS, PROCESSED};
use crate::preprocess::{PreprocessOptions, preprocess};
use crate::store::Condition;
use crate::store::MemoryStore;
use crate::testing::{ContendedStore, HEADER, START, content, object, scan};
use weir_detect::incidents::IncidentLog;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::Incident;

const NOW: i64 = 1_700_000_500_000;

/// Preprocesses one object and returns its hours.
async fn receive(state: &impl Store, key: &str, rows: &str) -> BTreeSet<HourOfScope> {
    let raw = MemoryStore::new();
    raw.put(key, format!("{HEADER}{rows}").into_bytes(), Condition::Always).await.unwrap();
    let done = preprocess(&raw, state, &object(key), PreprocessOptions::default()).await.unwrap();
    done.batches.iter().filter_map(|key| HourOfScope::from_batch_key(key)).collect()
}

async fn only_hour(state: &impl Store, key: &str, rows: &str) -> HourOfScope {
    receive(state, key, rows).await.pop_first().unwrap()
}

async fn incidents(state: &impl Store) -> Vec<Incident> {
    let logs = content(state, "incidents/").await;
    logs.iter().flat_map(|(_, log)| serde_json::from_slice::<IncidentLog>(log).unwrap().incidents).collect()
}

/// The kind, entity, first and last time of every open finding.
async fn open_findings(state: &impl Store) -> BTreeSet<(String, String, i64, i64)> {
    let findings = content(state, FINDINGS).await;
    let findings: Vec<DetectionFinding> =
        findings.iter().map(|(_, finding)| serde_json::from_slice(finding).unwrap()).collect();
    let open: Vec<_> = findings.into_iter().filter(|f| f.is_alert).collect();
    let open_findings: BTreeSet<_> = open
        .iter()
        .map(|f| {
            let who = f.evidences[0].src_endpoint.as_ref().unwrap().ip.to_string();
            (f.kind().to_owned(), who, f.finding_info.first_seen_time, f.finding_info.last_seen_time)
        })
        .collect();
    assert_eq!(open_findings.len(), open.len(), "no two findings of the same");
    open_findings
}

#[tokio::test]
async fn an_hour_without_batches_gives_an_empty_result() {
    let hour = HourOfScope::from_batch_key("processed/source=flow/scope=1.r/dt=2023-11-14/hour=22/x.parquet").unwrap();
    assert_eq!(score(&MemoryStore::new(), None, &hour, NOW).await.unwrap(), Scored::default());
}

#[tokio::test]
async fn scoring_twice_changes_nothing() {
    let state = MemoryStore::new();
    let hour = only_hour(&state, "a.log", &[scan(1, 1, 20, START), scan(2, 1, 9, START)].concat()).await;
    let first = score(&state, None, &hour, NOW).await.unwrap();
    assert_eq!((first.batches, first.hits, first.findings.len()), (1, 1, 1), "nine ports are no scan");
    let before = content(&state, "").await;
    let second = score(&state, None, &hour, NOW + 60_000).await.unwrap();
    assert_eq!(second, Scored { findings: vec![], ..first });
    assert_eq!(content(&state, "").await, before);
}

#[tokio::test]
async fn a_late_object_extends_its_finding() {
    let state = MemoryStore::new();
    let hour = only_hour(&state, "a.log", &scan(1, 1, 20, START)).await;
    let first = score(&state, None, &hour, NOW).await.unwrap();
    receive(&state, "b.log", &scan(1, 1, 60, START + 900)).await;
    let second = score(&state, None, &hour, NOW + 1).await.unwrap();
    assert_eq!((second.batches, second.hits), (2, 2));
    assert_eq!(first.findings, second.findings, "the same finding, written again");
    assert_eq!(open_findings(&state).await.len(), 1);
    let finding: DetectionFinding = serde_json::from_slice(&content(&state, FINDINGS).await[0].1).unwrap();
    assert_eq!((finding.activity_id, finding.count), (2, 2));
    assert_eq!((finding.finding_info.created_time, finding.finding_info.modified_time), (NOW, NOW + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_scores_leave_one_incident_and_one_finding() {
    for turn in 0..20 {
        let state = Arc::new(ContendedStore::default());
        let hour = only_hour(state.as_ref(), "a.log", &scan(1, 1, 20, START)).await;
        let mut scores = JoinSet::new();
        for now in 0..4 {
            let (state, hour) = (Arc::clone(&state), hour.clone());
            scores.spawn(async move { score(state.as_ref(), None, &hour, NOW + now).await.unwrap() });
        }
        let written: usize = scores.join_all().await.iter().map(|scored| scored.findings.len()).sum();
        assert_eq!(written, 1, "turn {turn}: one of them wrote");
        assert_eq!(incidents(state.as_ref()).await.len(), 1);
        assert_eq!(content(state.as_ref(), FINDINGS).await.len(), 1);
    }
}

#[tokio::test]
async fn temporary_conflicts_are_retried() {
    let quiet = MemoryStore::new();
    let hour = only_hour(&quiet, "a.log", &scan(1, 1, 20, START)).await;
    score(&quiet, None, &hour, NOW).await.unwrap();
    for conflicts in [1, 2, 4] {
        let state = ContendedStore::with_conflicts(conflicts);
        let hour = only_hour(&state, "a.log", &scan(1, 1, 20, START)).await;
        score(&state, None, &hour, NOW).await.unwrap();
        assert_eq!(state.conflicts_left(), 0, "they did happen");
        assert_eq!(content(&state, "").await, content(&quiet, "").await);
    }
}

/// Takes some seconds, because scoring waits between attempts.
#[tokio::test]
async fn lasting_conflicts_are_an_error_that_names_the_object() {
    let state = ContendedStore::with_conflicts(u32::MAX);
    let hour = only_hour(&state, "a.log", &scan(1, 1, 20, START)).await;
    let error = score(&state, None, &hour, NOW).await.unwrap_err();
    assert!(
        matches!(&error, ScoreError::Incidents(IncidentError::Contended(contended)) if contended.key.starts_with("incidents/port-scan/")),
        "{error}"
    );
    assert_eq!(content(&state, FINDINGS).await, vec![]);
}

#[tokio::test]
async fn a_damaged_batch_is_an_error_that_says_what_to_do() {
    let state = MemoryStore::new();
    let hour = only_hour(&state, "a.log", &scan(1, 1, 20, START)).await;
    let key = hour.batch("damaged");
    state.put(&key, b"PAR1 but no more".to_vec(), Condition::Always).await.unwrap();
    let error = score(&state, None, &hour, NOW).await.unwrap_err();
    assert!(matches!(&error, ScoreError::Load(LoadError::Batch { key: named, .. }) if *named == key), "{error}");
    assert!(error.to_string().ends_with("preprocess its object again"), "{error}");
}

#[tokio::test]
async fn batches_of_two_window_lengths_are_an_error() {
    let state = MemoryStore::new();
    let hour = only_hour(&state, "a.log", &scan(1, 1, 20, START)).await;
    let raw = MemoryStore::new();
    raw.put("b.log", format!("{HEADER}{}", scan(2, 1, 20, START)).into_bytes(), Condition::Always).await.unwrap();
    let window_length = weir_domain::window::WindowLength::TEN_MINUTES;
    let options = PreprocessOptions { window_length, ..PreprocessOptions::default() };
    preprocess(&raw, &state, &object("b.log"), options).await.unwrap();
    let error = score(&state, None, &hour, NOW).await.unwrap_err();
    assert!(matches!(error, ScoreError::Load(LoadError::Mismatch { .. })), "{error}");
    assert!(error.to_string().contains("300 s") && error.to_string().contains("600 s"), "{error}");
}

#[tokio::test]
async fn unreadable_incidents_are_an_error_and_not_overwritten() {
    let state = MemoryStore::new();
    let hour = only_hour(&state, "a.log", &scan(1, 1, 20, START)).await;
    score(&state, None, &hour, NOW).await.unwrap();
    let key = state.list("incidents/").await.unwrap().remove(0);
    state.put(&key, b"{".to_vec(), Condition::Always).await.unwrap();
    let error = score(&state, None, &hour, NOW).await.unwrap_err();
    assert!(
        matches!(&error, ScoreError::Incidents(IncidentError::Unreadable { key: named, .. }) if *named == key),
        "{error}"
    );
    assert_eq!(state.get(&key).await.unwrap().unwrap().bytes, b"{");
}

/// Scans by several external hosts: one over a day in half-hour steps, one that pauses for an hour, and one whose ports are
/// spread over objects so that no single object shows it.
fn objects() -> Vec<String> {
    let mut objects: Vec<String> = (0..56).map(|step| scan(1, 1, 12, START + step * 1800)).collect();
    objects.extend([0, 600, 1200, 9000, 9300].map(|at| scan(2, 2, 15, START + at)));
    objects.extend((0..3).map(|part| {
        let ports = scan(3, 3, 12, START + 2000);
        ports.lines().skip(part * 4).take(4).fold(String::new(), |rows, row| rows + row + "\n")
    }));
    objects
}

async fn in_order(order: &[usize]) -> BTreeSet<(String, String, i64, i64)> {
    let (state, objects) = (MemoryStore::new(), objects());
    for (turn, at) in order.iter().enumerate() {
        for hour in receive(&state, &format!("{at}.log"), &objects[*at]).await {
            score(&state, None, &hour, NOW + turn as i64).await.unwrap();
        }
    }
    open_findings(&state).await
}

#[tokio::test]
async fn objects_in_any_order_give_the_same_findings() {
    let count = objects().len();
    let forward: Vec<_> = (0..count).collect();
    let expected = in_order(&forward).await;
    let by = |who: &str| expected.iter().filter(|(_, source, ..)| source == who).count();
    assert_eq!([by("203.0.113.1"), by("203.0.113.2"), by("203.0.113.3")], [2, 2, 1], "{expected:?}");

    let backward: Vec<_> = forward.iter().rev().copied().collect();
    assert_eq!(in_order(&backward).await, expected);
    for stride in [5usize, 7, 11, 23, 37] {
        let strided: Vec<_> = (0..count).map(|i| (i * stride + 3) % count).collect();
        assert_eq!(strided.iter().collect::<BTreeSet<_>>().len(), count, "every object once");
        assert_eq!(in_order(&strided).await, expected, "every {stride}th");
    }
}

#[tokio::test]
async fn every_hour_is_listed_under_the_prefix_that_starts_it() {
    let state = MemoryStore::new();
    let hours = receive(&state, "a.log", &[scan(1, 1, 3, START), scan(1, 1, 3, START + 7200)].concat()).await;
    let listed: BTreeSet<_> =
        state.list(PROCESSED).await.unwrap().iter().filter_map(|key| HourOfScope::from_batch_key(key)).collect();
    assert_eq!((hours.len(), listed), (2, hours));
}
