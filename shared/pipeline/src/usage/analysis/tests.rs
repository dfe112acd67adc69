use jiff::tz::TimeZone;
use weir_features::usage::LocalTime;

use super::*;

/// Monday 2024-03-04 (UTC); the clock goes forward in Berlin on the 31st.
const MONDAY: i64 = 1_709_510_400;

fn series(name: &str, values: Vec<Option<f64>>) -> UsageSeries {
    let keys = vec![("provider".into(), name.into())];
    UsageSeries { metric: "bytes".into(), keys, start: MONDAY, step: 1800, values }
}

/// A day's shape by the clock in UTC with a noise that repeats after 97 steps.
fn usual(weeks: usize) -> Vec<Option<f64>> {
    let value = |at: usize| {
        let day = 1.0 - (at as f64 / 48.0 * std::f64::consts::TAU).cos();
        let weekend = if at / 48 % 7 >= 5 { 0.5 } else { 1.0 };
        1000.0 + 500.0 * day * weekend + (at * 31 % 97) as f64
    };
    (0..weeks * 336).map(|at| Some(value(at))).collect()
}

fn look(series: &[UsageSeries]) -> UsageAnalysis {
    analyse(series, &UsageOptions::default()).unwrap()
}

#[test]
fn a_planted_spike_stands_out_with_what_is_usual() {
    let mut values = usual(5);
    let was = values[1000].unwrap();
    values[1000] = Some(was + 3000.0);
    values[1001] = Some(was + 2500.0);
    let found = &look(&[series("aws", values)]).series[0];
    let first = &found.anomalies[0];
    assert_eq!((first.time, first.end - first.start), (MONDAY + 1000 * 1800, 3600));
    assert!((first.usual - was).abs() < 150.0 && first.distance > 3.0 && first.by.contains(&Method::Iqr), "{first:?}");
    assert!(found.anomalies.len() < 4, "{:?}", found.anomalies);
    assert!(found.regressions.as_ref().unwrap().random_forest.top.iter().any(|r| r.time == first.time));
    assert!(found.summary.seasonal_strength > 0.8);
}

#[test]
fn the_top_share_is_a_share_and_importances_sum_to_1() {
    let options = UsageOptions { top_share: 0.02, ..UsageOptions::default() };
    let found = analyse(&[series("aws", usual(4))], &options).unwrap();
    let regressions = found.series[0].regressions.as_ref().unwrap();
    assert_eq!(regressions.random_forest.top.len(), (0.02 * 1344.0_f64).ceil() as usize);
    assert!((regressions.importances.iter().map(|i| i.share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(regressions.r_squared.unwrap() > 0.9);
    let near = regressions.nearest_neighbours.as_ref().unwrap();
    assert!(near.top.iter().zip(&near.top[1..]).all(|(a, b)| a.deviations.abs() >= b.deviations.abs()));
    for share in [0.0, 1.01, f64::NAN] {
        assert!(analyse(&[], &UsageOptions { top_share: share, ..UsageOptions::default() }).is_err());
    }
}

#[test]
fn an_hour_of_the_week_that_is_often_bad_is_a_risky_window() {
    let mut values = usual(8);
    for week in [0, 3, 5] {
        // Wednesday 03:00, and Thursday 17:00 once only.
        values[week * 336 + 102] = values[week * 336 + 102].map(|v| v * 4.0);
    }
    values[3 * 336 + 178] = Some(9000.0);
    let windows = &look(&[series("aws", values)]).series[0].risk_windows;
    assert_eq!(windows.len(), 1, "{windows:?}");
    assert_eq!((windows[0].first_hour, windows[0].hours, windows[0].weeks), (51, 1, 8));
    let anomalous = windows[0].anomalous;
    assert_eq!((anomalous.weeks, anomalous.is_risk), (3, true));
    assert!(anomalous.interval.0 > 0.1 && anomalous.interval.1 < 0.7);
}

#[test]
fn values_in_gaps_stay_absent() {
    let mut values = usual(4);
    values[500..560].fill(None);
    let (from, to) = (MONDAY + 500 * 1800, MONDAY + 560 * 1800);
    let found = look(&[series("aws", values)]);
    let json = serde_json::to_value(&found).unwrap();
    let mut times = vec![];
    collect(&json, &mut times);
    assert!(times.len() > 50 && times.iter().all(|time| !(from..to).contains(time)), "nothing is said of the gap");
    assert_eq!(found.series[0].summary.gaps, 60);
    let days: u64 = found.day_profiles.unwrap().clusters.iter().map(|cluster| cluster.days).sum();
    assert_eq!(days, 28 - 2, "two days are not whole");
}

/// Every `time` in a JSON value.
fn collect(json: &serde_json::Value, times: &mut Vec<i64>) {
    match json {
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_i64() {
            Some(time) if name == "time" => times.push(time),
            _ => collect(value, times),
        }),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, times)),
        _ => {}
    }
}

