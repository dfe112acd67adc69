use super::*;

fn simulation(parameters: UsageParameters) -> UsageSimulation {
    UsageSimulation::new(parameters).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_others() {
    let csv = |seed| {
        let mut out = Vec::new();
        simulation(UsageParameters { seed, weeks: 3, ..UsageParameters::default() }).write_csv(&mut out).unwrap();
        out
    };
    assert!(csv(1) == csv(1) && csv(1) != csv(2));
    let text = String::from_utf8(csv(1)).unwrap();
    assert!(text.starts_with(
        "timestamp,provider,service,region,city,metric,value\n1736121600,aws,ec2,us-east-1,Ashburn,bytes,"
    ));
    assert_eq!(text.lines().nth(1).unwrap().split(',').count(), 7);
}

#[test]
fn anomalies_change_only_their_own_steps() {
    let with = simulation(UsageParameters::default());
    let without = simulation(UsageParameters { anomalies: false, ..UsageParameters::default() });
    assert!(without.truth().incidents.is_empty());
    let (truth, mut changed) = (with.truth(), 0);
    for (a, b) in with.series().iter().zip(without.series()) {
        assert!(a.values[..672] == b.values[..672], "two weeks are clean");
        for (at, (a_value, b_value)) in a.values.iter().zip(&b.values).enumerate() {
            let time = truth.start + at as i64 * weir_domain::time::HALF_HOUR_SECONDS;
            let inside = truth.incidents.iter().any(|incident| {
                (incident.start..incident.end).contains(&time)
                    && a.keys.iter().all(|(name, value)| incident.series.get(name) == Some(value))
            });
            assert!(inside || a_value == b_value);
            changed += usize::from(a_value != b_value);
            assert!(b_value.is_some_and(|v| v >= 0.0));
        }
    }
    assert!(changed > 500);
    for kind in UsageKind::ALL {
        assert!(truth.incidents.iter().any(|incident| incident.kind == kind), "{kind:?}");
    }
    assert!(with.series().iter().any(|series| series.gaps() > 0));
    assert!(!truth.holidays.is_empty());
}

#[test]
fn parameters_out_of_range_are_rejected() {
    let with = |weeks, start| UsageSimulation::new(UsageParameters { weeks, start, ..UsageParameters::default() });
    assert!(matches!(with(0, 0), Err(BadUsageParameters::Weeks(0))));
    assert!(matches!(with(105, 0), Err(BadUsageParameters::Weeks(105))));
    assert!(matches!(with(1, 1), Err(BadUsageParameters::Start(1))));
    assert!(matches!(with(1, -86_400), Err(BadUsageParameters::Start(_))));
    assert_eq!(with(1, 0).unwrap().series().len(), 17);
}
