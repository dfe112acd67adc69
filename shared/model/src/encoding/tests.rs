use weir_domain::activity::ColumnRole;

use super::*;

fn column(name: &str, role: ColumnRole, missing: Option<MissingPolicy>) -> ColumnSchema {
    ColumnSchema { missing, ..ColumnSchema::new(name, role) }
}

/// A numeric column and a categorical one.
fn fitted(
    encoding: CategoryEncoding,
    missing: [Option<MissingPolicy>; 2],
    rows: &[(Option<f64>, Option<&str>)],
) -> TableEncoder {
    let columns = vec![column("n", ColumnRole::Numeric, missing[0]), column("w", ColumnRole::Categorical, missing[1])];
    let mut builder = TableEncoderBuilder::new(&ActivitySchema::new(columns), encoding);
    for row in rows {
        builder.see(&values(*row));
    }
    builder.finish().unwrap()
}

fn values((number, word): (Option<f64>, Option<&str>)) -> [Value<'_>; 2] {
    [number.map_or(Value::Missing, Value::Number), word.map_or(Value::Missing, Value::Text)]
}

const ROWS: [(Option<f64>, Option<&str>); 6] = [
    (Some(1.0), Some("b")),
    (Some(1.0), Some("b")),
    (Some(4.0), Some("c")),
    (Some(5.0), Some("a")),
    (Some(9.0), None),
    (None, Some("b")),
];

#[test]
fn words_are_ranked_by_frequency_and_the_unseen_come_after() {
    let encoder = fitted(CategoryEncoding::Ordinal, [None, None], &ROWS);
    let code = |word| encoder.encode(&values((Some(0.0), word))).unwrap()[1];
    assert_eq!([Some("b"), Some("a"), Some("c"), Some("zz"), None].map(code), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert!(encoder.is_unseen(1, &Value::Text("zz")) && !encoder.is_unseen(1, &Value::Text("a")));
}

#[test]
fn frequencies_are_shares_of_the_training_rows() {
    let encoder = fitted(CategoryEncoding::Frequency, [None, None], &ROWS);
    let share = |word| encoder.encode(&values((Some(0.0), word))).unwrap()[1];
    assert_eq!([Some("b"), Some("a"), None, Some("zz")].map(share), [0.5, 1.0 / 6.0, 1.0 / 6.0, 0.0]);
}

#[test]
fn the_rarer_the_more_surprising_and_the_unseen_most() {
    let encoder = fitted(CategoryEncoding::Rarity, [None, None], &ROWS);
    let rarity = |word| encoder.encode(&values((Some(0.0), Some(word)))).unwrap()[1];
    assert!(rarity("b") < rarity("a") && rarity("a") < rarity("zz"));
    assert!((rarity("zz") - 10_f64.ln()).abs() < 1e-12);
}

#[test]
fn missing_values_become_what_their_policy_says() {
    use MissingPolicy::{Median, MostFrequent, OwnCategory};
    for (policies, number, word) in [
        ([None, None], 4.0, 4.0),
        ([Some(Median), Some(OwnCategory)], 4.0, 4.0),
        ([Some(MostFrequent), Some(MostFrequent)], 1.0, 0.0),
    ] {
        let encoder = fitted(CategoryEncoding::Ordinal, policies, &ROWS);
        assert_eq!(encoder.encode(&values((None, None))).unwrap(), [number, word], "{policies:?}");
    }
}

#[test]
fn numbers_over_orders_of_magnitude_enter_as_logarithms() {
    let wide: Vec<_> = (0..7).map(|i| (Some(10_f64.powi(i)), Some("w"))).collect();
    let encoder = fitted(CategoryEncoding::Ordinal, [None, None], &wide);
    assert_eq!(encoder.schema().features[0].transform, Transform::Log1p);
    assert_eq!(encoder.encode(&values((Some(0.0), Some("w")))).unwrap()[0], 0.0);
    let negative: Vec<_> = wide.iter().map(|(n, w)| (n.map(|n| -n), *w)).collect();
    assert_eq!(
        fitted(CategoryEncoding::Ordinal, [None, None], &negative).schema().features[0].transform,
        Transform::Identity
    );
}

#[test]
fn rows_of_another_shape_are_not_encoded_and_nothing_is_no_training() {
    let encoder = fitted(CategoryEncoding::Ordinal, [None, None], &ROWS);
    assert_eq!(encoder.encode(&[Value::Number(1.0)]), None);
    assert_eq!(encoder.encode(&[Value::Text("a"), Value::Text("a")]), None);
    assert_eq!(encoder.encode(&[Value::Number(1.0), Value::Number(1.0)]), None);
    let schema = ActivitySchema::new(vec![ColumnSchema::new("n", ColumnRole::Numeric)]);
    let none = TableEncoderBuilder::new(&schema, CategoryEncoding::Ordinal).finish();
    assert_eq!(none.unwrap_err(), FitError::TooFewRows { needed: 1, got: 0 });
}

#[test]
fn more_words_than_are_told_apart_count_as_unseen() {
    let words: Vec<String> = (0..=MAX_CATEGORIES).map(|i| format!("w{i:06}")).collect();
    let rows: Vec<_> = words.iter().map(|w| (Some(1.0), Some(w.as_str()))).collect();
    let encoder = fitted(CategoryEncoding::Ordinal, [None, None], &rows);
    assert!(encoder.is_unseen(1, &Value::Text(&words[MAX_CATEGORIES])));
    assert!(!encoder.is_unseen(1, &Value::Text(&words[0])));
}

#[test]
fn stored_encoders_encode_as_before_and_unsound_ones_are_refused() {
    let encoder = fitted(CategoryEncoding::Ordinal, [None, None], &ROWS);
    let text = serde_json::to_string(&encoder).unwrap();
    let back: TableEncoder = serde_json::from_str(&text).unwrap();
    assert_eq!(back, encoder);
    assert_eq!(back.encode(&values((None, Some("c")))), encoder.encode(&values((None, Some("c")))));
    for (from, to) in [("\"b\":[0,3]", "\"b\":[7,3]"), ("\"b\":[0,3]", "\"b\":[0,999]"), ("\"rows\":6", "\"rows\":1")] {
        assert!(text.contains(from), "{text}");
        assert!(serde_json::from_str::<TableEncoder>(&text.replace(from, to)).is_err(), "{to}");
    }
}
