use std::collections::BTreeMap as Map;

use weir_domain::finding::Incident;

use super::*;
use crate::message;

/// Weeks of half hours about a level of 100; `change` gives a step's value and whether it stands out.
fn weeks(weeks: i64, change: impl Fn(i64, u8, u64) -> (f64, bool)) -> HoursOfWeeks {
    let mut hours = HoursOfWeeks::default();
    for step in 0..weeks * 336 {
        let (week, hour) = (step / 336, (step / 2 % 168) as u8);
        let (value, anomalous) = change(week, hour, step as u64);
        hours.observe(&StepOfWeek { week, hour, value, usual: 100.0, anomalous });
    }
    hours
}

/// A noise that repeats after 101 steps.
fn usual(step: u64) -> f64 {
    100.0 + (step * 7919 % 101) as f64 / 25.0 - 2.0
}

fn sentence(windows: Vec<RiskWindow>) -> String {
    let risk = Risk { since: 1_700_000_000, judged: 1_700_600_000, points: 9, windows };
    let (subject, hit) = detect(&Scope::new("123456789012", "eu-west-1"), "aws bytes", "UTC", &risk);
    let hits = Map::from([(hit.window, hit)]);
    let incident = Incident { uid: String::new(), created: 0, day: String::new(), closed: false, hits };
    message::message(&subject.entity, &incident)
}

#[test]
fn an_hour_that_is_often_anomalous_is_told_with_how_sure_that_is() {
    // Tuesdays 02:00 to 04:00 in six of seven weeks, and once on a Friday.
    let hours = weeks(7, |week, hour, step| {
        let bad = ((26..28).contains(&hour) && week != 3) || (hour == 100 && week == 2);
        (if bad { usual(step) * 4.0 } else { usual(step) }, bad)
    });
    let windows = hours.risk_windows(7);
    assert_eq!(windows.len(), 1, "{windows:?}");
    let window = windows[0];
    assert_eq!((window.first_hour, window.hours, window.weeks, window.anomalous.weeks), (26, 2, 7, 6));
    assert!((window.anomalous.share - 6.0 / 7.0).abs() < 1e-12 && window.anomalous.is_risk && window.variable.is_risk);
    let text = sentence(windows);
    assert!(
        text.contains(
            "aws bytes is more often out of the ordinary than at others: Tuesdays 02:00 to 04:00 UTC: 6 of 7 weeks held an \
             anomaly (55 to 97 %; 1 % of all) and 6 of 7 weeks strayed far from the baseline (55 to 97 %; 10 % of all)"
        ),
        "{text}"
    );
}

#[test]
fn an_hour_that_only_strays_is_told_as_variable() {
    let noisy = |_, hour, step: u64| {
        let noise = usual(step) - 100.0;
        (if hour == 50 { 100.0 + 12.0 * noise + if noise < 0.0 { -20.0 } else { 20.0 } } else { 100.0 + noise }, false)
    };
    let windows = weeks(6, noisy).risk_windows(6);
    assert_eq!(windows.len(), 1, "{windows:?}");
    assert_eq!((windows[0].first_hour, windows[0].hours), (50, 1));
    assert!(!windows[0].anomalous.is_risk && windows[0].variable.is_risk && windows[0].variability.unwrap() > 5.0);
    assert!(!sentence(windows).contains("held an anomaly"));
    // Four weeks are the fewest of which one in ten by chance is told apart; the week that has begun does not count.
    assert!(weeks(3, noisy).risk_windows(3).is_empty());
}

#[test]
fn nothing_is_told_of_noise_of_few_weeks_and_of_what_is_always_bad() {
    assert!(weeks(26, |_, _, step| (usual(step), step % 97 == 0)).risk_windows(26).is_empty());
    assert!(weeks(8, |_, _, _| (0.0, false)).risk_windows(8).is_empty());
    assert!(weeks(8, |_, _, step| (usual(step), true)).risk_windows(8).is_empty());
    assert!(weeks(1, |_, hour, _| (1e300, hour == 5)).risk_windows(1).is_empty());
    assert!(HoursOfWeeks::default().risk_windows(i64::MAX).is_empty());
    let bad = |_, hour, step| (usual(step), hour == 5);
    let hours = weeks(3, bad);
    assert!(hours.risk_windows(1).is_empty(), "once is chance");
    assert_eq!(hours.risk_windows(2).len(), 1);
}

#[test]
fn a_busy_hour_may_stray_as_much_more_as_it_is_busier() {
    let mut hours = HoursOfWeeks::default();
    for step in 0..20 * 336_u64 {
        let (week, hour) = ((step / 336) as i64, (step / 2 % 168) as u8);
        let usual_then = if hour % 24 == 12 { 1000.0 } else { 100.0 };
        let value = usual_then * usual(step) / 100.0;
        hours.observe(&StepOfWeek { week, hour, value, usual: usual_then, anomalous: false });
    }
    assert!(hours.risk_windows(20).is_empty(), "{:?}", hours.risk_windows(20));
}

#[test]
fn half_a_year_is_kept_and_what_cannot_have_been_kept_is_not_sound() {
    let mut hours = weeks(40, |_, _, step| (usual(step), false));
    assert!(!hours.is_sound());
    hours.keep_latest();
    assert!(hours.is_sound() && hours.weeks.len() == 26 && hours.weeks.contains_key(&39));
    let bytes = serde_json::to_vec(&hours).unwrap();
    assert_eq!(serde_json::from_slice::<HoursOfWeeks>(&bytes).unwrap(), hours);
    hours.weeks.get_mut(&39).unwrap()[3].anomalous = 3;
    assert!(!hours.is_sound());
    hours.weeks.get_mut(&39).unwrap().pop();
    assert!(!hours.is_sound());
}

#[test]
fn wilson_by_hand() {
    let (low, high) = wilson(2, 4);
    assert!((low - 0.182_38).abs() < 1e-4 && (high - 0.817_62).abs() < 1e-4, "{low} {high}");
    assert!((wilson(0, 8).0, wilson(8, 8).1) == (0.0, 1.0) && wilson(0, 0) == (0.0, 1.0));
}

#[test]
fn binomial_tails_by_hand() {
    assert!((at_least(3, 4, 0.5) - 5.0 / 16.0).abs() < 1e-12);
    assert!((at_least(0, 9, 0.3) - 1.0).abs() < 1e-12 && (at_least(1, 2, 0.1) - 0.19).abs() < 1e-12);
    assert!(at_least(5, 5, 1.0) >= 1.0 && at_least(2, 5, 0.0) <= 0.0);
}

#[test]
fn runs_go_around_the_week() {
    let mut risky = vec![false; HOURS];
    for at in [0, 1, 5, 167] {
        risky[at] = true;
    }
    assert_eq!(runs(&risky), [(5, 1), (167, 3)]);
    assert_eq!(runs(&[true; HOURS]), [(0, HOURS)]);
    assert!(runs(&[false; HOURS]).is_empty());
}
