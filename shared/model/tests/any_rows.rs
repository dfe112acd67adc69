//! Whatever finite rows come, the estimators fit, score and explain them: no panic, no infinity, sums as stated.

#![expect(clippy::unwrap_used, reason = "what goes wrong must fail the test")]

use std::sync::Arc;

use proptest::prelude::*;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::score::{Explanation, Score};
use weir_model::{EcodParams, IqrParams, LocalOutlierFactorParams, OneClassSvmParams};

fn matrix(rows: &[[f64; 2]]) -> FeatureMatrix {
    let feature = |name: &str| Feature {
        name: name.into(),
        label: String::new(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = vec![feature("a"), feature("b")];
    let mut matrix =
        FeatureMatrix::new(Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features }));
    for row in rows {
        matrix.push(row).unwrap();
    }
    matrix
}

/// The largest and the smallest numbers, few distinct ones so that rows are often equal, and any others.
fn value() -> impl Strategy<Value = f64> {
    let edge = prop::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e-200, 1e200]);
    prop_oneof![edge, (0..4_i32).prop_map(f64::from), -1e3..1e3_f64, prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL]
}

fn rows(at_least: usize) -> impl Strategy<Value = Vec<[f64; 2]>> {
    prop::collection::vec([value(), value()], at_least..40)
}

/// Fails unless each row's contributions sum to its score less an offset.
fn sums(scores: &[Score], offset: f64, explain: impl Fn(usize) -> Explanation) -> Result<(), TestCaseError> {
    for (row, score) in scores.iter().enumerate() {
        let (sum, expected) = (explain(row).sum(), score.get() - offset);
        prop_assert!((sum - expected).abs() <= 1e-9 * expected.abs().max(1.0), "row {row}: {sum}, not {expected}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn local_outlier_factor(training in rows(2), asked in rows(1), neighbours in 1..50_u32) {
        let valid = LocalOutlierFactorParams::default().neighbours(neighbours).check().unwrap();
        let (lof, asked) = (valid.fit(&matrix(&training)).unwrap(), matrix(&asked));
        let scores = lof.score(&asked).unwrap();
        prop_assert!(scores.iter().chain(&lof.training_scores()).all(|score| score.get() > 0.0));
        sums(&scores, 1.0, |row| lof.explain(&asked, row).unwrap())?;
        let stored = serde_json::to_string(&lof).unwrap();
        prop_assert_eq!(serde_json::from_str(&stored).ok(), Some(lof));
    }

    #[test]
    fn one_class_svm(training in rows(2), asked in rows(1), nu in 0.001..0.999_f64) {
        let valid = OneClassSvmParams::default().nu(nu).check().unwrap();
        let (svm, asked) = (valid.fit(&matrix(&training)).unwrap(), matrix(&asked));
        let scores = svm.score(&asked).unwrap();
        prop_assert!(scores.iter().all(|score| score.get() <= 1.0));
        sums(&scores, 0.0, |row| svm.explain(&asked, row).unwrap())?;
        let stored = serde_json::to_string(&svm).unwrap();
        prop_assert_eq!(serde_json::from_str(&stored).ok(), Some(svm));
    }

    #[test]
    fn ecod(training in rows(1), asked in rows(1)) {
        let valid = EcodParams::default().check().unwrap();
        let (ecod, asked) = (valid.fit(&matrix(&training)).unwrap(), matrix(&asked));
        let scores = ecod.score(&asked).unwrap();
        let most = 4.0 * ((training.len() + 1) as f64).ln();
        prop_assert!(scores.iter().all(|score| (0.0..=most).contains(&score.get())));
        sums(&scores, 0.0, |row| ecod.explain(&asked, row).unwrap())?;
        let stored = serde_json::to_string(&ecod).unwrap();
        prop_assert_eq!(serde_json::from_str(&stored).ok(), Some(ecod));
    }

    #[test]
    fn iqr(training in rows(1), asked in rows(1)) {
        let valid = IqrParams::default().group_rows(4).check().unwrap();
        let groups: Vec<i64> = (0..training.len() as i64).map(|row| row % 3).collect();
        let (iqr, asked) = (valid.fit_grouped(&matrix(&training), &groups).unwrap(), matrix(&asked));
        for (row, score) in iqr.score(&asked).unwrap().into_iter().enumerate() {
            prop_assert!((0.0..=1e100).contains(&score.get()));
            let first = Score::new(iqr.explain(&asked, row).unwrap().contributions[0].amount);
            prop_assert_eq!(first, Some(score));
        }
        let stored = serde_json::to_string(&iqr).unwrap();
        prop_assert_eq!(serde_json::from_str(&stored).ok(), Some(iqr));
    }
}

/// A million columns are fitted, or refused by name: forests number their features in 16 bits.
#[test]
fn a_million_columns_are_fitted_or_refused() {
    let feature = |at: usize| weir_domain::matrix::Feature {
        name: format!("f{at}"),
        label: String::new(),
        unit: String::new(),
        transform: weir_domain::matrix::Transform::Identity,
    };
    let features = (0..1_000_000).map(feature).collect();
    let schema = weir_domain::matrix::FeatureSchema { source: "test".into(), window_seconds: 300, features };
    let mut wide = weir_domain::matrix::FeatureMatrix::new(std::sync::Arc::new(schema));
    for row in 0..4_u32 {
        let values: Vec<f64> = (0..1_000_000_u32).map(|at| f64::from((at * 7 + row * 13) % 11)).collect();
        wide.push(&values).unwrap();
    }
    for kind in weir_model::EstimatorKind::ALL {
        match kind.fit(&wide, 1) {
            Ok(fitted) => assert_eq!(fitted.score(&wide).unwrap().len(), 4, "{kind}"),
            Err(refused) => {
                let max = match kind {
                    weir_model::EstimatorKind::IsolationForest => 65536,
                    weir_model::EstimatorKind::Pca => 2048,
                    _ => 0,
                };
                let expected = format!("1000000 features to fit on: at most {max} are possible");
                assert_eq!(refused.to_string(), expected, "{kind}");
            }
        }
    }
    let forest = weir_model::RandomForestClassifierParams::default().check().unwrap().fit(&wide, &[0, 1, 0, 1], 1);
    assert!(matches!(forest, Err(weir_model::FitError::TooMany { .. })));
}
