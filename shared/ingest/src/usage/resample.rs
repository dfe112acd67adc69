//! Resamples measurements at any times to series in even steps.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use weir_domain::usage::{UsagePoint, UsageSeries};

use super::exact_sum::ExactSum;

/// How the measurements of one step are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// Their sum: for counts, bytes, costs.
    Sum,
    /// Their mean: for utilisation, latency, rates.
    Mean,
}

/// How series are made, and how much of them there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResampleParams {
    /// Length of a step in seconds; the steps begin at multiples of it since the epoch. Default 1,800, half an hour.
    pub step_seconds: NonZeroU32,
    /// How the measurements of one step are combined. Default their sum.
    pub statistic: Statistic,
    /// The most series. Default 10,000.
    pub max_series: usize,
    /// The most steps of all series together, gaps counted. Default 2 million, which take at most some 200 MB: a hundred days
    /// of 416 series in half hours.
    pub max_steps: u64,
}

impl Default for ResampleParams {
    fn default() -> Self {
        let half_hour = NonZeroU32::MIN.saturating_add(1799);
        Self { step_seconds: half_hour, statistic: Statistic::Sum, max_series: 10_000, max_steps: 2_000_000 }
    }
}

/// Measurements that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooMuchUsage {
    /// More series than may be.
    #[error("more than {limit} series: choose fewer keys, or raise the limit")]
    Series {
        /// The limit.
        limit: usize,
    },
    /// More steps than may be.
    #[error("more than {limit} steps in all series: choose a longer step, or raise the limit")]
    Steps {
        /// The limit.
        limit: u64,
    },
    /// A value that no quantity has.
    #[error("a value that is not finite, or beyond ±1e100")]
    Value,
}

/// Makes series of measurements. Nothing depends on the order in which they are added, to the last bit.
///
/// ```
/// use weir_domain::usage::UsagePoint;
/// use weir_ingest::usage::{ResampleParams, Resampler, Statistic};
///
/// let mut resampler = Resampler::new(ResampleParams { statistic: Statistic::Mean, ..ResampleParams::default() });
/// for (time, value) in [(5500, 7.0), (0, 1.0), (1799, 2.0)] {
///     resampler.add(&UsagePoint { time, keys: &[], metric: "cpu", value, label: "" })?;
/// }
/// let series = resampler.finish();
/// assert_eq!(series[0].values, [Some(1.5), None, None, Some(7.0)]);
/// # Ok::<(), weir_ingest::usage::TooMuchUsage>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resampler {
    params: ResampleParams,
    series: BTreeMap<Name, BTreeMap<i64, Step>>,
    /// Steps of all series from their first to their last.
    steps: u64,
}

/// The metric and keys that identify a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    metric: String,
    keys: Vec<(String, String)>,
}

#[derive(Debug, Clone, Default)]
struct Step {
    sum: ExactSum,
    points: u64,
}

impl Resampler {
    /// A resampler without measurements.
    #[must_use]
    pub fn new(params: ResampleParams) -> Self {
        Self { params, series: BTreeMap::new(), steps: 0 }
    }

    /// Adds a measurement.
    ///
    /// # Errors
    /// When there are more series or steps than the limits, or the value is none. The measurement is then not added.
    pub fn add(&mut self, point: &UsagePoint<'_>) -> Result<(), TooMuchUsage> {
        // NaN is in no range.
        if !(-UsagePoint::MAX..=UsagePoint::MAX).contains(&point.value) {
            return Err(TooMuchUsage::Value);
        }
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut name = Name { metric: point.metric.to_owned(), keys: point.keys.iter().map(owned).collect() };
        name.keys.sort_unstable();
        let at = point.time.div_euclid(i64::from(self.params.step_seconds.get()));
        let steps = self.series.get(&name);
        let more = steps.map_or(1, |steps| match (steps.first_key_value(), steps.last_key_value()) {
            (Some((first, _)), _) if at < *first => at.abs_diff(*first),
            (_, Some((last, _))) if at > *last => at.abs_diff(*last),
            _ => 0,
        });
        let limits = &self.params;
        if steps.is_none() && self.series.len() >= limits.max_series {
            return Err(TooMuchUsage::Series { limit: limits.max_series });
        }
        let steps = self.steps.saturating_add(more);
        if steps > limits.max_steps {
            return Err(TooMuchUsage::Steps { limit: limits.max_steps });
        }
        self.steps = steps;
        let step = self.series.entry(name).or_default().entry(at).or_default();
        step.sum.add(point.value);
        step.points += 1;
        Ok(())
    }

    /// The series, by metric and keys.
    #[must_use]
    pub fn finish(self) -> Vec<UsageSeries> {
        let ResampleParams { step_seconds, statistic, .. } = self.params;
        let step = step_seconds.get();
        let series = self.series.into_iter().map(|(Name { metric, keys }, steps)| {
            let first = steps.first_key_value().map_or(0, |(at, _)| *at);
            let mut values = Vec::new();
            for (at, step) in steps {
                values.resize(at.abs_diff(first) as usize, None);
                values.push(Some(match statistic {
                    Statistic::Sum => step.sum.value(),
                    Statistic::Mean => step.sum.value() / step.points as f64,
                }));
            }
            UsageSeries { metric, keys, start: first.saturating_mul(i64::from(step)), step, values }
        });
        series.collect()
    }
}
