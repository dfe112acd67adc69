//! Our estimators against those of the `smartcore` crate, where it has them too: what it can say, ours say as well.

#![expect(clippy::unwrap_used, reason = "what cannot be fitted must fail the test")]

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use smartcore::cluster::{dbscan, kmeans};
use smartcore::decomposition::pca;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::neighbors::{KNNWeightFunction, knn_regressor};
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_model::{DbscanParams, KMeansParams, Kept, KnnRegressorParams, KnnWeights, PcaParams};

/// Rows of three features around `groups` places 10 apart on the first, in turn.
fn rows(count: usize, groups: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut value = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    (0..count).map(|at| vec![value() + 10.0 * (at % groups) as f64, value(), 0.5 * value()]).collect()
}

fn ours(rows: &[Vec<f64>]) -> FeatureMatrix {
    let feature = |i| Feature {
        name: format!("f{i}"),
        label: String::new(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = (0..3).map(feature).collect();
    let mut matrix =
        FeatureMatrix::new(Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features }));
    for row in rows {
        matrix.push(row).unwrap();
    }
    matrix
}

fn theirs(rows: &[Vec<f64>]) -> DenseMatrix<f64> {
    DenseMatrix::new(rows.len(), 3, rows.concat(), false).unwrap()
}

#[test]
fn k_nearest_neighbours_predict_the_same() {
    let (training, asked) = (rows(800, 3, 1), rows(100, 3, 2));
    let targets: Vec<f64> = training.iter().map(|row| row[0] * row[1]).collect();
    for (weights, function) in
        [(KnnWeights::Uniform, KNNWeightFunction::Uniform), (KnnWeights::Distance, KNNWeightFunction::Distance)]
    {
        let params = knn_regressor::KNNRegressorParameters::default().with_k(7).with_weight(function);
        let expected = knn_regressor::KNNRegressor::fit(&theirs(&training), &targets, params).unwrap();
        let expected: Vec<f64> = expected.predict(&theirs(&asked)).unwrap();
        let regressor = KnnRegressorParams::default().neighbours(7).weights(weights).check().unwrap();
        let found = regressor.fit(&ours(&training), &targets).unwrap().predict(&ours(&asked)).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} {expected}");
        }
    }
}

#[test]
fn k_means_finds_the_same_groups_where_there_are_some() {
    let training = rows(600, 4, 1);
    let mut params = kmeans::KMeansParameters::default().with_k(4);
    params.seed = Some(3);
    let expected = kmeans::KMeans::<f64, u32, _, Vec<u32>>::fit(&theirs(&training), params).unwrap();
    let expected = expected.predict(&theirs(&training)).unwrap();
    let means = KMeansParams::default().clusters(4).check().unwrap().fit(&ours(&training), 3).unwrap();
    same_groups(means.assignments(), &expected);
}

#[test]
fn dbscan_finds_the_same_groups_and_noise() {
    let mut training = rows(900, 3, 1);
    training.extend([vec![5.0, 9.0, 0.0], vec![15.0, -9.0, 3.0]]);
    let params = dbscan::DBSCANParameters::default().with_eps(1.2).with_min_samples(5);
    let expected = dbscan::DBSCAN::<f64, u32, _, Vec<u32>, _>::fit(&theirs(&training), params).unwrap();
    let expected = expected.predict(&theirs(&training)).unwrap();
    let groups = DbscanParams::default().eps(1.2).min_samples(5).check().unwrap().fit(&ours(&training)).unwrap();
    assert_eq!(groups.clusters(), 3);
    // It votes among all neighbours, so that a row at the edge, near more noise than cluster, may differ.
    let differ = groups.labels().iter().zip(&expected).filter(|(found, expected)| found.is_none() != (**expected == 0));
    assert!(differ.count() <= 9);
    let both = groups
        .labels()
        .iter()
        .zip(&expected)
        .filter_map(|(found, expected)| found.filter(|_| *expected > 0).map(|found| (found, *expected)));
    let (found, expected): (Vec<u32>, Vec<u32>) = both.unzip();
    assert!(found.len() > 880);
    same_groups(&found, &expected);
}

#[test]
fn principal_components_are_the_same_but_for_their_sign() {
    let training = rows(500, 3, 1);
    let params = pca::PCAParameters::default().with_n_components(3);
    let expected = pca::PCA::fit(&theirs(&training), params).unwrap();
    let found = PcaParams::default().kept(Kept::Components(3)).check().unwrap().fit(&ours(&training)).unwrap();
    for (number, component) in found.components().into_iter().enumerate() {
        let product: f64 = component
            .iter()
            .enumerate()
            .map(|(feature, value)| value * expected.components().get((feature, number)))
            .sum();
        assert!((product.abs() - 1.0).abs() < 1e-9, "{number}: {product}");
    }
}

/// Fails unless rows are together in one grouping just where they are in the other.
#[track_caller]
fn same_groups(found: &[u32], expected: &[u32]) {
    let mut pairs: Vec<(u32, u32)> = found.iter().copied().zip(expected.iter().copied()).collect();
    pairs.sort_unstable();
    pairs.dedup();
    for side in [|pair: &(u32, u32)| pair.0, |pair: &(u32, u32)| pair.1] {
        let mut numbers: Vec<u32> = pairs.iter().map(side).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), pairs.len(), "{pairs:?}");
    }
}