#[test]
fn a_change_of_the_clock_is_no_anomaly_and_days_of_23_hours_are_left_out() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    // By the clock of Berlin, which is an hour ahead and, from 31 March on, two.
    let shaped = |at: usize| {
        let local = LocalTime::at(MONDAY + at as i64 * 1800, &zone);
        Some(1000.0 + 500.0 * (1.0 - (local.day_phase() * std::f64::consts::TAU).cos()) + (at * 31 % 97) as f64)
    };
    let values: Vec<Option<f64>> = (0..6 * 336).map(shaped).collect();
    let of = |zone| analyse(&[series("aws", values.clone())], &UsageOptions { zone, ..UsageOptions::default() });
    let berlin = of(zone.clone()).unwrap();
    assert_eq!(berlin.zone, "Europe/Berlin");
    assert!(berlin.series[0].anomalies.is_empty(), "{:?}", berlin.series[0].anomalies);
    let days: u64 = berlin.day_profiles.unwrap().clusters.iter().map(|cluster| cluster.days).sum();
    // The first and the last day are cut by the zone, and one has no hour 2.
    assert_eq!(days, 42 - 2);
}

#[test]
fn constant_empty_and_tiny_series_are_no_panic_and_no_anomaly() {
    let none: Vec<Option<f64>> = vec![];
    for values in [vec![Some(5.0); 700], vec![Some(0.0); 700], vec![Some(1.0), Some(2.0)], vec![Some(1.0)], none] {
        let found = look(&[series("aws", values)]);
        assert!(found.series[0].anomalies.is_empty(), "{:?}", found.series[0].anomalies);
        assert!(found.series[0].risk_windows.is_empty());
    }
    assert!(look(&[]).series.is_empty());
    let long_steps = UsageSeries { step: 700_000, ..series("aws", usual(1)) };
    assert_eq!(look(&[long_steps]).series.len(), 1);
    let extreme = [Some(1e100), Some(-1e100), None, Some(1e100)].repeat(100);
    assert_eq!(look(&[series("aws", extreme)]).series[0].summary.gaps, 100);
    let bad = analyse(&[series("aws", vec![Some(f64::NAN)])], &UsageOptions::default());
    assert!(bad.is_err());
}

#[test]
fn providers_compare_and_sums_of_half_measured_steps_do_not() {
    let (mut small, large) = (usual(3), usual(3).into_iter().map(|v| v.map(|v| v * 9.0)).collect());
    small[700] = None;
    let two = [series("google", small.clone()), series("aws", large)];
    let found = look(&two);
    assert_eq!((found.compared[0].key.as_str(), found.compared.len()), ("provider", 1));
    let values = &found.compared[0].values;
    assert_eq!((values[0].value.as_str(), values[1].gaps), ("aws", 1));
    assert!((values[0].share.unwrap() - 0.9).abs() < 1e-3);
    let same: Vec<UsageSeries> = two
        .into_iter()
        .map(|s| UsageSeries { keys: [s.keys, vec![("region".into(), "x".into())]].concat(), ..s })
        .chain([series("apple", vec![Some(1.0)])])
        .collect();
    let found = compare::compare(&same);
    assert!(found.iter().all(|one| one.key != "region"), "one region is no comparison");
}

#[test]
fn days_and_series_fall_into_groups_that_say_what_they_are() {
    let wave = |shift: usize, noise: usize| {
        let value = |at: usize| {
            let day = 1.0 - ((at + shift) as f64 / 48.0 * std::f64::consts::TAU).cos();
            100.0 + 50.0 * day + (at * 31 % 97 * noise) as f64 / 30.0
        };
        (0..4 * 336).map(|at| Some(value(at))).collect::<Vec<_>>()
    };
    let all: Vec<UsageSeries> = (0..8)
        .map(|n| series(&format!("p{n}"), if n < 4 { wave(0, 1 + n % 2) } else { wave(24, 1 + n % 2) }))
        .collect();
    let found = look(&all);
    let profiles = found.day_profiles.unwrap();
    assert_eq!((profiles.choice.clusters, profiles.clusters.len()), (2, 2));
    assert!(profiles.choice.silhouette > 0.5);
    assert!(profiles.clusters.iter().any(|c| c.name.contains("peak at 12:00") || c.name.contains("peak at 11:00")));
    assert!(found.series_groups.unwrap().clusters.iter().map(|c| c.series.len()).sum::<usize>() == 8);
}

#[test]
fn the_same_on_any_number_of_threads() {
    let all: Vec<UsageSeries> = (0..6).map(|n| series(&format!("p{n}"), usual(2 + n % 3))).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| look(&all))
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn of_few_weeks_a_spike_is_found_as_well_and_what_is_usual_is_not() {
    // A day or two have no season, from three days on there is one of the day, from nine on of weekends, from four weeks on of the week.
    for days in [1, 2, 3, 8, 9, 14, 21, 28] {
        let mut values: Vec<Option<f64>> = usual(4)[..days * 48].to_vec();
        let quiet = look(&[series("aws", values.clone())]);
        let marked = quiet.series[0].anomalies.len();
        // The only weekend of eight days is like none of them.
        assert!(marked <= 3, "{marked} in {days} days: {:?}", quiet.series[0].anomalies);
        assert!(quiet.series[0].risk_windows.is_empty(), "{days} days");
        let at = days * 24;
        values[at] = values[at].map(|value| value + 20_000.0);
        let found = &look(&[series("aws", values)]).series[0];
        let first = found.anomalies.first().unwrap_or_else(|| panic!("none in {days} days"));
        assert_eq!(first.time, MONDAY + at as i64 * 1800, "{days} days");
    }
}
