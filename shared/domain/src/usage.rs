//! Usage over time: single measurements, and series of them in even steps.

/// One measurement. Text borrows from the line being read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsagePoint<'a> {
    /// When, in seconds since the epoch.
    pub time: i64,
    /// What was measured, `(name, value)`: `("region", "us-east-1")`. With the metric they tell one series from another.
    pub keys: &'a [(&'a str, &'a str)],
    /// Which quantity was measured: `value`, `bytes`.
    pub metric: &'a str,
    /// How much; finite and within ±[`UsagePoint::MAX`].
    pub value: f64,
    /// The truth about the point; empty where the data does not say. No detection sees it.
    pub label: &'a str,
}

impl UsagePoint<'_> {
    /// The largest value, either way. No quantity comes near, and sums of any number of such values are finite.
    pub const MAX: f64 = 1e100;
}

/// One quantity of one thing in even steps.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSeries {
    /// Which quantity.
    pub metric: String,
    /// Of what: `(name, value)`, sorted.
    pub keys: Vec<(String, String)>,
    /// When the first step begins, in seconds since the epoch: a multiple of the step.
    pub start: i64,
    /// Length of a step in seconds.
    pub step: u32,
    /// One value per step, `None` where nothing was measured. The first and the last are never `None`.
    pub values: Vec<Option<f64>>,
}

impl UsageSeries {
    /// What it is called in findings: see [`series_name`].
    #[must_use]
    pub fn name(&self) -> String {
        series_name(&self.metric, self.keys.iter().map(|(name, value)| (&**name, &**value)))
    }

    /// Steps in which nothing was measured.
    #[must_use]
    pub fn gaps(&self) -> usize {
        self.values.iter().filter(|v| v.is_none()).count()
    }
}

/// What a series is called in findings: its keys by name, then the metric.
#[must_use]
pub fn series_name<'a>(metric: &str, keys: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut keys: Vec<String> = keys.map(|(name, value)| format!("{name}={value}")).collect();
    keys.sort_unstable();
    keys.push(metric.to_owned());
    keys.join(" ")
}

/// What a detector that sees a series point by point says of one point, from the points before it alone.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageScore {
    /// When, in seconds since the epoch.
    pub time: i64,
    /// What was measured.
    pub value: f64,
    /// How unusual the point is by itself: −log₁₀ of the share of earlier points that were as far from what was usual for
    /// them, or from the point before; from 0 up to 12, and 0 until enough is known.
    pub surprise: f64,
    /// How rare it is in this series that the point and those up to it look so, from all sides: −log₁₀ of a tail
    /// probability, 2 is one point in a hundred; from 0 up to 12.
    pub rarity: f64,
    /// Whether no point shortly before was as rare: only the first point of something unusual is fresh, or a rarer one.
    pub fresh: bool,
    /// The view that was surprised most.
    pub view: UsageView,
    /// The season the point was compared with.
    pub season: UsageSeason,
    /// What is usual at this time.
    pub usual: f64,
    /// What it is below in one of twenty cases.
    pub usual_low: f64,
    /// What it is above in one of twenty cases.
    pub usual_high: f64,
    /// Mean distance of the last points from what was usual for them, signed: another level shows here.
    pub recent_offset: f64,
    /// Mean distance of the last points from one another's mean, regardless of the side.
    pub recent_spread: f64,
    /// What that spread usually is (median).
    pub usual_spread: f64,
    /// Steps before this point in which nothing was measured, where the length of a step is known.
    pub missing_steps: u64,
    /// Length of a step in seconds, the median of those seen; 0 until it is known.
    pub step: i64,
    /// Points seen before this one.
    pub seen: u64,
}

impl UsageScore {
    /// The probability that a usual point is less surprising, 0 to 1: the *anomaly likelihood* of Lavin and Ahmad (2015).
    #[must_use]
    pub fn likelihood(&self) -> f64 {
        1.0 - 10_f64.powf(-self.rarity)
    }

    /// The rarity, or 0 where the point repeats what was already said: what a threshold for alerts is compared with.
    #[must_use]
    pub fn alarm(&self) -> f64 {
        if self.fresh { self.rarity } else { 0.0 }
    }
}

/// From which side a point of a series is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageView {
    /// How far it is from what is usual.
    Value,
    /// How far it is from the point before.
    Jump,
    /// How far the last points together are from what is usual.
    Level,
    /// How unlike any earlier stretch the last points are.
    Pattern,
    /// How long nothing has changed.
    Standstill,
}

/// What a series repeats itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageSeason {
    /// Nothing that helps to foresee it.
    None,
    /// The hour of the day.
    Day,
    /// The hour of the week.
    Week,
}

/// In how many weeks an hour of the week, or some hours together, were what they rarely are.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekShare {
    /// So many weeks.
    pub weeks: u64,
    /// Their share of the weeks in which the hours were measured, 0 to 1.
    pub share: f64,
    /// Wilson's interval of 90 % about the share.
    pub interval: (f64, f64),
    /// The share of all hours of all weeks: what would be expected.
    pub expected: f64,
    /// Whether some hour was so in more weeks than chance makes in one of twenty series.
    pub is_risk: bool,
}

/// Hours of the week that follow one another, in which a series is anomalous, or strays, more often than otherwise.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskWindow {
    /// The first hour, from Monday midnight by the clock: 0 to 167.
    pub first_hour: u8,
    /// How many hours, at least 1; it may run on into the next week.
    pub hours: u8,
    /// Weeks in which it was measured.
    pub weeks: u64,
    /// Weeks in which some step of it was anomalous.
    pub anomalous: WeekShare,
    /// Weeks in which some hour of it strayed from usual further than nine of ten hours do.
    pub variable: WeekShare,
    /// How many times as far from usual it strays as other hours do, by medians of hours; none where those do not stray.
    pub variability: Option<f64>,
}

impl RiskWindow {
    /// How sure it is that it is bad: the lower end of the interval of its larger risk, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        let risks = [self.anomalous, self.variable].into_iter().filter(|share| share.is_risk);
        risks.map(|share| share.interval.0).fold(0.0, f64::max)
    }
}
