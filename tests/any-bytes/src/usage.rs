//! Usage over time, and series in even steps made of it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;

use weir_domain::usage::{UsagePoint, UsageSeries};
use weir_ingest::usage::{self, ResampleParams, Resampler, Shape, Statistic, UsageOptions};

use crate::reading::{LIMITS, check_doubled, check_lines, doubled, name, twice};

/// Seconds from 1975 to 2099.
const TIMES: Range<i64> = 157_766_400..4_102_444_800;

/// The longest key or metric, and the most keys.
const MAX_LEN: usize = 2048;
const MAX_KEYS: usize = 64;

/// What every measurement must be.
fn check_point(point: &UsagePoint<'_>) {
    assert!(TIMES.contains(&point.time), "the time: {point:?}");
    assert!(point.value.abs() <= UsagePoint::MAX, "the value: {point:?}");
    assert!(point.keys.len() <= MAX_KEYS, "too many keys: {point:?}");
    assert!(point.keys.is_sorted_by(|(a, _), (b, _)| a < b), "keys in their order, each once: {point:?}");
    let texts = point.keys.iter().flat_map(|(name, value)| [*name, *value]).chain([point.metric]);
    for text in texts {
        assert!(!text.chars().any(char::is_control), "a control character: {point:?}");
    }
    assert!(point.keys.iter().all(|(_, value)| value.len() <= MAX_LEN), "a key is too long: {point:?}");
}

/// Reads usage with its shape detected, and with each shape given.
pub(crate) fn any(bytes: &[u8]) {
    for shape in [None, Some(Shape::Long), Some(Shape::Wide), Some(Shape::JsonLines)] {
        let options = UsageOptions { shape, ..UsageOptions::default() };
        let read = twice(bytes, |input, called| {
            usage::read(input, &name(), LIMITS, &options, |point| {
                check_point(point);
                called.with(point);
            })
        });
        if let Ok((summary, times)) = read {
            check_lines(bytes, &summary);
            assert_eq!(summary.skip_data, 0);
            assert!(summary.records <= times && times <= LIMITS.expanded_bytes, "{times}: {summary:?}");
            if let Some(text) = doubled(bytes) {
                check_doubled(&summary, usage::read(&text[..], &name(), LIMITS, &options, |_| {}));
            }
        }
    }
}

/// Which quantity of what.
type Name = (String, Vec<(String, String)>);

/// A measurement that is kept.
#[derive(Clone)]
struct Point {
    name: Name,
    time: i64,
    value: f64,
}

/// Series of usage in even steps: nothing is invented, nothing is lost, and the order does not matter.
pub(crate) fn series(bytes: &[u8]) {
    let mut points = Vec::new();
    let read = usage::read(bytes, &name(), LIMITS, &UsageOptions::default(), |point| {
        let keys = point.keys.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        points.push(Point { name: (point.metric.to_owned(), keys), time: point.time, value: point.value });
    });
    if read.is_err() {
        return;
    }
    // A day, and a step that divides nothing.
    for (step, statistic) in [(86_400, Statistic::Sum), (86_400, Statistic::Mean), (1_000_003, Statistic::Sum)] {
        let step_seconds = NonZeroU32::MIN.saturating_add(step - 1);
        check_series(&points, ResampleParams { step_seconds, statistic, max_series: 50, max_steps: 5000 });
    }
}

/// The series, and the measurements that were added.
fn resample(points: &[Point], params: ResampleParams) -> (Vec<UsageSeries>, Vec<Point>) {
    let mut resampler = Resampler::new(params);
    let added = points.iter().filter(|point| {
        let keys: Vec<_> = point.name.1.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (metric, value) = (point.name.0.as_str(), point.value);
        resampler.add(&UsagePoint { time: point.time, keys: &keys, metric, value, label: "" }).is_ok()
    });
    let added = added.cloned().collect();
    (resampler.finish(), added)
}

fn check_series(points: &[Point], params: ResampleParams) {
    let (series, added) = resample(points, params);
    let step = i64::from(params.step_seconds.get());
    let mut expected: BTreeMap<(&Name, i64), Vec<f64>> = BTreeMap::new();
    for point in &added {
        expected.entry((&point.name, point.time.div_euclid(step))).or_default().push(point.value);
    }
    assert!(series.len() <= params.max_series);
    assert!(series.iter().map(|s| s.values.len() as u64).sum::<u64>() <= params.max_steps);
    let mut measured = 0;
    for series in &series {
        assert_eq!((i64::from(series.step), series.start.rem_euclid(step)), (step, 0));
        assert!(
            series.values.first().is_some_and(Option::is_some) && series.values.last().is_some_and(Option::is_some)
        );
        let name = (series.metric.clone(), series.keys.clone());
        for (at, value) in series.values.iter().enumerate() {
            let points = expected.get(&(&name, series.start / step + at as i64));
            match (value, points) {
                (Some(value), Some(points)) => check_step(*value, points, params.statistic),
                (None, None) => continue,
                _ => panic!("{value:?} of {points:?}"),
            }
            measured += 1;
        }
    }
    assert_eq!(measured, expected.len(), "every step that was measured is there");
    let backwards: Vec<_> = added.iter().rev().cloned().collect();
    let (again, all) = resample(&backwards, params);
    assert_eq!(all.len(), added.len(), "what fits in one order fits in every order");
    assert_eq!(again, series, "the order does not matter");
}

/// A step is the sum or the mean of its measurements, but for rounding.
fn check_step(value: f64, points: &[f64], statistic: Statistic) {
    let sum: f64 = points.iter().sum();
    let size: f64 = points.iter().map(|point| point.abs()).sum();
    let expected = match statistic {
        Statistic::Sum => sum,
        Statistic::Mean => sum / points.len() as f64,
    };
    assert!(value.is_finite());
    assert!((value - expected).abs() <= size * 1e-9, "{value} of {points:?}");
}
