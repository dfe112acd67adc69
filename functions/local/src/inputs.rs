//! Which files are logs: what was named, and what is found in folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The files to read, each once, in the order of their names (AWS puts the time into them).
///
/// A named file is read whatever it is called. In folders, what cannot be a log by its name is passed over: hidden
/// files, and formats that are certainly something else. Links to folders are not followed.
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
            "no log files in {}: name a file, or a folder that has log files (.log, .gz, .zst, .txt, .csv, .jsonl, .parquet)",
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
    fn folders_are_walked_and_other_formats_passed_over() {
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
