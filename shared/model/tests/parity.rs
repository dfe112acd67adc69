//! Our estimators against scikit-learn and numpy, on the arrays that `tests/parity/reference_arrays.py` computed.

#![expect(clippy::unwrap_used, reason = "what goes wrong in reading an array must fail the test")]

use std::path::Path;
use std::sync::Arc;

use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::score::Score;
use weir_model::{EcodParams, Gamma, IqrParams, LocalOutlierFactorParams, OneClassSvmParams};

/// The rows of an array, by the name of its case and its own.
fn array(case: &str, name: &str) -> Vec<Vec<f64>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/arrays").join(case);
    let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
    text.lines().map(|line| line.split(' ').map(|value| value.parse().unwrap()).collect()).collect()
}

/// An array of one column.
fn column(case: &str, name: &str) -> Vec<f64> {
    array(case, name).concat()
}

fn matrix(name: &str) -> FeatureMatrix {
    let rows = array("data", name);
    let feature = |i| Feature {
        name: format!("f{i}"),
        label: String::new(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = (0..rows[0].len()).map(feature).collect();
    let mut matrix =
        FeatureMatrix::new(Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features }));
    for row in rows {
        matrix.push(&row).unwrap();
    }
    matrix
}

fn values(scores: Vec<Score>) -> Vec<f64> {
    scores.into_iter().map(Score::get).collect()
}

/// Fails unless every value is within `tolerance · max(1, |expected|)` of the one expected.
#[track_caller]
fn near(ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let error = (ours - theirs).abs() / theirs.abs().max(1.0);
        assert!(error <= tolerance, "row {row}: {ours}, not {theirs}: {error:e}");
    }
}

#[test]
fn local_outlier_factor_is_that_of_scikit_learn() {
    for neighbours in [5, 20] {
        let valid = LocalOutlierFactorParams::default().neighbours(neighbours).check().unwrap();
        let lof = valid.fit(&matrix("training")).unwrap();
        let expected = |rows| column("local_outlier_factor", &format!("{rows}_{neighbours}"));
        near(&values(lof.training_scores()), &expected("training"), 1e-12);
        near(&values(lof.score(&matrix("asked")).unwrap()), &expected("asked"), 1e-12);
    }
}

#[test]
fn one_class_svm_is_that_of_scikit_learn() {
    for (name, nu, gamma) in
        [("scale_0.1", 0.1, Gamma::Scale), ("scale_0.5", 0.5, Gamma::Scale), ("narrow_0.2", 0.2, Gamma::Value(0.5))]
    {
        let valid = OneClassSvmParams::default().nu(nu).gamma(gamma).tolerance(1e-10).check().unwrap();
        let svm = valid.fit(&matrix("training")).unwrap();
        for rows in ["training", "asked"] {
            let scores = values(svm.score(&matrix(rows)).unwrap());
            let decisions: Vec<f64> = scores.into_iter().map(|score| -score * svm.boundary()).collect();
            near(&decisions, &column("one_class_svm", &format!("{rows}_{name}")), 1e-6);
        }
    }
}

#[test]
fn ecod_is_that_of_the_paper() {
    let ecod = EcodParams::default().check().unwrap().fit(&matrix("training")).unwrap();
    near(&values(ecod.score(&matrix("asked")).unwrap()), &column("ecod", "asked"), 1e-12);
}

#[test]
fn iqr_is_that_of_numpy() {
    let valid = IqrParams::default().check().unwrap();
    let (training, asked) = (matrix("training"), matrix("asked"));
    let parity = |rows: usize| (0..rows as i64).map(|row| row % 2).collect::<Vec<_>>();
    let iqr = valid.fit_grouped(&training, &parity(training.len())).unwrap();
    near(&values(iqr.score(&asked).unwrap()), &column("iqr", "asked"), 1e-12);
    let grouped = iqr.score_grouped(&asked, &parity(asked.len())).unwrap();
    near(&values(grouped), &column("iqr", "asked_grouped"), 1e-12);
}
