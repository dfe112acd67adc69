//! Finds log files: the named files, and those in named folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The files to read, each once, sorted by path (AWS puts the time into file names).
///
/// A named file is always read. In folders, hidden files and files with an extension of another format are skipped, and links to
/// folders are not followed.
///
/// # Errors
/// When a path cannot be read, or no file is found.
pub(crate) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let kind = fs::metadata(path).with_context(|| format!("{}", path.display()))?;
        if kind.is_dir() {
            walk(path, &mut files).with_context(|| format!("{}", path.display()))?;
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        let paths: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
        bail!(
            "no log files in {}: give a file, or a folder with log files (.log, .gz, .zst, .txt, .csv, .jsonl, .parquet)",
            paths.join(", ")
        );
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            walk(&path, files)?;
        } else if may_be_log(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn may_be_log(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "log" | "gz" | "zst" | "txt" | "csv" | "jsonl" | "ndjson" | "parquet" | "")
        && !path
            .file_stem()
            .is_some_and(|stem| stem.eq_ignore_ascii_case("LICENSE") || stem.eq_ignore_ascii_case("README"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_other_formats_skipped() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("AWSLogs/a")).unwrap();
        for name in ["AWSLogs/a/2.log.gz", "AWSLogs/a/1.log.gz", "truth.json", ".hidden.log", "LICENSE", "flows.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let named = folder.path().join("truth.json");
        let found = find(&[folder.path().to_owned(), named]).unwrap();
        let names: Vec<_> = found.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["1.log.gz", "2.log.gz", "flows.txt", "truth.json"]);
        assert!(find(&[folder.path().join("none")]).is_err());
    }
}
