//! Anomaly scores of series, point by point: [`OnlineDetector`] sees each point once, knows only what came before it, and
//! keeps a bounded state.
//!
//! Each point is looked at from several sides, each a *nonconformity* of 0 and more:
//!
//! - **value**: the distance from the baseline, which is the median of the last points, or what an hour of the day or of the
//!   week usually brings, where that has predicted the series better so far;
//! - **jump**: the distance from the point before;
//! - **level**: the distance of the mean of the last points from the median of those before, on two time scales;
//! - **pattern**: the distance of the last 19 points from the most similar stretches of the past;
//! - **standstill**: a run of equal values longer than any before.
//!
//! The share of earlier points with as large a nonconformity is a conformal p-value, with a Pareto tail beyond what was ever
//! seen. Views are combined in three ways (the strongest; the strongest and the mean of all, on either time scale), each
//! of which is calibrated once more by its own past: that gives a tail probability that means the same in every series. The
//! mean of their logarithms is the rarity of the point. Whatever is unusual goes on for some points: only the first, or a
//! rarer one, is *fresh*.
//!
//! ```
//! use weir_model::OnlineDetectorParams;
//!
//! let mut detector = OnlineDetectorParams::default().check()?.start();
//! let noise = |i: i64| ((i * 7919) % 101) as f64 / 10.0;
//! let usual = (0..2000).filter_map(|i| detector.next(300 * i, noise(i))).last();
//! let unusual = detector.next(300 * 2000, 60.0);
//! assert!(usual.is_some_and(|score| score.rarity < 2.0));
//! assert!(unusual.is_some_and(|score| score.rarity > 2.5 && score.fresh));
//! # Ok::<(), weir_model::BadParams>(())
//! ```
//!
//! References: E. Burnaev, V. Ishimtsev, *Conformalized density- and distance-based anomaly detection in time-series data*,
//! arXiv 1608.04585, 2016; A. Lavin, S. Ahmad, *Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly
//! Benchmark*, ICMLA 2015 (the anomaly likelihood); R. Laxhammar, G. Falkman, *Conformal prediction for distribution-independent
//! anomaly detection in streaming vessel data*, 2010.

mod params;

mod sliding_window;

mod tail_probability;

mod profile;

mod residuals;

mod pattern;

mod standstill;

mod repeats;

mod stored;

pub use params::{OnlineDetectorParams, OnlineDetectorValid};

use weir_domain::usage::{UsagePoint, UsageScore, UsageSeason, UsageView};

use pattern::Pattern;
use profile::Profile;
use repeats::Repeats;
use residuals::{Residuals, Surprises};
use sliding_window::SlidingWindow;
use standstill::Standstill;
use tail_probability::TailProbability;

/// Share of the nonconformities of a view that make its tail.
const VIEW_TAIL: f64 = 0.02;

/// Share of the combined surprises that make their tail.
const COMBINED_TAIL: f64 = 0.01;

/// The part of the median's error that a season may leave to be believed in, and a second season of that of the first.
const ERROR_LEFT: f64 = 0.7;
const ERROR_LEFT_OF_ANOTHER: f64 = 0.85;

/// Distances of times known before a step is, and the last ones that are kept.
const MIN_STEPS: usize = 20;
const STEPS: usize = 64;

/// A step is missing after so many times its usual length, so that what is a little late is not.
const LATE: i64 = 2;

/// Watches one series. Cloning or storing it and going on with the copy gives the same scores.
///
/// Points are scored in the order in which they come. A time that is not later than the one before (a duplicate, a late
/// point) is no error: the value counts as the next one, with the hour it was measured at. After a gap, the points before it
/// are still what came before. State is at most some 20 numbers per remembered score, about 0.5 MB without a season and
/// 1.1 MB with two at the default memory; a point takes O(memory) time in the worst case, a few microseconds in practice.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredDetector", into = "stored::StoredDetector")]
pub struct OnlineDetector {
    memory: usize,
    utc_offset: i32,
    seen: u64,
    last_time: Option<i64>,
    steps: SlidingWindow,
    plain: Residuals,
    seasonal: Option<Vec<Seasonal>>,
    pattern: Pattern,
    pattern_tail: TailProbability,
    standstill: Standstill,
    combined: [TailProbability; 3],
    repeats: Repeats,
}

impl OnlineDetectorValid {
    /// A detector that has seen nothing yet. There is nothing to fit: it learns from every point it scores.
    #[must_use]
    pub fn start(&self) -> OnlineDetector {
        OnlineDetector::new(self)
    }
}

/// A season and what is left of the series without it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Seasonal {
    profile: Profile,
    residuals: Residuals,
}

/// A point beside the baseline.
struct Compared {
    season: UsageSeason,
    usual: f64,
    range: (f64, f64),
    surprises: Surprises,
    offset: f64,
    spread: (f64, f64),
}

impl OnlineDetector {
    fn new(params: &OnlineDetectorValid) -> Self {
        let memory = params.memory;
        Self {
            memory,
            utc_offset: params.utc_offset,
            seen: 0,
            last_time: None,
            steps: SlidingWindow::new(STEPS),
            plain: Residuals::new(memory, VIEW_TAIL),
            seasonal: None,
            pattern: Pattern::default(),
            pattern_tail: TailProbability::new(memory, VIEW_TAIL),
            standstill: Standstill::new(),
            combined: std::array::from_fn(|_| TailProbability::new(memory, COMBINED_TAIL)),
            repeats: Repeats::new(params.repeats),
        }
    }

