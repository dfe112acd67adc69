//! Names of series from file names, for measurements without keys.
//!
//! Files of one folder are parts of one series if their names differ only in a date and their times do not overlap. Their columns
//! may differ, since each column is a series with its own name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The name of the series in each file.
pub struct SeriesNames {
    by_file: BTreeMap<PathBuf, String>,
}

impl SeriesNames {
    /// Names the series after their files. A single series, of one or of all files, has no name. `span` returns the first and the
    /// last time of a file, or `None`; it is called for files that may be parts of one series.
    #[must_use]
    pub fn from_files(files: &[PathBuf], mut span: impl FnMut(&Path) -> Option<(i64, i64)>) -> Self {
        let text = |name: Option<&std::ffi::OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        let mut parts: BTreeMap<(&Path, String), Vec<&PathBuf>> = BTreeMap::new();
        for file in files {
            let folder = file.parent().unwrap_or(Path::new(""));
            parts.entry((folder, stem(&text(file.file_name())))).or_default().push(file);
        }
        let mut series: Vec<(&Path, String, Vec<&PathBuf>)> = Vec::new();
        for ((folder, stem), files) in parts {
            if files.len() == 1 || do_not_overlap(files.iter().filter_map(|file| span(file)).collect()) {
                series.push((folder, stem, files));
            } else {
                series.extend(files.into_iter().map(|file| (folder, text(file.file_stem()), vec![file])));
            }
        }
        if series.len() < 2 {
            return Self { by_file: BTreeMap::new() };
        }
        let mut folders: BTreeMap<&str, BTreeSet<&Path>> = BTreeMap::new();
        for (folder, stem, _) in &series {
            folders.entry(stem).or_default().insert(folder);
        }
        let mut by_file = BTreeMap::new();
        for (folder, stem, files) in &series {
            let alone = folders.get(stem.as_str()).is_none_or(|folders| folders.len() == 1);
            let name = if alone { stem.clone() } else { folder.join(stem).to_string_lossy().into_owned() };
            by_file.extend(files.iter().map(|file| ((*file).clone(), name.clone())));
        }
        Self { by_file }
    }

    /// The name of the series in a file; `None` if it is the only series.
    #[must_use]
    pub fn get(&self, file: &Path) -> Option<&str> {
        self.by_file.get(file).map(String::as_str)
    }
}

/// Whether each time span starts after the previous one has ended.
fn do_not_overlap(mut spans: Vec<(i64, i64)>) -> bool {
    spans.sort_unstable();
    spans.windows(2).all(|pair| pair[0].1 < pair[1].0)
}

/// A file name without extensions and dates: `cpu` for `cpu-2024-01-31.csv.gz`. A name without any other part, such as
/// `2024-01-31.csv`, becomes `measured`. Numbers that are not dates are kept: `node-17.csv`.
fn stem(name: &str) -> String {
    let mut stem = name;
    while let Some((rest, extension)) = stem.rsplit_once('.') {
        if rest.is_empty() || !EXTENSIONS.iter().any(|one| extension.eq_ignore_ascii_case(one)) {
            break;
        }
        stem = rest;
    }
    let without = without_dates(stem);
    if without == stem {
        return stem.to_owned();
    }
    let without = without.trim_matches(SEPARATORS);
    if without.is_empty() { "measured".to_owned() } else { without.to_owned() }
}

/// Extensions that are removed from names.
const EXTENSIONS: [&str; 8] = ["csv", "txt", "log", "jsonl", "ndjson", "json", "gz", "zst"];

/// Characters between the parts of a name.
const SEPARATORS: [char; 4] = ['-', '_', '.', ' '];

/// Removes dates, the times of day that follow them, and the separators before them.
fn without_dates(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut digits_before = false;
    while let Some(next) = rest.chars().next() {
        if !digits_before && let Some(length) = date(rest) {
            let length = length + time_of_day(&rest[length..]).unwrap_or(0);
            // A longer number is not a date.
            if !rest[length..].starts_with(|c: char| c.is_ascii_digit()) {
                kept.truncate(kept.trim_end_matches(SEPARATORS).len());
                rest = &rest[length..];
                continue;
            }
        }
        digits_before = next.is_ascii_digit();
        kept.push(next);
        rest = &rest[next.len_utf8()..];
    }
    kept
}

