//! Tests of scoring logins in batches: by day, with objects in any order.

use weir_detect::ocsf::DetectionFinding;

use weir_domain::window::Scope;

use super::*;
use crate::keys;
use crate::keys::PROCESSED;
use crate::preprocess::{PreprocessOptions, preprocess};
use crate::store::{Condition, MemoryStore};
use crate::testing::object;
use std::collections::BTreeSet;
use weir_domain::source::Source;
use weir_domain::time::DAY_MILLIS;

/// 2023-11-01 00:00 UTC, milliseconds.
const START: i64 = 1_698_796_800_000;

const HEADER: &str = "user_id,timestamp,ip_address,geo_location,device_id,bytes_in,bytes_out,success\n";

/// Users who log in every morning from their own address with their own device.
fn of_day(day: i64) -> String {
    let mut rows = HEADER.to_owned();
    for user in 1..=20 {
        let time = START + day * DAY_MILLIS + 8 * 3_600_000 + user * 60_000;
        rows += &row(time, &format!("user{user}"), &format!("192.0.2.{user}"), "Paris, FR", &format!("d{user}"), true);
    }
    rows
}

fn row(time: i64, user: &str, ip: &str, place: &str, device: &str, success: bool) -> String {
    let time = jiff::Timestamp::from_millisecond(time).unwrap();
    format!("{user},{time},{ip},\"{place}\",{device},1000,1000,{success}\n")
}

/// At night an attacker tries the passwords of all users and succeeds once.
fn stuffing(day: i64) -> String {
    let mut rows = HEADER.to_owned();
    for user in 1..=20 {
        let time = START + day * DAY_MILLIS + 2 * 3_600_000 + user * 5_000;
        rows += &row(time, &format!("user{user}"), "203.0.113.66", "Bucharest, RO", "evil", user == 13);
    }
    rows
}

async fn take_in(state: &MemoryStore, name: &str, rows: &str) -> BTreeSet<HourOfScope> {
    let raw = MemoryStore::new();
    raw.put(name, rows.as_bytes().to_vec(), Condition::Always).await.unwrap();
    let done = preprocess(&raw, state, &object(name), PreprocessOptions::default()).await.unwrap();
    done.batches.iter().filter_map(|key| HourOfScope::from_batch_key(key)).map(HourOfScope::scored_with).collect()
}

async fn score_all(state: &MemoryStore, hours: BTreeSet<HourOfScope>, now: i64) {
    for hour in hours {
        crate::score(state, None, &hour, now).await.unwrap();
    }
}

async fn findings(state: &MemoryStore) -> Vec<DetectionFinding> {
    let mut findings = Vec::new();
    for key in state.list(keys::FINDINGS).await.unwrap() {
        findings.push(serde_json::from_slice(&state.get(&key).await.unwrap().unwrap().bytes).unwrap());
    }
    findings
}

#[tokio::test]
async fn credential_stuffing_is_found_once_from_earlier_days() {
    let state = MemoryStore::new();
    for day in 0..6 {
        let hours = take_in(&state, &format!("{day}.csv"), &of_day(day)).await;
        score_all(&state, hours, START).await;
    }
    assert_eq!(findings(&state).await, [], "normal logins give no findings");
    let hours = take_in(&state, "night.csv", &stuffing(6)).await;
    score_all(&state, hours.clone(), START).await;
    let found = findings(&state).await;
    assert_eq!(found.iter().map(DetectionFinding::kind).collect::<Vec<_>>(), ["credential-stuffing"], "{found:#?}");
    assert!(found[0].message.contains("203.0.113.66"), "{}", found[0].message);

    let before = crate::testing::content(&state, "").await;
    score_all(&state, hours, START + 1).await;
    assert_eq!(crate::testing::content(&state, "").await, before, "doing it again changes nothing");
}

/// The checkpoint before the fourth day.
async fn kept(state: &MemoryStore) -> Vec<(String, Vec<u8>)> {
    let key = keys::checkpoint(Source::Login, &Scope::new("", ""), (START + 3 * DAY_MILLIS) / 1000);
    crate::testing::content(state, &key).await
}

