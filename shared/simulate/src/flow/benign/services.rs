//! What servers say to one another, and to others' services.

use crate::flow::address;
use crate::flow::benign::Scene;
use crate::flow::calendar;
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;

const HOUR: i64 = 3_600_000;

/// Connections that applications and workers keep to a database, for an hour or so each, busy as the site is.
pub(super) fn pools(scene: &mut Scene<'_>) {
    let databases = scene.tier(Tier::Database);
    let hosts: Vec<_> = scene.tier(Tier::App).into_iter().chain(scene.tier(Tier::Worker)).collect();
    for host in hosts {
        let habit = scene.habit("pool", host);
        let Some(&database) = databases.get(habit as usize % databases.len().max(1)) else { return };
        let life = HOUR / 2 + (habit % 5_400_000) as i64;
        for at in scene.generations(life, habit >> 8) {
            let load = calendar::visitors(scene.parameters.seed, at / 1000) * life as f64 / 60_000.0;
            let payload = (scene.stream.log_normal(4_000.0, 0.3) * load, scene.stream.log_normal(30_000.0, 0.4) * load);
            let ends = (scene.network.endpoint(host), scene.network.endpoint(database));
            scene.tcp(at, life as f64 - 500.0, ends, 5432, payload);
        }
        // Reports and migrations connect by themselves.
        for at in scene.moments(0.25) {
            let Some(&database) = scene.stream.pick(&databases) else { return };
            let payload = (scene.stream.log_normal(1_500.0, 0.8), scene.stream.pareto(4_000.0, 1.2).min(2e8));
            let hold = scene.stream.log_normal(400.0, 1.2);
            scene.tcp(at, hold, (scene.network.endpoint(host), scene.network.endpoint(database)), 5432, payload);
        }
    }
}

/// Applications ask caches, over connections of some minutes.
pub(super) fn caches(scene: &mut Scene<'_>) {
    let load = calendar::visitors(scene.parameters.seed, scene.seconds());
    for host in scene.tier(Tier::App) {
        for at in scene.moments(0.8 * load) {
            let Some(cache) = scene.one(Tier::Cache) else { return };
            let hold = scene.stream.exponential(40_000.0);
            let payload = (scene.stream.log_normal(3_000.0, 0.9), scene.stream.log_normal(12_000.0, 1.2));
            scene.tcp(at, hold, (scene.network.endpoint(host), cache), 6379, payload);
        }
    }
}

/// Workers fetch work from a queue, and now and then move something large.
pub(super) fn queues(scene: &mut Scene<'_>) {
    let storage = Endpoint::external(address::STORAGE);
    for host in scene.tier(Tier::Worker) {
        let worker = scene.network.endpoint(host);
        for at in scene.regularly(120_000, scene.habit("queue", host)) {
            let Some(queue) = scene.one(Tier::Cache) else { return };
            let payload = (scene.stream.log_normal(500.0, 0.3), scene.stream.log_normal(4_000.0, 1.0));
            scene.tcp(at, 300.0, (worker, queue), 9092, payload);
        }
        for at in scene.moments(0.3) {
            let payload = (scene.stream.pareto(20_000.0, 1.1).min(4e8), scene.stream.pareto(20_000.0, 1.1).min(4e8));
            let hold = 200.0 + (payload.0 + payload.1) / 8_000.0;
            scene.tcp(at, hold, (worker, storage), 443, payload);
        }
    }
}

/// The first half of the databases sends the other half what was written, always.
pub(super) fn replication(scene: &mut Scene<'_>) {
    let databases = scene.tier(Tier::Database);
    let (primaries, replicas) = databases.split_at(databases.len() / 2);
    for (&primary, &replica) in primaries.iter().zip(replicas) {
        for at in scene.generations(6 * HOUR, scene.habit("replication", primary)) {
            let load = calendar::visitors(scene.parameters.seed, at / 1000 + 3 * 3600);
            let ends = (scene.network.endpoint(replica), scene.network.endpoint(primary));
            scene.tcp(at, (6 * HOUR) as f64 - 900.0, ends, 5432, (2e6, 9e8 * load));
        }
    }
}

/// Workers and applications call a handful of partners, each its own few; from the second day on there is a new one.
pub(super) fn partners(scene: &mut Scene<'_>) {
    let load = calendar::visitors(scene.parameters.seed, scene.seconds());
    let hosts: Vec<_> = scene.tier(Tier::Worker).into_iter().chain(scene.tier(Tier::App)).collect();
    let begun = scene.seconds() >= scene.parameters.attacks_from() + 11 * 3600;
    for host in hosts {
        let habit = scene.habit("partner", host);
        for at in scene.moments(0.25 * load) {
            let new = begun && habit % 8 == 3 && scene.stream.chance(0.3);
            let which = if new { 8 } else { (habit + scene.stream.below(2)) % 8 };
            let partner = Endpoint::external(address::service(scene.parameters.seed, &format!("partner-{which}")));
            let payload = (scene.stream.log_normal(2_500.0, 1.0), scene.stream.log_normal(9_000.0, 1.3));
            let hold = scene.stream.log_normal(700.0, 0.9);
            scene.tcp(at, hold, (scene.network.endpoint(host), partner), 443, payload);
        }
    }
    // A partner that calls us.
    for at in scene.moments(if begun { 1.0 } else { 0.0 }) {
        let Some(front) = scene.one(Tier::LoadBalancer) else { return };
        let partner = Endpoint::external(address::person(scene.parameters.seed, 900));
        let payload = (scene.stream.log_normal(3_000.0, 0.5), scene.stream.log_normal(20_000.0, 0.8));
        scene.tcp(at, 1_500.0, (partner, front), 443, payload);
    }
}

/// Everybody asks the resolvers, and they ask the internet what they do not know.
pub(super) fn names(scene: &mut Scene<'_>) {
    let hosts: Vec<_> = scene.network.running(scene.seconds()).map(|(id, host)| (id, host.tier)).collect();
    for (host, tier) in hosts {
        let often = match tier {
            // What AWS runs asks Amazon's own resolver, which is not logged.
            Tier::LoadBalancer | Tier::NatGateway | Tier::Resolver => continue,
            Tier::Database | Tier::Cache => 0.1,
            Tier::Desktop | Tier::Runner => 2.0,
            _ => 1.0,
        };
        for at in scene.moments(often) {
            let Some(resolver) = scene.one(Tier::Resolver) else { return };
            let bytes = (scene.stream.between(58, 92) as u64, scene.stream.between(80, 320) as u64);
            let port = scene.stream.ephemeral_port();
            scene.question(at, (scene.network.endpoint(host), resolver), (port, 53), bytes);
            if scene.stream.chance(0.2) {
                let which = scene.stream.below(2);
                let above = Endpoint::external(address::service(scene.parameters.seed, &format!("resolver-{which}")));
                let port = scene.stream.ephemeral_port();
                scene.question(at + 2, (resolver, above), (port, 53), (bytes.0 + 11, bytes.1 + 40));
            }
        }
    }
}
