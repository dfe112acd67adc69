//! Data for the tests, from seeds.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};

/// Columns `f0`, `f1`, … over windows of five minutes.
pub(crate) fn schema(width: usize) -> Arc<FeatureSchema> {
    let feature = |i| Feature {
        name: format!("f{i}"),
        label: format!("feature {i}"),
        unit: String::new(),
        transform: Transform::Identity,
    };
    Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features: (0..width).map(feature).collect() })
}

pub(crate) fn matrix<R: AsRef<[f64]>>(width: usize, rows: &[R]) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(schema(width));
    for row in rows {
        matrix.push(row.as_ref()).unwrap();
    }
    matrix
}

/// One column of the given values.
pub(crate) fn column(values: &[f64]) -> FeatureMatrix {
    matrix(1, &values.iter().map(|&v| [v]).collect::<Vec<_>>())
}

/// Independent columns, bell-shaped around 0 with variance 1 (sums of twelve uniforms).
pub(crate) fn bell(rows: usize, width: usize, seed: u64) -> FeatureMatrix {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut value = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let rows: Vec<Vec<f64>> = (0..rows).map(|_| (0..width).map(|_| value()).collect()).collect();
    matrix(width, &rows)
}

/// Independent columns and what a noisy rule over the first three says of each row: class 1 where it is above 0.
pub(crate) fn labelled(rows: usize, width: usize, seed: u64) -> (FeatureMatrix, Vec<u32>, Vec<f64>) {
    let (matrix, noise) = (bell(rows, width, seed), bell(rows, 1, seed + 1));
    let rule = |(row, noise): (&[f64], &[f64])| 2.0 * row[0] + row[1] * row[2] + 0.5 * noise[0];
    let targets: Vec<f64> = matrix.rows().zip(noise.rows()).map(rule).collect();
    let labels = targets.iter().map(|&target| u32::from(target > 0.0)).collect();
    (matrix, labels, targets)
}
