//! What holds for both forests.

use std::io::Read;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;

use super::*;
use crate::error::{ExplainError, FitError, SchemaMismatch};
use crate::synthetic::{self, bell, labelled};

fn classifier() -> RandomForestClassifierParams {
    RandomForestClassifierParams::default().trees(30)
}

fn fit(params: &RandomForestClassifierParams, matrix: &FeatureMatrix, labels: &[u32]) -> RandomForestClassifier {
    params.check().unwrap().fit(matrix, labels, 1).unwrap()
}

fn fit_targets(matrix: &FeatureMatrix, targets: &[f64]) -> RandomForestRegressor {
    RandomForestRegressorParams::default().trees(30).check().unwrap().fit(matrix, targets, 1).unwrap()
}

fn accuracy(predicted: &[u32], labels: &[u32]) -> f64 {
    predicted.iter().zip(labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
}

fn r_squared(predicted: &[f64], targets: &[f64]) -> f64 {
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let squares = |from: &dyn Fn(usize) -> f64| (0..targets.len()).map(|i| (targets[i] - from(i)).powi(2)).sum::<f64>();
    1.0 - squares(&|i| predicted[i]) / squares(&|_| mean)
}

#[test]
fn what_is_learned_holds_for_rows_not_seen_and_out_of_bag() {
    let (matrix, labels, targets) = labelled(2000, 6, 1);
    let (unseen, its_labels, its_targets) = labelled(2000, 6, 77);

    let valid = RandomForestClassifierParams::default().check().unwrap();
    let (forest, out_of_bag) = valid.fit_out_of_bag(&matrix, &labels, 1).unwrap();
    let held_out = accuracy(&forest.predict(&unseen).unwrap(), &its_labels);
    assert!(held_out > 0.85, "{held_out}");
    assert!((out_of_bag.accuracy().unwrap() - held_out).abs() < 0.02, "{:?} {held_out}", out_of_bag.accuracy());
    assert!(accuracy(&forest.predict(&matrix).unwrap(), &labels) > 0.99);

    let valid = RandomForestRegressorParams::default().check().unwrap();
    let (forest, out_of_bag) = valid.fit_out_of_bag(&matrix, &targets, 1).unwrap();
    let held_out = r_squared(&forest.predict(&unseen).unwrap(), &its_targets);
    assert!(held_out > 0.8, "{held_out}");
    assert!((out_of_bag.r_squared().unwrap() - held_out).abs() < 0.03, "{:?} {held_out}", out_of_bag.r_squared());
    assert!(forest.importances()[0] > forest.importances()[3] * 5.0);
}

/// Not worse than another implementation of the same paper.
#[test]
fn as_accurate_as_the_reference() {
    use smartcore::ensemble::random_forest_classifier::{
        RandomForestClassifier as Reference, RandomForestClassifierParameters,
    };
    use smartcore::linalg::basic::matrix::DenseMatrix;
    let ((matrix, labels, _), (unseen, its_labels, _)) = (labelled(1500, 6, 1), labelled(1500, 6, 77));
    let dense =
        |matrix: &FeatureMatrix| DenseMatrix::from_2d_vec(&matrix.rows().map(<[f64]>::to_vec).collect()).unwrap();
    let params = RandomForestClassifierParameters::default().with_n_trees(50).with_seed(1);
    let reference = Reference::fit(&dense(&matrix), &labels, params).unwrap().predict(&dense(&unseen)).unwrap();
    let ours = fit(&classifier().trees(50), &matrix, &labels).predict(&unseen).unwrap();
    let (ours, reference) = (accuracy(&ours, &its_labels), accuracy(&reference, &its_labels));
    assert!(ours > reference - 0.015, "{ours} {reference}");
}

#[test]
fn the_seed_decides_and_the_number_of_threads_does_not() {
    let (matrix, labels, targets) = labelled(1500, 5, 1);
    let on = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let valid = classifier().check().unwrap();
            let (forest, out_of_bag) = valid.fit_out_of_bag(&matrix, &labels, seed).unwrap();
            let probabilities = forest.probabilities(&matrix).unwrap();
            (forest, out_of_bag, probabilities, fit_targets(&matrix, &targets))
        })
    };
    assert_eq!(on(1, 7), on(3, 7));
    assert_ne!(on(1, 7).2, on(1, 8).2);
}

