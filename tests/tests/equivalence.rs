//! The functions find the same scans and sweeps as `weir detect`, for objects in any order: preprocessing all objects and
//! detecting once equals preprocessing and scoring object by object.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::collections::BTreeSet;

use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::ocsf::DetectionFinding;
use weir_model::EstimatorKind;
use weir_pipeline::flow::{DetectOptions, ModelSource, detect, sweep, train};
use weir_pipeline::keys::{FINDINGS, HourOfScope, ObjectRef};
use weir_pipeline::preprocess::PreprocessOptions;
use weir_pipeline::store::Condition;
use weir_pipeline::training::TrainOptions;
use weir_pipeline::{MemoryStore, Store, models, preprocess, score};
use weir_tests::flow_logs::{
    Format, MIDNIGHT, Network, Object, Outcome, Seeded, bundled, files, gzip, own, real, stranger,
};

const NOW: i64 = 1_800_000_000_000;

/// The content of a finding about a scan or sweep, without uid, time of writing and number of writes.
fn content(finding: &DetectionFinding) -> String {
    let info = &finding.finding_info;
    let evidence: Vec<_> =
        finding.evidences.iter().map(|e| (&e.src_endpoint, &e.dst_endpoint, &e.connection_info, &e.data)).collect();
    format!(
        "{} {} {} from {} to {}, {} windows: {} {evidence:?}",
        finding.severity,
        finding.kind(),
        info.title,
        info.first_seen_time,
        info.last_seen_time,
        finding.count,
        finding.message
    )
}

fn scans_and_sweeps(findings: &[DetectionFinding]) -> BTreeSet<String> {
    let described: Vec<_> =
        findings.iter().filter(|f| f.is_alert && matches!(f.kind(), "port-scan" | "host-sweep")).map(content).collect();
    let set: BTreeSet<_> = described.iter().cloned().collect();
    assert_eq!(described.len(), set.len(), "each is reported once");
    set
}

/// Stores raw objects.
async fn uploaded(objects: &[(String, Vec<u8>)]) -> MemoryStore {
    let raw = MemoryStore::new();
    for (name, bytes) in objects {
        raw.put(name, bytes.clone(), Condition::Always).await.unwrap();
    }
    raw
}

async fn preprocessed(raw: &MemoryStore, state: &MemoryStore, name: &str) -> BTreeSet<HourOfScope> {
    let object = ObjectRef { bucket: "logs".to_owned(), key: name.to_owned() };
    let done = preprocess(raw, state, &object, PreprocessOptions::default()).await.unwrap();
    done.batches.iter().filter_map(|key| HourOfScope::from_batch_key(key)).collect()
}

/// The result of `weir detect`.
async fn at_once(raw: &MemoryStore, names: &[&str]) -> BTreeSet<String> {
    let state = MemoryStore::new();
    for name in names {
        preprocessed(raw, &state, name).await;
    }
    scans_and_sweeps(&detect(&state, &options(ModelSource::Input), |_, _| {}).await.unwrap().findings)
}

fn options(model: ModelSource) -> DetectOptions {
    DetectOptions { model, thresholds: Thresholds::default(), budget: None, train: training() }
}

fn training() -> TrainOptions {
    TrainOptions { estimators: vec![EstimatorKind::IsolationForest], seed: 42, now: NOW, program: "test".to_owned() }
}

/// The result of the functions: every written batch is scored, and then the store is swept.
async fn one_by_one(raw: &MemoryStore, names: &[&str]) -> BTreeSet<String> {
    let state = MemoryStore::new();
    for (turn, name) in names.iter().enumerate() {
        for hour in preprocessed(raw, &state, name).await {
            score(&state, None, &hour, NOW + turn as i64).await.unwrap();
        }
    }
    sweep(&state, None, i64::MIN, NOW + names.len() as i64).await.unwrap();
    let mut findings = Vec::new();
    for key in state.list(FINDINGS).await.unwrap() {
        findings.push(serde_json::from_slice(&state.get(&key).await.unwrap().unwrap().bytes).unwrap());
    }
    scans_and_sweeps(&findings)
}

