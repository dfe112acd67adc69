//! Usage in batches: judged by day, whatever order objects come in.

use weir_detect::ocsf::DetectionFinding;

use super::*;
use crate::keys;
use crate::preprocess::{PreprocessOptions, preprocess};
use crate::store::{Condition, MemoryStore};
use crate::testing::{content, object};

/// 2023-11-01 00:00 UTC.
const START: i64 = 1_698_796_800;
const DAY: i64 = 86_400;

/// A day of measurements every five minutes, higher by day than by night; at noon of the last day something is wrong.
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

async fn take_in(state: &MemoryStore, name: &str, rows: &str) -> BTreeSet<HourOfScope> {
    let raw = MemoryStore::new();
    raw.put(name, rows.as_bytes().to_vec(), Condition::Always).await.unwrap();
    let done = preprocess(&raw, state, &object(name), PreprocessOptions::default()).await.unwrap();
    done.batches.iter().filter_map(|key| HourOfScope::of_batch(key)).map(HourOfScope::scored_with).collect()
}

async fn score_all(state: &MemoryStore, hours: &BTreeSet<HourOfScope>) {
    for hour in hours {
        crate::score(state, None, hour, START * 1000).await.unwrap();
    }
}

#[tokio::test]
async fn a_spike_is_found_by_the_days_before_and_doing_it_again_changes_nothing() {
    let state = MemoryStore::new();
    for day in 0..7 {
        let hours = take_in(&state, &format!("{day}.csv"), &of_day(day, 0.0)).await;
        assert_eq!(hours.len(), 1, "a day is scored at once");
        score_all(&state, &hours).await;
    }
    let quiet = state.list(keys::FINDINGS).await.unwrap().len();
    let hours = take_in(&state, "last.csv", &of_day(7, 400.0)).await;
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
async fn what_is_known_does_not_depend_on_the_order_of_objects() {
    let (there, back) = (MemoryStore::new(), MemoryStore::new());
    for (state, days) in [(&there, [0, 1, 2, 3]), (&back, [2, 0, 1, 3])] {
        for day in days {
            let hours = take_in(state, &format!("{day}.csv"), &of_day(day, 0.0)).await;
            score_all(state, &hours).await;
        }
    }
    let known = |day: i64| keys::known(Source::Usage, &weir_domain::window::Scope::new("", ""), START + day * DAY);
    assert_eq!(content(&there, &known(3)).await, content(&back, &known(3)).await);
    assert_eq!(content(&there, &known(3)).await.len(), 1);
}
