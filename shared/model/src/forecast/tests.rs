#![expect(clippy::float_cmp, reason = "exact by construction")]

use super::*;
use crate::synthetic::bell;

fn forecast(method: ForecastMethod, values: &[Option<f64>], season: u32, horizon: u32) -> Forecast {
    let slots: Vec<u32> = (0..values.len() as u32 + horizon).map(|at| at % season).collect();
    ForecastParams::default().method(method).check().unwrap().fit(values, &slots).unwrap()
}

/// A day of 24 steps with noise of standard deviation 1.
fn noisy(days: usize) -> Vec<Option<f64>> {
    let noise = bell(days * 24, 1, 3).column(0);
    let day = |at: usize| 10.0 * (at as f64 / 24.0 * std::f64::consts::TAU).sin();
    noise.into_iter().enumerate().map(|(at, noise)| Some(50.0 + day(at) + noise)).collect()
}

#[test]
fn the_naive_forecast_is_what_was_last_measured_in_the_slot() {
    let values = [Some(1.0), Some(2.0), Some(3.0), Some(4.0), None, None];
    let found = forecast(ForecastMethod::SeasonalNaive, &values, 3, 4);
    let points: Vec<Option<f64>> = found.steps.iter().map(|step| step.map(|step| step.value)).collect();
    assert_eq!(points, [Some(4.0), Some(2.0), Some(3.0), Some(4.0)]);
    let unseen = forecast(ForecastMethod::SeasonalNaive, &values[..2], 3, 2);
    assert_eq!((unseen.steps[0], unseen.steps[1].map(|s| s.value)), (None, Some(1.0)));
}

#[test]
fn neighbours_beat_the_naive_forecast_and_come_near_the_noise() {
    let values = noisy(40);
    let error = |method| forecast(method, &values, 24, 24).tried.mean_absolute_error.unwrap();
    let (naive, near) = (error(ForecastMethod::SeasonalNaive), error(ForecastMethod::NearestNeighbours));
    // Of two independent errors of standard deviation 1, and of one.
    assert!((naive - 1.128).abs() < 0.15 && near < 0.95 && near > 0.75, "{naive} {near}");
}

#[test]
fn intervals_hold_as_often_as_they_say() {
    let values = noisy(60);
    for method in ForecastMethod::ALL {
        for level in [0.8, 0.95] {
            let slots: Vec<u32> = (0..values.len() as u32 + 24).map(|at| at % 24).collect();
            let valid = ForecastParams::default().method(method).level(level).origins(60).check().unwrap();
            let tried = valid.fit(&values, &slots).unwrap().tried;
            assert!((tried.coverage.unwrap() - level).abs() < 0.04 && tried.covered_steps > 500, "{tried:?}");
        }
    }
}

#[test]
fn gaps_are_neither_filled_nor_compared() {
    let mut values = noisy(30);
    values[100..130].fill(None);
    values[400] = None;
    let whole = forecast(ForecastMethod::NearestNeighbours, &values, 24, 24);
    assert!(whole.steps.iter().all(Option::is_some));
    values[30 * 24 - 12..].fill(None);
    let dark = forecast(ForecastMethod::NearestNeighbours, &values, 24, 24);
    assert!(dark.steps.iter().all(Option::is_none), "nothing to compare the past with");
}

#[test]
fn constant_short_and_empty_series() {
    for method in ForecastMethod::ALL {
        let constant = forecast(method, &[Some(7.0); 400], 24, 24);
        assert!(constant.steps.iter().all(|s| s.is_some_and(|s| s.value == 7.0 && s.interval == Some((7.0, 7.0)))));
        assert_eq!((constant.tried.mean_absolute_error, constant.tried.coverage), (Some(0.0), Some(1.0)));
        assert!(forecast(method, &[], 24, 24).steps.iter().all(Option::is_none));
        let two = forecast(method, &[Some(1.0), Some(2.0)], 24, 24);
        assert_eq!((two.tried.steps, two.tried.mean_absolute_error, two.tried.coverage), (0, None, None));
        assert!(forecast(method, &[Some(1.0); 9], 3, 0).steps.is_empty());
    }
}

#[test]
fn what_cannot_be_forecast_is_refused() {
    let valid = ForecastParams::default().check().unwrap();
    assert!(matches!(valid.fit(&[Some(1.0); 3], &[0; 2]), Err(FitError::UnequalLengths { rows: 3, got: 2 })));
    assert!(matches!(valid.fit(&[Some(f64::INFINITY)], &[0; 2]), Err(FitError::BadNumber { .. })));
    let bad = ForecastParams::default().neighbours(0).window(1001).level(f64::NAN).origins(0).check().unwrap_err();
    assert_eq!(bad.faults.len(), 4);
}