/// Asserts that both ways agree: in order, reversed, shuffled, and with one object under two names.
async fn same_both_ways(mut objects: Vec<(String, Vec<u8>)>, seeds: &[u64]) -> BTreeSet<String> {
    let copy = (format!("copy/{}", objects[objects.len() / 2].0), objects[objects.len() / 2].1.clone());
    objects.push(copy);
    let raw = uploaded(&objects).await;
    let names: Vec<&str> = objects.iter().map(|(name, _)| name.as_str()).collect();
    let expected = at_once(&raw, &names[..names.len() - 1]).await;
    assert_eq!(at_once(&raw, &names).await, expected, "an object under two names counts once");
    let backwards: Vec<_> = names.iter().rev().copied().collect();
    assert_same(&one_by_one(&raw, &names).await, &expected, "forwards");
    assert_same(&one_by_one(&raw, &backwards).await, &expected, "backwards");
    for seed in seeds {
        let mut shuffled = names.clone();
        Seeded(*seed).shuffle(&mut shuffled);
        assert_same(&one_by_one(&raw, &shuffled).await, &expected, &format!("shuffled by {seed}"));
    }
    expected
}

fn assert_same(found: &BTreeSet<String>, expected: &BTreeSet<String>, order: &str) {
    let lines = |set: BTreeSet<&String>| set.into_iter().fold(String::new(), |lines, line| lines + "\n  " + line);
    let (missing, more) = (expected.difference(found).collect(), found.difference(expected).collect());
    assert!(found == expected, "{order}: missing:{}\nmore:{}", lines(missing), lines(more));
}

fn packed(objects: Vec<Object>) -> Vec<(String, Vec<u8>)> {
    objects.into_iter().map(|object| (object.name, gzip(&object.text))).collect()
}

fn how_many(found: &BTreeSet<String>, what: &str) -> usize {
    found.iter().filter(|line| line.contains(what)).count()
}

#[tokio::test]
async fn generated_logs_with_direction() {
    let mut network = Network::at_work(30, MIDNIGHT, 3, 7);
    network.plant(MIDNIGHT);
    let found = same_both_ways(packed(network.objects(Format::Detailed)), &[1, 2, 3]).await;
    assert_eq!(how_many(&found, "Port scan by 203.0.113.1 "), 1);
    assert_eq!(how_many(&found, "Port scan by 10.0.0.3 "), 1);
    assert_eq!(how_many(&found, "Host sweep by 203.0.113.2 "), 2);
    assert_eq!(how_many(&found, "Host sweep by 10.0.0.5 "), 1);
    assert_eq!(how_many(&found, "Port scan by 203.0.113.5 "), 2, "the second begins after a day");
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[tokio::test]
async fn generated_logs_in_the_default_format() {
    let mut network = Network::at_work(30, MIDNIGHT, 3, 8);
    network.plant(MIDNIGHT);
    let found = same_both_ways(packed(network.objects(Format::Default)), &[4, 5, 6]).await;
    assert_eq!(how_many(&found, "Port scan by 203.0.113.1 "), 1);
    assert_eq!(how_many(&found, "Port scan by 10.0.0.3 "), 1);
    assert_eq!(how_many(&found, "Host sweep by 203.0.113.2 "), 2);
    assert_eq!(how_many(&found, "Port scan by 203.0.113.5 "), 2);
}

/// A host counts as monitored only after an object of its interface arrives. Here the scan itself is the only such traffic.
#[tokio::test]
async fn monitored_hosts_may_be_recognised_late() {
    let mut network = Network::default();
    for port in 1..=12 {
        network.attempt(own(1), own(2), port, Outcome::Refused, MIDNIGHT + 900);
    }
    for port in 1..=20 {
        network.attempt(own(4), own(5), port, Outcome::Refused, MIDNIGHT + 900);
        network.attempt(stranger(1), own(3), port, Outcome::Stopped, MIDNIGHT + 900);
    }
    // Interfaces cut time differently: those of the targets log twice as many rows as the scanners'.
    let mut objects = network.objects(Format::Detailed);
    for object in &mut objects {
        let again = |line: &&str| line.contains(" eni-2 ") || line.contains(" eni-5 ");
        let more = object.text.lines().filter(again).fold(String::new(), |lines, line| lines + line + "\n");
        object.text.push_str(&more);
    }
    let found = same_both_ways(packed(objects), &[7, 8, 9, 10, 11, 12]).await;
    assert_eq!(how_many(&found, "High port-scan Port scan by 10.0.0.4 "), 1, "from inside: {found:#?}");
    assert_eq!(how_many(&found, "Low port-scan Port scan by 203.0.113.1 "), 1, "{found:#?}");
    assert_eq!(found.len(), 2, "twelve ports from inside are none: {found:#?}");
}

async fn same_on_files(folder: &std::path::Path, seeds: &[u64]) -> BTreeSet<String> {
    let objects = files(folder).into_iter().map(|path| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    });
    same_both_ways(objects.collect(), seeds).await
}

