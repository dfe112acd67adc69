//! Suppression, feedback and the alert limit on the command line: which findings are shown, counted and sent.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong in a helper must fail the test")]

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use weir_tests::flow_logs::{Format, MIDNIGHT, Network, Outcome, gzip, own, stranger};
use weir_tests::program::weir;

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(arguments: &[&str]) -> Ran {
    let output = assert_cmd::Command::new(weir()).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn findings(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

fn uid(finding: &Value) -> &str {
    finding["finding_info"]["uid"].as_str().unwrap()
}

/// A folder of logs in which thirteen neighbours each scan a host within one hour.
struct Logs(TempDir);

impl Logs {
    fn new() -> Self {
        let mut network = Network::default();
        for n in 1..=13 {
            for port in 1..=60 {
                network.attempt(stranger(n), own(2), port, Outcome::Stopped, MIDNIGHT + i64::from(port));
            }
        }
        let folder = TempDir::new().unwrap();
        for object in network.objects(Format::Detailed) {
            let path = folder.path().join("logs").join(&object.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, gzip(&object.text)).unwrap();
        }
        Self(folder)
    }

    fn below(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Creates a store with the findings of the logs.
    fn store(&self) -> String {
        let store = self.below("store");
        assert_eq!(run(&["preprocess", &self.below("logs"), "--store", &store]).code, Some(0));
        assert_eq!(run(&["score", "--store", &store]).code, Some(0));
        store
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.below(name), text).unwrap();
        self.below(name)
    }
}

#[test]
fn detect_shows_ten_findings_an_hour_per_neighbourhood_and_one_summary() {
    let logs = Logs::new();
    let detect = |more: &[&str]| run(&[&["detect", &logs.below("logs"), "--format", "ocsf"], more].concat());
    let limited = detect(&[]);
    let shown = findings(&limited.stdout);
    assert_eq!((limited.code, shown.len()), (Some(0), 11), "{}", limited.stderr);
    let summary = |f: &&Value| f["finding_info"]["types"][1] == "summary";
    let message = shown.iter().find(summary).unwrap()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("And 3 more port-scan findings about 203.0.113.0/24 between 00:00 and 01:00"),
        "{message}"
    );
    assert!(
        limited.stderr.contains("13 findings, 3 throttled by the alert limit; --all shows them"),
        "{}",
        limited.stderr
    );
    assert_eq!(findings(&detect(&["--all"]).stdout).len(), 14);
    let all = detect(&["--no-limit"]);
    assert_eq!(findings(&all.stdout).len(), 13);
    assert!(!all.stderr.contains("throttled"), "{}", all.stderr);
    let four = logs.write("four.toml", "alerts_per_hour = 4");
    assert_eq!(findings(&detect(&["--suppressions", &four]).stdout).len(), 5);
}

#[test]
fn detect_omits_suppressed_findings_and_counts_them() {
    let logs = Logs::new();
    let rules = logs.write(
        "rules.toml",
        "[[suppress]]\nentity = '203.0.113.1'\nkind = 'port-scan'\nwhy = 'a test of ours'\n\
         [[suppress]]\nentity = '203.0.113.2'\nuntil = 2020-01-01\nwhy = 'long over'\n\
         [[expected]]\naddress = '203.0.113.8/29'\nhours = '00:00-06:00'\nwhy = 'the nightly scanner'\n",
    );
    let detect = |more: &[&str]| run(&[&["detect", &logs.below("logs"), "--suppressions", &rules], more].concat());
    let ran = detect(&["--format", "csv"]);
    assert_eq!(ran.stdout.lines().count(), 1 + 6, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("13 findings, 7 suppressed (6 by \"the nightly scanner\", 1 by \"a test of ours\")"),
        "{}",
        ran.stderr
    );
    let all = detect(&["--format", "csv", "--all"]);
    assert!(all.stdout.lines().next().unwrap().ends_with(",uid,status,status_detail,comment"), "{}", all.stdout);
    assert!(all.stdout.contains(",Suppressed,suppression rule 1,a test of ours\n"), "{}", all.stdout);
    assert!(all.stdout.contains(",Suppressed,expected actor 1,the nightly scanner\n"), "{}", all.stdout);
    let table = detect(&["--all"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(table.contains("(suppression rule 1: a test"), "{table}");

    let everything = logs.write("everything.toml", "[[suppress]]\nkind = 'port-scan'\nwhy = 'x'\n");
    let quiet = run(&["detect", &logs.below("logs"), "--suppressions", &everything, "--fail-on", "low"]);
    assert_eq!(
        (quiet.code, quiet.stdout.as_str()),
        (Some(0), ""),
        "what is suppressed fails nothing: {}",
        quiet.stderr
    );
}

#[test]
fn an_invalid_file_is_an_error_with_the_line() {
    let logs = Logs::new();
    let bad = logs.write("bad.toml", "[[suppress]]\nkind = 'port-scan'\ncidr = '10.0.0.1/8'\nwhy = 'x'\n");
    let store = logs.below("store");
    fs::create_dir_all(&store).unwrap();
    fs::copy(&bad, format!("{store}/suppressions.toml")).unwrap();
    for arguments in [
        &["detect", &logs.below("logs"), "--suppressions", &bad][..],
        &["findings", "--store", &store],
        &["findings", "--store", &store, "--suppressions", &bad],
        &["publish", "--store", &store],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains("line 3: ") && ran.stderr.contains("10.0.0.0/8"), "{arguments:?}: {}", ran.stderr);
    }
    let missing = run(&["detect", &logs.below("logs"), "--suppressions", "/no/such.toml"]);
    assert!(missing.code == Some(2) && missing.stderr.contains("/no/such.toml"), "{}", missing.stderr);
}

#[test]
fn feedback_suppresses_a_finding_in_a_store_until_it_is_undone() {
    let logs = Logs::new();
    let store = logs.store();
    let list = |more: &[&str]| run(&[&["findings", "--store", &store, "--format", "ocsf"], more].concat());
    let before = findings(&list(&[]).stdout);
    assert_eq!(before.len(), 13, "nothing is throttled before it is published");
    let (first, kind) = (uid(&before[0]).to_owned(), before[0]["finding_info"]["types"][0].as_str().unwrap());

    let feedback = run(&["feedback", &first, "--benign", "our own \"test\"", "--for", "90d", "--store", &store]);
    assert_eq!(feedback.code, Some(0), "{}", feedback.stderr);
    assert!(feedback.stderr.contains("suppressions.toml"), "{}", feedback.stderr);
    for line in [&format!("kind = \"{kind}\""), "peer = \"10.0.0.2\"", "account = \"123456789012\"", "until = "] {
        assert!(feedback.stdout.lines().any(|l| l.starts_with(line)), "{line} in:\n{}", feedback.stdout);
    }
    assert_eq!(fs::read_to_string(format!("{store}/suppressions.toml")).unwrap(), feedback.stdout);
    let quiet = list(&[]);
    assert_eq!(findings(&quiet.stdout).len(), 12, "also for findings made before");
    assert!(quiet.stderr.contains("13 findings, 1 suppressed (1 by \"our own \"test\"\")"), "{}", quiet.stderr);

    let sent = run(&["publish", "--store", &store]);
    assert!(
        sent.stderr.contains("11 findings sent, 0 sent before, 1 suppressed now, 2 throttled now by the alert limit"),
        "ten and a summary: {}",
        sent.stderr
    );
    assert!(!sent.stdout.contains(&first) && sent.stdout.contains("And 2 more"), "{}", sent.stdout);
    assert_eq!(findings(&list(&["--all"]).stdout).len(), 14);
    assert_eq!(findings(&list(&[]).stdout).len(), 11);
    // What is scored again keeps what was decided.
    let scored = run(&["score", "--store", &store]);
    assert!(scored.stderr.contains(" 0 findings new or changed"), "{}", scored.stderr);

    let undone = run(&["feedback", &first, "--undo", "--store", &store]);
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    assert!(undone.stderr.contains("open again"), "{}", undone.stderr);
    assert_eq!(fs::read_to_string(format!("{store}/suppressions.toml")).unwrap(), "");
    assert!(list(&[]).stdout.contains(&first));
    let again = run(&["feedback", &first, "--undo", "--store", &store]);
    assert!(again.code == Some(2) && again.stderr.contains("no rule was written"), "{}", again.stderr);
}

#[test]
fn feedback_edits_files_and_keeps_the_rest_unchanged() {
    let logs = Logs::new();
    let file = logs.below("found.jsonl");
    let detect = ["detect", &logs.below("logs"), "--no-limit", "--format", "ocsf"];
    assert_eq!(run(&[&detect[..], &["--output", &file]].concat()).code, Some(0));
    let found = fs::read_to_string(&file).unwrap();
    let first = uid(&findings(&found)[0]).to_owned();
    let mine = "# mine\nalerts_per_hour = 3\n";
    let rules = logs.write("rules.toml", mine);
    let feedback = run(&["feedback", &first, "--benign", "ours", "--findings", &file, "--suppressions", &rules]);
    assert_eq!(feedback.code, Some(0), "{}", feedback.stderr);
    assert!(feedback.stderr.contains("without expiry"), "{}", feedback.stderr);
    assert!(fs::read_to_string(&rules).unwrap().starts_with(mine));
    let quiet = run(&[&detect[..], &["--suppressions", &rules]].concat());
    assert_eq!(findings(&quiet.stdout).len(), 12);
    assert!(!quiet.stdout.contains(&first));
    assert_eq!(run(&["feedback", &first, "--undo", "--suppressions", &rules]).code, Some(0));
    assert_eq!(fs::read_to_string(&rules).unwrap().trim_end(), mine.trim_end());

    for (arguments, reason) in [
        (&["feedback", "x", "--benign", "y", "--findings", &file, "--suppressions", &rules][..], "no finding x"),
        (&["feedback", &first, "--benign", " ", "--findings", &file, "--suppressions", &rules], "`why` is empty"),
        (&["feedback", &first, "--benign", "y", "--suppressions", &rules], "--findings"),
        (&["feedback", &first, "--benign", "y"], "--store"),
        (&["feedback", &first, "--suppressions", &rules], "--benign"),
        (&["findings", "--store", "/no/such/store"], "/no/such/store"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(reason), "{arguments:?}: {}", ran.stderr);
    }
}