/// The length of the date at the start of a text: `2024-01-31`, `20240131`, `2024-01`, `2024_W05`.
fn date(text: &str) -> Option<usize> {
    let (year, rest) = number(text, 4)?;
    if !(1975..2100).contains(&year) {
        return None;
    }
    let separator = rest.chars().next().filter(|c| SEPARATORS.contains(c));
    let after = separator.map_or(rest, |_| &rest[1..]);
    let read = text.len() - after.len();
    if let Some((week, _)) = after.strip_prefix(['W', 'w']).and_then(|week| number(week, 2)) {
        return (1..=53).contains(&week).then_some(read + 3);
    }
    let (month, rest) = number(after, 2).filter(|(month, _)| (1..=12).contains(month))?;
    let two_digits = match separator {
        Some(separator) => rest.strip_prefix(separator).and_then(|day| number(day, 2)),
        None => number(rest, 2),
    };
    let day = two_digits.filter(|(day, _)| i8::try_from(*day).is_ok_and(|day| is_day(year, month, day)));
    match (day, separator) {
        (Some((_, rest)), _) => Some(text.len() - rest.len()),
        // `202401` alone is a number, and so is a month that is followed by an invalid day.
        (None, Some(_)) if two_digits.is_none() && !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(text.len() - rest.len())
        }
        _ => None,
    }
}

fn is_day(year: u32, month: u32, day: i8) -> bool {
    let (Ok(year), Ok(month)) = (i16::try_from(year), i8::try_from(month)) else { return false };
    jiff::civil::Date::new(year, month, day).is_ok()
}

/// The length of the time of day that follows a date: `T12`, `_1230`, `-12-30-00`, `T123000Z`.
fn time_of_day(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix(['T', 't']).or_else(|| text.strip_prefix(SEPARATORS))?;
    (_, rest) = number(rest, 2).filter(|(hour, _)| *hour < 24)?;
    for _ in 0..2 {
        let part = rest.strip_prefix(SEPARATORS).or_else(|| rest.strip_prefix(':')).unwrap_or(rest);
        let Some((_, after)) = number(part, 2).filter(|(part, _)| *part < 60) else { break };
        rest = after;
    }
    rest = rest.strip_prefix(['Z', 'z']).unwrap_or(rest);
    // Other text after the digits means that they are not a time: `-17abc`, `_173`.
    (rest.is_empty() || rest.starts_with(SEPARATORS)).then_some(text.len() - rest.len())
}

/// A number with a fixed count of digits, and the rest of the text.
fn number(text: &str, digits: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok()).flatten().map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_removed_from_names_and_other_numbers_are_kept() {
        for (name, expected) in [
            ("cpu-2024-01-31.csv", "cpu"),
            ("cpu-2024-01-31.csv.gz", "cpu"),
            ("2024-01-31_cpu.csv", "cpu"),
            ("cpu_20240131.eu.jsonl", "cpu.eu"),
            ("cpu.2024_01.txt", "cpu"),
            ("cpu-2024-W05.csv", "cpu"),
            ("cpu-2024-01-31T12-30-00Z.csv", "cpu"),
            ("cpu_20240131_1200.csv", "cpu"),
            ("2024-01-31.csv", "measured"),
            ("node-17.csv", "node-17"),
            ("cpu-2024-02-31.csv", "cpu-2024-02-31"),
            ("cpu-120240131.csv", "cpu-120240131"),
            ("cpu-202401315.csv", "cpu-202401315"),
            ("ec2_cpu_utilization_24ae8d.csv", "ec2_cpu_utilization_24ae8d"),
            ("build-2024.csv", "build-2024"),
            ("cpu 2024-01-31é.csv", "cpué"),
            ("", ""),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn files_of_a_folder_that_differ_only_in_a_date_are_one_series() {
        let named = |names: &[&str]| {
            let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
            let day = |file: &Path| files.iter().position(|other| other == file).map(|at| (at as i64, at as i64));
            let series = SeriesNames::from_files(&files, day);
            files.iter().map(|file| series.get(file).map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(named(&["a/cpu.csv"]), [None]);
        assert_eq!(named(&["a/cpu-2024-01-01.csv", "a/cpu-2024-01-02.csv"]), [None, None]);
        let name = |name: &str| Some(name.to_owned());
        let three = ["a/cpu-2024-01-01.csv", "a/cpu-2024-01-02.csv", "a/net-2024-01-01.csv"];
        assert_eq!(named(&three), [name("cpu"), name("cpu"), name("net")]);
        assert_eq!(named(&["a/node-1.csv", "a/node-2.csv"]), [name("node-1"), name("node-2")]);
        let folders = ["a/cpu-2024-01-01.csv", "a/cpu-2024-01-02.csv", "b/cpu.csv"];
        assert_eq!(named(&folders), [name("a/cpu"), name("a/cpu"), name("b/cpu")]);
        // Overlapping exports would be counted twice, so they are separate series.
        let files: Vec<PathBuf> = ["cpu-2024-01-01.csv", "cpu-2024-01-02.csv"].map(PathBuf::from).into();
        let series = SeriesNames::from_files(&files, |file| Some(if file == files[0] { (0, 10) } else { (10, 20) }));
        assert_eq!(series.get(&files[1]), Some("cpu-2024-01-02"));
    }
}
