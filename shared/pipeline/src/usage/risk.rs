//! High-risk windows: the hours of the week in which a series is anomalous more often than otherwise, and how sure that is.
//!
//! What is counted is weeks, not steps: an hour was bad in so many of the weeks in which it was measured. A window is told
//! where so many weeks would come by chance (a binomial tail, at the share of all hours together) in fewer than one of
//! twenty series, all hours of the week being tried. How sure its share is tells Wilson's interval, which is honest about
//! few weeks.
//!
//! Reference: E. B. Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, JASA 22, 1927.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Seen;
use super::anomalies::Mark;
use super::season::{quantile, relative};

/// Hours of a week.
const HOURS: usize = 168;

/// The probability with which chance may make an hour risky: one in twenty series, each with 168 hours.
const CHANCE: f64 = 0.05 / HOURS as f64;

/// The fewest weeks in which an hour must have been anomalous: once is chance.
const FEWEST_WEEKS: u64 = 2;

/// The normal quantile of a two-sided interval of 90 %.
const Z: f64 = 1.645;

/// The most windows told of a series.
const MOST: usize = 10;

/// Hours of the week that follow one another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskyWindow {
    /// The first hour, from Monday midnight by the clock: 0 to 167.
    pub first_hour: u8,
    /// How many hours, at least 1; it may run on into the next week.
    pub hours: u8,
    /// Weeks in which it was measured.
    pub weeks: u64,
    /// Weeks in which some step of it was anomalous.
    pub anomalous_weeks: u64,
    /// The share of weeks, 0 to 1.
    pub share: f64,
    /// Wilson's interval of 90 % about the share.
    pub interval: (f64, f64),
    /// The share of all hours together that were anomalous: what would be expected.
    pub expected: f64,
    /// How much wider what is measured then strays from usual than at other hours, as a ratio of interquartile ranges; none
    /// where it does not stray otherwise.
    pub variability: Option<f64>,
}

/// The windows of a series, the surest first.
pub(super) fn risky_windows(seen: &Seen<'_>, marks: &[Option<Mark>]) -> Vec<RiskyWindow> {
    let mut hours: Vec<BTreeMap<i64, bool>> = vec![BTreeMap::new(); HOURS];
    for (clock, mark) in seen.clock.iter().zip(marks) {
        let Some(mark) = mark else { continue };
        let week = (clock.day + 3).div_euclid(7);
        *hours[usize::from(clock.hour_of_week())].entry(week).or_default() |= mark.is_anomalous();
    }
    let count = |hour: &BTreeMap<i64, bool>| hour.values().filter(|bad| **bad).count() as u64;
    let all: u64 = hours.iter().map(|hour| hour.len() as u64).sum();
    let Some(expected) = relative(hours.iter().map(count).sum::<u64>() as f64, all as f64) else { return vec![] };
    let risky: Vec<bool> = hours
        .iter()
        .map(|hour| {
            let bad = count(hour);
            bad >= FEWEST_WEEKS && at_least(bad, hour.len() as u64, expected) < CHANCE
        })
        .collect();
    let mut windows: Vec<RiskyWindow> =
        runs(&risky).into_iter().map(|run| window(seen, &hours, run, expected)).collect();
    windows.sort_by(|a, b| b.interval.0.total_cmp(&a.interval.0).then(a.first_hour.cmp(&b.first_hour)));
    windows.truncate(MOST);
    windows
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
    seen: &Seen<'_>,
    hours: &[BTreeMap<i64, bool>],
    (first, length): (usize, usize),
    expected: f64,
) -> RiskyWindow {
    let (mut weeks, mut anomalous) = (BTreeSet::new(), BTreeSet::new());
    for n in 0..length {
        // Beyond Sunday midnight it is still the window of the week it began in.
        let back = i64::from(first + n >= HOURS);
        for (week, bad) in &hours[(first + n) % HOURS] {
            weeks.insert(week - back);
            if *bad {
                anomalous.insert(week - back);
            }
        }
    }
    let (weeks, bad) = (weeks.len() as u64, anomalous.len() as u64);
    let inside = |hour: usize| (hour + HOURS - first) % HOURS < length;
    let (mut then, mut otherwise) = (Vec::new(), Vec::new());
    for (clock, parts) in seen.clock.iter().zip(seen.season.parts.steps()) {
        let Some(parts) = parts else { continue };
        let side = if inside(usize::from(clock.hour_of_week())) { &mut then } else { &mut otherwise };
        side.push(parts.remainder);
    }
    let spread = |values: &mut [f64]| quantile(values, 0.75) - quantile(values, 0.25);
    RiskyWindow {
        first_hour: first as u8,
        hours: length as u8,
        weeks,
        anomalous_weeks: bad,
        share: relative(bad as f64, weeks as f64).unwrap_or(0.0),
        interval: wilson(bad, weeks),
        expected,
        variability: relative(spread(&mut then), spread(&mut otherwise)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_by_hand() {
        let (low, high) = wilson(2, 4);
        assert!((low - 0.182_38).abs() < 1e-4 && (high - 0.817_62).abs() < 1e-4, "{low} {high}");
        assert!((wilson(0, 8).0, wilson(8, 8).1) == (0.0, 1.0) && wilson(0, 0) == (0.0, 1.0));
    }

    #[test]
    fn binomial_tails_by_hand() {
        assert!((at_least(3, 4, 0.5) - 5.0 / 16.0).abs() < 1e-12);
        assert!((at_least(0, 9, 0.3) - 1.0).abs() < 1e-12 && (at_least(1, 2, 0.1) - 0.19).abs() < 1e-12);
        assert!(at_least(5, 5, 1.0) >= 1.0 && at_least(2, 5, 0.0) <= 0.0);
    }

    #[test]
    fn runs_go_around_the_week() {
        let mut risky = vec![false; HOURS];
        for at in [0, 1, 5, 167] {
            risky[at] = true;
        }
        assert_eq!(runs(&risky), [(5, 1), (167, 3)]);
        assert_eq!(runs(&[true; HOURS]), [(0, HOURS)]);
        assert!(runs(&[false; HOURS]).is_empty());
    }
}
