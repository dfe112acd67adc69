use weir_model::EstimatorKind;

use super::*;
use crate::keys::CURRENT_MODEL;
use crate::models::{self, ModelError};
use crate::preprocess::{PreprocessOptions, preprocess};
use crate::store::{Condition, MemoryStore};
use crate::testing::{HEADER, START, object};
use crate::training::Against;

fn options() -> TrainOptions {
    let estimators = vec![EstimatorKind::IsolationForest, EstimatorKind::Ecod];
    TrainOptions { estimators, seed: 7, now: 1_800_000_000_000, program: "test".to_owned() }
}

/// A store with this many windows of one host, with one conversation each.
async fn store(windows: i64, window_length: WindowLength) -> MemoryStore {
    let (raw, state) = (MemoryStore::new(), MemoryStore::new());
    let row = |n: i64| {
        let start = START + n * 600;
        let (bytes, end) = (500 + (n * 37) % 200, start + 20);
        format!(
            "5 123456789012 eni-1 10.0.0.1 203.0.113.9 50000 443 6 5 {bytes} {start} {end} ACCEPT OK 3 egress eu-west-1\n"
        )
    };
    let log = HEADER.to_owned() + &(0..windows).map(row).collect::<String>();
    raw.put("a.log", log.into_bytes(), Condition::Always).await.unwrap();
    let options = PreprocessOptions { window_length, ..PreprocessOptions::default() };
    preprocess(&raw, &state, &object("a.log"), options).await.unwrap();
    state
}

#[tokio::test]
async fn a_model_has_a_summary_of_its_training_and_training_is_reproducible() {
    let state = store(60, WindowLength::FIVE_MINUTES).await;
    let model = train(&state, &options(), |_, _| {}).await.unwrap();
    let summary = &model.summary;
    assert_eq!((summary.rows, summary.fitted_on, summary.entities, summary.seed), (60, 60, 1, 7));
    assert_eq!((summary.from, summary.to), (START, START + 59 * 600 + 300));
    assert_eq!(model.behaviour.kinds().collect::<Vec<_>>(), options().estimators);
    assert!(model.behaviour.typical_of("123456789012.eu-west-1/10.0.0.1").is_some());
    assert_eq!(train(&state, &options(), |_, _| {}).await.unwrap().encode(), model.encode());
}

#[tokio::test]
async fn training_reports_drifted_features() {
    let state = store(60, WindowLength::FIVE_MINUTES).await;
    let (first, drift) = train_since(&state, &options(), None, |_, _| {}).await.unwrap();
    assert_eq!(drift.against, Against::FirstHalf);
    assert_eq!(train(&state, &options(), |_, _| {}).await.unwrap(), first);
    let (_, same) = train_since(&state, &options(), Some(&first), |_, _| {}).await.unwrap();
    assert_eq!(same.against, Against::Earlier);
    assert_eq!(same.features.len(), first.behaviour.schema().features.len());
    assert!(same.features.iter().all(|feature| feature.index < 1e-9), "{same:?}");
    // A model of version 1 has no histograms.
    let without_histograms = FlowModel { histograms: None, ..first };
    assert_eq!(train_since(&state, &options(), Some(&without_histograms), |_, _| {}).await.unwrap().1, drift);
}

#[tokio::test]
async fn too_little_or_mixed_logs_are_an_error() {
    let few = train(&store(47, WindowLength::FIVE_MINUTES).await, &options(), |_, _| {}).await.unwrap_err();
    assert!(matches!(few, TrainError::TooFew { windows: 47 }), "{few}");
    let none = train(&MemoryStore::new(), &options(), |_, _| {}).await.unwrap_err();
    assert!(matches!(none, TrainError::TooFew { windows: 0 }), "{none}");
    let mut learning = FlowTrainer::new(1);
    let hour = |length| HourAggregate::new(Scope::new("1", "r"), weir_domain::window::Hour::from_time(START), length);
    learning.take_before(&hour(WindowLength::FIVE_MINUTES), None).unwrap();
    let mixed = learning.take_before(&hour(WindowLength::TEN_MINUTES), None).unwrap_err();
    assert!(matches!(mixed, TrainError::WindowLengths));
}

#[tokio::test]
async fn promoting_and_rolling_back_move_the_pointer() {
    let state = store(60, WindowLength::FIVE_MINUTES).await;
    assert_eq!(models::current::<FlowModel>(&state).await.unwrap(), None, "still learning");
    assert!(matches!(models::roll_back::<FlowModel>(&state, 1).await, Err(ModelError::NoPrevious)));
    let first = train(&state, &options(), |_, _| {}).await.unwrap();
    let second = train(&state, &TrainOptions { seed: 8, ..options() }, |_, _| {}).await.unwrap();
    let first_key = models::promote(&state, &first, 1).await.unwrap();
    let second_key = models::promote(&state, &second, 2).await.unwrap();
    assert_eq!(models::promote(&state, &second, 3).await.unwrap(), second_key, "twice is once");
    assert_eq!(models::current(&state).await.unwrap(), Some(second));
    assert_eq!(models::list(&state).await.unwrap().len(), 2);
    assert_eq!(models::roll_back::<FlowModel>(&state, 4).await.unwrap(), first_key);
    assert_eq!(models::current(&state).await.unwrap(), Some(first));
    assert_eq!(models::roll_back::<FlowModel>(&state, 5).await.unwrap(), second_key);
}

#[tokio::test]
async fn damaged_pointers_and_models_are_errors_that_name_them() {
    let state = store(60, WindowLength::FIVE_MINUTES).await;
    let model = train(&state, &options(), |_, _| {}).await.unwrap();
    let key = models::promote(&state, &model, 1).await.unwrap();
    state.put(&key, b"WEIRMODL".to_vec(), Condition::Always).await.unwrap();
    let error = models::current::<FlowModel>(&state).await.unwrap_err().to_string();
    assert!(error.starts_with(&key) && error.contains("cut off"), "{error}");
    state.put(CURRENT_MODEL, b"{".to_vec(), Condition::Always).await.unwrap();
    let error = models::current::<FlowModel>(&state).await.unwrap_err().to_string();
    assert!(error.starts_with(CURRENT_MODEL), "{error}");
}

#[tokio::test]
async fn a_model_for_another_window_length_is_refused() {
    let model = train(&store(60, WindowLength::FIVE_MINUTES).await, &options(), |_, _| {}).await.unwrap();
    let tens = store(60, WindowLength::TEN_MINUTES).await;
    let hour = flow_hours(&tens).await.unwrap().into_iter().next().unwrap();
    let error = crate::score(&tens, Some(&model), &hour, 1_800_000_000_000).await.unwrap_err().to_string();
    assert!(error.contains("windows of 300 s, not 600 s"), "{error}");
}
