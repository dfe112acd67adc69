//! What keeps the network going: clocks, metrics, logs, updates, backups, the weekly scan.

use crate::flow::address;
use crate::flow::benign::Scene;
use crate::flow::conversation::{Conversation, Endpoint, Outcome};
use crate::flow::network::Tier;
use crate::flow::parameters::Parameters;
use weir_domain::time::DAY_SECONDS;

/// What the load balancers and gateways that AWS runs do not do.
fn is_managed(tier: Tier) -> bool {
    matches!(tier, Tier::LoadBalancer | Tier::NatGateway)
}

/// All hosts that have an operating system of their own, but for some.
fn machines(scene: &Scene<'_>, but: &[Tier]) -> Vec<u16> {
    let wanted = |tier: Tier| !is_managed(tier) && !but.contains(&tier);
    scene.network.running(scene.seconds()).filter(|(_, host)| wanted(host.tier)).map(|(id, _)| id).collect()
}

fn service(scene: &Scene<'_>, name: &str) -> Endpoint {
    Endpoint::external(address::service(scene.parameters.seed, name))
}

/// Network time, every 1,024 seconds, from one of four servers.
pub(super) fn clocks(scene: &mut Scene<'_>) {
    for host in machines(scene, &[]) {
        let habit = scene.habit("clock", host);
        for at in scene.regularly(1_024_000, habit) {
            let server = service(scene, &format!("clock-{}", habit % 4));
            scene.question(at, (scene.network.endpoint(host), server), (123, 123), (76, 76));
        }
    }
}

/// The monitoring host asks every machine for its metrics, every five minutes.
pub(super) fn scrapes(scene: &mut Scene<'_>) {
    let Some(monitor) = scene.one(Tier::Monitoring) else { return };
    for host in machines(scene, &[Tier::Monitoring]) {
        for at in scene.regularly(300_000, scene.habit("scrape", host)) {
            let size = scene.stream.log_normal(28_000.0, 0.1);
            scene.tcp(at, 60.0, (monitor, scene.network.endpoint(host)), 9100, (210.0, size));
        }
    }
}

/// Servers send their logs to the monitoring host: the more the longer the night has been over.
pub(super) fn log_shipping(scene: &mut Scene<'_>) {
    let Some(monitor) = scene.one(Tier::Monitoring) else { return };
    let load = crate::flow::calendar::visitors(scene.parameters.seed, scene.seconds());
    for host in machines(scene, &[Tier::Monitoring, Tier::Desktop, Tier::Scanner]) {
        for at in scene.regularly(300_000, scene.habit("log-shipping", host)) {
            let size = scene.stream.log_normal(120_000.0, 0.5) * load;
            scene.tcp(at, 900.0, (scene.network.endpoint(host), monitor), 9200, (size, 900.0));
        }
    }
}

/// Agents that call home: benign beacons. One that every machine has, and some that few have.
pub(super) fn telemetry(scene: &mut Scene<'_>) {
    for host in machines(scene, &[]) {
        let habit = scene.habit("telemetry", host);
        for at in scene.regularly(300_000, habit) {
            let at = at + scene.stream.between(0, 4_000);
            let payload = (scene.stream.log_normal(2_200.0, 0.2), 420.0);
            scene.tcp(at, 350.0, (scene.network.endpoint(host), service(scene, "telemetry")), 443, payload);
        }
        // Licence checks, certificate renewals, a vendor's agent: on one machine in ten, each at its own interval.
        if habit % 10 == 7 {
            let period = [600_000, 900_000, 1_800_000, 3_600_000].get((habit >> 8) as usize % 4).copied();
            for at in scene.regularly(period.unwrap_or(600_000), habit >> 16) {
                let at = at + scene.stream.between(0, 2_000);
                let vendor = service(scene, &format!("vendor-{}", habit % 5));
                scene.tcp(at, 500.0, (scene.network.endpoint(host), vendor), 443, (900.0, 1_600.0));
            }
        }
    }
}

