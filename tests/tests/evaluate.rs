//! `weir evaluate`: the same results as the reference implementation for findings, and estimators on benchmarks.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "what goes wrong in a helper must fail the test; what is skipped must be seen"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::flow_logs::{Seeded, real};
use weir_tests::program::weir;

/// The exit code and output of a run.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(arguments: &[&str]) -> Ran {
    // Away from the project's own reference file, which would be found.
    let root = TempDir::new().unwrap();
    let output = Command::new(weir()).args(arguments).current_dir(root.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(path)
}

/// The reference implementation; `None`, with a message, if it or Python is missing.
fn judge() -> Option<PathBuf> {
    let judge = shared("kit/score_findings.py");
    if !judge.is_file() {
        eprintln!("SKIPPED: there is no judge at {}", judge.display());
        return None;
    }
    match Command::new("python3").arg(&judge).arg("--selftest").output() {
        Ok(ran) => {
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
            Some(judge)
        }
        Err(error) => {
            eprintln!("SKIPPED: python3 does not run: {error}");
            None
        }
    }
}

/// Asserts that both evaluations of findings agree in every number of the JSON, and in the printed text.
fn agree(judge: &Path, findings: &Path, truth: &Path) -> Value {
    let folder = TempDir::new().unwrap();
    let json = folder.path().join("judged.json");
    let theirs = Command::new("python3").arg(judge).args([findings, truth]).arg("--json").arg(&json).output().unwrap();
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
    let printed = String::from_utf8(theirs.stdout).unwrap();
    let theirs: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();

    let arguments = ["evaluate", "--findings", text(findings), "--truth", text(truth), "--format"];
    let ours = run(&[&arguments[..], &["json"]].concat());
    assert_eq!((ours.code, ours.stderr.as_str()), (Some(0), ""));
    let ours: Value = serde_json::from_str(&ours.stdout).unwrap();
    assert_eq!(ours, theirs, "{}", truth.display());

    let table = run(&[&arguments[..], &["table"]].concat()).stdout;
    let kinds = |text: &str| -> Vec<Vec<String>> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let by_kind = theirs["by_kind"].as_object().unwrap();
        text.lines().map(words).filter(|words| words.len() == 8 && by_kind.contains_key(&words[0])).collect()
    };
    assert_eq!(kinds(&table), kinds(&printed));
    assert_eq!(kinds(&table).len(), theirs["by_kind"].as_object().unwrap().len(), "{table}");
    let numbers = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("recall ")).unwrap().to_owned();
        let (line, _) = line.split_once("  weak").unwrap_or((&line, ""));
        line.split_whitespace().filter(|word| word.parse::<f64>().is_ok() || *word == "-").map(str::to_owned).collect()
    };
    let (mine, judged): (Vec<String>, Vec<String>) = (numbers(&table), numbers(&printed));
    // Ours writes "per 100 host-days" where theirs writes "/100 host-days".
    assert_eq!(mine.into_iter().filter(|word| word != "100").collect::<Vec<_>>(), judged);
    if theirs["weak"]["incidents"] != json!(0) {
        let weak = format!("{}/{}", theirs["weak"]["detected"], theirs["weak"]["incidents"]);
        assert!(printed.contains(&format!("weak {weak}")) && table.contains(&format!("{weak} detected")), "{table}");
    }
    ours
}

#[test]
fn our_findings_are_evaluated_like_the_reference() {
    let Some(judge) = judge() else { return };
    for set in ["sim-dev", "rita-0419-0420"] {
        let Some(logs) = real(set) else { return };
        let folder = TempDir::new().unwrap();
        let findings = folder.path().join("findings.jsonl");
        let detected = run(&["detect", text(&logs), "--format", "ocsf", "--output", text(&findings)]);
        assert_eq!(detected.code, Some(0), "{}", detected.stderr);
        let judgement = agree(&judge, &findings, &logs.join("truth.json"));
        assert!(judgement["by_kind"]["ALL"]["detected"].as_u64().unwrap() > 0, "{judgement}");
    }
}

/// Random findings: about hosts of the ground truth and others, of matching and other kinds, at times around its incidents.
fn invented(truth: &Value, seed: u64) -> String {
    let mut random = Seeded(seed);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut incidents = list(&truth["incidents"]);
    for expected in list(&truth["expected"]) {
        let (actors, start, end) = (&expected["actors"], &expected["start"], &expected["end"]);
        let scan = json!({"kind": "port-scan", "actors": actors, "targets": [], "start": start, "end": end});
        incidents.extend(std::iter::repeat_n(scan, 5));
    }
    let mut strangers: Vec<Value> = ["monitored_hosts", "benign_hosts", "other_malicious", "unlabelled_peers"]
        .iter()
        .flat_map(|field| list(&truth[field]).into_iter().take(20))
        .collect();
    strangers.push(json!("198.51.100.7"));
    let mut pick = |choices: &[Value]| choices.get(random.below(choices.len().max(1) as u64) as usize).cloned();
    let mut lines = String::new();
    let numbers: Vec<Value> = (0..1000).map(|number| json!(number)).collect();
    for uid in 0..300 {
        let number = pick(&numbers).and_then(|number| number.as_i64()).unwrap();
        let incident = pick(&incidents).unwrap_or_else(
            || json!({"kind": "beacon", "actors": [], "targets": [], "start": truth["start"], "end": truth["end"]}),
        );
        let (begin, end) = (incident["start"].as_i64().unwrap(), incident["end"].as_i64().unwrap());
        let start = begin - 900 + number * (end - begin + 1800) / 1000;
        let last = start + number * number / 50;
        let kinds =
            [incident["kind"].clone(), json!("beacon"), json!("connection-burst"), json!("anomalous-behaviour")];
        let (actors, targets) = (list(&incident["actors"]), list(&incident["targets"]));
        let mut side = |own: &[Value], other: &[Value]| match number % 7 {
            0 => pick(&strangers),
            1 => pick(other),
            2 => None,
            _ => pick(own),
        };
        let (source, destination) = (side(&actors, &targets), side(&targets, &actors));
        let endpoint = |ip: Option<Value>| ip.map_or(Value::Null, |ip| json!({"ip": ip}));
        let finding = json!({
            "class_uid": 2004, "time": last * 1000 + number, "severity_id": 3,
            "finding_info": {"uid": uid.to_string(), "types": [pick(&kinds)],
                "first_seen_time": start * 1000 + 7, "last_seen_time": last * 1000},
            "evidences": [{"src_endpoint": endpoint(source), "dst_endpoint": endpoint(destination)}],
        });
        writeln!(lines, "{finding}").unwrap();
    }
    lines
}

