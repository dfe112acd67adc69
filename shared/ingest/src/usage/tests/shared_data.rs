//! The series of the shared data, read whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use weir_domain::usage::UsageSeries;

use super::*;

fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/usage")).join(folder);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// Reads a file, checks that every line is accounted for and none rejected, and resamples it by the hour.
fn read_file(path: &Path) -> (ReadSummary, Vec<UsageSeries>, BTreeMap<String, u64>) {
    let mut labels = BTreeMap::new();
    let mut resampler = Resampler::new(every(3600, Statistic::Mean));
    let name = ObjectName::new(&path.to_string_lossy());
    let summary = read(File::open(path).unwrap(), &name, ReadLimits::default(), &UsageOptions::default(), |point| {
        resampler.add(point).unwrap();
        *labels.entry(point.label.to_owned()).or_default() += 1;
    })
    .unwrap();
    let lines = fs::read_to_string(path).unwrap().lines().count() as u64;
    assert_eq!((summary.rows() + summary.not_rows, summary.rejected_rows()), (lines, 0), "{}", path.display());
    (summary, resampler.finish(), labels)
}

fn csv_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "csv"));
    files.sort();
    files
}

#[test]
fn every_cloudwatch_series_of_nab_is_read() {
    let Some(folder) = shared("nab/realAWSCloudwatch") else { return };
    let files = csv_files(&folder);
    let mut points = 0;
    for file in &files {
        let (summary, series, _) = read_file(file);
        assert_eq!((summary.no_data, summary.not_rows, series.len()), (0, 1, 1));
        points += summary.records;
    }
    assert_eq!((files.len(), points), (17, 67_740));
}

#[test]
fn every_series_of_cloud_monitoring_is_read() {
    let Some(folder) = shared("cloudmon") else { return };
    let (mut files, mut points, mut gaps, mut anomalies) = (0, 0, 0, 0);
    for group in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        for file in csv_files(&group) {
            let (summary, series, labels) = read_file(&file);
            assert_eq!((summary.not_rows, series.len()), (1, 1));
            assert!(labels.keys().all(|label| ["0", "1"].contains(&label.as_str())));
            files += 1;
            points += summary.records;
            gaps += summary.no_data;
            anomalies += labels.get("1").copied().unwrap_or_default();
        }
    }
    assert_eq!((files, points, gaps, anomalies), (48, 40_651, 42, 2_044));
}
