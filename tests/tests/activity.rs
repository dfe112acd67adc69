//! `weir` on simulated tables and logins.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "what goes wrong in a helper must fail the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use weir_domain::login::Outcome;
use weir_ingest::login::{rba, simple};
use weir_ingest::{ObjectName, ReadLimits};
use weir_simulate::login::{Parameters, Simulation};
use weir_tests::program::weir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(weir()).args(arguments).current_dir(folder).output().unwrap()
}

fn succeed(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(folder, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    (stdout, stderr)
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn anomalous_rows_are_written_with_reasons_and_findings_name_users() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    succeed(root, &["simulate", "activity", "a", "--users", "100", "--days", "30"]);
    assert_eq!(
        run(root, &["simulate", "activity", "a"]).status.code(),
        Some(2),
        "logs of two simulations are not mixed"
    );
    let detect = ["detect", "--source", "activity", "a/activity.csv"];
    let with = |more: &[&'static str]| [&detect[..], &["--schema", "a/schema.toml"], more].concat();

    let (report, stderr) = succeed(root, &with(&["--format", "csv", "--output", "anomalies.csv"]));
    assert!(report.contains("f1-score") && report.contains("predicted anomalous"), "{report}");
    assert!(stderr.contains("trained isolation-forest on"), "{stderr}");
    let rows = fs::read_to_string(root.join("anomalies.csv")).unwrap();
    let header = rows.lines().next().unwrap();
    assert!(header.starts_with("user,day,department,"), "{header}");
    assert!(header.ends_with(",label,score,p_value,predicted,reason_1,reason_2,reason_3"), "{header}");
    let (anomalous, all) = (rows.lines().count() - 1, fs::read_to_string(root.join("a/activity.csv")).unwrap());
    assert!(anomalous > 0 && anomalous < all.lines().count() / 20, "{anomalous}");
    assert!(rows.lines().skip(1).all(|row| row.contains(",anomalous,") && row.contains("baseline")), "{rows}");

    let (every, _) = succeed(root, &with(&["--format", "csv", "--all"]));
    assert_eq!(every.lines().count(), all.lines().count());
    let (findings, _) = succeed(root, &with(&["--format", "ocsf"]));
    let finding: Value = serde_json::from_str(findings.lines().next().unwrap()).unwrap();
    assert_eq!(finding["finding_info"]["types"][0], "anomalous-user");
    assert!(finding["observables"][0]["value"].as_str().unwrap().starts_with('u'));
    assert_eq!(run(root, &with(&["--fail-on", "low"])).status.code(), Some(1));

    let few = succeed(root, &with(&["--format", "csv", "--alerts-per-day", "0.1"])).0;
    assert!(few.lines().count() - 1 < anomalous, "{few}");
    let many = succeed(root, &with(&["--format", "csv", "--contamination", "0.05"])).0;
    assert!(many.lines().count() - 1 > anomalous, "{many}");
}

#[test]
fn a_model_of_a_table_scores_another_table_and_training_reports_drift() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    succeed(root, &["simulate", "activity", "a", "--users", "60", "--days", "20"]);
    let train = ["train", "--source", "activity", "a/activity.csv", "--schema", "a/schema.toml", "--output", "m"];
    let (_, stderr) = succeed(root, &train);
    assert!(stderr.contains("drift of the second half of the rows against the first"), "{stderr}");
    let (_, stderr) = succeed(root, &train);
    assert!(stderr.contains("drift since the earlier model: 0 of 14 features have drifted"), "{stderr}");

    let detect = |more: &[&'static str]| [&["detect", "--source", "activity", "--format", "csv"], more].concat();
    let own = succeed(root, &detect(&["a/activity.csv", "--schema", "a/schema.toml"])).0;
    assert_eq!(succeed(root, &detect(&["a/activity.csv", "--model", "m"])).0, own);
    let table = fs::read_to_string(root.join("a/activity.csv")).unwrap();
    let (header, row) = (table.lines().next().unwrap(), table.lines().nth(1).unwrap());
    let department = row.split(',').nth(2).unwrap();
    fs::write(root.join("new.csv"), format!("{header}\n{row}\n{}\n", row.replace(department, "skunkworks"))).unwrap();
    let new = succeed(root, &detect(&["new.csv", "--model", "m"])).0;
    assert!(new.lines().count() == 2 && new.contains("never seen"), "{new}");

    let output = run(root, &["detect", "a/activity.csv", "--model", "m"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("of a table, not of flow logs"));
}

#[test]
fn public_tables_reach_the_best_known_f1() {
    for (table, schema, least) in [("unsw_nb15.csv.gz", "unsw-nb15", 0.93), ("kdd99_10_percent.csv.gz", "kdd99", 0.99)]
    {
        let Some(path) = shared("tables").map(|tables| tables.join(table)) else { return };
        let path = path.to_str().unwrap();
        let arguments = ["evaluate", path, "--labels", "label", "--schema", schema, "--format", "json"];
        let (json, _) = succeed(Path::new("."), &arguments);
        let result: Value = serde_json::from_str(&json).unwrap();
        let f1 = result["splits"]["stratified"]["f1"].as_f64().unwrap();
        assert!(f1 >= least, "{table}: {f1}");
        assert!(result["duplicates"].as_u64().unwrap() > 10_000 && result["splits"]["tail"]["f1"].is_f64(), "{json}");
    }
}

#[test]
fn every_simulated_login_is_read_and_evaluated_against_the_truth() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    succeed(root, &["simulate", "logins", "l", "--users", "400", "--days", "15", "--level", "medium"]);
    let parameters = Parameters { users: 400, days: 15, level: "medium".parse().unwrap(), ..Parameters::default() };
    let simulation = Simulation::new(parameters).unwrap();
    assert_eq!(fs::read_to_string(root.join("l/logins.csv")).unwrap(), simulation.csv());

    let mut expected = simulation.logins().iter();
    let name = ObjectName::new("logins.csv");
    let summary = rba::read(simulation.csv().as_bytes(), &name, ReadLimits::default(), |login| {
        let simulated = expected.next().unwrap();
        assert_eq!(login.outcome == Outcome::Success, simulated.success);
        assert_eq!(login.user, simulated.user.to_string());
    })
    .unwrap();
    assert_eq!((summary.records, summary.rejected_rows()), (simulation.logins().len() as u64, 0));
    let mut bytes = 0;
    let summary = simple::read(simulation.json_lines().as_bytes(), &name, ReadLimits::default(), |login| {
        bytes += login.bytes_out.unwrap_or(0);
    })
    .unwrap();
    assert_eq!((summary.records, summary.rejected_rows()), (simulation.logins().len() as u64, 0));
    assert_eq!(bytes, simulation.logins().iter().map(|login| login.bytes.1).sum::<u64>());

    let Some(judge) = shared("kit/judge_logins.py") else { return };
    if !Command::new("python3").args(["-c", "import numpy"]).output().is_ok_and(|ran| ran.status.success()) {
        eprintln!("SKIPPED: there is no python3 with numpy");
        return;
    }
    // Whoever knows everything finds everything.
    let truth = simulation.truth();
    let attacks: BTreeSet<usize> = truth.attacks.iter().flat_map(|attack| attack.indices.iter().copied()).collect();
    let score = |index| format!("{index},{}\n", u8::from(attacks.contains(&index)));
    let scores: String = (truth.first_test_index..truth.n_logins).map(score).collect();
    fs::write(root.join("scores.csv"), format!("index,score\n{scores}")).unwrap();
    let arguments = ["scores.csv", "l", "--json", "judged.json"];
    let output = Command::new("python3").arg(judge).args(arguments).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let judged: Value = serde_json::from_slice(&fs::read(root.join("judged.json")).unwrap()).unwrap();
    assert_eq!(judged["total"]["average_precision"], 1.0);
    assert_eq!(judged["total"]["recall_1_per_1000"], 1.0);
    assert_eq!(judged["total"]["logins"], truth.n_test_attack);
}
