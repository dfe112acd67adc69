//! The score of the Numenta Anomaly Benchmark.
//!
//! Each labelled anomaly is a window of points. The first detections in a window earn up to 1, the more the earlier; a missed
//! window costs, and so does every detection outside of windows, less where it is only a little late. The sum is scaled to between
//! 0 (a detector without detections) and 100 (one that detects every window at its first point and nothing else).
//!
//! References: A. Lavin, S. Ahmad, *Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly Benchmark*, ICMLA
//! 2015; details (probationary part, position in a window) as in the benchmark's own scorer, version 1.1.

use std::ops::RangeInclusive;

/// The weights of hits, misses and false alarms.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct NabProfile {
    /// The profile's name in the benchmark.
    pub(crate) name: &'static str,
    /// The reward of a window that is detected at its first point.
    pub(crate) hit: f64,
    /// The cost of a detection far from any window.
    pub(crate) false_alarm: f64,
    /// The cost of a missed window.
    pub(crate) miss: f64,
}

impl NabProfile {
    /// The benchmark's profiles: standard, few false alarms rewarded, few misses rewarded.
    pub(crate) const ALL: [Self; 3] = [
        Self { name: "standard", hit: 1.0, false_alarm: 0.11, miss: 1.0 },
        Self { name: "reward_low_FP_rate", hit: 1.0, false_alarm: 0.22, miss: 1.0 },
        Self { name: "reward_low_FN_rate", hit: 1.0, false_alarm: 0.11, miss: 2.0 },
    ];
}

/// The number of points at the start of a series that are for learning only: 15 % of its points, at most 750.
#[must_use]
pub(crate) fn probation(points: usize) -> usize {
    (points.saturating_mul(15) / 100).min(750)
}

/// Counts and rewards of the detections in a series. Those of several series add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub(crate) struct NabTally {
    /// Labelled windows.
    pub(crate) windows: u64,
    /// Of these, detected.
    pub(crate) detected: u64,
    /// Their rewards, before the weight of a hit.
    pub(crate) earned: f64,
    /// Detections outside of windows.
    pub(crate) false_alarms: u64,
    /// Their costs, before the weight of a false alarm.
    pub(crate) cost: f64,
}

impl NabTally {
    /// The sum of two tallies.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            windows: self.windows + other.windows,
            detected: self.detected + other.detected,
            earned: self.earned + other.earned,
            false_alarms: self.false_alarms + other.false_alarms,
            cost: self.cost + other.cost,
        }
    }

    /// The score before it is scaled to between 0 and 100.
    #[must_use]
    pub(crate) fn raw(&self, profile: NabProfile) -> f64 {
        let missed = (self.windows - self.detected) as f64;
        self.earned * profile.hit - missed * profile.miss - self.cost * profile.false_alarm
    }

    /// The score: 0 for detecting nothing, 100 for perfection, negative for worse than nothing. `None` where there are no windows.
    #[must_use]
    pub(crate) fn score(&self, profile: NabProfile) -> Option<f64> {
        let windows = self.windows as f64;
        let (nothing, perfect) = (-profile.miss * windows, profile.hit * windows);
        (self.windows > 0).then(|| 100.0 * (self.raw(profile) - nothing) / (perfect - nothing))
    }
}

/// Labelled windows of a series, prepared for scoring.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NabWindows {
    points: usize,
    windows: Vec<RangeInclusive<usize>>,
}

impl NabWindows {
    /// Takes windows of point numbers, from 0, of a series of `points` points, and sorts them. A point in two windows counts for
    /// the first; in the benchmark no windows overlap.
    #[must_use]
    pub(crate) fn new(points: usize, mut windows: Vec<RangeInclusive<usize>>) -> Self {
        windows.retain(|window| !window.is_empty() && *window.end() < points);
        windows.sort_by_key(|window| (*window.start(), *window.end()));
        Self { points, windows }
    }