/// Once a day each machine fetches its updates; on some days they are large.
pub(super) fn updates(scene: &mut Scene<'_>) {
    for host in machines(scene, &[]) {
        for at in scene.regularly(DAY_SECONDS * 1000, scene.habit("update", host)) {
            let mirror = service(scene, &format!("mirror-{}", scene.habit("mirror", host) % 3));
            for n in 0..scene.stream.between(1, 4) {
                let size = scene.stream.pareto(2e6, 0.9).min(6e8);
                let ends = (scene.network.endpoint(host), mirror);
                scene.tcp(at + 900 * n, 400.0 + size / 12_000.0, ends, 443, (2_000.0, size));
            }
        }
    }
}

/// Every night each database sends its copy to the storage service: gigabytes, in parts.
pub(super) fn backups(scene: &mut Scene<'_>) {
    let night = (DAY_SECONDS * 1000, 3_600_000);
    let storage = Endpoint::external(address::STORAGE);
    for host in scene.tier(Tier::Database) {
        let habit = scene.habit("backup", host);
        // Between one and four in the morning, UTC.
        for at in scene.regularly(night.0, (night.1 as u64) + habit % 10_800_000) {
            let whole = (3e9 + (habit >> 8) as f64 % 9e9) * (0.95 + 0.1 * scene.stream.unit());
            let parts = 12;
            for part in 0..parts {
                let at = at + part * 110_000 + scene.stream.between(0, 20_000);
                let size = whole / parts as f64;
                scene.tcp(at, 100_000.0, (scene.network.endpoint(host), storage), 443, (size, 20_000.0));
            }
        }
    }
    // Once a night, the monitoring host sends away what it need not keep.
    if let Some(&host) = scene.tier(Tier::Monitoring).first() {
        for at in scene.regularly(night.0, 5 * night.1 as u64) {
            let size = scene.stream.log_normal(1.5e9, 0.2);
            scene.tcp(at, 700_000.0, (scene.network.endpoint(host), storage), 443, (size, 40_000.0));
        }
    }
}

/// Ports that the vulnerability scan looks at, with many others.
const LOOKED_AT: [u16; 12] = [22, 80, 443, 445, 3306, 3389, 5432, 6379, 8080, 9000, 9100, 9200];

/// When the weekly scans are: two hours from six in the morning of the second day, and of every seventh after it.
pub(crate) fn scans(parameters: &Parameters) -> impl Iterator<Item = (i64, i64)> + use<> {
    let (first, end) = (parameters.attacks_from() + 6 * 3600, parameters.end());
    (0..)
        .map(move |week| first + week * 7 * DAY_SECONDS)
        .take_while(move |&start| start < end)
        .map(|start| (start, start + 7200))
}

/// The weekly scan: every machine, sixty ports, by the one host that may.
pub(super) fn scan(scene: &mut Scene<'_>) {
    let now = scene.seconds();
    if !scans(scene.parameters).any(|(start, end)| (start..end - 300).contains(&now)) {
        return;
    }
    let Some(scanner) = scene.one(Tier::Scanner) else { return };
    let hosts = machines(scene, &[Tier::Scanner]);
    // 60 ports of every host in 23 windows.
    for at in scene.moments(hosts.len() as f64 * 60.0 / 23.0) {
        let Some(&host) = scene.stream.pick(&hosts) else { return };
        let known = scene.stream.pick(&LOOKED_AT).copied().unwrap_or(22);
        let port = if scene.stream.chance(0.4) { known } else { scene.stream.between(1, 10_000) as u16 };
        let own = scene.stream.ephemeral_port();
        let outcome = if scene.stream.chance(0.5) { Outcome::Rejected } else { Outcome::Refused };
        scene.add(Conversation::attempt(at, scanner, scene.network.endpoint(host), (own, port), outcome, 1));
    }
}
