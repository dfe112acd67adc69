use std::collections::BTreeMap;

use super::*;
use crate::login::Level;

#[test]
fn the_same_parameters_give_the_same_table_and_others_do_not() {
    let parameters = Parameters { users: 60, days: 20, ..Parameters::default() };
    let table = |parameters: &Parameters| csv(&simulate(parameters).unwrap());
    assert_eq!(table(&parameters), table(&parameters));
    assert_ne!(table(&parameters), table(&Parameters { seed: 43, ..parameters.clone() }));
}

#[test]
fn days_are_rows_and_few_are_anomalous() {
    for level in Level::ALL {
        let rows = simulate(&Parameters { level, ..Parameters::default() }).unwrap();
        let mut labels: BTreeMap<&str, u32> = BTreeMap::new();
        for row in &rows {
            *labels.entry(row.label).or_default() += 1;
            assert!(
                (0.0..=24.0).contains(&row.activity.hours_active)
                    && (0.0..=1.0).contains(&row.activity.off_hours_share)
            );
        }
        assert_eq!(labels.keys().copied().collect::<Vec<_>>(), ["compromised", "leak", "normal", "sabotage", "theft"]);
        let share = 1.0 - f64::from(labels["normal"]) / rows.len() as f64;
        assert!((0.0005..0.01).contains(&share), "{level} {share}");
        let mut places: Vec<_> = rows.iter().map(|row| (row.day, row.user.as_str())).collect();
        let count = places.len();
        places.dedup();
        assert!(places.is_sorted() && places.len() == count, "a row per user and day");
    }
}

#[test]
fn anomalies_are_smaller_on_harder_levels() {
    // The mean number of files deleted by saboteurs, relative to that of normal days.
    let deleted = |level| {
        let rows = simulate(&Parameters { level, users: 1000, ..Parameters::default() }).unwrap();
        let mean = |label| {
            let counts: Vec<f64> =
                rows.iter().filter(|r| r.label == label).map(|r| r.activity.files_deleted as f64).collect();
            counts.iter().sum::<f64>() / counts.len() as f64
        };
        mean("sabotage") / mean("normal")
    };
    let [easy, medium, hard] = Level::ALL.map(deleted);
    assert!(easy > 3.0 * medium && medium > 2.0 * hard && hard > 3.0, "{easy} {medium} {hard}");
}

#[test]
fn the_schema_names_the_columns_and_every_line_has_them() {
    let table = csv(&simulate(&Parameters { users: 20, days: 10, ..Parameters::default() }).unwrap());
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let named: Vec<&str> = SCHEMA.split("name = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(header, named);
    assert!(lines.all(|line| line.split(',').count() == header.len()));
}

#[test]
fn parameters_out_of_range_are_rejected() {
    let refused = |parameters| simulate(&parameters).unwrap_err();
    assert_eq!(refused(Parameters { users: 19, ..Parameters::default() }), BadParameters::Users(19));
    assert_eq!(refused(Parameters { days: 367, ..Parameters::default() }), BadParameters::Days(367));
    assert_eq!(refused(Parameters { start: 1, ..Parameters::default() }), BadParameters::Start(1));
}