#[tokio::test]
async fn checkpoints_are_stored_and_recomputed_when_earlier_days_change() {
    let in_order = MemoryStore::new();
    for day in 0..4 {
        let hours = take_in(&in_order, &format!("{day}.csv"), &of_day(day)).await;
        score_all(&in_order, hours, START).await;
    }
    // Day 1 arrives after day 3 was scored; then day 3 is scored again.
    let late = MemoryStore::new();
    for day in [0, 2, 3, 1] {
        let hours = take_in(&late, &format!("{day}.csv"), &of_day(day)).await;
        score_all(&late, hours, START).await;
    }
    let (expected, stale) = (kept(&in_order).await, kept(&late).await);
    assert_eq!(expected.len(), 1);
    assert_ne!(stale, expected, "it does not know of day 1 yet");
    let hours: BTreeSet<HourOfScope> = late
        .list(PROCESSED)
        .await
        .unwrap()
        .iter()
        .filter_map(|key| HourOfScope::from_batch_key(key))
        .map(HourOfScope::scored_with)
        .collect();
    score_all(&late, hours, START).await;
    assert_eq!(kept(&late).await, expected);

    // A damaged checkpoint is recomputed.
    let key = expected[0].0.clone();
    let mut damaged = expected[0].1.clone();
    damaged.truncate(damaged.len() / 2);
    late.put(&key, damaged, Condition::Always).await.unwrap();
    let hours = take_in(&late, "3.csv", &of_day(3)).await;
    score_all(&late, hours, START).await;
    assert_eq!(kept(&late).await, expected);
}

/// A model trained on thirty days of the same users.
fn trained() -> LoginModel {
    let mut table = LoginTable::default();
    let name = weir_ingest::ObjectName::new("logins.csv");
    for day in -30..0 {
        let rows = of_day(day);
        let each = |login: &weir_domain::login::LoginEvent<'_>| table.push(table.len() as u64, login);
        weir_ingest::login::simple::read(rows.as_bytes(), &name, weir_ingest::ReadLimits::default(), each).unwrap();
    }
    let training =
        crate::training::TrainOptions { estimators: vec![], seed: 7, now: START, program: "test".to_owned() };
    let trained = crate::login::train_logins(table, ApiUse::default(), &LoginOptions::default(), &training, None);
    trained.unwrap().model
}

#[tokio::test]
async fn a_promoted_model_changes_scores_and_not_checkpoints() {
    let (with, without) = (MemoryStore::new(), MemoryStore::new());
    let trained = trained().without_known();
    models::promote(&with, &trained, START).await.unwrap();
    assert_eq!(models::current::<LoginModel>(&with).await.unwrap(), Some(trained.clone()));
    assert_eq!(models::current::<weir_model::FlowModel>(&with).await.unwrap(), None, "the pointers are apart");
    for state in [&with, &without] {
        for day in 0..6 {
            let hours = take_in(state, &format!("{day}.csv"), &of_day(day)).await;
            score_all(state, hours, START).await;
        }
        let hours = take_in(state, "night.csv", &stuffing(6)).await;
        score_all(state, hours, START).await;
    }
    assert_eq!(kept(&with).await, kept(&without).await, "the checkpoint does not depend on the model");
    for state in [&with, &without] {
        let kinds: Vec<_> = findings(state).await.iter().map(|finding| finding.kind().to_owned()).collect();
        assert_eq!(kinds, ["credential-stuffing"]);
    }
    let hour = take_in(&with, "night.csv", &stuffing(6)).await.pop_first().unwrap();
    let scores = async |state: &MemoryStore| -> Vec<f64> {
        let day = Box::pin(judge_day(state, &hour)).await.unwrap().unwrap();
        day.judged.logins.iter().map(|login| login.score).collect()
    };
    let (heard, unheard) = (scores(&with).await, scores(&without).await);
    assert_eq!((heard.len(), unheard.len()), (20, 20));
    assert!(heard.iter().zip(&unheard).all(|(heard, unheard)| heard > unheard), "{heard:?} {unheard:?}");

    // An unreadable model is an error, and nothing is scored without it.
    let key = models::pointer::<LoginModel>(&with).await.unwrap().unwrap().key;
    with.put(&key, b"WEIRLOGN".to_vec(), Condition::Always).await.unwrap();
    let error = crate::score(&with, None, &hour, START).await.unwrap_err().to_string();
    assert!(error.starts_with(&key) && error.contains("cut off"), "{error}");
}

#[tokio::test]
async fn an_invalid_database_of_places_is_an_error_that_names_it() {
    for key in [keys::CITY_DATABASE, keys::ASN_DATABASE] {
        let state = MemoryStore::new();
        state.put(key, b"not a database".to_vec(), Condition::Always).await.unwrap();
        for hour in take_in(&state, "0.csv", &of_day(0)).await {
            let error = crate::score(&state, None, &hour, START).await.unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key}: no database of places")), "{error}");
        }
        let kept = state.list(keys::HISTORY).await.unwrap();
        assert!(kept.is_empty(), "{kept:?}");
    }
}
