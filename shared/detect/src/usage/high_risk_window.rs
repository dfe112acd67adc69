//! `high-risk-window`: the hours of the week in which a series is anomalous, or strays from the baseline, more often than otherwise,
//! and how sure that is.
//!
//! What is counted is weeks, not steps: an hour was bad in so many of the weeks in which it was measured. It was *anomalous*
//! in a week where a step of it was, and *variable* where its steps were, in the mean, further from the baseline than those of nine
//! of ten hours (as a share of the level, so that a busy hour may stray as much more as it is busier). A window is reported where
//! so many weeks would come by chance (a binomial tail, at the share of all hours together) in fewer than one of twenty
//! series, all hours of the week being tried. How sure its share is tells Wilson's interval, which is honest about few weeks.
//!
//! Reference: E. B. Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, JASA 22, 1927.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_domain::finding::{Entity, Facts, Hit, Kind, Severity, Subject};
use weir_domain::usage::{RiskWindow, UsageScore, WeekShare};
use weir_domain::window::{Scope, WindowStart};

use super::measured::{ALARM, MIN_POINTS};

/// Hours of a week.
const HOURS: usize = 168;

/// The probability with which chance may make an hour risky: one in twenty series, each with 168 hours of two risks.
const CHANCE: f64 = 0.05 / (2 * HOURS) as f64;

/// The fewest weeks in which an hour must have been bad: once is chance.
const MIN_WEEKS: u64 = 2;

/// The share of hours that stray far.
const FAR: f64 = 0.1;

/// How many times as far from the baseline as others, by medians, an hour must stray to be reported as variable.
const TIMES_OTHERS: f64 = 2.0;

/// The normal quantile of a two-sided interval of 90 %.
const Z: f64 = 1.645;

/// What a series did in each hour of each week, from Monday midnight on. Takes 16 bytes an hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoursOfWeeks {
    /// By the number of the week: of each 168 hours.
    weeks: BTreeMap<i64, Vec<Cell>>,
}

/// One hour of one week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell {
    /// Steps that were measured.
    steps: u32,
    /// Of these, anomalous.
    anomalous: u32,
    /// The sum of their distances from the baseline; finite.
    away: f32,
    /// The sum of the sizes of the baseline; finite.
    usual: f32,
}

/// One measured step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepOfWeek {
    /// The number of its week by the clock; weeks that follow one another have numbers that do.
    pub week: i64,
    /// Its hour of the week by the clock, from Monday midnight: 0 to 167.
    pub hour: u8,
    /// What was measured.
    pub value: f64,
    /// The baseline.
    pub usual: f64,
    /// Whether it stood out.
    pub anomalous: bool,
}

impl StepOfWeek {
    /// A point that a detector scored: anomalous where it is outside of the baseline as rarely as what is worth a finding.
    /// (Whether an alarm is fresh does not count: what comes every week is no news, and yet a risk.)
    #[must_use]
    pub fn from_score(score: &UsageScore, week: i64, hour: u8) -> Self {
        let outside = score.value > score.usual_high || score.value < score.usual_low;
        let anomalous = outside && score.seen >= MIN_POINTS && score.surprise >= ALARM;
        Self { week, hour, value: score.value, usual: score.usual, anomalous }
    }
}

impl HoursOfWeeks {
    /// Weeks that a watched series keeps: half a year.
    pub const MAX_WEEKS: usize = 26;

    /// The most windows reported for a series.
    pub const MAX_WINDOWS: usize = 10;

    /// Takes in a step. Hours beyond 167 are not of a week, and left out.
    pub fn observe(&mut self, step: &StepOfWeek) {
        let cells = self.weeks.entry(step.week).or_insert_with(|| vec![Cell::default(); HOURS]);
        let Some(cell) = cells.get_mut(usize::from(step.hour)) else { return };
        let sum = |sum: f32, more: f64| (f64::from(sum) + more.abs()).min(f64::from(f32::MAX)) as f32;
        *cell = Cell {
            steps: cell.steps.saturating_add(1),
            anomalous: cell.anomalous.saturating_add(u32::from(step.anomalous)),
            away: sum(cell.away, step.value - step.usual),
            usual: sum(cell.usual, step.usual),
        };
    }

    /// Forgets all but the latest [`MAX_WEEKS`](Self::MAX_WEEKS) weeks.
    pub fn keep_latest(&mut self) {
        while self.weeks.len() > Self::MAX_WEEKS {
            self.weeks.pop_first();
        }
    }

