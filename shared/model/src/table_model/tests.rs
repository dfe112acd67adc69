use weir_domain::activity::{ColumnRole, ColumnSchema, Value};

use super::*;
use crate::encoding::{CategoryEncoding, TableEncoderBuilder};

fn schema() -> ActivitySchema {
    ActivitySchema::new(vec![
        ColumnSchema::new("user", ColumnRole::Id),
        ColumnSchema::new("bytes", ColumnRole::Numeric),
        ColumnSchema::new("via", ColumnRole::Categorical),
    ])
}

/// Bytes around 100, over `ssh` but for a tenth.
fn row(i: u32) -> [Value<'static>; 2] {
    let bytes = f64::from(90 + i * 7 % 21);
    [Value::Number(bytes), Value::Text(if i.is_multiple_of(10) { "rdp" } else { "ssh" })]
}

fn encoded(encoder: &TableEncoder, rows: impl Iterator<Item = [Value<'static>; 2]>) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(std::sync::Arc::clone(encoder.schema()));
    rows.for_each(|row| matrix.push(&encoder.encode(&row).unwrap()).unwrap());
    matrix
}

fn model() -> TableModel {
    let mut training = TableEncoderBuilder::new(&schema(), CategoryEncoding::Rarity);
    (0..300).for_each(|i| training.see(&row(i)));
    let encoder = training.finish().unwrap();
    let matrix = encoded(&encoder, (0..300).map(row));
    let summary = TrainingSummary {
        program: "0.1.0".to_owned(),
        trained_at: 1_700_000_000_000,
        from: 0,
        to: 0,
        rows: 300,
        fitted_on: 300,
        entities: 30,
        seed: 42,
    };
    let model = TableModel::fit(schema(), encoder, &matrix, &[EstimatorKind::IsolationForest], summary).unwrap();
    let users: Vec<String> = (0..300).map(|i| format!("user{}", i % 30)).collect();
    model.with_user_baselines(&matrix, &users.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What a model says, in digits that show every bit.
fn answers(model: &TableModel) -> Vec<u64> {
    let odd = [[Value::Number(100.0), Value::Text("telnet")], [Value::Number(9e9), Value::Text("ssh")]];
    let matrix = encoded(model.encoder(), odd.into_iter());
    let scaled = model.behaviour().scale(&matrix).unwrap();
    let verdicts = model.behaviour().judge(&scaled).unwrap();
    let judged = verdicts.iter().flat_map(|v| [v.most_significant().score.get(), v.p_value.get()]);
    let new = model.novelties(&odd[0], matrix.row(0)).into_iter().map(|new| new.p_value);
    let drift = model.drift(&matrix).unwrap().into_iter().map(|drift| drift.index);
    let own = ["user7", "somebody"].map(|user| model.user_deviation(user, matrix.row(1)));
    let own = own.into_iter().flatten().flat_map(|own| [own.usual, own.p_value.get()]);
    judged.chain(new).chain(drift).chain(own).map(f64::to_bits).collect()
}

#[test]
fn what_is_read_back_judges_as_before_to_the_bit() {
    let written = model();
    let file = written.encode().unwrap();
    let read = TableModel::decode(&file).unwrap();
    assert_eq!(answers(&read), answers(&written));
    assert_eq!(read, written);
    assert_eq!(read.encode().unwrap(), file, "the same model, the same bytes");
}

#[test]
fn models_of_logs_and_of_tables_are_told_apart_and_damage_is_seen() {
    let file = model().encode().unwrap();
    let error = crate::FlowModel::decode(&file).unwrap_err().to_string();
    assert!(error.contains("of a table, not of flow logs"), "{error}");
    let mut logs = file.clone();
    logs[..8].copy_from_slice(&ModelKind::Flow.magic());
    assert!(matches!(TableModel::decode(&logs), Err(ModelFileError::OtherSource { .. })));
    assert_eq!(TableModel::decode(b"PK"), Err(ModelFileError::Foreign));
    let payload = &file[sealed::HEADER..];
    for at in (0..payload.len()).step_by(23) {
        let mut forged = payload.to_vec();
        forged.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0x7f]);
        let header = [&file[..10], &(forged.len() as u64).to_le_bytes(), blake3::hash(&forged).as_bytes()].concat();
        // An error, or a model that judges without a panic.
        if let Ok(model) = TableModel::decode(&[header, forged].concat()) {
            let rows = encoded(&self::model().encoder, (0..3).map(row));
            let _ = model.user_deviation("user7", rows.row(0));
            let _ = model.behaviour().scale(&rows).map(|scaled| model.behaviour().judge(&scaled));
        }
    }
}

/// Thirty days of ten users: nine with numbers around 10, one with numbers around 1,000; and a column that does not vary.
fn of_users() -> (FeatureMatrix, Vec<String>) {
    let features = ["bytes", "flat"].map(|name| ColumnSchema::new(name, ColumnRole::Numeric));
    let mut training = TableEncoderBuilder::new(&ActivitySchema::new(features.into()), CategoryEncoding::Rarity);
    training.see(&[Value::Number(10.0), Value::Number(1.0)]);
    let mut rows = FeatureMatrix::new(std::sync::Arc::clone(training.finish().unwrap().schema()));
    let mut users = Vec::new();
    for i in 0..300_u32 {
        let usual = if i % 10 == 0 { 1000.0 } else { 10.0 };
        rows.push(&[usual + f64::from(i * 7 % 11) - 5.0, 1.0]).unwrap();
        users.push(format!("user{}", i % 10));
    }
    (rows, users)
}

fn own(rows: &FeatureMatrix, users: &[String]) -> Option<UserBaselines> {
    UserBaselines::fit(
        rows,
        &users.iter().map(String::as_str).collect::<Vec<_>>(),
        &[0, 1],
        &vec![PValue::new(0.5).unwrap(); rows.len()],
    )
}

#[test]
fn what_is_usual_of_one_user_is_not_of_another() {
    let (rows, users) = of_users();
    let own = own(&rows, &users).unwrap();
    let of = |user: &str, value: f64| own.deviation(user, &[value, 9.0]);
    let (heavy, light) = (of("user0", 1004.0).unwrap(), of("user1", 1004.0).unwrap());
    assert!(light.p_value.get() < 0.01 && heavy.p_value.get() > 0.05, "{light:?} {heavy:?}");
    // Drawn towards the median of all rows, which is that of the many, by 5 / 35.
    assert!((heavy.usual - (1000.0 * 30.0 + 10.0 * 5.0) / 35.0).abs() < 2.0, "{heavy:?}");
    assert!(heavy.is_established && heavy.feature == 0);
    let stranger = of("somebody", 1004.0).unwrap();
    assert!(!stranger.is_established && (stranger.usual - 10.0).abs() < 2.0, "{stranger:?}");
    assert_eq!(of("user1", 1.0), None, "less than usual is nothing to say");
}

#[test]
fn rows_of_users_who_do_not_come_again_are_judged_as_ever() {
    let (rows, users) = of_users();
    let each: Vec<String> = (0..300).map(|i| format!("row{i}")).collect();
    let pairs: Vec<String> = (0..300).map(|i| format!("pair{}", i / 4)).collect();
    assert!(own(&rows, &each).is_none() && own(&rows, &pairs).is_none());
    assert!(own(&rows, &vec![String::new(); 300]).is_none());
    let half: Vec<String> = (0..300).map(|i| if i < 150 { users[i].clone() } else { String::new() }).collect();
    assert!(own(&rows, &half).is_some());
    let written = model();
    let without = TableModel { own: None, ..written.clone() };
    let p_value = PValue::new(0.25).unwrap();
    let deviation = written.user_deviation("user7", &[9e9, 0.0]);
    assert_eq!(without.combine_with_user(p_value, deviation.as_ref()), p_value);
    assert!(written.combine_with_user(p_value, deviation.as_ref()) < p_value);
}

/// As many rows pass a threshold as it says, whatever the two p-values have in common.
#[test]
fn two_p_values_together_are_one() {
    let (shape, users) = of_users();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let mut rows = FeatureMatrix::new(std::sync::Arc::clone(shape.schema()));
    (0..300_u32).for_each(|i| rows.push(&[f64::from(i * 7919 % 1009), 1.0]).unwrap());
    let numbers = [0, 1];
    let fit = |estimators: &[PValue]| UserBaselines::fit(&rows, &users, &numbers, estimators).unwrap();
    let first = fit(&vec![PValue::new(0.5).unwrap(); 300]);
    // The estimators say what is said already: by Fisher's method 16 rows would have a chance of 0.02.
    let said = |at: usize| first.deviation(users[at], rows.row(at)).map(|own| own.p_value);
    let alike: Vec<PValue> = (0..300).map(|at| said(at).unwrap_or(PValue::new(1.0).unwrap())).collect();
    let own = fit(&alike);
    let passing = (0..300).filter(|at| own.together(alike[*at], said(*at)).get() <= 0.02).count();
    assert!((2..=10).contains(&passing), "{passing}");
}

#[test]
fn drift_names_the_feature_that_moved() {
    let model = model();
    let same = model.drift(&encoded(model.encoder(), (0..300).map(row))).unwrap();
    assert!(same.iter().all(|drift| drift.index < 0.01), "{same:?}");
    let moved = (0..300).map(|i| [row(i)[0], Value::Text(if i % 3 == 0 { "telnet" } else { "ssh" })]);
    let moved = model.drift(&encoded(model.encoder(), moved)).unwrap();
    assert_eq!(moved[0].feature, "via");
    assert!(moved[0].index > 0.25 && moved[1].index < 0.01, "{moved:?}");
}

#[test]
fn what_is_new_is_as_unlikely_as_it_was_rare_to_see_something_new() {
    let model = model();
    let new = |values: &[Value<'_>]| {
        let encoded = model.encoder().encode(values).unwrap();
        let new = model.novelties(values, &encoded);
        new.iter().map(|new| (new.feature, new.p_value)).collect::<Vec<_>>()
    };
    assert_eq!(new(&[Value::Number(9e9), Value::Text("ssh")]), []);
    // No word was there only once; one column can have something new.
    assert_eq!(new(&[Value::Number(100.0), Value::Text("telnet")]), [(1, 1.0 / 301.0)]);
    assert_eq!(new(&[Value::Number(100.0), Value::Missing]), []);

    let schema = ActivitySchema::new(vec![
        ColumnSchema::new("deleted", ColumnRole::Numeric),
        ColumnSchema::new("agent", ColumnRole::Categorical),
    ]);
    let words: Vec<String> = (0..300).map(|i| if i < 149 { format!("agent {i}") } else { "curl".to_owned() }).collect();
    let mut training = TableEncoderBuilder::new(&schema, CategoryEncoding::Rarity);
    for word in &words {
        training.see(&[Value::Number(0.0), Value::Text(word)]);
    }
    let encoder = training.finish().unwrap();
    let mut rows = FeatureMatrix::new(std::sync::Arc::clone(encoder.schema()));
    for word in &words {
        rows.push(&encoder.encode(&[Value::Number(0.0), Value::Text(word)]).unwrap()).unwrap();
    }
    let kinds = [EstimatorKind::IsolationForest];
    let model = TableModel::fit(schema, encoder, &rows, &kinds, model.summary().clone()).unwrap();
    let values = [Value::Number(5.0), Value::Text("another")];
    let new = model.novelties(&values, &model.encoder().encode(&values).unwrap());
    assert_eq!(new[0], Novelty { feature: 0, p_value: 2.0 / 301.0 });
    assert_eq!(new[1], Novelty { feature: 1, p_value: 300.0 / 301.0 });
}
