//! Builds and finds the `weir` program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The sources of the program, relative to the root of the project.
const SOURCES: [&str; 8] = [
    "functions/local/src",
    "shared/domain/src",
    "shared/ingest/src",
    "shared/features/src",
    "shared/model/src",
    "shared/detect/src",
    "shared/simulate/src",
    "shared/pipeline/src",
];

/// The path of the program, beside the running tests. It is built if it is missing or older than its sources, so that tests
/// never run outdated code.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn weir() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // target/debug/deps/this-test → target/debug/weir
        let test = std::env::current_exe().expect("the path of this test");
        let folder = test.ancestors().nth(2).expect("the folder of built programs");
        let program = folder.join(format!("weir{}", std::env::consts::EXE_SUFFIX));
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let newest = SOURCES.iter().map(|source| newest(&root.join(source))).max();
        if modified(&program) < newest.flatten() {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--package", "weir"]).current_dir(&root);
            if folder.file_name().is_some_and(|profile| profile == "release") {
                cargo.arg("--release");
            }
            assert!(cargo.status().expect("cargo runs").success(), "cargo build --package weir failed");
        }
        assert!(program.exists(), "{} is not there: run `cargo build --workspace` first", program.display());
        program
    })
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|m| m.modified()).ok()
}

/// The time of the last change of a source below a folder; tests do not count.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = folder.read_dir().ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let is_test = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == "tests" || stem == "testing");
    entries
        .filter(|path| !is_test(path))
        .filter_map(|path| if path.is_dir() { newest(&path) } else { modified(&path) })
        .max()
}