    /// The reward of a detection in a window, with the number of the window, or its cost outside of windows.
    fn worth(&self, point: usize) -> (Option<usize>, f64) {
        let inside = self.windows.iter().position(|window| window.contains(&point));
        if let Some(number) = inside {
            let window = &self.windows[number];
            let width = (window.end() - window.start() + 1) as f64;
            let left = (window.end() - point + 1) as f64;
            return (Some(number), sigmoid(-left / width) / sigmoid(-1.0));
        }
        let before = self.windows.iter().rev().find(|window| *window.end() < point);
        let cost = before.map_or(1.0, |window| {
            let width = (window.end() - window.start()) as f64;
            -sigmoid((point - window.end()) as f64 / width)
        });
        (None, cost)
    }

    /// Tallies the detections: points with a score of at least the threshold. Points of the probationary part do not count, and
    /// neither do windows that lie wholly in it.
    #[must_use]
    pub(crate) fn tally(&self, scores: &[f64], threshold: f64) -> NabTally {
        let first = probation(self.points);
        let mut best: Vec<Option<f64>> = vec![None; self.windows.len()];
        let mut tally = NabTally::default();
        for (point, _) in scores.iter().enumerate().skip(first).filter(|(_, score)| **score >= threshold) {
            match self.worth(point) {
                (Some(window), worth) => best[window] = Some(best[window].map_or(worth, |best: f64| best.max(worth))),
                (None, cost) => {
                    tally.false_alarms += 1;
                    tally.cost += cost;
                }
            }
        }
        let counted = self.windows.iter().zip(best).filter(|(window, _)| *window.end() >= first);
        for (_, best) in counted {
            tally.windows += 1;
            tally.detected += u64::from(best.is_some());
            tally.earned += best.unwrap_or(0.0);
        }
        tally
    }
}

/// The threshold with the best raw score over all series under a profile, and its tally, as the benchmark chooses it for each
/// detector. Every score above 0 is tried; `None` where there is none.
#[must_use]
pub(crate) fn best_threshold(series: &[(&NabWindows, &[f64])], profile: NabProfile) -> Option<(f64, NabTally)> {
    // From the highest score down, each point adds its reward or subtracts its cost.
    let mut points: Vec<(f64, usize, usize)> = Vec::new();
    for (number, (windows, scores)) in series.iter().enumerate() {
        let first = probation(windows.points);
        let scored = scores.iter().enumerate().skip(first).filter(|(_, score)| **score > 0.0);
        points.extend(scored.map(|(point, score)| (*score, number, point)));
    }
    points.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: Vec<Vec<Option<f64>>> = series.iter().map(|(windows, _)| vec![None; windows.windows.len()]).collect();
    let (mut sum, mut most) = (0.0, None);
    for (place, &(score, number, point)) in points.iter().enumerate() {
        match series[number].0.worth(point) {
            (Some(window), worth) => {
                let before = &mut best[number][window];
                let earned = |worth: f64| worth * profile.hit + profile.miss;
                let after = before.map_or(worth, |best| best.max(worth));
                sum += earned(after) - before.map_or(0.0, earned);
                *before = Some(after);
            }
            (None, cost) => sum -= cost * profile.false_alarm,
        }
        let last_of_its_score = points.get(place + 1).is_none_or(|next| next.0 < score);
        if last_of_its_score && most.is_none_or(|(best, _)| sum > best) {
            most = Some((sum, score));
        }
    }
    let (_, threshold) = most?;
    let tallies = series.iter().map(|(windows, scores)| windows.tally(scores, threshold));
    Some((threshold, tallies.fold(NabTally::default(), NabTally::plus)))
}

/// 2σ(−5x) − 1, and −1 from 3 on: near 1 at the left edge of a window (−1), 0 at its right edge (0), negative beyond.
fn sigmoid(position: f64) -> f64 {
    if position >= 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests;
