use std::fmt::Write;

use weir_domain::activity::{ColumnSchema, Value};
use weir_ingest::{ObjectName, ReadLimits, activity};
use weir_model::{AlertBudget, EstimatorKind};

use super::*;
use crate::training::Against;
use crate::training::TrainOptions;

/// A table in memory, as text.
struct Text {
    schema: ActivitySchema,
    text: String,
}

impl Table for Text {
    fn read(&self, each: &mut dyn FnMut(&ActivityRow<'_>)) -> Result<ReadSummary, ReadError> {
        let name = ObjectName::new("table.csv");
        activity::read(self.text.as_bytes(), &name, ReadLimits::default(), &self.schema, each)
    }
}

/// Users' days: bytes around 100 over `ssh`, one row in a hundred odd, at an hour each.
fn table(rows: u32) -> Text {
    let roles = [
        ("user", ColumnRole::Id),
        ("at", ColumnRole::Time),
        ("bytes", ColumnRole::Numeric),
        ("via", ColumnRole::Categorical),
        ("label", ColumnRole::Label),
    ];
    let schema = ActivitySchema::new(roles.map(|(name, role)| ColumnSchema::new(name, role)).into());
    let mut text = "user,at,bytes,via,label\n".to_owned();
    for i in 0..rows {
        let odd = i % 100 == 50;
        let (bytes, via) = if odd { (90_000 + i, "ftp") } else { (90 + i * 7 % 21, ["ssh", "rdp"][i as usize % 2]) };
        let _ = writeln!(text, "u{},{},{bytes},{via},{}", i % 30, 1_700_000_000 + 3600 * i64::from(i), u8::from(odd));
    }
    Text { schema, text }
}

fn options() -> TrainOptions {
    let estimators = vec![EstimatorKind::IsolationForest];
    TrainOptions { estimators, seed: 42, now: 1_800_000_000_000, program: "0.1.0".to_owned() }
}

#[test]
fn what_is_odd_is_found_and_explained_and_labels_are_not_looked_at() {
    let table = table(3000);
    let learned = learn(&table.schema, &table, &options()).unwrap();
    assert_eq!((learned.model.summary().rows, learned.model.summary().entities), (3000, 30));
    let (mut found, mut reasons) = (Vec::new(), Vec::new());
    let judged = judge(&learned.model, &table, Threshold::PValue(0.01), |row| {
        if row.anomalous {
            found.push((row.number, row.row.id.to_owned(), row.row.labels[0].to_owned()));
            reasons = row.reasons.iter().map(ToString::to_string).collect();
        } else {
            assert!(row.reasons.is_empty());
        }
    })
    .unwrap();
    assert_eq!((judged.rows, judged.anomalous), (3000, found.len() as u64));
    let odd = found.iter().filter(|(number, _, label)| number % 100 == 51 && label == "1").count();
    assert!(odd >= 27 && found.len() <= odd + 3, "{found:?}");
    assert!(
        reasons.iter().any(|r| r.starts_with("bytes 92950, 958.2 times the baseline of this user (97)")),
        "{reasons:?}"
    );
    assert!(reasons.iter().any(|r| r.starts_with("via \"ftp\", seen in 1 % of rows")), "{reasons:?}");

    let mut relabelled = self::table(3000);
    relabelled.text = relabelled.text.replace(",1\n", ",0\n");
    let again = learn(&relabelled.schema, &relabelled, &options()).unwrap();
    assert!(again.model == learned.model, "labels change nothing");
}

#[test]
fn a_word_that_was_never_seen_is_reported_and_changes_no_other_reason() {
    let mut training = table(3000);
    training.text = training.text.lines().filter(|line| !line.contains("ftp")).flat_map(|line| [line, "\n"]).collect();
    let model = learn(&training.schema, &training, &options()).unwrap().model;
    let header = "user,at,bytes,via,label\n";
    let asked = |rows: &str| {
        let mut said = Vec::new();
        let table = Text { schema: training.schema.clone(), text: format!("{header}{rows}") };
        judge(&model, &table, Threshold::PValue(0.05), |row| {
            said.push((row.score.get(), row.reasons.first().map(ToString::to_string).unwrap_or_default()));
        })
        .unwrap();
        said
    };
    let both = asked("a,1700000000,100,aaa,0\nb,1700000000,100,ssh,0\n");
    assert!(both[0].1.starts_with("via \"aaa\", never seen") && both[1].1.is_empty(), "{both:?}");
    // Alone, after the unseen word or before it: the row is the same row.
    assert_eq!(both[1], asked("b,1700000000,100,ssh,0\n")[0]);
    assert_eq!(both[0].0.to_bits(), asked("a,1700000000,100,zzz,0\n")[0].0.to_bits(), "all unseen words are alike");
    let encoded = |word| model.encoder().encode(&[Value::Number(1.0), Value::Text(word)]).unwrap()[1].to_bits();
    assert!(encoded("aaa") == encoded("zzz") && encoded("ssh") != encoded("aaa"));
}

#[test]
fn alerts_a_day_need_times() {
    let table = table(2400);
    let timed = learn(&table.schema, &table, &options()).unwrap().model;
    let budget = Threshold::AlertsPerDay(AlertBudget { alerts_per_day: 0.24 });
    // A row an hour: 24 a day, of which one in a hundred.
    assert!((budget.p_value(&timed).unwrap() - 0.01).abs() < 1e-3);
    let mut untimed = self::table(2400);
    untimed.schema.columns[1].role = ColumnRole::Ignore;
    let model = learn(&untimed.schema, &untimed, &options()).unwrap().model;
    assert!(matches!(budget.p_value(&model), Err(ActivityError::NoTime)));
}

#[test]
fn drift_is_of_an_earlier_model_or_of_the_second_half() {
    let (before, after) = (table(2000), {
        let mut table = table(2000);
        table.text = table.text.replace("rdp", "vnc");
        table
    });
    let (first, second) =
        (learn(&before.schema, &before, &options()).unwrap(), learn(&after.schema, &after, &options()).unwrap());
    let moved = drift(&second, Some(&first.model)).unwrap();
    assert_eq!((moved.against, moved.features[0].feature.as_str()), (Against::Earlier, "via"));
    assert!(moved.features[0].index > 0.25 && moved.features[1].index < 0.1, "{moved:?}");
    let steady = drift(&second, None).unwrap();
    assert_eq!(steady.against, Against::FirstHalf);
    assert!(steady.features.iter().all(|f| f.index < 0.1), "{steady:?}");
}

#[test]
fn held_out_labelled_rows_are_classified() {
    let table = table(3000);
    for judge in ["random-forest", "isolation-forest"] {
        let options = EvaluateOptions { label: 0, normal: None, judge: judge.parse().unwrap(), seed: 1 };
        let evaluated = evaluate(&table.schema, &table, &options).unwrap();
        assert_eq!((evaluated.rows, evaluated.anomalous, evaluated.duplicates), (3000, 30, 3000 - 36));
        assert_eq!(evaluated.labels, [("0".to_owned(), 2970), ("1".to_owned(), 30)]);
        let (_, stratified) = &evaluated.splits[0];
        let stratified = stratified.as_ref().unwrap();
        assert_eq!((stratified.confusion.class(1).support, stratified.training_anomalous), (10, 20));
        assert!(stratified.confusion.class(1).f1 > 0.9, "{judge} {stratified:?}");
        // All normal rows of the tail are in the training part as well: nothing is left to raise a false alarm on.
        let (_, tail) = &evaluated.splits[1];
        assert!(
            matches!(tail, Err(ActivityError::OneClass { part: "the held-out rows", anomalous: 10, .. })),
            "{tail:?}"
        );
    }
    let normal = EvaluateOptions { label: 0, normal: Some("2".into()), judge: Judge::RandomForest, seed: 1 };
    assert!(matches!(evaluate(&table.schema, &table, &normal), Err(ActivityError::OneClass { .. })));
}

#[test]
fn labels_are_found_by_name_and_words_for_normal_are_recognised() {
    let schema = table(0).schema;
    assert_eq!(label_column(&schema, None).unwrap(), 0);
    assert!(label_column(&schema, Some("bytes")).unwrap_err().to_string().contains("there is label"));
    let truth = with_label(schema.clone(), "via").unwrap();
    assert_eq!((label_column(&truth, Some("via")).unwrap(), label_column(&truth, None).unwrap()), (0, 1));
    assert!(with_label(schema, "none").is_err());
    for (label, normal, expected) in
        [("normal.", None, true), ("Benign", None, true), ("neptune.", None, false), ("7", Some("7"), true)]
    {
        assert_eq!(is_normal_label(label, normal), expected, "{label}");
    }
    assert!(!is_normal_label("0", Some("7")));
}
