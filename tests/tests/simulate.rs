//! `weir simulate`: its logs can be read, and its ground truth matches them and the reference format.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use weir_domain::flow::FlowRecord;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::{ObjectName, ReadLimits};
use weir_simulate::flow::{Parameters, Simulation, Status};
use weir_tests::flow_logs::{files, real};
use weir_tests::program::weir;

fn simulate(folder: &Path, arguments: &[&str]) -> Output {
    let output = ["--output", folder.to_str().unwrap()];
    Command::new(weir()).args(["simulate", "flows"]).args(output).args(arguments).output().unwrap()
}

#[test]
fn every_row_is_read_and_matches_the_simulation() {
    let simulation = Simulation::new(Parameters { hosts: 40, ..Parameters::default() }).unwrap();
    let (mut rows, mut without, mut addresses) = (0, 0, BTreeSet::new());
    for file in simulation.files().skip(280).step_by(3) {
        let mut simulated = file.rows.iter().filter_map(|row| match row.status {
            Status::Ok(seen) => Some((row, seen)),
            _ => None,
        });
        let each = |record: &FlowRecord<'_>| {
            let (row, seen) = simulated.next().unwrap();
            assert_eq!((record.source, record.destination), seen.ends);
            assert_eq!((record.source_port, record.destination_port), seen.ports);
            assert_eq!((record.packets, record.bytes), (seen.volume.packets, seen.volume.bytes));
            assert_eq!((record.start, record.end), (row.start, row.end));
            assert_eq!(record.protocol, seen.protocol);
            addresses.extend([record.source, record.destination]);
        };
        let name = ObjectName::new(&file.key);
        let object = file.gzip().unwrap();
        let summary = flow::read(&object[..], &name, ReadLimits::default(), &FlowOptions::default(), each).unwrap();
        assert_eq!(simulated.next(), None, "all are read");
        assert!(summary.rejected.is_empty(), "{summary:?}");
        rows += file.rows.len();
        without += file.rows.iter().filter(|row| !matches!(row.status, Status::Ok(_))).count();
    }
    assert!(rows > 100_000 && without > 10, "{rows} rows, {without} of them without data");
    assert!(addresses.iter().any(IpAddr::is_ipv6));
}

#[test]
fn simulations_are_reproducible_and_refuse_existing_folders() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let arguments = ["--hosts", "30", "--days", "2", "--seed", "7", "--only", "beacon,port-scan", "--intensity", "2"];
    for target in [&one, &two] {
        let output = simulate(target, &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let content = |folder: &Path| -> Vec<_> {
        let name = |path: &Path| path.strip_prefix(folder).unwrap().to_owned();
        files(folder).iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
    };
    let (first, second) = (content(&one), content(&two));
    assert_eq!(first.len(), 576);
    assert!(first == second, "the same bytes under the same names");
    assert_eq!(fs::read(one.join("truth.json")).unwrap(), fs::read(two.join("truth.json")).unwrap());
    let truth: serde_json::Value = serde_json::from_reader(File::open(one.join("truth.json")).unwrap()).unwrap();
    for incident in truth["incidents"].as_array().unwrap() {
        assert!(incident["kind"] == "beacon" || incident["kind"] == "port-scan");
        assert_eq!(incident["intensity"], "2");
    }
    for (folder, arguments, message) in [
        (&one, &["--seed", "8"][..], "already exists"),
        (&folder.path().join("three"), &["--days", "1"], "ask for 2 days or more"),
        (&folder.path().join("four"), &["--only", "scan"], "there are port-scan"),
        (&folder.path().join("five"), &["--start", "today"], "2025-03-04"),
    ] {
        let output = simulate(folder, arguments);
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn evaluate_reads_the_ground_truth() {
    let Some(sets) = real("sim-dev") else { return };
    let judge = sets.join("../../kit/score_findings.py");
    if !judge.is_file() || Command::new("python3").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no judge, or no python3");
        return;
    }
    let folder = TempDir::new().unwrap();
    let simulation = Simulation::new(Parameters::default()).unwrap();
    let (findings, truth) = (folder.path().join("findings.jsonl"), folder.path().join("truth.json"));
    fs::write(&findings, "").unwrap();
    fs::write(&truth, serde_json::to_vec(simulation.truth()).unwrap()).unwrap();
    let result = folder.path().join("result.json");
    let output =
        Command::new("python3").arg(judge).args([&findings, &truth]).arg("--json").arg(&result).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result: serde_json::Value = serde_json::from_reader(File::open(result).unwrap()).unwrap();
    assert_eq!(result["by_kind"]["ALL"]["incidents"], simulation.truth().incidents.len());
    assert_eq!((&result["recall"], &result["host_days"]), (&0.0.into(), &60.0.into()));

    // The same fields as the truth it was written for.
    let fields = |truth: &serde_json::Value| truth.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let reference: serde_json::Value = serde_json::from_reader(File::open(sets.join("truth.json")).unwrap()).unwrap();
    let ours = serde_json::to_value(simulation.truth()).unwrap();
    assert_eq!(fields(&ours), fields(&reference));
    assert_eq!(fields(&ours["incidents"][0]), fields(&reference["incidents"][0]));
}
