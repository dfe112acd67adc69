//! Fitting and asking forests of 100 trees on rows of 12 features: an isolation forest over 256 rows a tree on 100 000
//! rows, a random forest on 10 000.
//!
//! `cargo bench -p weir-model` prints rows per second on all cores; set `RAYON_NUM_THREADS=1` for one.
#![expect(clippy::expect_used, reason = "a benchmark that cannot start says so")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_model::{IsolationForestParams, RandomForestClassifierParams};

const ROWS: usize = 100_000;
const LABELLED: usize = 10_000;
const WIDTH: usize = 12;

fn matrix(rows: usize) -> FeatureMatrix {
    let feature = |i| Feature {
        name: format!("f{i}"),
        label: String::new(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = (0..WIDTH).map(feature).collect();
    let schema = FeatureSchema { source: "flow".into(), window_seconds: 300, features };
    let mut matrix = FeatureMatrix::new(Arc::new(schema));
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..rows {
        // Products of uniforms: long-tailed, as counts and bytes are.
        let row: [f64; WIDTH] = std::array::from_fn(|_| rng.random::<f64>() * rng.random::<f64>());
        matrix.push(&row).expect("a finite row");
    }
    matrix
}

fn isolation_forest(c: &mut Criterion) {
    let matrix = matrix(ROWS);
    let valid = IsolationForestParams::default().check().expect("the defaults are in range");
    let forest = valid.fit(&matrix, 42).expect("enough rows");
    let mut group = c.benchmark_group("isolation_forest");
    group.sample_size(10);
    // No rows per second here: what fitting costs is the sampled rows, however many there are.
    group.bench_function("fit", |b| b.iter(|| valid.fit(black_box(&matrix), 42)));
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("score", |b| b.iter(|| forest.score(black_box(&matrix))));
    group.finish();
}

fn random_forest(c: &mut Criterion) {
    let matrix = matrix(LABELLED);
    let labels: Vec<u32> = matrix.rows().map(|row| u32::from(row[0] + row[1] * row[2] > row[3])).collect();
    let valid = RandomForestClassifierParams::default().check().expect("the defaults are in range");
    let forest = valid.fit(&matrix, &labels, 42).expect("enough rows");
    let mut group = c.benchmark_group("random_forest");
    group.sample_size(10).throughput(Throughput::Elements(LABELLED as u64));
    group.bench_function("fit", |b| b.iter(|| valid.fit(black_box(&matrix), &labels, 42)));
    group.bench_function("predict", |b| b.iter(|| forest.predict(black_box(&matrix))));
    group.finish();
}

criterion_group!(benches, isolation_forest, random_forest);
criterion_main!(benches);
