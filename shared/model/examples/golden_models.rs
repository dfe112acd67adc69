//! Writes the golden models of the current format versions, and their answers, to `tests/models`.
//!
//! Run it when a format changes, under the new version's number, and add the new files to the test `golden_models`:
//! `cargo run --package weir-model --example golden_models`. It leaves files that exist as they are.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

#[path = "../tests/golden/mod.rs"]
mod golden;

use std::path::Path;

use golden::{flow_answers, flow_model, login_answers, login_model, table_answers, table_model};
use weir_model::{flow_model as flow, login_model as login, table_model as table};

fn main() {
    let (flows, logins, rows) = (flow_model(), login_model(), table_model());
    write(format!("version-{}", flow::FORMAT_VERSION), &flows.encode().unwrap(), &flow_answers(&flows));
    write(format!("login-version-{}", login::FORMAT_VERSION), &logins.encode().unwrap(), &login_answers(&logins));
    write(format!("table-version-{}", table::FORMAT_VERSION), &rows.encode().unwrap(), &table_answers(&rows));
}

fn write(name: String, model: &[u8], answers: &[u64]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name);
    if path.with_extension("model").exists() {
        println!("{} exists", path.with_extension("model").display());
        return;
    }
    std::fs::write(path.with_extension("model"), model).unwrap();
    std::fs::write(path.with_extension("json"), serde_json::to_string(answers).unwrap()).unwrap();
    println!("{} written", path.with_extension("model").display());
}
