//! Bursts: far more connections than usual, to one service.

use super::builder::{AttackBuilder, SERVERS};
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;

fn burst(attack: &mut AttackBuilder<'_>, ends: (Endpoint, Endpoint), port: u16) {
    let (connections, minutes) = attack.level([(300, 10), (700, 8), (1_500, 5), (4_000, 5), (12_000, 4)]);
    let when = attack.when(minutes);
    for at in attack.spread(when, connections) {
        let payload = (attack.stream.between(80, 900) as u64, attack.stream.between(100, 4_000) as u64);
        let length = attack.stream.between(5, 900);
        attack.tcp(at, length, ends, port, payload);
    }
    attack.plan.accept = &["denial-of-service", "brute-force"];
    attack.plan.note = format!("{connections} connections in {minutes} min");
}

/// One of ours runs another down.
pub(super) fn internal(attack: &mut AttackBuilder<'_>) {
    let from = attack.host(&SERVERS);
    let (tier, port) = attack
        .stream
        .pick(&[(Tier::Database, 5432), (Tier::Cache, 6379), (Tier::App, 9000)])
        .copied()
        .unwrap_or((Tier::App, 9000));
    let to = attack.other(from, &[tier]);
    burst(attack, (from, to), port);
}

/// One client runs a load balancer down.
pub(super) fn external(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.attacker(), attack.host(&[Tier::LoadBalancer]));
    burst(attack, ends, 443);
}
