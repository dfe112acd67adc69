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
    /// How much; finite and within ±[`UsagePoint::LARGEST`].
    pub value: f64,
    /// The truth about the point; empty where the data does not say. No detection sees it.
    pub label: &'a str,
}

impl UsagePoint<'_> {
    /// The largest value, either way. No quantity comes near, and sums of any number of such values are finite.
    pub const LARGEST: f64 = 1e100;
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
    /// Steps in which nothing was measured.
    #[must_use]
    pub fn gaps(&self) -> usize {
        self.values.iter().filter(|v| v.is_none()).count()
    }
}
