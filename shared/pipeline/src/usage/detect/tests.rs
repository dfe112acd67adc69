use super::*;

/// Monday 2024-01-01, UTC.
const START: i64 = 1_704_067_200;
const DAY: i64 = 86_400;

/// Half hours, higher by day than by night; `change` replaces a value, or removes it with `None`.
fn points(days: i64, change: impl Fn(i64, f64) -> Option<f64>) -> UsagePoints {
    let mut points = UsagePoints::default();
    for step in 0..days * 48 {
        let wave = (step as f64 / 48.0 * std::f64::consts::TAU).sin();
        let typical = 100.0 - 20.0 * wave + (step * 7919 % 101) as f64 / 50.0;
        if let Some(value) = change(step, typical) {
            let (time, keys) = (START + step * 1800, [("service", "ec2")]);
            points.add(&UsagePoint { time, keys: &keys, metric: "bytes", value, label: "" }).unwrap();
        }
    }
    points
}

fn kinds(findings: &[DetectionFinding]) -> Vec<&str> {
    findings.iter().map(DetectionFinding::kind).collect()
}

fn of_kind<'a>(findings: &'a [DetectionFinding], kind: &str) -> Vec<&'a DetectionFinding> {
    findings.iter().filter(|finding| finding.kind() == kind).collect()
}

fn found(points: UsagePoints) -> Vec<DetectionFinding> {
    detect_usage(points, &TimeZone::UTC, i64::MIN, 0).unwrap()
}

#[test]
fn a_spike_a_gap_and_a_high_risk_hour_are_found() {
    // Tuesdays 02:00 to 03:00 in six of seven weeks, with different values.
    let risky = |step: i64| (100..102).contains(&(step % 336)) && (1..8).contains(&(step / 336)) && step / 336 != 4;
    let points = points(63, |step, typical| match step {
        2_900 => Some(900.0),
        2_950..2_970 => None,
        step if risky(step) => Some(typical + 150.0 + (step * 37 % 211) as f64),
        _ => Some(typical),
    });
    let findings = found(points.clone());
    let spikes = of_kind(&findings, "usage-spike");
    assert!(spikes.iter().any(|f| f.finding_info.first_seen_time == (START + 2_900 * 1800) * 1000), "{spikes:#?}");
    assert_eq!(of_kind(&findings, "data-gap").len(), 1);
    let risks = of_kind(&findings, "high-risk-window");
    assert_eq!(risks.len(), 1, "{:?}", kinds(&findings));
    assert_eq!(risks[0].severity_id, 2);
    assert!(risks[0].message.contains("Wednesdays 02:00 to 0"), "{}", risks[0].message);
    assert_eq!(risks[0].entity().unwrap().to_string(), "service=ec2 bytes");
    // Earlier points are baseline only; a risk is reported with its weeks.
    let late = detect_usage(points, &TimeZone::UTC, START + 60 * DAY, 0).unwrap();
    assert!(late.iter().all(|f| f.kind() == "high-risk-window" || f.time >= (START + 60 * DAY) * 1000), "{late:#?}");
    assert!(of_kind(&late, "usage-spike").len() < spikes.len());
}

#[test]
fn the_order_of_measurements_does_not_matter_and_old_incidents_are_reported() {
    let points = points(60, |step, typical| Some(if step == 800 || step == 2_500 { 700.0 } else { typical }));
    let mut turned = points.clone();
    turned.series.values_mut().for_each(|points| points.reverse());
    let findings = found(points);
    assert_eq!(findings, found(turned));
    let at = |step: i64| of_kind(&findings, "usage-spike").iter().any(|f| f.time == (START + (step + 1) * 1800) * 1000);
    assert!(at(800) && at(2_500), "{:?}", kinds(&findings));
}

#[test]
fn hours_follow_the_local_clock_across_daylight_saving_changes() {
    // In Berlin, where the clock goes forward on 31 March 2024: an anomaly at 09:00 on Mondays, and a working day from 08:00
    // to 18:00.
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let risky = |week: i64| week % 5 != 2;
    let of = |zone: &TimeZone| {
        let points = points(20 * 7, |step, _| {
            let local = weir_features::usage::LocalTime::at(START + step * 1800, &berlin);
            let noise = (step * 7919 % 101) as f64 / 50.0;
            let typical = if (8..18).contains(&local.hour()) { 150.0 } else { 100.0 };
            let bad = local.hour_of_week() == 9 && risky(local.week());
            Some(typical + noise + if bad { 100.0 + (step * 37 % 211) as f64 } else { 0.0 })
        });
        detect_usage(points, zone, START + 70 * DAY, 0).unwrap()
    };
    let (local, utc) = (of(&berlin), of(&TimeZone::UTC));
    let risks = of_kind(&local, "high-risk-window");
    assert_eq!(risks.len(), 1, "{:?}", kinds(&local));
    assert!(risks[0].message.contains("Mondays 09:00 to 10:00 Europe/Berlin"), "{}", risks[0].message);
    // In UTC the working day starts an hour earlier from the change on.
    let changed = |found: &[DetectionFinding]| {
        let change = (START + 90 * DAY) * 1000..(START + 95 * DAY) * 1000;
        found.iter().filter(|f| change.contains(&f.time) && f.kind() != "high-risk-window").count()
    };
    assert!(changed(&local) <= changed(&utc), "{:?} {:?}", kinds(&local), kinds(&utc));
    assert!(of_kind(&utc, "high-risk-window").iter().all(|f| !f.message.contains("Mondays 09:00 to 10:00 UTC")));
}

#[test]
fn limits_are_enforced_and_empty_input_gives_no_findings() {
    let mut points = UsagePoints::default();
    assert_eq!((found(points.clone()), points.times()), (vec![], None));
    let point = UsagePoint { time: 0, keys: &[], metric: "m", value: f64::NAN, label: "" };
    assert_eq!(points.add(&point), Err(TooMuchUsage::Value));
    points.count = UsagePoints::MAX;
    assert!(points.add(&UsagePoint { value: 1.0, ..point }).is_err());
    points.count = 0;
    for n in 0..UsagePoints::MAX_SERIES {
        points.add(&UsagePoint { value: 1.0, metric: &n.to_string(), ..point }).unwrap();
    }
    assert!(points.add(&UsagePoint { value: 1.0, ..point }).is_err());
    assert_eq!((points.series(), points.count()), (10_000, 10_000));
}