#[tokio::test]
async fn the_bundled_logs() {
    same_on_files(&bundled(), &[11]).await;
}

#[tokio::test]
async fn real_scans_with_nmap() {
    let Some(folder) = real("strato-002-nmap") else { return };
    let found = same_on_files(&folder, &[12, 13, 14]).await;
    assert!(how_many(&found, "Port scan by 172.16.1.11 ") > 0, "{found:#?}");
    assert!(how_many(&found, "Host sweep by 172.16.1.11 ") > 0, "{found:#?}");
}

#[tokio::test]
async fn two_real_days_of_a_public_host() {
    let Some(folder) = real("rita-0419-0420") else { return };
    let found = same_on_files(&folder, &[15]).await;
    assert!(how_many(&found, "port-scan") > 10, "{}", found.len());
}

/// A trained and promoted model gives the same findings in the functions as in `weir detect --model`.
#[tokio::test]
async fn learned_findings_of_a_model_are_the_same() {
    let objects: Vec<_> = files(&bundled())
        .iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    let (raw, state) = (uploaded(&objects).await, MemoryStore::new());
    let mut hours = BTreeSet::new();
    for (name, _) in &objects {
        hours.extend(preprocessed(&raw, &state, name).await);
    }
    let trained = train(&state, &training(), |_, _| {}).await.unwrap();
    models::promote(&state, &trained, NOW).await.unwrap();
    let model = models::current::<weir_model::FlowModel>(&state).await.unwrap().unwrap();
    assert_eq!(model, trained);

    let source = ModelSource::Model(Box::new(trained));
    let at_once = detect(&state, &options(source), |_, _| {}).await.unwrap().findings;
    for hour in &hours {
        score(&state, Some(&model), hour, NOW).await.unwrap();
    }
    sweep(&state, Some(&model), i64::MIN, NOW).await.unwrap();
    let mut scored = Vec::new();
    for key in state.list(FINDINGS).await.unwrap() {
        scored.push(serde_json::from_slice(&state.get(&key).await.unwrap().unwrap().bytes).unwrap());
    }
    let all = |findings: &[DetectionFinding]| findings.iter().map(content).collect::<BTreeSet<_>>();
    assert_same(&all(&scored), &all(&at_once), "scored");
    // Typed detections, which compare with the model's baseline, report everything that the device does.
    assert!(at_once.iter().any(|f| f.kind() == "denial-of-service"), "there is something to compare");

    let input = detect(&state, &options(ModelSource::Input), |_, _| {}).await.unwrap().findings;
    assert_eq!(all(&input), all(&at_once), "learning from the input is training on it");
}
