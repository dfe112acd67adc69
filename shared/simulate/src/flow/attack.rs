//! The attacks: one module per kind, each way of attacking at five strengths.
//!
//! A recipe writes one attack as a function of the network, a stream of its own and the strength; it knows nothing of
//! other attacks or of what else goes on.

mod builder;
mod kind;

mod beacon;
mod brute_force;
mod burst;
mod exfiltration;
mod flood;
mod intruder;
mod malware;
mod protocol;
mod scan;
mod sweep;

use weir_domain::time::DAY_SECONDS;

use super::network::Network;
use super::parameters::{Intensity, Parameters};
use crate::random::Stream;
use builder::AttackBuilder;

pub(crate) use builder::Plan;
pub use kind::Kind;

/// Writes one attack.
type Recipe = fn(&mut AttackBuilder<'_>);

/// Every way of attacking, with the name of its stream, which is its subtype where the recipe gives no finer one.
const RECIPES: [(Kind, &str, Recipe); 34] = [
    (Kind::PortScan, "external-fast", scan::external_fast),
    (Kind::PortScan, "external-slow", scan::external_slow),
    (Kind::PortScan, "internal-fast", scan::internal_fast),
    (Kind::PortScan, "internal-slow", scan::internal_slow),
    (Kind::HostSweep, "internal", sweep::internal),
    (Kind::HostSweep, "outbound", sweep::outbound),
    (Kind::DenialOfService, "syn-flood", flood::syn),
    (Kind::DenialOfService, "udp-flood", flood::udp),
    (Kind::DenialOfService, "udp-amplification", flood::amplification),
    (Kind::DenialOfService, "outbound", flood::outbound),
    (Kind::ConnectionBurst, "internal", burst::internal),
    (Kind::ConnectionBurst, "external", burst::external),
    (Kind::Exfiltration, "fast", exfiltration::fast),
    (Kind::Exfiltration, "slow", exfiltration::slow),
    (Kind::Exfiltration, "storage", exfiltration::storage),
    (Kind::Beacon, "https", beacon::https),
    (Kind::Beacon, "varied", beacon::varied),
    (Kind::MalwareC2, "crypto-mining", malware::mining),
    (Kind::MalwareC2, "remote-control", malware::remote_control),
    (Kind::BruteForce, "ssh-external", brute_force::ssh_external),
    (Kind::BruteForce, "ssh-distributed", brute_force::ssh_distributed),
    (Kind::BruteForce, "rdp-external", brute_force::rdp_external),
    (Kind::BruteForce, "ssh-internal", brute_force::ssh_internal),
    (Kind::BruteForce, "database-internal", brute_force::database_internal),
    (Kind::BruteForce, "password-spray", brute_force::spray),
    (Kind::UnknownPeer, "external", intruder::external_peer),
    (Kind::UnknownPeer, "internal", intruder::internal_peer),
    (Kind::UnknownPeer, "inbound", intruder::inbound_peer),
    (Kind::UnusualProtocol, "gre", protocol::gre),
    (Kind::UnusualProtocol, "sctp", protocol::sctp),
    (Kind::UnusualProtocol, "icmp-tunnel", protocol::icmp_tunnel),
    (Kind::UnusualProtocol, "dns-tunnel", protocol::dns_tunnel),
    (Kind::LateralMovement, "fan-out", intruder::fan_out),
    (Kind::LateralMovement, "chain", intruder::chain),
];

/// Attacks of each recipe in a day.
const ROUNDS: u64 = 2;

/// Which attack, how strong, and the how-manieth of its recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    recipe: usize,
    level: u8,
    round: u64,
}

/// Which attacks there are: of each recipe two for every day but the first, of different strengths that take turns.
pub(crate) fn orders(parameters: &Parameters) -> Vec<Order> {
    if !parameters.attacks {
        return Vec::new();
    }
    let rounds = ROUNDS * u64::from(parameters.days - 1);
    let wanted = |kind| parameters.only.is_empty() || parameters.only.contains(&kind);
    let order = |recipe: usize, round: u64| Order {
        recipe,
        level: match parameters.intensity {
            Intensity::Only(level) => level,
            // Three apart in each round, so that a day has a faint and a strong one.
            Intensity::All => 1 + ((recipe as u64 + 3 * round) % 5) as u8,
        },
        round,
    };
    (0..rounds)
        .flat_map(|round| (0..RECIPES.len()).map(move |recipe| (recipe, round)))
        .filter(|&(recipe, _)| RECIPES.get(recipe).is_some_and(|(kind, ..)| wanted(*kind)))
        .map(|(recipe, round)| order(recipe, round))
        .collect()
}

/// Writes an attack out: the same for the same order.
pub(crate) fn plan(parameters: &Parameters, network: &Network, order: &Order) -> Plan {
    let (kind, name, recipe) = RECIPES.get(order.recipe).copied().unwrap_or(RECIPES[0]);
    // Two attacks a day: those of a round happen on its day, or begin then.
    let day = parameters.attacks_from() + (order.round / ROUNDS) as i64 * DAY_SECONDS;
    let mut attack = AttackBuilder {
        network,
        stream: Stream::new(
            parameters.seed,
            &format!("attack {kind} {name}"),
            order.round * 8 + u64::from(order.level),
        ),
        level: usize::from(order.level) - 1,
        span: ((day + 900) * 1000, (parameters.end().min(day + DAY_SECONDS) - 900) * 1000),
        plan: Plan {
            kind,
            subtype: name.to_owned(),
            intensity: order.level,
            conversations: Vec::new(),
            accept: &[],
            direction: None,
            note: String::new(),
        },
    };
    recipe(&mut attack);
    attack.plan.conversations.sort_by_key(|conversation| conversation.start);
    attack.plan
}

#[cfg(test)]
mod tests;
