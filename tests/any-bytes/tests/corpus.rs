//! The corpus of the fuzz targets, replayed: what once broke a promise stays found, and every target can be run.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use weir_any_bytes::TARGETS;

/// The most files of a corpus, and the most bytes of all corpora: they are seeds, what fuzzing finds stays outside.
const MAX_FILES: usize = 30;
const MAX_BYTES: u64 = 1_500_000;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What is in a folder, in the order of names.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names(folder: &str) -> BTreeSet<String> {
    inside(&fuzz().join(folder)).iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_input_that_is_kept_keeps_the_promises() {
    let mut broken = Vec::new();
    for target in TARGETS {
        for path in inside(&fuzz().join("corpus").join(target.name)) {
            let bytes = fs::read(&path).unwrap();
            if catch_unwind(|| (target.check)(&bytes)).is_err() {
                broken.push(path);
            }
        }
    }
    assert!(broken.is_empty(), "what these show is said above: {broken:#?}");
}

#[test]
fn every_target_has_a_program_and_a_corpus_and_every_corpus_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "a name twice");
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let mut bytes = 0;
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n")), "{name}");
        let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("\"{name}\"")), "fuzz_targets/{name}.rs runs another target");
        let files = inside(&fuzz().join("corpus").join(name));
        assert!((1..=MAX_FILES).contains(&files.len()), "{name} has {} files", files.len());
        bytes += files.iter().map(|file| file.metadata().unwrap().len()).sum::<u64>();
    }
    assert!(bytes <= MAX_BYTES, "the corpora have {bytes} bytes");
}
