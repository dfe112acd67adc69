//! Measures the time of scoring logins: a whole log, and one at a time; by evidence alone, and with a model trained on
//! labels. On one thread: `RAYON_NUM_THREADS=1 cargo bench -p weir-pipeline`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use weir_domain::login::{Labels, LoginEvent, LoginKind, Outcome};
use weir_features::login::{ApiUse, History, Places};
use weir_model::EstimatorKind;
use weir_pipeline::login::{LoginOptions, LoginScorer, LoginTable, detect_logins, score_one, train_logins};
use weir_pipeline::training::TrainOptions;

/// A million logins of 20,000 users over a month. Each user has a home and two devices; one login in fifty comes from
/// elsewhere.
fn logins(n: u64) -> LoginTable {
    let mut table = LoginTable::default();
    for at in 0..n {
        table.push(at, &login(at, &format!("user{}", mixed(at) % 20_000)));
    }
    table
}

fn login(at: u64, user: &str) -> LoginEvent<'_> {
    let hash = mixed(at);
    let home = mixed(user.len() as u64 ^ (hash % 20_000)) % 3_000;
    let place = if (hash >> 20).is_multiple_of(64) { mixed(hash) % 5_000 } else { home };
    LoginEvent {
        source_ip: Some([10, (place >> 8) as u8, place as u8, (hash >> 40) as u8].into()),
        country: ["FR", "DE", "BR", "US", "IN"][(place % 5) as usize],
        asn: Some((place % 300) as u32),
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/117.0.0.0 Safari/537.36",
        browser: if (hash >> 30).is_multiple_of(2) { "Chrome 117.0.0" } else { "Chrome Mobile 118.0.0" },
        os: if (hash >> 30).is_multiple_of(2) { "Windows 10" } else { "Android 10" },
        round_trip_ms: Some(40.0),
        bytes_in: Some(hash >> 44),
        ..LoginEvent::new(
            1_700_000_000_000 + (at * 2_592) as i64,
            user,
            LoginKind::Password,
            if (hash >> 50).is_multiple_of(16) { Outcome::Failure } else { Outcome::Success },
        )
    }
}

/// A scorer trained on 100,000 logins, one in a hundred a labelled attack.
#[expect(clippy::expect_used, reason = "a benchmark stops where it cannot go on")]
fn learned() -> LoginScorer {
    let mut table = LoginTable::default();
    for at in 0..100_000 {
        let user = format!("user{}", mixed(at) % 20_000);
        let attack = at % 100 == 0;
        let source_ip = if attack { Some([198, 51, 100, (at / 100) as u8].into()) } else { login(at, &user).source_ip };
        let labels = Labels { attack: Some(attack), ..Labels::default() };
        table.push(at, &LoginEvent { labels, source_ip, ..login(at, &user) });
    }
    let options =
        TrainOptions { estimators: vec![EstimatorKind::IsolationForest], seed: 1, now: 0, program: String::new() };
    let trained = train_logins(table, ApiUse::default(), &LoginOptions::default(), &options, None);
    let ensemble = trained.expect("enough logins").model.ensemble;
    assert!(ensemble.ensemble().is_trained_on_attacks());
    LoginScorer::with_ensemble(Arc::new(ensemble)).expect("this version's evidence")
}

fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) ^ (x >> 31)
}

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let n = 200_000;
    let table = logins(n);
    let by_model = LoginOptions { model: learned(), ..LoginOptions::default() };
    let mut group = criterion.benchmark_group("logins");
    group.throughput(Throughput::Elements(n));
    group.bench_function("a whole log", |b| {
        b.iter(|| detect_logins(black_box(table.clone()), &LoginOptions::default()));
    });
    group.bench_function("a whole log, with a model", |b| {
        b.iter(|| detect_logins(black_box(table.clone()), &by_model));
    });
    group.finish();
    let (model, mut history) = (LoginScorer::default(), History::default());
    for at in 0..100_000 {
        let user = format!("user{}", mixed(at) % 20_000);
        let one = score_one(&model, &history, &Places::none(), &login(at, &user));
        model.count(&mut history, &one.sighting, &one.evidence, one.counted, None);
    }
    criterion.bench_function("one login", |b| {
        b.iter(|| score_one(&model, &history, &Places::none(), black_box(&login(100_001, "user7"))));
    });
    // A login for which the ensemble is evaluated: an earlier user, from elsewhere, failed.
    let strange =
        LoginEvent { source_ip: Some([203, 0, 113, 9].into()), outcome: Outcome::Failure, ..login(100_001, "user7") };
    let judged = score_one(&by_model.model, &history, &Places::none(), &strange);
    assert_ne!(judged.score, judged.counted, "the ensemble is evaluated");
    criterion.bench_function("one login, with a model", |b| {
        b.iter(|| score_one(&by_model.model, &history, &Places::none(), black_box(&strange)));
    });
    criterion.final_summary();
}