#[test]
fn contributions_add_up_and_the_planted_feature_comes_first() {
    let (matrix, labels, targets) = labelled(1000, 5, 1);
    let (forest, regressor) = (fit(&classifier(), &matrix, &labels), fit_targets(&matrix, &targets));
    let (rows, _, _) = labelled(50, 5, 9);
    let (scores, numbers) = (forest.score(&rows).unwrap(), regressor.predict(&rows).unwrap());
    for row in 0..rows.len() {
        let explained = forest.explain(&rows, row).unwrap().sum();
        assert!((explained - (scores[row].get() - forest.base_rate())).abs() < 1e-6);
        let explained = regressor.explain(&rows, row).unwrap().sum();
        assert!((explained - (numbers[row] - regressor.base_rate())).abs() < 1e-9);
    }
    assert!((forest.base_rate() - 0.5).abs() < 0.05 && regressor.base_rate().abs() < 0.2);
    let planted = synthetic::matrix(5, &[[3.0, 0.0, 0.0, 0.0, 0.0]]);
    assert_eq!(forest.explain(&planted, 0).unwrap().contributions[0].feature, 0);
    assert_eq!(regressor.explain(&planted, 0).unwrap().contributions[0].feature, 0);
    assert!((forest.importances().iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn class_weights_move_the_probability_towards_the_rare_class() {
    let matrix = bell(2000, 2, 1);
    let labels: Vec<u32> = (0..2000).map(|i| u32::from(i % 50 == 0)).collect();
    let mean = |weights| {
        let forest = fit(&classifier().max_depth(2).class_weights(weights), &matrix, &labels);
        forest.score(&matrix).unwrap().into_iter().map(Score::get).sum::<f64>() / 2000.0
    };
    assert!((mean(ClassWeights::None) - 0.02).abs() < 0.01);
    assert!((mean(ClassWeights::Balanced) - 0.5).abs() < 0.1);
    assert!(mean(ClassWeights::Given(vec![1.0, 5.0])) > 0.06);
}

#[test]
fn limits_are_kept() {
    let (matrix, labels, _) = labelled(500, 4, 1);
    let forest = fit(&classifier().max_depth(3), &matrix, &labels);
    assert!(forest.ensemble.trees.iter().all(|tree| tree.tree.depth() <= 3));
    let forest = fit(&classifier().min_samples_leaf(40), &matrix, &labels);
    assert!(forest.leaves.iter().all(|leaf| leaf.iter().map(|(_, rows)| rows).sum::<u32>() >= 40));
}

#[test]
fn odd_data_is_learned_as_far_as_it_goes() {
    let one_row = synthetic::matrix(2, &[[1.0, 2.0]]);
    assert_eq!(fit(&classifier(), &one_row, &[0]).probabilities(&one_row), Ok(vec![1.0]));
    assert_eq!(fit_targets(&one_row, &[7.0]).predict(&one_row).unwrap().len(), 1);

    // A class of its own, and no split at all: constant columns and rows that contradict each other.
    let constant = synthetic::matrix(2, &[[3.0, 4.0]; 40]);
    let halves: Vec<u32> = (0..40).map(|i| i % 2).collect();
    let forest = fit(&classifier().trees(200), &constant, &halves);
    assert!((forest.score(&constant).unwrap()[0].get() - 0.5).abs() < 0.03);
    assert_eq!(forest.importances(), [0.0, 0.0]);
    assert_eq!(fit(&classifier(), &constant, &[2; 40]).predict(&constant), Ok(vec![2; 40]));

    let huge = synthetic::matrix(1, &(0..60).map(|i| [if i < 30 { -1e300 } else { 1e300 }]).collect::<Vec<_>>());
    let labels: Vec<u32> = (0..60).map(|i| u32::from(i >= 30)).collect();
    assert_eq!(fit(&classifier(), &huge, &labels).predict(&huge), Ok(labels.clone()));
    let targets: Vec<f64> = labels.iter().map(|&l| if l == 0 { -1e308 } else { 1e308 }).collect();
    let regressor = fit_targets(&huge, &targets);
    assert!(regressor.predict(&huge).unwrap().iter().zip(&targets).all(|(p, t)| (p / t - 1.0).abs() < 1e-9));
    assert!(regressor.explain(&huge, 0).unwrap().sum().is_finite());

    let none = FeatureMatrix::new(synthetic::schema(1));
    assert_eq!(regressor.predict(&none), Ok(vec![]));
}

#[test]
fn what_cannot_be_fitted_or_asked_is_an_error() {
    let valid = classifier().check().unwrap();
    let two = synthetic::column(&[1.0, 2.0]);
    let none: [&[f64]; 0] = [];
    assert_eq!(valid.fit(&synthetic::matrix(0, &none), &[], 1), Err(FitError::NoFeatures));
    assert_eq!(valid.fit(&synthetic::column(&[]), &[], 1), Err(FitError::TooFewRows { needed: 1, got: 0 }));
    assert_eq!(valid.fit(&two, &[1], 1), Err(FitError::UnequalLengths { rows: 2, got: 1 }));
    assert!(matches!(valid.fit(&two, &[0, u32::MAX], 1), Err(FitError::TooMany { what: "classes", .. })));
    let valid = RandomForestRegressorParams::default().check().unwrap();
    let error = valid.fit(&two, &[0.0, f64::NAN], 1).unwrap_err();
    assert_eq!(error.to_string().split(':').next(), Some("the target at row 1 is NaN"));

    let forest = fit(&classifier(), &two, &[0, 1]);
    let mismatch = SchemaMismatch::Width { expected: 1, got: 2 };
    assert_eq!(forest.predict(&bell(1, 2, 1)), Err(mismatch.clone()));
    assert_eq!(forest.explain(&bell(1, 2, 1), 0), Err(ExplainError::Schema(mismatch)));
    assert_eq!(forest.explain(&two, 2), Err(ExplainError::NoSuchRow { row: 2, rows: 2 }));
}

#[test]
fn forests_read_back_say_the_same() {
    let (matrix, labels, targets) = labelled(300, 4, 1);
    let forest = fit(&classifier().class_weights(ClassWeights::Balanced), &matrix, &labels);
    let bytes = postcard::to_stdvec(&forest).unwrap();
    let text = serde_json::to_string(&forest).unwrap();
    for back in [postcard::from_bytes::<RandomForestClassifier>(&bytes).unwrap(), serde_json::from_str(&text).unwrap()]
    {
        assert_eq!(back, forest);
        assert_eq!(back.probabilities(&matrix), forest.probabilities(&matrix));
        assert_eq!(back.explain(&matrix, 3), forest.explain(&matrix, 3));
    }
    assert!(postcard::from_bytes::<RandomForestClassifier>(&bytes[..bytes.len() / 2]).is_err());
    let nodes: usize = forest.ensemble.trees.iter().map(|tree| tree.tree.len()).sum();
    assert!(bytes.len() < 3 * nodes + 10_000, "{} bytes for {nodes} nodes", bytes.len());

    let forest = fit_targets(&matrix, &targets);
    let back: RandomForestRegressor = postcard::from_bytes(&postcard::to_stdvec(&forest).unwrap()).unwrap();
    assert_eq!(back.predict(&matrix), forest.predict(&matrix));
    assert_eq!(back.explain(&matrix, 3), forest.explain(&matrix, 3));
}

/// One tree over two features, split once.
fn small() -> Value {
    json!({
        "forest": {
            "schema": *synthetic::schema(2),
            "bins": [[0.5], [1.0, 2.0]],
            "importances": [0.0, 1.0],
            "trees": [{"feature": [2, 0, 0], "threshold": [1]}],
        },
        "class_weights": [1.0, 2.0],
        "classes": [2, 1],
        "class": [0, 1, 1],
        "rows": [3, 1, 4],
        "leaf": [0, 1],
    })
}

#[track_caller]
fn refuses(pointer: &str, value: Value, reason: &str) {
    let mut forest = small();
    *forest.pointer_mut(pointer).unwrap() = value;
    let err = serde_json::from_value::<RandomForestClassifier>(forest).map(|_| ()).unwrap_err();
    assert!(err.to_string().contains(reason), "{err}");
}

#[test]
fn a_forest_that_cannot_be_walked_is_refused() {
    let forest: RandomForestClassifier = serde_json::from_value(small()).unwrap();
    let rows = synthetic::matrix(2, &[[0.0, 2.0], [0.0, 2.1]]);
    assert_eq!(forest.score(&rows).unwrap().iter().map(|s| s.get() * 5.0).sum::<f64>().round() as i64, 7);
    refuses("/class_weights", json!([]), "no classes");
    refuses("/class_weights/0", json!(0.0), "out of range");
    refuses("/class/0", json!(2), "classes that are none");
    refuses("/class/0", json!(1), "out of order");
    refuses("/rows/0", json!(0), "without rows");
    refuses("/rows", json!([1]), "without rows");
    refuses("/classes", json!([65_535, 1]), "fewer classes");
    refuses("/classes", json!([2]), "more classes");
    refuses("/leaf", json!([0, 2]), "nowhere");
    refuses("/leaf", json!([0]), "more leaves than the forest");
    refuses("/leaf", json!([0, 1, 1]), "more leaves than the trees");
    refuses("/forest/trees", json!([]), "no trees");
    refuses("/forest/bins", json!([[0.5]]), "another number");
    refuses("/forest/bins/1", json!([2.0, 1.0]), "ascending");
    refuses("/forest/bins/1", json!(vec![0.0; 256]), "fewer than 256");
    refuses("/forest/importances", json!([1.0]), "importance");
    refuses("/forest/importances/0", json!(-1.0), "importance");
    refuses("/forest/schema/features", json!([]), "no features");
    refuses("/forest/trees/0/feature", json!([3, 0, 0]), "no feature");
    refuses("/forest/trees/0/feature", json!([2, 2, 0]), "fewer thresholds");
    refuses("/forest/trees/0/feature", json!([0, 0, 0]), "more thresholds");
    refuses("/forest/trees/0/threshold", json!([255]), "at no threshold");
    let chain: Vec<u32> = (0..131).map(|at| u32::from(at % 2 == 0 && at < 130)).collect();
    refuses("/forest/trees/0", json!({"feature": chain, "threshold": vec![0; 65]}), "too deep");

    let regressor = json!({"forest": small()["forest"], "rows": [1, 2], "mean": [0.5, 2.0]});
    assert!(serde_json::from_value::<RandomForestRegressor>(regressor.clone()).is_ok());
    for (column, value) in [("rows", json!([1, 0])), ("rows", json!([1])), ("mean", json!([1.0, 2.0, 3.0]))] {
        let mut bad = regressor.clone();
        bad[column] = value;
        assert!(serde_json::from_value::<RandomForestRegressor>(bad).is_err());
    }
}

proptest! {
    #[test]
    fn what_is_read_can_be_asked(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let matrix = bell(40, 2, 1);
        let labels: Vec<u32> = (0..40).map(|i| i % 3).collect();
        let mut bytes = postcard::to_stdvec(&fit(&classifier().trees(2), &matrix, &labels)).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(forest) = postcard::from_bytes::<RandomForestClassifier>(&bytes) {
            let mut rows = FeatureMatrix::new(std::sync::Arc::clone(forest.schema()));
            rows.push(&vec![1.0; rows.width()]).unwrap();
            prop_assert!(forest.score(&rows).unwrap()[0].get() <= 1.0);
            prop_assert!(forest.explain(&rows, 0).is_ok());
        }
    }
}

/// UNSW-NB15 with every third row held back. With a random 30 % held back, scikit-learn 1.9's forest of the same size
/// reaches .9757 to .9758, this one .9761.
#[test]
fn real_flows_are_told_from_attacks_as_well_as_scikit_learn_does() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/tables/unsw_nb15.csv.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("SKIPPED: no {}", path.display());
        return;
    };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut words = std::collections::BTreeMap::new();
    let (mut rows, mut labels) = (vec![], vec![]);
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (number, [_, label]) = fields[1..].split_last_chunk::<2>().unwrap();
        let count = words.len() as f64;
        let row = number
            .iter()
            .map(|field| field.parse().unwrap_or_else(|_| *words.entry(field.to_string()).or_insert(count)));
        rows.push(row.collect::<Vec<f64>>());
        labels.push(label.parse::<u32>().unwrap());
    }
    let part = |held_back: bool| {
        let at: Vec<usize> = (0..rows.len()).filter(|at| (at % 3 == 0) == held_back).collect();
        let matrix = synthetic::matrix(rows[0].len(), &at.iter().map(|&at| &rows[at]).collect::<Vec<_>>());
        (matrix, at.iter().map(|&at| labels[at]).collect::<Vec<u32>>())
    };
    let ((matrix, labels), (unseen, its_labels)) = (part(false), part(true));
    let accuracy = accuracy(
        &fit(&RandomForestClassifierParams::default(), &matrix, &labels).predict(&unseen).unwrap(),
        &its_labels,
    );
    assert!(accuracy > 0.971, "{accuracy}");
}