#[test]
fn random_findings_about_every_set_are_evaluated_like_the_reference() {
    let Some(judge) = judge() else { return };
    let folder = TempDir::new().unwrap();
    let mut buckets = std::collections::BTreeSet::new();
    let mut sets: Vec<_> = fs::read_dir(shared("flows")).unwrap().map(|set| set.unwrap().path()).collect();
    sets.sort();
    for (seed, set) in sets.into_iter().enumerate() {
        let truth = set.join("truth.json");
        let parsed: Value = serde_json::from_slice(&fs::read(&truth).unwrap()).unwrap();
        let findings = folder.path().join("invented.jsonl");
        fs::write(&findings, invented(&parsed, seed as u64)).unwrap();
        let judgement = agree(&judge, &findings, &truth);
        buckets.extend(judgement["buckets"].as_object().unwrap().keys().cloned());
        fs::write(&findings, "\n").unwrap();
        agree(&judge, &findings, &truth);
    }
    assert_eq!(buckets.len(), 6, "all buckets were met: {buckets:?}");
}

#[test]
fn estimators_reach_the_metrics_of_scikit_learn() {
    let sets = shared("adbench");
    if !sets.is_dir() {
        eprintln!("SKIPPED: there are no benchmarks in {}", sets.display());
        return;
    }
    let folder = TempDir::new().unwrap();
    for set in ["14_glass", "42_WBC", "29_Pima"] {
        let name = format!("{set}.npz");
        fs::copy(sets.join(&name), folder.path().join(&name)).unwrap();
    }
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("parity/adbench.json");
    let suite = ["evaluate", "--suite", "adbench", text(folder.path())];
    let ran = run(&[&suite[..], &["--reference", text(&reference), "--format", "json"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let forests: Vec<_> =
        report["outcomes"].as_array().unwrap().iter().filter(|o| o["estimator"] == "IsolationForest").collect();
    let names: Vec<_> = forests.iter().map(|outcome| outcome["set"].as_str().unwrap()).collect();
    assert_eq!(names, ["14_glass", "29_Pima", "42_WBC"], "by number");
    for forest in forests {
        assert_eq!(forest["reference"]["within"], json!(true), "{forest}");
        assert!(forest["seeds"] == 10 && forest["roc_auc_deviation"].as_f64().unwrap() > 0.0, "{forest}");
    }

    fs::write(folder.path().join("broken.npz"), "nonsense").unwrap();
    let ran = run(&[&suite[..], &["--seeds", "1"]].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("broken.npz: not a zip archive"), "{}", ran.stderr);
    assert!(ran.stdout.contains("14_glass") && ran.stdout.contains("no reference"), "{}", ran.stdout);
}

#[test]
fn invalid_evaluations_are_exit_code_2_with_a_reason() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let truth = r#"{"name": "x", "start": 0, "end": 9, "monitored_hosts": [], "benign_hosts": [], "incidents": []}"#;
    let (truth, none) = (write("truth.json", truth), write("none.jsonl", ""));
    let other = write("other.jsonl", "\n{\"class_uid\": 2001}\n");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (arguments, reason) in [
        (&["evaluate"][..], "--findings"),
        (&["evaluate", "--findings", &none], "--truth"),
        (&["evaluate", "--suite", "adbench"], "PATH"),
        (&["evaluate", "--suite", "nonsense", "."], "adbench"),
        (&["evaluate", "--suite", "adbench", ".", "--findings", &none, "--truth", &truth], "cannot be used with"),
        (&["evaluate", "--suite", "adbench", text(&empty)], "no .npz files"),
        (&["evaluate", "--suite", "adbench", text(&empty), "--seeds", "0"], "1..=1000"),
        (&["evaluate", "--suite", "adbench", text(&empty), "--reference", &none], "not a reference file"),
        (&["evaluate", "--findings", &none, "--truth", &none], "none.jsonl: not a truth file"),
        (&["evaluate", "--findings", &other, "--truth", &truth], "other.jsonl:2: class_uid is 2001"),
        (&["evaluate", "--findings", "missing", "--truth", &truth], "missing: No such file"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(reason), "{arguments:?}: {}", ran.stderr);
    }
    let nothing = run(&["evaluate", "--findings", &none, "--truth", &truth]);
    assert_eq!(nothing.code, Some(0));
    assert!(nothing.stdout.contains("recall -  typed -  precision -  F1 -  false per 100 host-days -"));
}
