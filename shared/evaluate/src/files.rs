//! Reads bounded files and lists the files of a suite.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Reads a file of at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("{shown}"))?;
    file.take(max + 1).read_to_end(&mut bytes).with_context(|| format!("{shown}"))?;
    anyhow::ensure!(bytes.len() as u64 <= max, "{shown}: larger than {} MiB", max >> 20);
    Ok(bytes)
}

/// The `.npz` files of a folder in order of the number they begin with, then of their names; or the file itself.
pub(crate) fn npz_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = path.display();
    if !fs::metadata(path).with_context(|| format!("{shown}"))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("{shown}"))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut files = paths.with_context(|| format!("{shown}"))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "npz"));
    anyhow::ensure!(!files.is_empty(), "{shown}: no .npz files");
    files.sort_by_cached_key(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number: Option<u64> = name.split('_').next().and_then(|number| number.parse().ok());
        (number.unwrap_or(u64::MAX), name)
    });
    Ok(files)
}

/// The CSV files of a folder and its subfolders, to a depth of 4, in order of their paths; or the file itself.
pub(crate) fn csv_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = path.display();
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
            let path = entry.with_context(|| format!("{}", folder.display()))?.path();
            if path.is_dir() && depth < 4 {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|extension| extension == "csv") {
                files.push(path);
            }
        }
    }
    anyhow::ensure!(!files.is_empty(), "{shown}: no .csv files");
    files.sort();
    Ok(files)
}
