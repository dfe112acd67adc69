//! A host's window as numbers.

use std::sync::Arc;

use weir_domain::aggregate::{HostAggregate, HostWindow, PairTotals};
use weir_domain::matrix::{Feature, FeatureSchema, Transform};
use weir_domain::window::WindowLength;

/// Name, label, unit. All are counts, bytes or seconds and enter as `ln(1 + x)`.
///
/// What a host merely receives because it asked (downloads, updates, images) is left out on purpose: it varies by orders
/// of magnitude in any healthy network and says little. What it sends, begins, fails at or is flooded with is kept.
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
    let pairs = || begun.pairs().iter().chain(served.pairs().iter()).map(|(_, pair)| &pair.totals);
    let largest = |of: fn(&PairTotals) -> u64| pairs().map(of).max().unwrap_or(0) as f64;
    let rows = (b.rows() + s.rows()).max(1) as f64;
    let values = [
        b.attempt_rows as f64,
        begun.distinct_peers() as f64,
        begun.distinct_services() as f64,
        begun.distinct_pairs() as f64,
        failed as f64 * sampled,
        payload(b.bytes_sent, b.packets_sent) as f64,
        // A visitor's download is what it is served; somebody who gets much from the host shows in what it serves in all.
        begun
            .pairs()
            .iter()
            .map(|(_, pair)| payload(pair.totals.bytes_sent, pair.totals.packets_sent))
            .max()
            .unwrap_or(0) as f64,
        largest(|t| t.attempt_rows),
        b.slots().into_iter().max().unwrap_or(0) as f64,
        pairs().map(|t| one_sided(t.packets_sent, t.packets_received)).sum::<u64>() as f64,
        pairs().map(|t| one_sided(t.packets_received, t.packets_sent)).sum::<u64>() as f64,
        s.attempt_rows as f64,
        served.distinct_peers() as f64,
        served.distinct_services() as f64,
        payload(s.bytes_sent, s.packets_sent) as f64,
        (b.rejected_rows + s.rejected_rows) as f64,
        (b.duration_sum + s.duration_sum) as f64 / rows,
    ];
    values.into_iter().map(|v| Transform::Log1p.apply(v)).collect()
}

/// Bytes beyond headers. The acknowledgements of a download are many packets and no payload.
fn payload(bytes: u64, packets: u64) -> u64 {
    bytes.saturating_sub(packets.saturating_mul(HEADERS))
}

/// Headers of a TCP packet with timestamps over IPv4 or, a little short, IPv6.
const HEADERS: u64 = 60;

/// Packets beyond what any conversation needs: a receiver acknowledges at least every second packet or so, and a sender
/// is acknowledged. What is far from that is a flood, or talks to nobody.
fn one_sided(there: u64, back: u64) -> u64 {
    there.saturating_sub(back.saturating_mul(4))
}

/// How many pairs each kept one stands for.
fn scale(host: &HostAggregate) -> f64 {
    host.distinct_pairs() as f64 / host.pairs().len().max(1) as f64
}
