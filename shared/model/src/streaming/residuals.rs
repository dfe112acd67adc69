//! How far values are from the baseline, at several time scales.

use std::collections::VecDeque;

use super::sliding_window::SlidingWindow;
use super::tail_probability::TailProbability;

/// Residuals that "usual" is taken over.
const LONG: usize = 1000;

/// Number of residuals before a distance from their median is computed.
const MIN: usize = 10;

/// Points whose mean is a level, and points before them it is compared with: half an hour in a day, or an hour in three
/// and a half, at steps of five minutes.
const SHORT_LEVEL: (usize, usize) = (6, 288);
const LONG_LEVEL: (usize, usize) = (12, LONG);

/// Points whose mutual distance is a spread.
const SPREAD: usize = 24;

/// Surprises of one point by view: −log₁₀ of tail probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Surprises {
    pub(super) value: f64,
    pub(super) jump: f64,
    pub(super) short_level: f64,
    pub(super) long_level: f64,
}

/// Values less what was predicted, and how unusual they are.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Residuals {
    last: SlidingWindow,
    before: Option<f64>,
    short_level: Level,
    long_level: Level,
    tails: [TailProbability; 4],
    recent: VecDeque<f64>,
    spreads: SlidingWindow,
}

impl Residuals {
    pub(super) fn new(memory: usize, tail: f64) -> Self {
        Self {
            last: SlidingWindow::new(LONG),
            before: None,
            short_level: Level::new(SHORT_LEVEL),
            long_level: Level::new(LONG_LEVEL),
            tails: std::array::from_fn(|_| TailProbability::new(memory, tail)),
            recent: VecDeque::with_capacity(SPREAD),
            spreads: SlidingWindow::new(LONG),
        }
    }

    /// The median of the last residuals; nothing of none.
    pub(super) fn median(&self) -> Option<f64> {
        (self.last.len() > 0).then(|| self.last.median())
    }

    /// What one in twenty residuals is below, and above; nothing of none.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        (self.last.len() > 0).then(|| (self.last.quantile(0.05), self.last.quantile(0.95)))
    }

    /// The mean of the last points' residuals.
    pub(super) fn level(&self) -> f64 {
        mean(&self.long_level.recent)
    }

    /// The mean distance of the last residuals from their mean, and its median so far.
    pub(super) fn spread(&self) -> (f64, f64) {
        let middle = mean(&self.recent);
        let now = self.recent.iter().map(|r| (r - middle).abs()).sum::<f64>() / self.recent.len().max(1) as f64;
        (now, self.spreads.median())
    }

    pub(super) fn next(&mut self, residual: f64) -> Surprises {
        let value = if self.last.len() < MIN { 0.0 } else { (residual - self.last.median()).abs() };
        self.last.push(residual);
        let jump = self.before.map_or(0.0, |before| (residual - before).abs());
        self.before = Some(residual);
        let levels = [self.short_level.next(residual), self.long_level.next(residual)];
        if self.recent.len() == SPREAD {
            self.recent.pop_front();
            self.spreads.push(self.spread().0);
        }
        self.recent.push_back(residual);
        let [a, b, c, d] = &mut self.tails;
        Surprises {
            value: a.next(value),
            jump: b.next(jump),
            short_level: c.next(levels[0]),
            long_level: d.next(levels[1]),
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let levels = [&self.short_level, &self.long_level];
        self.tails.iter().all(TailProbability::is_sound)
            && self.before.is_none_or(f64::is_finite)
            && self.recent.len() <= SPREAD
            && levels.iter().all(|level| (1..=LONG).contains(&level.points) && level.recent.len() <= level.points)
            && self.recent.iter().chain(levels.iter().flat_map(|level| &level.recent)).all(|v| v.is_finite())
    }
}

/// The mean of the last points against the median of those before them.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    points: usize,
    recent: VecDeque<f64>,
    older: SlidingWindow,
}

impl Level {
    fn new((points, older): (usize, usize)) -> Self {
        Self { points, recent: VecDeque::with_capacity(points + 1), older: SlidingWindow::new(older) }
    }

    fn next(&mut self, residual: f64) -> f64 {
        self.recent.push_back(residual);
        if self.recent.len() > self.points
            && let Some(oldest) = self.recent.pop_front()
        {
            self.older.push(oldest);
        }
        if self.older.len() < 2 * self.points {
            return 0.0;
        }
        (mean(&self.recent) - self.older.median()).abs()
    }
}

fn mean(values: &VecDeque<f64>) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
