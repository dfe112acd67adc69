//! `weir detect --source login`: from files to findings and scores.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::fmt::Write as _;
use std::fs;

use tempfile::TempDir;
use weir_tests::program::weir;

const HEADER: &str = "timestamp,user_id,ip_address,geo_location,device_id,success,label\n";

/// Thirty normal days of twenty users, then a takeover of ada's account and a credential stuffing attack.
fn days() -> Vec<String> {
    let mut days: Vec<String> = (1..=30)
        .map(|day| {
            let mut rows = String::new();
            for user in 0..20 {
                let (hour, minute) = (8 + user % 8, (user * 7 + day * 3) % 60);
                writeln!(
                    rows,
                    "2025-03-{day:02}T{hour:02}:{minute:02}:00Z,u{user},10.0.{user}.7,\"Paris, FR\",d{user},true,0"
                )
                .unwrap();
            }
            rows
        })
        .collect();
    let stolen = "2025-03-29T03:12:00Z,u0,198.51.100.9,\"Cluj-Napoca, RO\",x1,true,1\n";
    days[28].push_str(stolen);
    for user in 1..13 {
        writeln!(days[27], "2025-03-28T05:{user:02}:00Z,u{user},203.0.113.5,\"Recife, BR\",x2,false,1").unwrap();
    }
    days
}

fn run(arguments: &[&str]) -> (String, String) {
    let output =
        assert_cmd::Command::new(weir()).args(["detect", "--source", "login"]).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {out}{err}");
    (out, err)
}

