//! Models of earlier programs must still be read, and give the same answers.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

mod golden;

use std::fs;
use std::path::Path;

use golden::{flow_answers, login_answers, table_answers};
use weir_model::{FlowModel, LoginModel, TableModel};

/// Holds the answers of a stored model against those that it gave when it was written.
fn holds(name: &str, answers: impl Fn(&[u8]) -> Vec<u64>) {
    let file = |extension| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        fs::read(folder.join(format!("{name}.{extension}"))).unwrap()
    };
    let expected: Vec<u64> = serde_json::from_slice(&file("json")).unwrap();
    let got = answers(&file("model"));
    assert_eq!(got.len(), expected.len(), "{name}");
    for (got, expected) in got.into_iter().map(f64::from_bits).zip(expected.into_iter().map(f64::from_bits)) {
        // The last digits depend on the mathematics library.
        assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}: {got} {expected}");
    }
}

#[test]
fn models_of_flow_logs() {
    for version in ["version-1", "version-2"] {
        holds(version, |file| flow_answers(&FlowModel::decode(file).unwrap()));
    }
}

#[test]
fn models_of_logins() {
    holds("login-version-1", |file| login_answers(&LoginModel::decode(file).unwrap()));
}

#[test]
fn models_of_tables() {
    for version in ["table-version-1", "table-version-2"] {
        holds(version, |file| table_answers(&TableModel::decode(file).unwrap()));
    }
}
