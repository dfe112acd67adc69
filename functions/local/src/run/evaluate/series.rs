//! Series with a truth, and the detectors that are compared on them. All are causal: a score knows only earlier points, and
//! no threshold is taken from the series it is applied to.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use weir_ingest::usage::{self, UsageOptions};
use weir_ingest::{ObjectName, ReadLimits};
use weir_model::OnlineDetectorParams;
use weir_model::evaluation::nab;
use weir_model::streaming::baseline::{Baseline, KnnCad, SeasonalZScore, WindowedGaussian};

/// The most points of a series.
const MAX_POINTS: usize = 1 << 22;

/// A series as it was recorded.
pub(super) struct Series {
    pub(super) name: String,
    /// Time in seconds since the epoch, and value.
    pub(super) points: Vec<(i64, f64)>,
    /// Whether a point is labelled an anomaly.
    pub(super) labelled: Vec<bool>,
}

impl Series {
    /// Reads a CSV file of one series, in its order.
    pub(super) fn read(path: &Path, name: &str) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("{shown}"))?;
        let object = ObjectName::new(&path.to_string_lossy());
        let (mut points, mut labelled, mut bad) = (Vec::new(), Vec::new(), None);
        usage::read(file, &object, ReadLimits::default(), &UsageOptions::default(), |point| {
            if points.len() >= MAX_POINTS {
                bad = Some(format!("more than {MAX_POINTS} points"));
                return;
            }
            points.push((point.time, point.value));
            match point.label {
                "" | "0" | "false" => labelled.push(false),
                "1" | "true" => labelled.push(true),
                label => bad = Some(format!("the label {label:?} is neither 0 nor 1")),
            }
        })?;
        anyhow::ensure!(bad.is_none(), "{shown}: {}", bad.unwrap_or_default());
        anyhow::ensure!(!points.is_empty(), "{shown}: no points");
        Ok(Self { name: name.to_owned(), points, labelled })
    }
}

/// What a detector says of every point.
pub(super) struct Scored {
    /// What a threshold for alerts is compared with: 0 where a point only repeats what was said.
    pub(super) alarms: Vec<f64>,
    /// How unusual each point is by itself.
    pub(super) surprises: Vec<f64>,
}

/// A detector with its one default configuration. All scores are −log₁₀ of tail probabilities.
pub(super) struct Detector {
    pub(super) name: &'static str,
    /// The alarm that is an alert by default.
    pub(super) alarm: f64,
    /// The surprise that makes a point anomalous by default.
    pub(super) surprise: f64,
    /// Whether only its alarms are its own, and its surprises those of another one.
    pub(super) alarms_only: bool,
    score: fn(&Series) -> anyhow::Result<Scored>,
}

/// The detectors compared, ours last. What a Gaussian finds rarer than one in 100 000 is an alert; KNN-CAD has a threshold of
/// its own.
pub(super) const DETECTORS: &[Detector] = &[
    Detector {
        name: "windowed Gaussian",
        alarm: 5.0,
        surprise: 5.0,
        alarms_only: false,
        score: |series| Ok(plain(series, WindowedGaussian::default())),
    },
    Detector {
        name: "windowed Gaussian, no repeats",
        alarm: 5.0,
        surprise: 5.0,
        alarms_only: true,
        score: |series| Ok(without_repeats(plain(series, WindowedGaussian::default()))),
    },
    Detector {
        name: "seasonal z-score",
        alarm: 5.0,
        surprise: 5.0,
        alarms_only: false,
        score: |series| Ok(plain(series, SeasonalZScore::default())),
    },
    Detector {
        name: "seasonal z-score, no repeats",
        alarm: 5.0,
        surprise: 5.0,
        alarms_only: true,
        score: |series| Ok(without_repeats(plain(series, SeasonalZScore::default()))),
    },
    Detector {
        name: "KNN-CAD",
        alarm: 2.4559,
        surprise: 2.4559,
        alarms_only: false,
        score: |series| Ok(plain(series, KnnCad::new(nab::probation(series.points.len())))),
    },
    Detector { name: "weir", alarm: weir_detect::usage::ALARM, surprise: SURPRISE, alarms_only: false, score: online },
];

/// Surprise that makes a point anomalous: one in a hundred. Which views it takes (value and jump) was chosen with the
/// cloud-monitoring series in view.
const SURPRISE: f64 = 2.0;

/// For how many points only a higher score is said again: as long as by ours.
const REPEATS: usize = 120;

impl Detector {
    pub(super) fn score(&self, series: &Series) -> anyhow::Result<Scored> {
        (self.score)(series)
    }
}

fn plain(series: &Series, mut detector: impl Baseline) -> Scored {
    let surprises: Vec<f64> = series.points.iter().map(|&(time, value)| detector.next(time, value)).collect();
    Scored { alarms: surprises.clone(), surprises }
}

/// Leaves only scores that are above those of the last points.
fn without_repeats(scored: Scored) -> Scored {
    let Scored { surprises, .. } = scored;
    let fresh = |(at, &score): (usize, &f64)| {
        let before = &surprises[at.saturating_sub(REPEATS)..at];
        if before.iter().all(|&other| other < score) { score } else { 0.0 }
    };
    Scored { alarms: surprises.iter().enumerate().map(fresh).collect(), surprises }
}

fn online(series: &Series) -> anyhow::Result<Scored> {
    let mut detector = OnlineDetectorParams::default().check()?.start();
    let scores = detector.score(series.points.iter().copied());
    anyhow::ensure!(scores.len() == series.points.len(), "{}: values that are no numbers", series.name);
    Ok(Scored {
        alarms: scores.iter().map(weir_domain::usage::UsageScore::alarm).collect(),
        surprises: scores.iter().map(|score| score.surprise).collect(),
    })
}

/// The CSV files of a folder and of those in it, in order of their paths, or the one file.
pub(super) fn csv_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = path.display();
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_left_out() {
        let mut surprises = vec![0.0; 200];
        for (at, score) in [(3, 2.0), (4, 2.0), (5, 3.0), (123, 3.0), (150, 4.0)] {
            surprises[at] = score;
        }
        let alarms = without_repeats(Scored { alarms: Vec::new(), surprises }).alarms;
        let said: Vec<_> = (0..200).filter(|&at| alarms[at] > 0.0).collect();
        assert_eq!(said, [3, 5, 150]);
    }
}
