//! Rows a second from text to records: `cargo bench -p weir-ingest`.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use weir_ingest::{ObjectName, ReadLimits, flow::vpc_flow_log};

const ROWS: u32 = 100_000;

fn text() -> String {
    let mut text = String::from(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n",
    );
    for i in 0..ROWS {
        let (a, b, t) = (i % 251, i % 13, 1_700_000_000 + i / 100);
        let port = 1024 + i % 60_000;
        let _ = writeln!(
            text,
            "2 123456789012 eni-0a1b2c3d4e5f6071{b} 10.20.{b}.{a} 172.31.{a}.{b} {port} 443 6 {a} {} {t} {} ACCEPT OK",
            i * 7 % 100_000,
            t + 59
        );
    }
    text
}

fn parse(c: &mut Criterion) {
    let (text, name) = (text(), ObjectName::new("bench.log"));
    let mut group = c.benchmark_group("vpc_flow_log");
    group.throughput(Throughput::Elements(ROWS.into())).sample_size(20);
    group.bench_function("text v2", |b| {
        b.iter(|| {
            let mut bytes = 0;
            let summary = vpc_flow_log::read(text.as_bytes(), &name, ReadLimits::default(), |r| {
                bytes += black_box(r).bytes;
            });
            black_box((summary.map(|s| s.records).unwrap_or_default(), bytes))
        });
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
