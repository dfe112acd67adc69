//! The season of a series: the slots of the week that are compared with each other, and the expected value in each.

use jiff::tz::TimeZone;
use weir_domain::stats::quantile;
use weir_domain::time::{DAY_SECONDS, WEEK_SECONDS};
use weir_domain::usage::UsageSeries;
use weir_features::usage::{LocalTime, local_times};
use weir_model::{Decomposition, DecompositionParams};

use super::options::UsageError;

const DAY: u64 = DAY_SECONDS as u64;
const WEEK: u64 = WEEK_SECONDS as u64;

/// A series with the local time of every step and its season: the input of all parts of an analysis.
#[derive(Debug)]
pub(super) struct SeasonalSeries<'a> {
    pub(super) series: &'a UsageSeries,
    /// Local time of every step.
    pub(super) clock: Vec<LocalTime>,
    pub(super) season: Season,
}

impl<'a> SeasonalSeries<'a> {
    /// Decomposes a series into trend, season and remainder.
    pub(super) fn decompose(series: &'a UsageSeries, zone: &TimeZone) -> Result<Self, UsageError> {
        let clock = local_times(series, zone);
        let season = Season::fit(series, &clock)?;
        Ok(Self { series, clock, season })
    }
}

/// The season of a series.
#[derive(Debug)]
pub(super) struct Season {
    pub(super) kind: SeasonKind,
    pub(super) parts: Decomposition,
}

/// The steps that are compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeasonKind {
    /// All steps, of a series that is too short for a season.
    None,
    /// The same time of day, from three days on: with two values neither is typical.
    Day,
    /// The same time of working days, and of weekend days, from nine days on, which include both.
    DayAndWeekend,
    /// The same time of the week, from four weeks on.
    Week,
}

impl SeasonKind {
    fn for_series(series: &UsageSeries) -> Self {
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
        let slots_per_day = (DAY as u32).div_ceil(step);
        match self {
            Self::None => 0,
            Self::Day => in_day,
            Self::DayAndWeekend => in_day + if at.is_weekend() { slots_per_day } else { 0 },
            Self::Week => in_day + u32::from(at.weekday()) * slots_per_day,
        }
    }

    /// The period in seconds.
    fn period(self) -> u64 {
        match self {
            Self::None | Self::Day => DAY,
            Self::DayAndWeekend | Self::Week => WEEK,
        }
    }
}

impl Season {
    fn fit(series: &UsageSeries, clock: &[LocalTime]) -> Result<Self, UsageError> {
        let kind = SeasonKind::for_series(series);
        let slots: Vec<u32> = clock.iter().map(|at| kind.slot(*at, series.step)).collect();
        let steps = kind.period() / u64::from(series.step.max(1));
        // Odd, so that a step lies in the middle.
        let trend = (steps.clamp(2, 50_000) | 1) as u32;
        let parts = DecompositionParams::default().trend_steps(trend).check()?.fit(&series.values, &slots)?;
        Ok(Self { kind, parts })
    }

    /// The expected value of a step: trend plus season; `None` in a gap.
    pub(super) fn expected(&self, at: usize) -> Option<f64> {
        self.parts.steps()[at].map(|parts| parts.trend + parts.seasonal)
    }
}

/// The relative growth from week to week; see `Summary::growth_per_week`.
pub(super) fn growth_per_week(series: &UsageSeries) -> Option<f64> {
    let steps = usize::try_from(WEEK / u64::from(series.step.max(1))).ok()?;
    if steps == 0 {
        return None;
    }
    let week = |values: &[Option<f64>]| {
        let mut measured: Vec<f64> = values.iter().flatten().copied().collect();
        (2 * measured.len() > steps).then(|| quantile(&mut measured, 0.5).unwrap_or(0.0))
    };
    let weeks: Vec<(usize, f64)> =
        series.values.chunks(steps).enumerate().filter_map(|(at, values)| Some((at, week(values)?))).collect();
    // The number of pairs grows with the square of the weeks: at most ten years.
    let weeks = &weeks[weeks.len().saturating_sub(520)..];
    let mut slopes = Vec::new();
    for (i, (from, before)) in weeks.iter().enumerate() {
        slopes.extend(weeks[i + 1..].iter().map(|(to, after)| (after - before) / (to - from) as f64));
    }
    let mut levels: Vec<f64> = weeks.iter().map(|(_, level)| *level).collect();
    let level = quantile(&mut levels, 0.5).unwrap_or(0.0);
    (!slopes.is_empty() && level > 0.0).then(|| quantile(&mut slopes, 0.5).unwrap_or(0.0) / level)
}

/// The median of each hour of the week; see `SeriesAnalysis::usual_week`.
pub(super) fn median_week(seasonal: &SeasonalSeries<'_>) -> Vec<Option<f64>> {
    let mut hours = vec![Vec::new(); 168];
    for (clock, value) in seasonal.clock.iter().zip(&seasonal.series.values) {
        hours[usize::from(clock.hour_of_week())].extend(*value);
    }
    hours.into_iter().map(|mut hour| (!hour.is_empty()).then(|| quantile(&mut hour, 0.5).unwrap_or(0.0))).collect()
}

/// A ratio; `None` where the denominator is not positive.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    Some(part / whole).filter(|share| whole > 0.0 && share.is_finite())
}