    /// Whether it can have been kept: what is read from a store may be damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sound = |cell: &Cell| {
            cell.anomalous <= cell.steps && [cell.away, cell.usual].iter().all(|sum| sum.is_finite() && *sum >= 0.0)
        };
        // One more than is kept: the week that has begun.
        self.weeks.len() <= Self::MAX_WEEKS + 1
            && self.weeks.values().all(|cells| cells.len() == HOURS && cells.iter().all(sound))
    }

    /// The windows of the weeks before one, which has begun and is not whole; the surest first, at most 10. O(weeks).
    #[must_use]
    pub fn risk_windows(&self, before: i64) -> Vec<RiskWindow> {
        let hours = judged(self.weeks.range(..before).map(|(week, cells)| (*week, cells.as_slice())));
        // One in ten is far; where many stray alike, fewer are, which makes none of them a risk.
        let shares = [expected(&hours, |cell| cell.anomalous), expected(&hours, |cell| cell.far).max(FAR)];
        let [anomalous, far] = shares;
        let spread = median(hours.iter().flat_map(BTreeMap::values).map(|cell| cell.spread).collect());
        let risks: Vec<[bool; 2]> = hours
            .iter()
            .map(|hour| {
                let strays = median(hour.values().map(|cell| cell.spread).collect()) >= TIMES_OTHERS * spread;
                [is_risk(hour, anomalous, |cell| cell.anomalous), strays && is_risk(hour, far, |cell| cell.far)]
            })
            .collect();
        let risky: Vec<bool> = risks.iter().map(|[anomalous, far]| *anomalous || *far).collect();
        let mut windows: Vec<RiskWindow> =
            runs(&risky).into_iter().map(|run| window(&hours, &risks, run, shares)).collect();
        windows.sort_by(|a, b| b.confidence().total_cmp(&a.confidence()).then(a.first_hour.cmp(&b.first_hour)));
        windows.truncate(Self::MAX_WINDOWS);
        windows
    }
}

/// What is said of one hour of one week.
#[derive(Debug, Clone, Copy)]
struct Judged {
    anomalous: bool,
    far: bool,
    /// The mean distance from usual, as a share of the level.
    spread: f64,
}

/// Of each hour of the week, what is said of it by week; hours that were not measured say nothing.
fn judged<'a>(weeks: impl Iterator<Item = (i64, &'a [Cell])>) -> Vec<BTreeMap<i64, Judged>> {
    let measured: Vec<(i64, usize, Cell)> = weeks
        .flat_map(|(week, cells)| cells.iter().enumerate().map(move |(hour, cell)| (week, hour, *cell)))
        .filter(|(_, hour, cell)| cell.steps > 0 && *hour < HOURS)
        .collect();
    let mean = |sum: f32, cell: &Cell| f64::from(sum) / f64::from(cell.steps);
    let level = median(measured.iter().map(|(.., cell)| mean(cell.usual, cell)).collect());
    let spread = |cell: &Cell| {
        let level = mean(cell.usual, cell).max(level);
        if level > 0.0 { mean(cell.away, cell) / level } else { mean(cell.away, cell) }
    };
    let mut spreads: Vec<f64> = measured.iter().map(|(.., cell)| spread(cell)).collect();
    spreads.sort_unstable_by(f64::total_cmp);
    let far = spreads.get(((1.0 - FAR) * spreads.len() as f64) as usize).copied().unwrap_or(f64::INFINITY);
    let mut hours = vec![BTreeMap::new(); HOURS];
    for (week, hour, cell) in measured {
        let spread = spread(&cell);
        hours[hour].insert(week, Judged { anomalous: cell.anomalous > 0, far: spread > far, spread });
    }
    hours
}

/// The share of all hours of all weeks; 0 of none.
fn expected(hours: &[BTreeMap<i64, Judged>], is_bad: impl Fn(&Judged) -> bool) -> f64 {
    let all = hours.iter().map(BTreeMap::len).sum::<usize>().max(1);
    hours.iter().flat_map(BTreeMap::values).filter(|cell| is_bad(cell)).count() as f64 / all as f64
}

fn is_risk(hour: &BTreeMap<i64, Judged>, expected: f64, is_bad: impl Fn(&Judged) -> bool) -> bool {
    let bad = hour.values().filter(|cell| is_bad(cell)).count() as u64;
    bad >= MIN_WEEKS && at_least(bad, hour.len() as u64, expected) < CHANCE
}

