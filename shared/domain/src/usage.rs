//! Usage over time: measurements, series of equal steps, their scores, and high-risk hours of the week.

/// One measurement. Text borrows from the line being read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsagePoint<'a> {
    /// The time in seconds since the epoch.
    pub time: i64,
    /// The keys, `(name, value)`: `("region", "us-east-1")`. Together with the metric they identify a series.
    pub keys: &'a [(&'a str, &'a str)],
    /// The metric: `value`, `bytes`.
    pub metric: &'a str,
    /// The value; finite and within ±[`UsagePoint::MAX`].
    pub value: f64,
    /// The label of the point; empty where the data has none. No detection reads it.
    pub label: &'a str,
}

impl UsagePoint<'_> {
    /// The largest absolute value. No quantity comes near it, and sums of any number of such values are finite.
    pub const MAX: f64 = 1e100;
}

/// A time series of equal steps.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSeries {
    /// The metric.
    pub metric: String,
    /// The keys, `(name, value)`, sorted.
    pub keys: Vec<(String, String)>,
    /// The start of the first step in seconds since the epoch, a multiple of the step.
    pub start: i64,
    /// The length of a step in seconds.
    pub step: u32,
    /// One value per step, `None` of a step without measurements. The first and the last are never `None`.
    pub values: Vec<Option<f64>>,
}

impl UsageSeries {
    /// The name in findings: see [`series_name`].
    #[must_use]
    pub fn name(&self) -> String {
        series_name(&self.metric, self.keys.iter().map(|(name, value)| (&**name, &**value)))
    }

    /// The start of a step, in seconds since the epoch.
    #[must_use]
    pub fn step_start(&self, at: usize) -> i64 {
        self.start.saturating_add(i64::from(self.step).saturating_mul(at as i64))
    }

    /// The number of steps without measurements.
    #[must_use]
    pub fn gaps(&self) -> usize {
        self.values.iter().filter(|v| v.is_none()).count()
    }
}

/// The name of a series in findings: its keys by name, then the metric.
#[must_use]
pub fn series_name<'a>(metric: &str, keys: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut keys: Vec<String> = keys.map(|(name, value)| format!("{name}={value}")).collect();
    keys.sort_unstable();
    keys.push(metric.to_owned());
    keys.join(" ")
}

/// The score of one point of a series, computed by a streaming detector from the points before it alone.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageScore {
    /// The time in seconds since the epoch.
    pub time: i64,
    /// The measured value.
    pub value: f64,
    /// The surprise of the point by itself: −log₁₀ of the share of earlier points that were as far from their baseline, or from
    /// the point before; 0 to 12, and 0 until there are enough points.
    pub surprise: f64,
    /// The rarity of the point and those before it, over all views: −log₁₀ of a tail probability in this series, so that 2 is
    /// one point in a hundred; 0 to 12.
    pub rarity: f64,
    /// Whether no point shortly before was as rare. Only the first point of an anomaly is fresh, or a rarer one.
    pub fresh: bool,
    /// The view with the highest surprise.
    pub view: UsageView,
    /// The season the point was compared with.
    pub season: UsageSeason,
    /// The median of the baseline at this time.
    pub usual: f64,
    /// The 5th percentile of the baseline at this time.
    pub usual_low: f64,
    /// The 95th percentile of the baseline at this time.
    pub usual_high: f64,
    /// The mean signed distance of the last points from their baselines, which shows a level change.
    pub recent_offset: f64,
    /// The mean absolute distance of the last points from their mean.
    pub recent_spread: f64,
    /// The median of that spread.
    pub usual_spread: f64,
    /// The number of steps without measurements before this point, where the length of a step is known.
    pub missing_steps: u64,
    /// The length of a step in seconds, the median of those so far; 0 until it is known.
    pub step: i64,
    /// The number of points before this one.
    pub seen: u64,
}

impl UsageScore {
    /// The probability that a normal point is less surprising, 0 to 1: the *anomaly likelihood* of Lavin and Ahmad (2015).
    #[must_use]
    pub fn likelihood(&self) -> f64 {
        1.0 - 10_f64.powf(-self.rarity)
    }

    /// The rarity of a [fresh](Self::fresh) point, else 0. The alert threshold is compared with it.
    #[must_use]
    pub fn alarm(&self) -> f64 {
        if self.fresh { self.rarity } else { 0.0 }
    }
}

/// The aspect of a series that a point is scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageView {
    /// The distance of the point from its baseline.
    Value,
    /// The distance from the point before.
    Jump,
    /// The distance of the last points together from their baseline.
    Level,
    /// The distance of the last points from the most similar earlier subsequence.
    Pattern,
    /// The time for which the value has not changed.
    Standstill,
}

/// The seasonality of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageSeason {
    /// No seasonality that helps to forecast it.
    None,
    /// The hour of the day.
    Day,
    /// The hour of the week.
    Week,
}

/// The share of weeks in which an hour of the week, or a range of hours, was anomalous or variable.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekShare {
    /// The number of such weeks.
    pub weeks: u64,
    /// Their share of the weeks in which the hours were measured, 0 to 1.
    pub share: f64,
    /// The 90 % Wilson interval of the share.
    pub interval: (f64, f64),
    /// The expected share: that of all hours of all weeks.
    pub expected: f64,
    /// Whether the number of weeks of some hour is significant at the level of 5 % per series.
    pub is_risk: bool,
}

/// Consecutive hours of the week in which a series is anomalous, or varies, more often than in other hours.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskWindow {
    /// The first hour of the week, from Monday midnight local time: 0 to 167.
    pub first_hour: u8,
    /// The number of hours, at least 1. The range may continue into the next week.
    pub hours: u8,
    /// The number of weeks with measurements in these hours.
    pub weeks: u64,
    /// The weeks in which some step of these hours was anomalous.
    pub anomalous: WeekShare,
    /// The weeks in which some hour was further from its baseline than nine of ten hours are.
    pub variable: WeekShare,
    /// The median distance of these hours from their baseline, as a multiple of that of other hours; `None` where that is 0.
    pub variability: Option<f64>,
}

impl RiskWindow {
    /// The confidence that the hours are a risk: the lower end of the interval of the larger share, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        let risks = [self.anomalous, self.variable].into_iter().filter(|share| share.is_risk);
        risks.map(|share| share.interval.0).fold(0.0, f64::max)
    }
}
