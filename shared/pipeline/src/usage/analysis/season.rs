//! The season of a series: which slots of the week are compared with each other, and what is usual in each.

use weir_domain::usage::UsageSeries;
use weir_features::usage::LocalTime;
use weir_model::{Decomposition, DecompositionParams};

use super::{Seen, UsageError};

/// Seconds of a day and of a week.
const DAY: u64 = 86_400;
pub(super) const WEEK: u64 = 7 * DAY;

/// What the usual is told by.
#[derive(Debug)]
pub(super) struct Season {
    pub(super) kind: SeasonKind,
    pub(super) parts: Decomposition,
}

/// Which slots are compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeasonKind {
    /// All: what is there is too short for anything else.
    None,
    /// The same time of the day: from three days on. (Of two values none is the usual one.)
    Day,
    /// The same time of working days, and of weekend days: from nine days on, which have both.
    DayAndWeekend,
    /// The same time of the week: from four weeks on.
    Week,
}

impl SeasonKind {
    fn of(series: &UsageSeries) -> Self {
        let (step, steps) = (u64::from(series.step), series.values.len() as u64);
        let span = step.saturating_mul(steps);
        match () {
            () if step < WEEK && span >= 4 * WEEK => Self::Week,
            () if step < DAY && span >= 9 * DAY => Self::DayAndWeekend,
            () if step < DAY && span >= 3 * DAY => Self::Day,
            () => Self::None,
        }
    }

    /// The slot of a local time.
    pub(super) fn slot(self, at: LocalTime, step: u32) -> u32 {
        let step = step.max(1);
        let in_day = at.second / step;
        let days = 86_400_u32.div_ceil(step);
        match self {
            Self::None => 0,
            Self::Day => in_day,
            Self::DayAndWeekend => in_day + if at.is_weekend() { days } else { 0 },
            Self::Week => in_day + u32::from(at.weekday()) * days,
        }
    }

    /// Seconds after which it comes again.
    fn length(self) -> u64 {
        match self {
            Self::None | Self::Day => DAY,
            Self::DayAndWeekend | Self::Week => WEEK,
        }
    }
}

impl Season {
    pub(super) fn of(series: &UsageSeries, clock: &[LocalTime]) -> Result<Self, UsageError> {
        let kind = SeasonKind::of(series);
        let slots: Vec<u32> = clock.iter().map(|at| kind.slot(*at, series.step)).collect();
        let steps = kind.length() / u64::from(series.step.max(1));
        // Odd, so that a step lies in the middle.
        let trend = (steps.clamp(2, 50_000) | 1) as u32;
        let parts = DecompositionParams::default().trend_steps(trend).check()?.fit(&series.values, &slots)?;
        Ok(Self { kind, parts })
    }

    /// What is usual at a step: its trend and its season; none in a gap.
    pub(super) fn usual(&self, at: usize) -> Option<f64> {
        self.parts.steps()[at].map(|parts| parts.trend + parts.seasonal)
    }
}

/// The median growth from week to week; see [`super::Summary::growth_per_week`].
pub(super) fn growth_per_week(series: &UsageSeries) -> Option<f64> {
    let steps = usize::try_from(WEEK / u64::from(series.step.max(1))).ok()?;
    if steps == 0 {
        return None;
    }
    let week = |values: &[Option<f64>]| {
        let mut measured: Vec<f64> = values.iter().flatten().copied().collect();
        (2 * measured.len() > steps).then(|| median(&mut measured))
    };
    let weeks: Vec<(usize, f64)> =
        series.values.chunks(steps).enumerate().filter_map(|(at, values)| Some((at, week(values)?))).collect();
    // Pairs grow with the square of weeks; ten years are enough.
    let weeks = &weeks[weeks.len().saturating_sub(520)..];
    let mut slopes = Vec::new();
    for (i, (from, before)) in weeks.iter().enumerate() {
        slopes.extend(weeks[i + 1..].iter().map(|(to, after)| (after - before) / (to - from) as f64));
    }
    let mut levels: Vec<f64> = weeks.iter().map(|(_, level)| *level).collect();
    let level = median(&mut levels);
    (!slopes.is_empty() && level > 0.0).then(|| median(&mut slopes) / level)
}

/// The median of each hour of the week; see [`super::SeriesAnalysis::usual_week`].
pub(super) fn usual_week(seen: &Seen<'_>) -> Vec<Option<f64>> {
    let mut hours = vec![Vec::new(); 168];
    for (clock, value) in seen.clock.iter().zip(&seen.series.values) {
        hours[usize::from(clock.hour_of_week())].extend(*value);
    }
    hours.into_iter().map(|mut hour| (!hour.is_empty()).then(|| median(&mut hour))).collect()
}

/// A share, where there is something to be a share of.
pub(super) fn relative(part: f64, whole: f64) -> Option<f64> {
    Some(part / whole).filter(|share| whole > 0.0 && share.is_finite())
}

/// The median, for which the values are sorted; 0 of nothing.
pub(super) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// A quantile, interpolated linearly, for which the values are sorted; 0 of nothing.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = share * values.len().saturating_sub(1) as f64;
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
    low + (high - low) * place.fract()
}