/// Kind and entity of each finding.
fn findings(ocsf: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = ocsf
        .lines()
        .map(|line| {
            let finding: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            (text(&finding["finding_info"]["types"][0]), text(&finding["observables"][0]["value"]))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_takeover_and_credential_stuffing_are_found_for_any_split_into_files() {
    let folder = TempDir::new().unwrap();
    let one = folder.path().join("one.csv");
    fs::write(&one, format!("{HEADER}{}", days().concat())).unwrap();
    let many = folder.path().join("many");
    fs::create_dir(&many).unwrap();
    for (day, rows) in days().iter().rev().enumerate() {
        fs::write(many.join(format!("{day:02}.csv")), format!("{HEADER}{rows}")).unwrap();
    }
    let expected = [("account-takeover", "u0"), ("credential-stuffing", "203.0.113.5")]
        .map(|(kind, who)| (kind.to_owned(), who.to_owned()));
    for baseline in [&[][..], &["--baseline", "20d"]] {
        let of = |path: &std::path::Path| {
            findings(&run(&[&[path.to_str().unwrap(), "--format", "ocsf"], baseline].concat()).0)
        };
        let found = of(&one);
        assert_eq!(found, of(&many), "{baseline:?}");
        assert_eq!(found, expected, "{baseline:?}");
    }
}

#[test]
fn every_login_has_a_score_and_reasons() {
    let folder = TempDir::new().unwrap();
    let (logs, scores) = (folder.path().join("logins.csv"), folder.path().join("scores.csv"));
    fs::write(&logs, format!("{HEADER}{}", days().concat())).unwrap();
    let (_, stderr) = run(&[logs.to_str().unwrap(), "--baseline", "20d", "--scores", scores.to_str().unwrap()]);
    assert!(stderr.contains("baseline: 400 logins, 0 of them labelled as attacks"), "{stderr}");
    let text = fs::read_to_string(&scores).unwrap();
    let mut rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    assert!(text.starts_with("index,score,p_value,kind,user,time,reasons\n"));
    assert_eq!(rows.len(), 213, "of the ten days after the baseline");
    rows.sort_by(|a, b| b[1].parse::<f64>().unwrap().total_cmp(&a[1].parse().unwrap()));
    let attacks = rows.iter().take(13).filter(|row| &row[4] == "u0" || !row[3].is_empty()).count();
    assert_eq!(attacks, 13, "the attacks score highest");
    let stolen = rows.iter().find(|row| &row[4] == "u0" && &row[5] == "2025-03-29T03:12:00Z").unwrap();
    assert!(stolen[6].contains("first login from Cluj-Napoca, Romania; this user has 28 from France"), "{stolen:?}");
    assert!(stolen[6].contains("03:12 UTC is outside their hours"), "{stolen:?}");
    assert!(rows.iter().all(|row| !row[6].is_empty()));
}

/// Row numbers count all rows of a file, rejected ones included, so that scores can be joined with it.
#[test]
fn scores_have_the_row_numbers_of_the_files() {
    let folder = TempDir::new().unwrap();
    let scores = folder.path().join("scores.csv");
    let days = days();
    for (name, day, bad) in [("a.csv", &days[0], 3), ("b.csv", &days[1], 0)] {
        let rows: Vec<&str> = day.lines().collect();
        let text = [&rows[..bad], &["no time,u1,10.0.0.1"][..], &rows[bad..], &[""]].concat().join("\n");
        fs::write(folder.path().join(name), format!("{HEADER}{text}")).unwrap();
    }
    let (_, stderr) = run(&[folder.path().to_str().unwrap(), "--scores", scores.to_str().unwrap()]);
    assert!(stderr.contains("2 rows rejected"), "{stderr}");
    let mut read = csv::Reader::from_path(&scores).unwrap();
    let indices: Vec<usize> = read.records().map(|row| row.unwrap()[0].parse().unwrap()).collect();
    let first = days[0].lines().count() + 1;
    let expected: Vec<usize> =
        (0..first + 1 + days[1].lines().count()).filter(|row| ![3, first].contains(row)).collect();
    assert_eq!(indices, expected);
}

/// Standard error of a run that fails.
fn refused(arguments: &[&str]) -> String {
    let output =
        assert_cmd::Command::new(weir()).args(["detect", "--source", "login"]).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn flags_that_do_not_apply_to_logins_are_refused() {
    let folder = TempDir::new().unwrap();
    let logs = folder.path().join("logins.csv");
    fs::write(&logs, format!("{HEADER}{}", days()[0])).unwrap();
    for (flag, value) in [
        ("--alerts-per-day", "3"),
        ("--contamination", "0.1"),
        ("--schema", "kdd99"),
        ("--fields", "v2"),
        ("--window", "10"),
        ("--estimators", "ecod"),
    ] {
        let stderr = refused(&[logs.to_str().unwrap(), flag, value]);
        assert!(stderr.contains(&format!("{flag} cannot be used with --source login")), "{stderr}");
    }
}

/// Runs the program in a folder. Returns its exit code and standard error.
fn run_in(folder: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = assert_cmd::Command::new(weir()).args(arguments).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_model_scores_later_logins_like_a_baseline_and_is_promoted_to_a_store() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (before, after) = (days()[..27].concat(), days()[27..].concat());
    fs::write(path("before.csv"), format!("{HEADER}{before}")).unwrap();
    fs::write(path("after.csv"), format!("{HEADER}{after}")).unwrap();
    fs::write(path("whole.csv"), format!("{HEADER}{before}{after}")).unwrap();
    let succeed = |arguments: &[&str]| {
        let (code, stderr) = run_in(&folder, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        stderr
    };
    let train = ["train", "--source", "login", "before.csv", "--output", "m"];
    let first = succeed(&train);
    assert!(first.contains("drift of the second half of the rows against the first"), "{first}");
    let learned = "trained on 540 logins of 20 users, 0 of them labelled as attacks (estimators fitted on 540)";
    assert!(first.contains(learned), "{first}");
    let again = succeed(&train);
    assert!(again.contains("drift since the earlier model: 0 of "), "{again}");
    let named = succeed(&["train", "--source", "login", "whole.csv", "--earlier", "m", "--output", "m2"]);
    assert!(named.contains("drift since the earlier model"), "{named}");

    let detect = ["detect", "--source", "login", "--format", "ocsf"];
    let by_model = [&detect[..], &["after.csv", "--model", "m", "--scores", "m.csv", "--output", "m.jsonl"]].concat();
    let stderr = succeed(&by_model);
    assert!(stderr.contains("baseline: a model trained on 540 logins of 20 users before 2025-03-27 "), "{stderr}");
    assert!(!stderr.contains("older"), "{stderr}");
    // From the first login at eight to the midnight that the files are cut at.
    let at_once =
        [&detect[..], &["whole.csv", "--baseline", "640h", "--scores", "b.csv", "--output", "b.jsonl"]].concat();
    succeed(&at_once);
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    let scores = |name: &str| -> Vec<String> {
        read(name).lines().skip(1).map(|row| row.split_once(',').unwrap().1.to_owned()).collect()
    };
    assert_eq!(scores("m.csv"), scores("b.csv"), "but for the numbers of the logins");
    assert_eq!(findings(&read("m.jsonl")), findings(&read("b.jsonl")));
    assert!(!findings(&read("m.jsonl")).is_empty());
    let overlapping = succeed(&["detect", "--source", "login", "whole.csv", "--model", "m"]);
    assert!(overlapping.contains("540 of the scored logins are older"), "{overlapping}");

    let promoted = succeed(&["models", "promote", "m", "--store", "s"]);
    let key = promoted.split(' ').next().unwrap().to_owned();
    assert!(path("s").join("models/current-login.json").exists() && !path("s").join("models/current.json").exists());
    let mut list = assert_cmd::Command::new(weir());
    let listed = list.args(["models", "list", "--store", "s"]).current_dir(&folder).output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.starts_with(&format!("* {key}  on 540 logins of 20 users")), "{listed}");
    succeed(&["models", "promote", "m2", "--store", "s"]);
    let (code, stderr) = run_in(&folder, &["models", "rollback", "--store", "s"]);
    assert!(code == Some(2) && stderr.contains("no model in use before"), "of flow logs there is none: {stderr}");
    assert!(succeed(&["models", "rollback", "--store", "s", "--source", "login"]).contains(&key));
    // The history of users is not uploaded.
    let kept = path("s").join(&key);
    assert!(fs::metadata(&kept).unwrap().len() < fs::metadata(path("m")).unwrap().len());
    let (code, stderr) =
        run_in(&folder, &["detect", "--source", "login", "after.csv", "--model", kept.to_str().unwrap()]);
    assert!(code == Some(2) && stderr.contains("use the file that weir train wrote"), "{stderr}");
}

#[test]
fn other_models_and_contradicting_arguments_are_refused() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("logins.csv"), format!("{HEADER}{}", days()[..27].concat())).unwrap();
    fs::write(folder.path().join("few.csv"), format!("{HEADER}{}", days()[0])).unwrap();
    let flows = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/model/tests/models/version-2.model");
    let refused = |arguments: &[&str], why: &str| {
        let (code, stderr) = run_in(&folder, arguments);
        assert!(code == Some(2) && stderr.contains(why), "{arguments:?}: {stderr}");
    };
    let detect = ["detect", "--source", "login", "logins.csv", "--model"];
    refused(&[&detect[..], &[flows]].concat(), "the model is of flow logs, not of logins");
    refused(&[&detect[..], &["m", "--baseline", "27d"]].concat(), "cannot be used with");
    let train = ["train", "--source", "login", "--output", "m"];
    refused(&[&train[..], &["few.csv"]].concat(), "20 logins that are no attacks to learn from, and 500 are needed");
    refused(&[&train[..], &["logins.csv", "--earlier", flows]].concat(), "of flow logs, not of logins");
    refused(
        &[&train[..], &["logins.csv", "--estimators", "ecod"]].concat(),
        "--estimators cannot be used with --source login",
    );
    assert_eq!(run_in(&folder, &[&train[..], &["logins.csv"]].concat()).0, Some(0));
    refused(&["detect", "logins.csv", "--model", "m"], "the model is of logins, not of flow logs");
    refused(&["detect", "--source", "activity", "logins.csv", "--model", "m"], "of logins, not of a table");
}

#[test]
fn an_invalid_database_is_an_error_that_names_it() {
    let folder = TempDir::new().unwrap();
    let (logs, database) = (folder.path().join("logins.csv"), folder.path().join("city.mmdb"));
    fs::write(&logs, format!("{HEADER}{}", days()[0])).unwrap();
    fs::write(&database, "cidr,country\n10.0.0.0/8,FR\n").unwrap();
    let stderr = refused(&[logs.to_str().unwrap(), "--geoip", database.to_str().unwrap()]);
    assert!(stderr.contains("city.mmdb") && stderr.contains("no database of places"), "{stderr}");
}

#[test]
fn an_unreadable_file_contributes_no_logins() {
    let folder = TempDir::new().unwrap();
    let event = |minute: u32| {
        format!(
            r#"{{"eventTime":"2025-03-01T08:{minute:02}:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userIdentity":{{"type":"IAMUser","userName":"ada","accountId":"111122223333"}},"responseElements":{{"ConsoleLogin":"Success"}}}}"#
        )
    };
    let whole = format!("{{\"Records\":[{},{}]}}", event(1), event(2));
    fs::write(folder.path().join("whole.log"), &whole).unwrap();
    fs::write(folder.path().join("cut.log"), &whole[..whole.len() - 20]).unwrap();
    let stderr = refused(&[folder.path().to_str().unwrap()]);
    assert!(stderr.contains("cut.log") && stderr.contains("2 logins from 2 files"), "{stderr}");
}
