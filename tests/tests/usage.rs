//! `weir usage` and `weir simulate usage`: simulated usage is read, analysed and reported, and forecast intervals have their
//! stated coverage.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use weir_pipeline::usage::{UsageOptions, analyse};
use weir_simulate::usage::{UsageIncident, UsageKind, UsageParameters, UsageSimulation};
use weir_tests::flow_logs::bundled;
use weir_tests::program::weir;

fn run(arguments: &[&str]) -> Output {
    Command::new(weir()).args(arguments).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn simulated(folder: &Path, more: &[&str]) -> String {
    let path = folder.join("usage").to_str().unwrap().to_owned();
    let output = run(&[&["simulate", "usage", &path, "--weeks", "6", "--seed", "7"], more].concat());
    assert!(output.status.success(), "{}", text(output.stderr));
    path
}

#[test]
fn forecast_intervals_have_nearly_their_coverage_and_beat_the_naive_forecast() {
    let simulation =
        UsageSimulation::new(UsageParameters { weeks: 10, seed: 7, ..UsageParameters::default() }).unwrap();
    let found = analyse(simulation.series(), &UsageOptions::default()).unwrap();
    let (mut inside, mut steps, mut ratio) = (0.0, 0.0, 0.0);
    for one in &found.series {
        let [naive, near] = &one.forecast.tried[..] else { panic!("two methods") };
        ratio += near.tried.mean_absolute_error.unwrap() / naive.tried.mean_absolute_error.unwrap();
        let mine = if one.forecast.method == naive.method { naive } else { near };
        inside += mine.tried.coverage.unwrap() * mine.tried.covered_steps as f64;
        steps += mine.tried.covered_steps as f64;
    }
    let (coverage, ratio) = (inside / steps, ratio / found.series.len() as f64);
    eprintln!("coverage {coverage:.3} of 0.9 over {steps} steps, mean error {ratio:.3} of the naive one");
    assert!((coverage - 0.9).abs() < 0.025, "{coverage}");
    assert!(ratio < 0.8, "{ratio}");
}

#[test]
fn most_simulated_spikes_and_drops_are_found_and_clean_series_are_quiet() {
    let parameters = UsageParameters { weeks: 10, seed: 7, ..UsageParameters::default() };
    let simulation = UsageSimulation::new(parameters).unwrap();
    let found = analyse(simulation.series(), &UsageOptions::default()).unwrap();
    let counts = |kind: UsageKind| {
        let of: Vec<_> = simulation.truth().incidents.iter().filter(|incident| incident.kind == kind).collect();
        let is_found = |incident: &&&UsageIncident| {
            let series = |one: &&weir_pipeline::usage::analysis::SeriesAnalysis| {
                one.name.keys.iter().all(|(name, value)| incident.series.get(name) == Some(value))
            };
            let one = found.series.iter().find(series).unwrap();
            one.anomalies.iter().any(|anomaly| anomaly.start < incident.end && incident.start < anomaly.end)
        };
        (of.iter().filter(is_found).count(), of.len())
    };
    let (spikes, drops) = (counts(UsageKind::UsageSpike), counts(UsageKind::UsageDrop));
    eprintln!("spikes {spikes:?}, drops {drops:?} found");
    assert!(spikes.1 > 10 && spikes.0 * 10 >= spikes.1 * 9 && drops.0 * 10 >= drops.1 * 8);
    let clean = UsageSimulation::new(UsageParameters { anomalies: false, ..parameters }).unwrap();
    let quiet = analyse(clean.series(), &UsageOptions::default()).unwrap();
    let count: usize = quiet.series.iter().map(|one| one.anomalies.len()).sum();
    let days = 17 * 70;
    eprintln!("{count} anomalies in {days} clean days of series, holidays among them");
    assert!(count * 5 < days, "{count}");
}

#[test]
fn simulated_usage_is_reported_as_tables_json_csv_and_html() {
    let folder = TempDir::new().unwrap();
    let usage = simulated(folder.path(), &[]);
    let report = folder.path().join("report.html");
    let output = run(&["usage", &usage, "--timezone", "Europe/Berlin", "--report", report.to_str().unwrap()]);
    let (shown, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{stderr}");
    for part in
        ["Series, times in Europe/Berlin", "bytes by provider", "bytes by city", "Anomalies", "Forecast", "cloudfront"]
    {
        assert!(shown.contains(part), "{part} in:\n{shown}");
    }
    assert!(stderr.contains("17 series of") && stderr.contains("0 rows rejected"), "{stderr}");
    let page = fs::read_to_string(&report).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.matches("<svg").count() > 30 && !page.contains("<script"));

    let json: Value =
        serde_json::from_slice(&run(&["usage", &usage, "--format", "json", "--horizon", "3h"]).stdout).unwrap();
    assert_eq!(json["series"].as_array().unwrap().len(), 17);
    assert_eq!(json["series"][0]["forecast"]["steps"].as_array().unwrap().len(), 6);
    assert_eq!(json["compared"][1]["key"], "provider");
    let csv = text(run(&["usage", &usage, "--format", "csv"]).stdout);
    assert!(
        csv.starts_with("kind,metric,series,start,") && csv.contains("\nforecast,bytes,") && csv.contains("\nanomaly,")
    );
    assert!(run(&["usage", &usage, "--format", "csv"]).stdout == csv.into_bytes(), "twice the same");
}

#[test]
fn flow_logs_give_usage_of_providers_by_given_ranges() {
    let logs = bundled();
    let logs = logs.to_str().unwrap();
    let json = |more: &[&str]| -> Value {
        let output = run(&[&["usage", logs, "--format", "json"], more].concat());
        assert!(output.status.success(), "{}", text(output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let providers = |found: &Value| {
        let compared = found["compared"].as_array().unwrap().iter();
        let mut of = compared.filter(|one| one["key"] == "provider" && one["metric"] == "flows");
        let values = of.next().map(|one| one["values"].as_array().unwrap().clone()).unwrap_or_default();
        values.iter().map(|value| value["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = providers(&json(&[]));
    assert!(own.contains(&"internal".to_owned()), "{own:?}");
    let folder = TempDir::new().unwrap();
    let ranges = folder.path().join("ranges.txt");
    fs::write(&ranges, "everyone - - 0.0.0.0/0\n").unwrap();
    let given = providers(&json(&["--ranges", ranges.to_str().unwrap()]));
    assert!(given.contains(&"everyone".to_owned()) && !given.contains(&"other".to_owned()), "{given:?}");
    fs::write(&ranges, "more nonsense").unwrap();
    let refused = run(&["usage", logs, "--ranges", ranges.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(refused.stderr).contains("provider service region prefix"));
}

#[test]
fn unordered_duplicate_and_hostile_measurements() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("u.csv");
    fs::write(&path, "timestamp,region,value\n2024-01-01 05:00,<b>\u{202e}x,5\n2024-01-01 00:00,<b>\u{202e}x,1\n2024-01-01 00:00,<b>\u{202e}x,2\n")
        .unwrap();
    let report = folder.path().join("r.html");
    let file = path.to_str().unwrap();
    let output = run(&["usage", file, "--format", "json", "--report", report.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let summary = &json["series"][0]["summary"];
    assert_eq!((&summary["steps"], &summary["gaps"], &summary["total"]), (&11.into(), &9.into(), &8.0.into()));
    assert!(!fs::read_to_string(report).unwrap().contains("<b>"));
    assert!(!text(run(&["usage", file]).stdout).contains('\u{202e}'));
    for (arguments, reason) in [
        (&["--timezone", "Mars"][..], "IANA"),
        (&["--top", "0"], "percentage"),
        (&["--step", "1"], "minutes"),
        (&["--ranges", "/no/such/file"], "/no/such/file"),
    ] {
        let output = run(&[&["usage", file], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        let error = text(output.stderr);
        assert!(error.contains(reason), "{error}");
    }
    let logins = folder.path().join("l.csv");
    fs::write(&logins, "timestamp,user_id,ip_address,success\n2024-01-01 05:00,u,10.0.0.1,true\n").unwrap();
    let output = run(&["usage", logins.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(output.stderr).contains("simple-logins"));
}

/// Half hours of a utilisation over some days, one file a day. The last day has an anomaly at noon and no values in the
/// evening.
fn daily_files(folder: &Path, days: i64) {
    let start: i64 = 1_704_067_200;
    for day in 0..days {
        let row = |step: i64| {
            let noise = ((day * 48 + step) * 7919 % 101) as f64 / 50.0;
            let value = 40.0 - 10.0 * (step as f64 / 48.0 * std::f64::consts::TAU).sin() + noise;
            let value = if day == days - 1 && step == 24 { 95.0 } else { value };
            format!("{},{value:.2}\n", start + day * 86_400 + step * 1800)
        };
        let absent = |step: &i64| day != days / 2 || *step < 36;
        let text: String =
            std::iter::once("timestamp,value\n".to_owned()).chain((0..48).filter(absent).map(row)).collect();
        fs::write(folder.join(format!("cpu-2024-01-{:02}.csv", day + 1)), text).unwrap();
    }
}

fn findings(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["finding_info"]["types"][0].as_str().unwrap()).collect()
}

#[test]
fn daily_files_form_one_series_with_findings_like_those_of_other_logs() {
    let folder = TempDir::new().unwrap();
    let usage = folder.path().join("usage");
    fs::create_dir(&usage).unwrap();
    daily_files(&usage, 14);
    let usage = usage.to_str().unwrap();
    let shown: Value = serde_json::from_slice(&run(&["usage", usage, "--format", "json"]).stdout).unwrap();
    assert_eq!(shown["series"].as_array().unwrap().len(), 1);
    let gaps = shown["series"][0]["data_gaps"].as_array().unwrap();
    assert_eq!((gaps.len(), gaps[0]["steps"].as_u64()), (1, Some(12)));
    assert!(text(run(&["usage", usage]).stdout).contains("Gaps longer than is typical"));

    let detect = |more: &[&str]| run(&[&["detect", "--source", "usage", usage, "--format", "ocsf"], more].concat());
    let output = detect(&[]);
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    assert!(kinds(&found).contains(&"usage-spike") && kinds(&found).contains(&"data-gap"), "{found:#?}");
    assert_eq!(detect(&["--fail-on", "low"]).status.code(), Some(1));
    let last = findings(&detect(&["--baseline", "13d", "--timezone", "Europe/Berlin"]));
    assert!(!last.is_empty() && !kinds(&last).contains(&"data-gap"), "{last:#?}");

    let rules = folder.path().join("rules.toml");
    fs::write(&rules, "[[suppress]]\nkind = \"usage-spike\"\nwhy = \"a test\"\n").unwrap();
    let output = detect(&["--suppressions", rules.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    assert!(!kinds(&findings(&output)).contains(&"usage-spike"));
    let refused = run(&["detect", "--source", "usage", usage, "--window", "10"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(refused.stderr).contains("--window cannot be used with --source usage"));
}

#[test]
fn a_store_of_flow_logs_shows_a_spike_of_a_provider() {
    let folder = TempDir::new().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let start: i64 = 1_704_067_200;
    let fields = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";
    for day in 0..12 {
        let row = |step: i64| {
            let time = start + day * 86_400 + step * 600;
            let bytes = 10_000 + ((day * 144 + step) * 7919 % 101) * 10;
            let bytes = if day == 11 && (72..75).contains(&step) { bytes * 20 } else { bytes };
            format!("2 123456789012 eni-1 10.0.0.1 52.216.1.1 50000 443 6 10 {bytes} {time} {} ACCEPT OK\n", time + 60)
        };
        fs::write(logs.join(format!("{day}.log")), fields.to_owned() + &(0..144).map(row).collect::<String>()).unwrap();
    }
    let store = folder.path().join("store");
    let (logs, store) = (logs.to_str().unwrap(), store.to_str().unwrap());
    for step in [&["preprocess", logs, "--store", store][..], &["score", "--store", store]] {
        let output = run(step);
        assert!(output.status.success(), "{}", text(output.stderr));
    }
    let found = findings(&run(&["findings", "--store", store, "--format", "ocsf", "--all"]));
    let spikes: Vec<&str> = found
        .iter()
        .filter(|finding| finding["finding_info"]["types"][0] == "usage-spike")
        .map(|finding| finding["resources"][0]["uid"].as_str().unwrap())
        .collect();
    assert_eq!(spikes, ["provider=aws region=us-east-1 service=s3 source=flow-logs bytes"]);
    let same = run(&["detect", "--source", "usage", logs, "--format", "ocsf", "--baseline", "11d"]);
    let uids: Vec<Value> = findings(&same).iter().map(|finding| finding["resources"][0]["uid"].clone()).collect();
    assert!(uids.contains(&Value::from("provider=aws region=us-east-1 service=s3 bytes")), "{uids:?}");
}

#[test]
fn findings_are_evaluated_against_the_truth_of_a_simulation() {
    let folder = TempDir::new().unwrap();
    let usage = simulated(folder.path(), &[]);
    let (findings, truth) = (folder.path().join("found.jsonl"), format!("{usage}/truth.json"));
    let findings = findings.to_str().unwrap();
    assert!(run(&["detect", &usage, "--source", "usage", "--format", "ocsf", "--output", findings]).status.success());
    let output = run(&["evaluate", "--findings", findings, "--truth", &truth, "--format", "json"]);
    let judged: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(output.stderr)));
    let share = |name: &str| judged[name].as_f64().unwrap();
    assert!(share("recall") > 0.6 && share("typed_recall") > 0.5 && share("precision") > 0.8, "{judged:#}");
    assert_eq!(judged["host_days"], 476.0, "17 series on 28 days");
}
