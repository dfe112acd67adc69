//! Fitting and scoring the estimators beside the isolation forest, on 5 000 rows of 12 features.
//!
//! `cargo bench -p weir-model --bench novelty` prints rows per second on all cores; set `RAYON_NUM_THREADS=1` for one.
//! `tests/parity/speed.py` times them beside scikit-learn's.
#![expect(clippy::expect_used, reason = "a benchmark that cannot start says so")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_model::{EcodParams, IqrParams, LocalOutlierFactorParams, OneClassSvmParams};

const ROWS: usize = 5_000;
const WIDTH: usize = 12;

fn matrix(seed: u64) -> FeatureMatrix {
    let feature = |i| Feature {
        name: format!("f{i}"),
        label: String::new(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = (0..WIDTH).map(feature).collect();
    let schema = FeatureSchema { source: "flow".into(), window_seconds: 300, features };
    let mut matrix = FeatureMatrix::new(Arc::new(schema));
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    for _ in 0..ROWS {
        let row: [f64; WIDTH] = std::array::from_fn(|_| rng.random::<f64>() * rng.random::<f64>());
        matrix.push(&row).expect("a finite row");
    }
    matrix
}

/// Times `$params` fitting one matrix and scoring another.
macro_rules! estimator {
    ($criterion:expr, $name:literal, $params:ty, $training:expr, $asked:expr) => {
        let valid = <$params>::default().check().expect("the defaults are in range");
        let fitted = valid.fit($training).expect("enough rows");
        let mut group = $criterion.benchmark_group($name);
        group.sample_size(10).throughput(Throughput::Elements(ROWS as u64));
        group.bench_function("fit", |b| b.iter(|| valid.fit(black_box($training))));
        group.bench_function("score", |b| b.iter(|| fitted.score(black_box($asked))));
        group.finish();
    };
}

fn novelty(c: &mut Criterion) {
    let (training, asked) = (&matrix(1), &matrix(2));
    estimator!(c, "local_outlier_factor", LocalOutlierFactorParams, training, asked);
    estimator!(c, "one_class_svm", OneClassSvmParams, training, asked);
    estimator!(c, "ecod", EcodParams, training, asked);
    estimator!(c, "iqr", IqrParams, training, asked);
}

criterion_group!(benches, novelty);
criterion_main!(benches);
