//! Computes the feature row of a host in a window.

use std::sync::Arc;

use weir_domain::aggregate::{HostAggregate, HostWindow, PairTotals};
use weir_domain::matrix::{Feature, FeatureSchema, Transform};
use weir_domain::window::WindowLength;

/// Name, label and unit of each feature. All are counts, bytes or seconds and are transformed by `ln(1 + x)`. Names and labels
/// are stored in models.
///
/// Bytes that a host receives because it requested them (downloads, updates, images) are left out on purpose: they vary by
/// orders of magnitude in any healthy network. What it sends, opens, fails at or is flooded with is kept.
const FEATURES: &[(&str, &str, &str)] = &[
    ("flows_begun", "flows it began", ""),
    ("peers_contacted", "hosts it contacted", ""),
    ("services_contacted", "ports it contacted", ""),
    ("pairs_contacted", "host and port pairs it contacted", ""),
    ("pairs_failed", "contacts that failed", ""),
    ("payload_sent", "payload sent on flows it began", "B"),
    ("largest_payload", "payload sent to a single peer and port", "B"),
    ("largest_flows", "flows with a single peer and port", ""),
    ("busiest_slot", "flows begun in the busiest fifth of the window", ""),
    ("packets_unanswered", "packets sent without answer", ""),
    ("packets_unasked", "packets received without answering", ""),
    ("flows_served", "flows begun towards it", ""),
    ("peers_served", "hosts that contacted it", ""),
    ("services_served", "own ports that were contacted", ""),
    ("payload_served", "payload it served", "B"),
    ("rejected", "flows stopped by security groups", ""),
    ("mean_duration", "mean duration of flow records", "s"),
];

/// The schema of [`host_row`].
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

/// The feature row of a host in a window, in the order of [`host_schema`] and transformed. Always finite.
#[must_use]
pub fn host_row(host: &HostWindow<'_>) -> Vec<f64> {
    let (initiated, served) = (&host.initiator, &host.responder);
    let (i, s) = (initiated.totals(), served.totals());
    let failed = initiated.pairs().iter().filter(|(key, _)| host.failed(key.peer, key.service)).count();
    // Where the cap dropped pairs, the kept ones are a uniform sample of all.
    let scale = pairs_per_kept(initiated);
    let pairs = || initiated.pairs().iter().chain(served.pairs().iter()).map(|(_, pair)| &pair.totals);
    let max_of_pairs = |value: fn(&PairTotals) -> u64| pairs().map(value).max().unwrap_or(0) as f64;
    let rows = (i.rows() + s.rows()).max(1) as f64;
    let values = [
        i.attempt_rows as f64,
        initiated.distinct_peers() as f64,
        initiated.distinct_services() as f64,
        initiated.distinct_pairs() as f64,
        failed as f64 * scale,
        payload(i.bytes_sent, i.packets_sent) as f64,
        // Downloads by clients count as served payload, where a large one shows in the total.
        initiated
            .pairs()
            .iter()
            .map(|(_, pair)| payload(pair.totals.bytes_sent, pair.totals.packets_sent))
            .max()
            .unwrap_or(0) as f64,
        max_of_pairs(|t| t.attempt_rows),
        i.slots().into_iter().max().unwrap_or(0) as f64,
        pairs().map(|t| one_sided(t.packets_sent, t.packets_received)).sum::<u64>() as f64,
        pairs().map(|t| one_sided(t.packets_received, t.packets_sent)).sum::<u64>() as f64,
        s.attempt_rows as f64,
        served.distinct_peers() as f64,
        served.distinct_services() as f64,
        payload(s.bytes_sent, s.packets_sent) as f64,
        (i.rejected_rows + s.rejected_rows) as f64,
        (i.duration_sum + s.duration_sum) as f64 / rows,
    ];
    values.into_iter().map(|v| Transform::Log1p.apply(v)).collect()
}

/// Bytes beyond headers. The acknowledgements of a download are many packets without payload.
fn payload(bytes: u64, packets: u64) -> u64 {
    bytes.saturating_sub(packets.saturating_mul(HEADER_BYTES))
}

/// The header bytes of a TCP packet with timestamps over IPv4; over IPv6 they are a few more.
const HEADER_BYTES: u64 = 60;

/// Packets beyond those of a conversation, in which a receiver acknowledges about every second packet. Traffic far from that is
/// a flood, or has no receiver.
fn one_sided(there: u64, back: u64) -> u64 {
    there.saturating_sub(back.saturating_mul(4))
}

/// The number of pairs that each kept pair stands for.
fn pairs_per_kept(host: &HostAggregate) -> f64 {
    host.distinct_pairs() as f64 / host.pairs().len().max(1) as f64
}