    /// Changes the time zone of the hours, at the change to or from daylight-saving time: seconds ahead of UTC. What
    /// was learned of the hours stays.
    pub fn set_utc_offset(&mut self, seconds: i32) {
        self.utc_offset = seconds.clamp(-86_400, 86_400);
    }

    /// Scores a point by those before it, and learns it. `None`, and nothing learned, where the value is no number within
    /// ±[`UsagePoint::MAX`].
    pub fn next(&mut self, time: i64, value: f64) -> Option<UsageScore> {
        if value.is_nan() || value.abs() > UsagePoint::MAX {
            return None;
        }
        let (step, missing_steps) = self.learn_step(time);
        let compared = self.compare(time.saturating_add(i64::from(self.utc_offset)), value);
        let distance = self.pattern.next(value);
        let pattern = self.pattern_tail.next(distance);
        let standstill = self.standstill.next(value);
        let Surprises { value: far, jump, short_level, long_level } = compared.surprises;
        let views = |level| [far, jump, level, pattern, standstill];
        let short = views(short_level);
        let together = [mixed(short), strongest(short), mixed(views(long_level))];
        let rarities = self.combined.iter_mut().zip(together).map(|(tail, surprise)| tail.next(surprise));
        let rarity = rarities.sum::<f64>() / together.len() as f64;
        let level = short_level.max(long_level);
        let named = [
            (UsageView::Value, far),
            (UsageView::Jump, jump),
            (UsageView::Level, level),
            (UsageView::Pattern, pattern),
            (UsageView::Standstill, standstill),
        ];
        let first = named[0];
        let (view, _) = named.into_iter().fold(first, |best, other| if other.1 > best.1 { other } else { best });
        let score = UsageScore {
            time,
            value,
            surprise: far.max(jump),
            rarity,
            fresh: self.repeats.is_fresh(rarity),
            view,
            season: compared.season,
            usual: compared.usual,
            usual_low: compared.usual + compared.range.0,
            usual_high: compared.usual + compared.range.1,
            recent_offset: compared.offset,
            recent_spread: compared.spread.0,
            usual_spread: compared.spread.1,
            missing_steps,
            step,
            seen: self.seen,
        };
        self.seen += 1;
        Some(score)
    }

    /// Scores many points: the same as [`next`](Self::next) one by one, leaving out those it leaves out.
    pub fn score(&mut self, points: impl IntoIterator<Item = (i64, f64)>) -> Vec<UsageScore> {
        points.into_iter().filter_map(|(time, value)| self.next(time, value)).collect()
    }

    /// The length of a step, 0 as long as it is not known, and how many are missing before a time.
    fn learn_step(&mut self, time: i64) -> (i64, u64) {
        let length = |steps: &SlidingWindow| if steps.len() < MIN_STEPS { 0 } else { steps.median() as i64 };
        let known = length(&self.steps);
        let passed = self.last_time.map_or(0, |last| time.saturating_sub(last));
        self.last_time = Some(self.last_time.map_or(time, |last| last.max(time)));
        if passed > 0 {
            self.steps.push(passed as f64);
        }
        let missing = if known > 0 && passed > LATE.saturating_mul(known) { passed / known - 1 } else { 0 };
        (if known > 0 { known } else { length(&self.steps) }, u64::try_from(missing).unwrap_or(0))
    }

    /// Compares a value with the median of the last ones and with every season, and learns it. The season that leaves the
    /// least error speaks, if any leaves little enough.
    fn compare(&mut self, local: i64, value: f64) -> Compared {
        let median = self.plain.median().unwrap_or(value);
        let range = self.plain.range().map_or((0.0, 0.0), |(low, high)| (low - median, high - median));
        let mut chosen = Compared {
            season: UsageSeason::None,
            usual: median,
            range,
            surprises: self.plain.next(value),
            offset: self.plain.level() - median,
            spread: self.plain.spread(),
        };
        if self.seasonal.is_none() && self.steps.len() >= MIN_STEPS {
            let (step, memory) = (self.steps.median() as i64, self.memory);
            let profiles =
                [UsageSeason::Day, UsageSeason::Week].into_iter().filter_map(|season| Profile::new(season, step));
            let seasonal = |profile| Seasonal { profile, residuals: Residuals::new(memory, VIEW_TAIL) };
            self.seasonal = Some(profiles.map(seasonal).collect());
        }
        let mut most = ERROR_LEFT;
        for Seasonal { profile, residuals } in self.seasonal.iter_mut().flatten() {
            if let Some(predicted) = profile.predict(local) {
                profile.judge(predicted, median, value);
                let range = residuals.range().unwrap_or_default();
                let surprises = residuals.next(predicted.residual(value));
                if let Some(left) = profile.error_left().filter(|&left| left < most) {
                    most = left * ERROR_LEFT_OF_ANOTHER;
                    chosen = Compared {
                        season: profile.season,
                        usual: predicted.usual,
                        range: (range.0.min(0.0), range.1.max(0.0)),
                        surprises,
                        offset: residuals.level(),
                        spread: residuals.spread(),
                    };
                }
            }
            profile.learn(local, value);
        }
        chosen
    }
}

fn strongest(surprises: [f64; 5]) -> f64 {
    surprises.into_iter().fold(0.0, f64::max)
}

/// Half the strongest and half the mean: one sure view is enough, and several that agree are more.
fn mixed(surprises: [f64; 5]) -> f64 {
    f64::midpoint(strongest(surprises), surprises.iter().sum::<f64>() / 5.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests;
