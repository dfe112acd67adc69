//! Comparison of providers, services and places: for every key of the series, totals and statistics of each of its values.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weir_domain::usage::UsageSeries;

use super::names::StepValue;
use super::season::{growth_per_week, ratio};

/// Maximum number of values of a key, those of the largest totals.
const MAX_VALUES: usize = 100;

/// The values of one key, for one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Key: `provider`, `region`.
    pub key: String,
    /// Metric.
    pub metric: String,
    /// Its values, the largest total first.
    pub values: Vec<Compared>,
}

/// The series that have one value of a key, taken together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The value: `aws`.
    pub value: String,
    /// Number of series.
    pub series: u64,
    /// Sum of all values.
    pub total: f64,
    /// Share of the total over all values of the key; `None` where that is not positive.
    pub share: Option<f64>,
    /// Largest sum over the series of a step in which all have a value; `None` without such a step.
    pub peak: Option<StepValue>,
    /// Coefficient of variation of such sums; `None` where their mean is 0.
    pub variability: Option<f64>,
    /// Relative growth of such sums from week to week; see [`super::Summary::growth_per_week`].
    pub growth_per_week: Option<f64>,
    /// Number of steps without a value, over all series.
    pub gaps: u64,
}

/// Compares the values of every key that has more than one, metric by metric.
#[must_use]
pub fn compare(series: &[UsageSeries]) -> Vec<Comparison> {
    let mut by_key: BTreeMap<(&str, &str), BTreeMap<&str, Vec<&UsageSeries>>> = BTreeMap::new();
    for series in series {
        for (key, value) in &series.keys {
            by_key.entry((key, &series.metric)).or_default().entry(value).or_default().push(series);
        }
    }
    let comparison = |((key, metric), values): ((&str, &str), BTreeMap<&str, Vec<&UsageSeries>>)| {
        let mut values: Vec<Compared> = values.into_iter().map(|(value, members)| combine(value, &members)).collect();
        let all: f64 = values.iter().map(|value| value.total).sum();
        for value in &mut values {
            value.share = ratio(value.total, all);
        }
        values.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.value.cmp(&b.value)));
        values.truncate(MAX_VALUES);
        Comparison { key: key.to_owned(), metric: metric.to_owned(), values }
    };
    by_key.into_iter().filter(|(_, values)| values.len() > 1).map(comparison).collect()
}

fn combine(value: &str, members: &[&UsageSeries]) -> Compared {
    let total = members.iter().flat_map(|series| series.values.iter().flatten()).sum();
    let sum = sum(members);
    let (mut peak, mut count, mut mean) = (None::<StepValue>, 0_u64, 0.0);
    let sums = || sum.iter().flat_map(|sum| sum.values.iter().enumerate().filter_map(|(at, v)| Some((at, (*v)?))));
    for (at, value) in sums() {
        count += 1;
        mean += value;
        if peak.is_none_or(|peak| value > peak.value) {
            peak = sum.as_ref().map(|sum| StepValue { time: sum.step_start(at), value });
        }
    }
    mean /= count.max(1) as f64;
    let variance = sums().map(|(_, value)| (value - mean).powi(2)).sum::<f64>() / count.max(1) as f64;
    Compared {
        value: value.to_owned(),
        series: members.len() as u64,
        total,
        share: None,
        peak,
        variability: ratio(variance.sqrt(), mean.abs()),
        growth_per_week: sum.as_ref().and_then(growth_per_week),
        gaps: members.iter().map(|series| series.gaps() as u64).sum(),
    }
}

/// The sum of series, step by step, where all have a value; `None` where they share no step or their steps differ in length.
fn sum(members: &[&UsageSeries]) -> Option<UsageSeries> {
    let first = members.first()?;
    let steps: BTreeSet<u32> = members.iter().map(|series| series.step).collect();
    let start = members.iter().map(|series| series.start).max()?;
    let end = members.iter().map(|series| series.step_start(series.values.len())).min()?;
    if steps.len() > 1 || first.step == 0 {
        return None;
    }
    let step = i64::from(first.step);
    let count = usize::try_from(end.checked_sub(start)? / step).ok().filter(|count| *count > 0)?;
    let mut values = vec![Some(0.0); count];
    for series in members {
        let skip = usize::try_from((start - series.start) / step).ok()?;
        for (sum, value) in values.iter_mut().zip(&series.values[skip..]) {
            *sum = sum.zip(*value).map(|(sum, value)| sum + value);
        }
    }
    Some(UsageSeries { start, values, ..(*first).clone() })
}
