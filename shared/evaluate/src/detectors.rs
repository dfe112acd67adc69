//! The time-series detectors that the suites compare. Every score depends on earlier points only, and no threshold is taken from
//! the series it is applied to.

use weir_model::OnlineDetectorParams;

use crate::baseline_detectors::{BaselineDetector, KnnCad, SeasonalZScore, WindowedGaussian};
use crate::nab_score::probation;
use crate::series::Series;

/// The scores of a detector, one per point of a series.
pub(crate) struct Scored {
    /// Compared with the threshold for alerts; 0 for a point that repeats an earlier alert.
    pub(crate) alarms: Vec<f64>,
    /// How unusual each point is, whatever came before.
    pub(crate) surprises: Vec<f64>,
}

/// A detector with its default configuration. All scores are −log₁₀ of tail probabilities.
pub(crate) struct Detector {
    pub(crate) name: &'static str,
    /// The default threshold of alarms for an alert.
    pub(crate) alarm: f64,
    /// The default threshold of surprises for an anomalous point.
    pub(crate) surprise: f64,
    /// True where its surprises are those of another detector and only its alarms differ.
    pub(crate) alarms_only: bool,
    score: fn(&Series) -> anyhow::Result<Scored>,
}

/// The detectors compared, Weir's last. Gaussian detectors alert on tail probabilities below one in 100 000; KNN-CAD has its
/// published threshold.
pub(crate) const DETECTORS: &[Detector] = &[
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
        score: |series| Ok(plain(series, KnnCad::new(probation(series.points.len())))),
    },
    Detector { name: "weir", alarm: weir_detect::usage::ALARM, surprise: SURPRISE, alarms_only: false, score: online },
];

/// The surprise from which Weir's detector calls a point anomalous: a tail probability of one in a hundred. Its views (value
/// and jump) were chosen on the cloud-monitoring series.
const SURPRISE: f64 = 2.0;

/// Number of points for which only a higher score is reported again, the same as for Weir's detector.
const REPEATS: usize = 120;

impl Detector {
    pub(crate) fn score(&self, series: &Series) -> anyhow::Result<Scored> {
        (self.score)(series)
    }
}

fn plain(series: &Series, mut detector: impl BaselineDetector) -> Scored {
    let surprises: Vec<f64> = series.points.iter().map(|&(time, value)| detector.next(time, value)).collect();
    Scored { alarms: surprises.clone(), surprises }
}

/// Sets the alarm to 0 wherever one of the last [`REPEATS`] points has at least the same score.
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
        let reported: Vec<_> = (0..200).filter(|&at| alarms[at] > 0.0).collect();
        assert_eq!(reported, [3, 5, 150]);
    }
}
