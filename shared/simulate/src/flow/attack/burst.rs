//! Bursts: far more connections than usual, to one service.

use super::{Plot, SERVERS};
use crate::flow::conversation::Party;
use crate::flow::network::Tier;

fn burst(plot: &mut Plot<'_>, ends: (Party, Party), port: u16) {
    let (connections, minutes) = plot.level([(300, 10), (700, 8), (1_500, 5), (4_000, 5), (12_000, 4)]);
    let when = plot.when(minutes);
    for at in plot.spread(when, connections) {
        let payload = (plot.stream.between(80, 900) as u64, plot.stream.between(100, 4_000) as u64);
        let length = plot.stream.between(5, 900);
        plot.tcp(at, length, ends, port, payload);
    }
    plot.plan.accept = &["denial-of-service", "brute-force"];
    plot.plan.note = format!("{connections} connections in {minutes} min");
}

/// One of ours runs another down.
pub(super) fn internal(plot: &mut Plot<'_>) {
    let from = plot.host(&SERVERS);
    let (tier, port) = plot
        .stream
        .pick(&[(Tier::Database, 5432), (Tier::Cache, 6379), (Tier::App, 9000)])
        .copied()
        .unwrap_or((Tier::App, 9000));
    let to = plot.other(from, &[tier]);
    burst(plot, (from, to), port);
}

/// One client runs a load balancer down.
pub(super) fn external(plot: &mut Plot<'_>) {
    let ends = (plot.attacker(), plot.host(&[Tier::LoadBalancer]));
    burst(plot, ends, 443);
}
