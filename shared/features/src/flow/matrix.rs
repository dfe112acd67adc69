//! A host's window as numbers.

use std::sync::Arc;

use weir_domain::aggregate::{HostAggregate, HostWindow, PairTotals};
use weir_domain::fixed::LOG2_FRACTION_BITS;
use weir_domain::matrix::{Feature, FeatureSchema, Transform};
use weir_domain::window::WindowLength;

/// Name, label, unit. All are counts, bytes or seconds and enter as `ln(1 + x)`.
const FEATURES: &[(&str, &str, &str)] = &[
    ("flows_begun", "flows it began", ""),
    ("peers_contacted", "hosts it contacted", ""),
    ("services_contacted", "ports it contacted", ""),
    ("pairs_contacted", "host and port pairs it contacted", ""),
    ("pairs_failed", "contacts that failed", ""),
    ("packets_sent", "packets sent on flows it began", ""),
    ("bytes_sent", "bytes sent on flows it began", "B"),
    ("bytes_received", "bytes received on flows it began", "B"),
    ("largest_bytes", "bytes exchanged with a single peer and port", "B"),
    ("largest_packets", "packets exchanged with a single peer and port", ""),
    ("largest_flows", "flows with a single peer and port", ""),
    ("busiest_slot", "flows begun in its busiest fifth of the window", ""),
    ("flows_served", "flows begun towards it", ""),
    ("peers_served", "hosts that contacted it", ""),
    ("services_served", "own ports that were contacted", ""),
    ("served_bytes_sent", "bytes it served", "B"),
    ("served_bytes_received", "bytes sent to what it serves", "B"),
    ("rejected", "flows stopped by security groups", ""),
    ("typical_size", "typical bytes per flow record", "B"),
    ("mean_duration", "mean duration of flow records", "s"),
];

/// The columns of [`host_row`].
#[must_use]
pub fn host_schema(window_length: WindowLength) -> Arc<FeatureSchema> {
    let features = FEATURES
        .iter()
        .map(|&(name, label, unit)| Feature {
            name: name.to_owned(),
            label: label.to_owned(),
            unit: unit.to_owned(),
            transform: Transform::Log1p,
        })
        .collect();
    Arc::new(FeatureSchema { source: "flow".to_owned(), window_seconds: window_length.seconds(), features })
}

/// A host's window as a row of [`host_schema`], transformed. Always finite.
#[must_use]
pub fn host_row(host: &HostWindow<'_>) -> Vec<f64> {
    let (begun, served) = (&host.initiator, &host.responder);
    let (b, s) = (begun.totals(), served.totals());
    let failed = begun.pairs().iter().filter(|(key, _)| host.failed(key.peer, key.service)).count();
    // Where pairs were dropped by the cap, the kept ones are a uniform sample of all.
    let sampled = scale(begun);
    let largest = |of: fn(&PairTotals) -> u64| {
        let pairs = begun.pairs().iter().chain(served.pairs().iter());
        pairs.map(|(_, pair)| of(&pair.totals)).max().unwrap_or(0) as f64
    };
    let rows = (b.rows() + s.rows()).max(1) as f64;
    let log_size = (b.size_log_sum + s.size_log_sum) as f64 / rows / f64::from(1u32 << LOG2_FRACTION_BITS);
    let values = [
        b.attempt_rows as f64,
        begun.distinct_peers() as f64,
        begun.distinct_services() as f64,
        begun.distinct_pairs() as f64,
        failed as f64 * sampled,
        b.packets_sent as f64,
        b.bytes_sent as f64,
        b.bytes_received as f64,
        largest(|t| t.bytes_sent.saturating_add(t.bytes_received)),
        largest(|t| t.packets_sent.saturating_add(t.packets_received)),
        largest(|t| t.attempt_rows),
        b.slots().into_iter().max().unwrap_or(0) as f64,
        s.attempt_rows as f64,
        served.distinct_peers() as f64,
        served.distinct_services() as f64,
        s.bytes_sent as f64,
        s.bytes_received as f64,
        (b.rejected_rows + s.rejected_rows) as f64,
        log_size.exp2() - 1.0,
        (b.duration_sum + s.duration_sum) as f64 / rows,
    ];
    values.into_iter().map(|v| Transform::Log1p.apply(v)).collect()
}

/// How many pairs each kept one stands for.
fn scale(host: &HostAggregate) -> f64 {
    host.distinct_pairs() as f64 / host.pairs().len().max(1) as f64
}
