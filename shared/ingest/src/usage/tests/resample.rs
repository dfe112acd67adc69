use proptest::prelude::*;
use weir_domain::usage::UsageSeries;

use super::*;

fn resample(params: ResampleParams, points: &[(i64, u8, f64)]) -> Result<Vec<UsageSeries>, TooMuchUsage> {
    let mut resampler = Resampler::new(params);
    for (time, key, value) in points {
        let key = key.to_string();
        resampler.add(&UsagePoint { time: *time, keys: &[("k", &key)], metric: "m", value: *value, label: "" })?;
    }
    Ok(resampler.finish())
}

#[test]
fn steps_begin_at_multiples_and_gaps_stay_gaps() {
    let points = [(1799, 1, 2.0), (1800, 1, 3.0), (0, 1, 0.5), (9000, 1, 1.0), (-1, 2, 4.0)];
    let series = resample(ResampleParams::default(), &points).unwrap();
    assert_eq!(series[0].values, [Some(2.5), Some(3.0), None, None, None, Some(1.0)]);
    assert_eq!((series[0].start, series[0].step, series[0].gaps(), series[0].metric.as_str()), (0, 1800, 3, "m"));
    assert_eq!((series[1].start, series[1].values.as_slice()), (-1800, &[Some(4.0)][..]));
    assert_eq!(series[1].keys, [("k".to_owned(), "2".to_owned())]);
    let means = resample(every(7200, Statistic::Mean), &points).unwrap();
    assert_eq!((means[0].start, means[0].values.as_slice()), (0, &[Some(5.5 / 3.0), Some(1.0)][..]));
    assert!(resample(ResampleParams::default(), &[]).unwrap().is_empty());
}

#[test]
fn keys_name_the_same_series_in_any_order() {
    let mut resampler = Resampler::new(ResampleParams::default());
    for keys in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
        resampler.add(&UsagePoint { time: 0, keys: &keys, metric: "m", value: 1.0, label: "" }).unwrap();
    }
    assert_eq!(resampler.finish().len(), 1);
}

#[test]
fn what_is_too_much_is_an_error() {
    let few = ResampleParams { max_series: 2, max_steps: 5, ..ResampleParams::default() };
    assert_eq!(resample(few, &[(0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0)]), Err(TooMuchUsage::Series { limit: 2 }));
    assert!(resample(few, &[(0, 1, 1.0), (7200, 1, 1.0)]).is_ok());
    assert_eq!(resample(few, &[(0, 1, 1.0), (9000, 1, 1.0)]), Err(TooMuchUsage::Steps { limit: 5 }));
    assert_eq!(
        resample(few, &[(0, 1, 1.0), (5400, 1, 1.0), (0, 2, 1.0), (-1, 2, 1.0)]),
        Err(TooMuchUsage::Steps { limit: 5 })
    );
    assert_eq!(resample(few, &[(i64::MIN, 1, 1.0), (i64::MAX, 1, 1.0)]), Err(TooMuchUsage::Steps { limit: 5 }));
    assert!(resample(few, &[(i64::MIN, 1, 1.0), (i64::MAX, 2, 1.0)]).is_ok());
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e100] {
        assert_eq!(resample(few, &[(0, 1, value)]), Err(TooMuchUsage::Value));
    }
}

proptest! {
    #[test]
    fn the_order_of_points_does_not_matter(
        points in prop::collection::vec((-100_000_i64..100_000, 0_u8..3, -1e9..1e9), 0..60),
        seed in any::<prop::sample::Index>(),
    ) {
        let mut turned = points.clone();
        if !turned.is_empty() {
            turned.rotate_left(seed.index(points.len()));
            turned.reverse();
        }
        let few = ResampleParams { max_steps: 100, max_series: 2, ..ResampleParams::default() };
        for params in [every(600, Statistic::Sum), every(7, Statistic::Mean), few] {
            match (resample(params, &points), resample(params, &turned)) {
                (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
                (one, other) => prop_assert!(one.is_err() && other.is_err()),
            }
        }
    }

    #[test]
    fn nothing_is_invented_and_nothing_lost(points in prop::collection::vec((0_i64..100_000, 0_u8..3, 0_u32..1000), 0..60)) {
        let points: Vec<_> = points.into_iter().map(|(t, k, v)| (t, k, f64::from(v))).collect();
        let series = resample(every(600, Statistic::Sum), &points).unwrap();
        let total: f64 = series.iter().flat_map(|s| &s.values).flatten().sum();
        prop_assert!((total - points.iter().map(|p| p.2).sum::<f64>()).abs() < 1e-9);
        let mut steps: Vec<_> = points.iter().map(|(t, k, _)| (*k, t / 600)).collect();
        steps.sort_unstable();
        steps.dedup();
        prop_assert_eq!(series.iter().map(|s| s.values.len() - s.gaps()).sum::<usize>(), steps.len());
        prop_assert!(series.iter().all(|s| s.values.first().is_some_and(Option::is_some) && s.values.last().is_some_and(Option::is_some)));
    }
}
