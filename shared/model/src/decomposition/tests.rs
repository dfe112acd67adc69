use super::*;

/// Two weeks of hours: growth, a day, and noise that repeats.
fn series() -> (Vec<Option<f64>>, Vec<u32>) {
    let value = |at: u32| {
        let day = (f64::from(at % 24) / 24.0 * std::f64::consts::TAU).sin();
        100.0 + 0.05 * f64::from(at) + 20.0 * day + f64::from(at * 7 % 5) * 0.2
    };
    ((0..336).map(|at| Some(value(at))).collect(), (0..336).map(|at| at % 24).collect())
}

fn fit(values: &[Option<f64>], slots: &[u32]) -> Decomposition {
    DecompositionParams::default().trend_steps(49).check().unwrap().fit(values, slots).unwrap()
}

#[test]
fn parts_add_up_and_find_what_was_planted() {
    let (values, slots) = series();
    let parts = fit(&values, &slots);
    for (value, parts) in values.iter().zip(parts.steps()) {
        let parts = parts.unwrap();
        assert!((parts.trend + parts.seasonal + parts.remainder - value.unwrap()).abs() < 1e-9);
    }
    let middle = parts.steps()[168].unwrap();
    assert!((middle.trend - 108.8).abs() < 1.5 && middle.remainder.abs() < 2.0, "{middle:?}");
    assert!(parts.seasonal_strength() > 0.95 && parts.trend_strength() > 0.8);
}

#[test]
fn outliers_stay_in_the_remainder_and_gaps_stay_gaps() {
    let (mut values, slots) = series();
    values[100] = Some(1e6);
    values[200..220].fill(None);
    let parts = fit(&values, &slots);
    assert!(parts.steps()[100].unwrap().remainder > 9e5);
    assert!(parts.steps()[101].unwrap().remainder.abs() < 5.0 && parts.steps()[124].unwrap().remainder.abs() < 5.0);
    assert!(parts.steps()[200..220].iter().all(Option::is_none));
    assert_eq!(parts.steps().iter().flatten().count(), 316);
}

#[test]
fn constant_empty_and_tiny_series() {
    let constant = fit(&[Some(5.0); 60], &[0; 60]);
    assert!(constant.steps().iter().flatten().all(|p| p.remainder.abs() < 1e-12 && (p.trend - 5.0).abs() < 1e-12));
    assert!(constant.seasonal_strength() + constant.trend_strength() < 1e-12);
    assert!(fit(&[], &[]).steps().is_empty());
    assert_eq!(fit(&[Some(1.0), None, Some(3.0)], &[0, 1, 2]).steps()[1], None);
    assert!(fit(&[None; 9], &[3; 9]).steps().iter().all(Option::is_none));
}

#[test]
fn what_cannot_be_taken_apart_is_refused() {
    let valid = DecompositionParams::default().check().unwrap();
    assert!(matches!(valid.fit(&[Some(1.0)], &[]), Err(FitError::UnequalLengths { rows: 1, got: 0 })));
    assert!(matches!(valid.fit(&[Some(f64::NAN)], &[0]), Err(FitError::BadNumber { row: 0, .. })));
    let bad = DecompositionParams::default().trend_steps(0).passes(11).check().unwrap_err();
    assert_eq!(bad.faults.len(), 2);
}
