//! Scoring a series point by point.
//!
//! `cargo bench -p weir-model --bench streaming` prints points per second on one core, for a detector that has seen nothing
//! yet, and for one whose memory is full and that knows both seasons.
#![expect(clippy::expect_used, reason = "a benchmark that cannot start says so")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use weir_model::OnlineDetectorParams;

const POINTS: u32 = 4032;
const STEP: i64 = 300;

/// Two weeks of a daily season with noise, the so-manieth ones.
fn points(weeks: i64) -> Vec<(i64, f64)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let value = |time: i64, noise: f64| 100.0 + 50.0 * ((time % 86_400) as f64 / 13_751.0).sin() + 10.0 * noise;
    let times = (0..i64::from(POINTS)).map(|i| weeks * 2 * 7 * 86_400 + i * STEP);
    times.map(|time| (time, value(time, rng.random::<f64>()))).collect()
}

fn streaming(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("online_detector");
    group.throughput(Throughput::Elements(u64::from(POINTS))).sample_size(10);
    let new = OnlineDetectorParams::default().check().expect("the defaults are in range").start();
    let mut full = new.clone();
    (0..6).for_each(|weeks| drop(full.score(points(weeks))));
    for (name, detector) in [("new", new), ("full", full)] {
        let next = points(6);
        group.bench_function(name, |bencher| {
            let score = |mut detector: weir_model::OnlineDetector| black_box(detector.score(next.iter().copied()));
            bencher.iter_batched(|| detector.clone(), score, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, streaming);
criterion_main!(benches);
