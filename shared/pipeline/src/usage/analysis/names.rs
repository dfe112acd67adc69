//! Names of series, and values of their steps, as every part of an analysis gives them.

use serde::Serialize;
use weir_domain::usage::UsageSeries;

/// The name of a series: a metric and the keys that tell series of it apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SeriesName {
    /// Metric.
    pub metric: String,
    /// Keys as `(name, value)`.
    pub keys: Vec<(String, String)>,
}

impl SeriesName {
    /// The name of a series.
    #[must_use]
    pub fn from_series(series: &UsageSeries) -> Self {
        Self { metric: series.metric.clone(), keys: series.keys.clone() }
    }
}

impl std::fmt::Display for SeriesName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A dash stands for a missing value.
        let values: Vec<&str> = self.keys.iter().map(|(_, value)| value.as_str()).filter(|v| *v != "-").collect();
        if values.is_empty() { f.write_str(&self.metric) } else { write!(f, "{} {}", values.join(" "), self.metric) }
    }
}

/// The value of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StepValue {
    /// Start of the step, seconds since the epoch.
    pub time: i64,
    /// The measured value.
    pub value: f64,
}
