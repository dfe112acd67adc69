//! Our measures against scikit-learn's, on the arrays that `tests/parity/metrics.py` computed.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a wrong array must fail the test; thresholds are the scores"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use weir_domain::score::Score;
use weir_model::evaluation::{ClassMetrics, ClassificationReport, ConfusionMatrix, Ranking};

#[derive(Deserialize)]
struct Reference {
    classes: BTreeMap<String, Predicted>,
    rankings: BTreeMap<String, Scored>,
}

#[derive(Deserialize)]
struct Predicted {
    names: Vec<String>,
    labels: Vec<usize>,
    predictions: Vec<usize>,
    confusion: Vec<Vec<u64>>,
    accuracy: f64,
    /// Precision, recall, F1 and support: one value per class each.
    classes: [Vec<f64>; 4],
    /// Precision, recall and F1.
    #[serde(rename = "macro")]
    macro_average: [f64; 3],
    weighted: [f64; 3],
    report: String,
}

#[derive(Deserialize)]
struct Scored {
    labels: Vec<u8>,
    scores: Vec<f64>,
    roc_auc: f64,
    average_precision: f64,
    /// False positive rate, true positive rate, threshold.
    roc: Vec<(f64, f64, Option<f64>)>,
    /// Precision and recall, lowest threshold first, and a point of no threshold at the end.
    precision_recall: Vec<(f64, f64)>,
    /// False alarms allowed and what they let recall.
    recall_at: Vec<(u64, f64)>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/parity/metrics.json")).unwrap()
}

/// Fails unless all values are within 1e-9 of those expected.
#[track_caller]
fn near(case: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{case}");
    for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() <= 1e-9, "{case}, value {place}: {ours}, not {theirs}");
    }
}

fn shares(metrics: ClassMetrics) -> [f64; 3] {
    [metrics.precision, metrics.recall, metrics.f1]
}

#[test]
fn classes_are_measured_as_by_scikit_learn() {
    let reference = reference();
    assert_eq!(reference.classes.len(), 3);
    for (case, expected) in &reference.classes {
        let names: Vec<&str> = expected.names.iter().map(String::as_str).collect();
        let matrix = ConfusionMatrix::new(&names, &expected.labels, &expected.predictions).unwrap();
        for (label, row) in expected.confusion.iter().enumerate() {
            let ours: Vec<u64> = (0..row.len()).map(|prediction| matrix.count(label, prediction)).collect();
            assert_eq!(&ours, row, "{case}");
        }
        near(case, &[matrix.accuracy()], &[expected.accuracy]);
        for class in 0..names.len() {
            let ours = matrix.class(class);
            let theirs = expected.classes.each_ref().map(|values| values[class]);
            near(case, &[&shares(ours)[..], &[ours.support as f64]].concat(), &theirs);
        }
        near(case, &shares(matrix.macro_average()), &expected.macro_average);
        near(case, &shares(matrix.weighted_average()), &expected.weighted);
        assert_eq!(ClassificationReport::from_matrix(&matrix).to_string(), expected.report, "{case}");
    }
}

#[test]
fn rankings_are_measured_as_by_scikit_learn() {
    let reference = reference();
    assert_eq!(reference.rankings.len(), 6);
    for (case, expected) in &reference.rankings {
        let labels: Vec<bool> = expected.labels.iter().map(|label| *label == 1).collect();
        let scores: Vec<Score> = expected.scores.iter().map(|score| Score::new(*score).unwrap()).collect();
        let ranking = Ranking::new(&labels, &scores).unwrap();
        near(case, &[ranking.roc_auc().unwrap()], &[expected.roc_auc]);
        near(case, &[ranking.average_precision().unwrap()], &[expected.average_precision]);

        let roc = ranking.roc_curve().unwrap();
        let ours: Vec<f64> = roc.iter().flat_map(|p| [p.false_positive_rate, p.true_positive_rate]).collect();
        let theirs: Vec<f64> = expected.roc.iter().flat_map(|(x, y, _)| [*x, *y]).collect();
        near(case, &ours, &theirs);
        for (ours, (_, _, threshold)) in roc.iter().zip(&expected.roc) {
            assert_eq!(ours.threshold, threshold.unwrap_or(f64::INFINITY), "{case}");
        }

        let curve = ranking.precision_recall_curve().unwrap();
        let ours: Vec<f64> = curve.iter().rev().flat_map(|p| [p.precision, p.recall]).collect();
        let (last, theirs) = expected.precision_recall.split_last().unwrap();
        assert_eq!(*last, (1.0, 0.0), "{case}: the point of no threshold");
        near(case, &ours, &theirs.iter().flat_map(|(p, r)| [*p, *r]).collect::<Vec<_>>());

        for (allowed, recall) in &expected.recall_at {
            near(case, &[ranking.recall_at(*allowed).unwrap().recall], &[*recall]);
        }
    }
}
