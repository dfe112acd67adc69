//! The command line of `weir`: output, error output and exit codes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong in a helper must fail the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use weir_tests::flow_logs::{DETAILED, Format, MIDNIGHT, Network, bundled, gzip, own, stranger};
use weir_tests::program::weir;

/// The exit code and output of a run.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// The findings on standard output, one JSON object per line.
    fn findings(&self) -> Vec<Value> {
        findings(&self.stdout)
    }
}

fn findings(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, &[])
}

fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = assert_cmd::Command::new(weir()).args(arguments).envs(environment.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A folder of logs: normal traffic, scans and sweeps after three hours, an upload to many hosts after six.
struct Logs {
    folder: TempDir,
}

impl Logs {
    fn new() -> Self {
        let mut network = Network::at_work(30, MIDNIGHT, 8, 3);
        network.plant(MIDNIGHT + 3 * 3600);
        for n in 100..180 {
            network.talk(own(9), stranger(n), (6, 443), (9_000, 12_000_000), (3_000, 200_000), MIDNIGHT + 6 * 3600);
        }
        let folder = TempDir::new().unwrap();
        for object in network.objects(Format::Detailed) {
            let path = folder.path().join("logs").join(&object.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, gzip(&object.text)).unwrap();
        }
        Self { folder }
    }

    fn files(&self) -> Vec<String> {
        let files = weir_tests::flow_logs::files(Path::new(&self.path()));
        files.into_iter().map(|path| path.to_str().unwrap().to_owned()).collect()
    }

    fn path(&self) -> String {
        self.below("logs")
    }

    /// A path beside the logs.
    fn below(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn help_names_every_verb_and_its_options() {
    let help = run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for (verb, options) in [
        ("detect", &["--baseline", "--format", "--output", "--seed", "--fail-on", "--window", "--source"][..]),
        ("evaluate", &["--findings", "--truth", "--suite", "--reference", "--seeds", "--format"]),
        ("preprocess", &["--store", "--window"]),
        ("score", &["--store"]),
        ("publish", &["--store", "--test"]),
        ("usage", &["--step", "--timezone", "--horizon", "--top", "--ranges", "--format", "--output", "--report"]),
        ("simulate", &["flows", "usage"]),
    ] {
        assert!(help.stdout.contains(&format!("\n  {verb} ")), "{verb} in:\n{}", help.stdout);
        let help = run(&[verb, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{verb}");
        for option in options {
            assert!(help.stdout.contains(option), "{verb} {option} in:\n{}", help.stdout);
        }
        assert!(help.stdout.lines().all(|line| line.chars().count() <= 100), "{verb} fits a terminal");
    }
    assert!(run(&["--version"]).stdout.starts_with("weir "));
}

#[test]
fn invalid_arguments_are_exit_code_2_with_a_reason() {
    let logs = bundled();
    let logs = logs.to_str().unwrap();
    for (arguments, reason) in [
        (&[][..], "Usage"),
        (&["nonsense"], "nonsense"),
        (&["detect"], "PATH"),
        (&["detect", logs, "--format", "xml"], "table, ocsf, csv"),
        (&["detect", logs, "--baseline", "soon"], "24h"),
        (&["detect", logs, "--window", "7"], "5, 10, 15, 20, 30 or 60"),
        (&["detect", logs, "--fail-on", "awful"], "critical"),
        (&["preprocess", logs], "--store"),
        (&["detect", "/no/such/logs"], "/no/such/logs"),
        (&["detect", logs, "--output", "/no/such/folder/findings"], "/no/such/folder/findings"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(reason), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn detect_prints_a_table_and_the_baseline() {
    let logs = Logs::new();
    let ran = run(&["detect", &logs.path()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let words: Vec<_> = ran.stdout.split_whitespace().collect();
    for word in ["severity", "High", "Low", "203.0.113.1", "10.0.0.3", "10.0.0.5"] {
        assert!(words.contains(&word), "{word} in:\n{}", ran.stdout);
    }
    assert!(
        ran.stderr.contains(&format!(" rows from {} files: ", logs.files().len()))
            && ran.stderr.contains(" 0 rejected"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("30 monitored hosts from 2023-11-14 00:00 UTC"), "{}", ran.stderr);
    assert!(ran.stderr.contains("baseline: the input itself ("), "{}", ran.stderr);
}

#[test]
fn without_a_terminal_there_are_no_colours_and_no_progress_bars() {
    let logs = Logs::new();
    for arguments in [&["detect", &logs.path()][..], &["preprocess", &logs.path(), "--store", &logs.below("s")]] {
        let ran = run(arguments);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(['\r', '\u{1b}']), "{text:?}");
        }
    }
}

#[test]
fn csv_has_a_header_and_one_line_per_finding() {
    let logs = Logs::new();
    let ocsf = run(&["detect", &logs.path(), "--format", "ocsf"]).findings();
    let csv = run(&["detect", &logs.path(), "--format", "csv"]).stdout;
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("time,severity,kind,source,destinations,first_seen,last_seen,confidence,risk,account,region,message,uid")
    );
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), ocsf.len());
    for (line, finding) in lines.iter().zip(&ocsf) {
        let uid = finding["finding_info"]["uid"].as_str().unwrap();
        assert!(line.ends_with(uid), "in the same order: {line}");
        assert!(line.starts_with("2023-11-1") && line.contains(",123456789012,eu-west-1,"), "{line}");
    }
}

#[test]
fn ocsf_has_one_finding_per_line_most_severe_first() {
    let logs = Logs::new();
    let found = run(&["detect", &logs.path(), "--format", "ocsf", "--baseline", "3h"]).findings();
    let kinds: Vec<_> = found.iter().map(|f| f["finding_info"]["types"][0].as_str().unwrap()).collect();
    for kind in ["port-scan", "host-sweep", "anomalous-behaviour"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    for finding in &found {
        assert_eq!((&finding["class_uid"], &finding["metadata"]["version"]), (&2004.into(), &"1.8.0".into()));
        assert!(finding["evidences"].as_array().is_some_and(|lines| !lines.is_empty() && lines.len() <= 50));
        assert!(finding["time"].as_i64().unwrap() > MIDNIGHT * 1000, "milliseconds");
    }
    let severities: Vec<_> = found.iter().map(|f| std::cmp::Reverse(f["severity_id"].as_u64())).collect();
    assert!(severities.is_sorted(), "{severities:?}");
}

#[test]
fn output_writes_to_a_file() {
    let logs = Logs::new();
    let file = logs.below("findings.csv");
    let printed = run(&["detect", &logs.path(), "--format", "csv"]);
    let ran = run(&["detect", &logs.path(), "--format", "csv", "--output", &file]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(file).unwrap(), printed.stdout);
}

#[test]
fn fail_on_gives_exit_code_1_from_that_severity_up() {
    let logs = Logs::new();
    for (severity, code) in [("low", 1), ("medium", 1), ("high", 1), ("critical", 0)] {
        let ran = run(&["detect", &logs.path(), "--format", "csv", "--fail-on", severity]);
        assert_eq!(ran.code, Some(code), "{severity}");
        assert!(ran.stdout.contains(",High,port-scan,"), "findings are written whatever the exit code");
    }
}

#[test]
fn with_a_baseline_the_model_is_fitted_on_the_first_hours_only() {
    let logs = Logs::new();
    let ran = run(&["detect", &logs.path(), "--format", "ocsf", "--baseline", "4h"]);
    assert!(ran.stderr.contains("before 2023-11-14 04:00 UTC"), "{}", ran.stderr);
    let scans = |ran: &Ran| {
        let scan = |f: &serde_json::Value| f["finding_info"]["types"][0] == "port-scan";
        let uids = ran.findings().into_iter().filter(scan).map(|f| f["finding_info"]["uid"].to_string());
        uids.collect::<std::collections::BTreeSet<_>>()
    };
    let all = scans(&run(&["detect", &logs.path(), "--format", "ocsf"]));
    assert!(!all.is_empty() && scans(&ran) == all, "detections without a baseline also report on the baseline period");
}

#[test]
fn training_reports_which_features_have_drifted() {
    let logs = Logs::new();
    let model = logs.below("model");
    let train = |more: &[&str]| {
        let ran = run(&[&["train", &logs.path(), "--output", &model], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stderr
    };
    let first = train(&[]);
    assert!(first.contains("drift of the second half of the rows against the first"), "{first}");
    let again = train(&[]);
    assert!(again.contains("drift since the earlier model: 0 of 17 features have drifted"), "{again}");
    let golden =
        |version: u8| format!("{}/../shared/model/tests/models/version-{version}.model", env!("CARGO_MANIFEST_DIR"));
    // One model has no histograms, the other has other features.
    for version in [1, 2] {
        let other = train(&["--earlier", &golden(version)]);
        assert!(other.contains("(there is no earlier model)"), "{other}");
    }
}

#[test]
fn an_unreadable_file_is_reported_and_the_others_are_read() {
    let logs = Logs::new();
    let bad = format!("{}/AWSLogs/bad.log.gz", logs.path());
    fs::write(&bad, b"\x00\x01\x02").unwrap();
    let ran = run(&["detect", &logs.path(), "--format", "csv", "--fail-on", "low"]);
    assert_eq!(ran.code, Some(2), "what was not read counts for more than what was found");
    assert!(ran.stderr.lines().any(|line| line.contains("could not read") && line.contains(&bad)), "{}", ran.stderr);
    assert!(ran.stdout.contains(",High,port-scan,10.0.0.3,"), "{}", ran.stdout);
    assert!(ran.stderr.contains(&format!(" from {} files", logs.files().len())), "{}", ran.stderr);
}

#[test]
fn control_characters_in_names_and_logs_are_escaped() {
    let folder = TempDir::new().unwrap();
    let evil = folder.path().join("evil\u{1b}[2J\nweir: all is well.log");
    let good = "5 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 60 1700000000 1700000001 ACCEPT 2 egress eu-west-1 OK\n";
    for text in ["no header\n".to_owned(), format!("{DETAILED}\n{good}bad \u{1b}[31m row\n")] {
        fs::write(&evil, text).unwrap();
        let ran = run(&["detect", folder.path().to_str().unwrap()]);
        assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
        assert!(!ran.stderr.lines().any(|line| line.starts_with("weir: all is well")), "{:?}", ran.stderr);
        assert!(ran.stderr.contains("evil\\u{1b}[2J\\nweir: all is well.log"), "{:?}", ran.stderr);
    }
    let missing = run(&["detect", "no\u{1b}[2Jsuch"]);
    assert!(!missing.stderr.contains('\u{1b}'), "{:?}", missing.stderr);
}

#[test]
fn the_order_of_files_does_not_matter_and_duplicates_count_once() {
    let logs = Logs::new();
    let mut files = logs.files();
    let count = files.len();
    files.reverse();
    files.push(files[0].clone());
    let named: Vec<&str> = ["detect", "--format", "csv"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let (folder, named) = (run(&["detect", "--format", "csv", &logs.path()]), run(&named));
    assert_eq!(named.stdout, folder.stdout);
    assert!(named.stderr.contains(&format!(" from {count} files")), "{}", named.stderr);
}

/// The findings without the times of writing.
fn timeless(text: &str) -> Vec<String> {
    findings(text)
        .into_iter()
        .map(|mut finding| {
            finding["finding_info"]["created_time"] = 0.into();
            finding["finding_info"]["modified_time"] = 0.into();
            finding.to_string()
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let logs = Logs::new();
    let detect = |seed: &str, threads: &str| {
        let arguments = ["detect", &logs.path(), "--format", "ocsf", "--baseline", "3h", "--seed", seed];
        timeless(&run_with(&arguments, &[("RAYON_NUM_THREADS", threads)]).stdout)
    };
    let once = detect("7", "1");
    assert!(once.iter().any(|finding| finding.contains("anomalous-behaviour")), "something learned is among them");
    assert_eq!(detect("7", "1"), once);
    assert_eq!(detect("7", "4"), once);
    let others: Vec<_> = (8..12).map(|seed| detect(&seed.to_string(), "4")).collect();
    assert!(others.iter().any(|other| *other != once), "the seed is used");
}

#[test]
fn preprocess_score_and_publish_send_each_finding_once() {
    let logs = Logs::new();
    let store = logs.below("store");
    let early = run(&["score", "--store", &store]);
    assert_eq!(early.code, Some(2));
    assert!(early.stderr.contains("weir preprocess"), "the error names the next step: {}", early.stderr);

    assert_eq!(run(&["preprocess", &logs.path(), "--store", &store]).code, Some(0));
    let scored = run(&["score", "--store", &store]);
    assert_eq!(scored.code, Some(0), "{}", scored.stderr);
    assert!(scored.stderr.contains("7 findings new or changed"), "{}", scored.stderr);
    let sent = run(&["publish", "--store", &store]);
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    let again = run(&["publish", "--store", &store]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert!(again.stderr.contains("0 findings sent, 7 sent before"), "{}", again.stderr);

    let mut detected = timeless(&run(&["detect", &logs.path(), "--format", "ocsf"]).stdout);
    // What compares with a model needs one, which the store has not.
    let needs_no_model = |finding: &String| finding.contains("\"port-scan\"") || finding.contains("\"host-sweep\"");
    detected.retain(needs_no_model);
    detected.sort();
    let mut published = timeless(&sent.stdout);
    published.retain(needs_no_model);
    published.sort();
    assert_eq!(published, detected, "what is published is what detect finds");
    assert!(!published.is_empty());

    assert_eq!(run(&["preprocess", &logs.path(), "--store", &store]).code, Some(0));
    let scored = run(&["score", "--store", &store]);
    assert!(scored.stderr.contains(" 0 findings new or changed"), "{}", scored.stderr);
    assert_eq!(run(&["publish", "--store", &store]).stdout, "");
}

#[test]
fn a_test_finding_is_marked_and_not_stored() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store");
    for _ in 0..2 {
        let sent = run(&["publish", "--test", "--store", store.to_str().unwrap()]);
        assert_eq!(sent.code, Some(0), "{}", sent.stderr);
        let finding = &sent.findings()[..];
        assert_eq!(finding.len(), 1, "every time");
        assert_eq!(finding[0]["finding_info"]["title"], "Test finding");
        assert!(finding[0]["message"].as_str().unwrap().contains("Nothing happened"));
    }
    let kept: Vec<PathBuf> =
        store.read_dir().map(|entries| entries.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
    assert_eq!(kept, Vec::<PathBuf>::new());
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let mut child = Command::new(weir())
        .args(["detect", bundled().to_str().unwrap(), "--format", "ocsf"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn the_bundled_logs_show_the_infected_camera() {
    let ran = run(&["detect", bundled().to_str().unwrap(), "--format", "ocsf"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let acts = |f: &Value| f["evidences"][0]["src_endpoint"]["ip"] == "192.168.1.195";
    assert!(ran.findings().iter().any(acts), "{}", ran.stdout);
}