/// First hours and lengths of what follows one another, around the week.
fn runs(risky: &[bool]) -> Vec<(usize, usize)> {
    let before = |at: usize| risky[(at + HOURS - 1) % HOURS];
    let length = |from: usize| (0..HOURS).take_while(|n| risky[(from + n) % HOURS]).count();
    if risky.iter().all(|risky| *risky) {
        return vec![(0, HOURS)];
    }
    (0..HOURS).filter(|at| risky[*at] && !before(*at)).map(|at| (at, length(at))).collect()
}

fn window(
    hours: &[BTreeMap<i64, Judged>],
    risks: &[[bool; 2]],
    (first, length): (usize, usize),
    [anomalous, far]: [f64; 2],
) -> RiskWindow {
    let (mut weeks, mut bad) = (BTreeSet::new(), [BTreeSet::new(), BTreeSet::new()]);
    let mut is_risk = [false; 2];
    for n in 0..length {
        let at = (first + n) % HOURS;
        is_risk = [is_risk[0] || risks[at][0], is_risk[1] || risks[at][1]];
        // Beyond Sunday midnight it is still the window of the week it began in.
        let back = i64::from(first + n >= HOURS);
        for (week, cell) in &hours[at] {
            weeks.insert(week - back);
            for (bad, is_bad) in bad.iter_mut().zip([cell.anomalous, cell.far]) {
                if is_bad {
                    bad.insert(week - back);
                }
            }
        }
    }
    let all = weeks.len() as u64;
    let share = |weeks: u64, expected, is_risk| WeekShare {
        weeks,
        share: weeks as f64 / all.max(1) as f64,
        interval: wilson(weeks, all),
        expected,
        is_risk,
    };
    let inside = |hour: usize| (hour + HOURS - first) % HOURS < length;
    let spread = |side: bool| {
        let of_side = hours.iter().enumerate().filter(|(hour, _)| inside(*hour) == side);
        median(of_side.flat_map(|(_, hour)| hour.values()).map(|cell| cell.spread).collect())
    };
    RiskWindow {
        first_hour: first as u8,
        hours: length as u8,
        weeks: all,
        anomalous: share(bad[0].len() as u64, anomalous, is_risk[0]),
        variable: share(bad[1].len() as u64, far, is_risk[1]),
        variability: Some(spread(true) / spread(false)).filter(|times| times.is_finite()),
    }
}

/// The median, the upper one of two; 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// The probability of so many bad weeks or more, each being bad with a probability by itself.
fn at_least(bad: u64, weeks: u64, probability: f64) -> f64 {
    let odds = probability / (1.0 - probability);
    let (mut term, mut tail) = ((1.0 - probability).powf(weeks as f64), 0.0);
    for k in 0..=weeks {
        if k >= bad {
            tail += term;
        }
        term *= odds * (weeks - k) as f64 / (k + 1) as f64;
    }
    // Where every hour of every week is bad, none is worse than others.
    if tail.is_finite() { tail } else { 1.0 }
}

/// Wilson's interval of 90 % about the share of `bad` in `weeks`; all there is where there are none.
fn wilson(bad: u64, weeks: u64) -> (f64, f64) {
    if weeks == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (weeks as f64, bad as f64 / weeks as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

/// The risk of a series, as it was judged last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// When it was first reported, seconds since the epoch: its finding is named after it, so that later weeks change it and
    /// tell no other.
    pub since: i64,
    /// When it was judged.
    pub judged: i64,
    /// Points that were known then.
    pub points: u64,
    /// The windows, at least one.
    pub windows: Vec<RiskWindow>,
}

/// What is reported for a series' risk. `clock` is the time zone of the hours.
#[must_use]
pub fn detect(scope: &Scope, name: &str, clock: &str, risk: &Risk) -> (Subject, Hit) {
    let kind = Kind::HighRiskWindow;
    let subject = Subject { kind, scope: scope.clone(), entity: Entity::Series(name.to_owned()), peer: None };
    let surest = risk.windows.iter().map(RiskWindow::confidence).fold(0.0, f64::max);
    let hit = Hit {
        window: WindowStart(risk.since),
        window_end: risk.since,
        first_seen: risk.since,
        last_seen: risk.judged.max(risk.since),
        severity: Severity::Low,
        confidence: (100.0 * surest).clamp(0.0, 100.0) as u8,
        rows: risk.points,
        interfaces: Vec::new(),
        facts: Facts::RiskWindows { clock: clock.to_owned(), windows: risk.windows.clone() },
        evidence: Vec::<weir_domain::finding::PointEvidence>::new().into(),
    };
    (subject, hit)
}

#[cfg(test)]
mod tests;
