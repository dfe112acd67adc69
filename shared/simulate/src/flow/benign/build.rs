//! Builds and deployments: bursts, many hosts at once, large downloads and uploads, on working days.

use crate::flow::address;
use crate::flow::benign::Scene;
use crate::flow::calendar;
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;
use weir_domain::time::DAY_SECONDS;

/// A runner asks for work all the time, and what it builds fetches packages, talks to the servers it is tested against,
/// and is stored.
pub(super) fn builds(scene: &mut Scene<'_>) {
    let forge = Endpoint::external(address::service(scene.parameters.seed, "forge"));
    let storage = Endpoint::external(address::STORAGE);
    let busy = calendar::office(scene.seconds());
    let servers = scene.tier(Tier::App);
    for host in scene.tier(Tier::Runner) {
        let runner = scene.network.endpoint(host);
        for at in scene.regularly(60_000, scene.habit("runner", host)) {
            scene.tcp(at, 900.0, (runner, forge), 443, (700.0, 500.0));
        }
        for at in scene.moments(0.5 * busy) {
            let fetched = scene.stream.log_normal(4e6, 0.8);
            scene.tcp(at, 2_000.0, (runner, forge), 443, (4_000.0, fetched));
            let packages = scene.stream.between(25, 90);
            for n in 0..packages {
                let site = Endpoint::external(address::site(scene.parameters.seed, scene.stream.below(400)));
                let size = scene.stream.pareto(30_000.0, 1.0).min(9e7);
                let payload = (1_500.0, size);
                scene.tcp(at + 3_000 + n * 180, 100.0 + size / 20_000.0, (runner, site), 443, payload);
            }
            if scene.stream.chance(0.6) {
                for server in scene.stream.sample(&servers, 12) {
                    for _ in 0..4 {
                        let at = at + 60_000 + scene.stream.between(0, 90_000);
                        let payload = (scene.stream.log_normal(900.0, 0.5), scene.stream.log_normal(5_000.0, 0.8));
                        scene.tcp(at, 200.0, (runner, scene.network.endpoint(server)), 9000, payload);
                    }
                }
            }
            let stored = scene.stream.log_normal(1.2e8, 0.9).min(1.5e9);
            scene.tcp(at + 180_000, stored / 25_000.0, (runner, storage), 443, (stored, 9_000.0));
        }
    }
}

/// One or two deployments a working day: a runner reaches every web and application server by SSH, and each fetches the
/// new image. A server that is started fetches it too.
pub(super) fn deployments(scene: &mut Scene<'_>) {
    let day = scene.seconds().div_euclid(DAY_SECONDS);
    let number = |n: u64| crate::random::hash(scene.parameters.seed, "deployment", day as u64 * 2 + n);
    let workday = calendar::is_workday(scene.seconds());
    let times = [9 * 3600 + number(0) % 10_800, 14 * 3600 + number(1) % 10_800];
    let planned = if number(2) % 3 == 0 { 1 } else { 2 };
    let due = times.iter().take(if workday { planned } else { 0 }).any(|&time| {
        let time = day * DAY_SECONDS + time as i64;
        (scene.seconds()..scene.seconds() + 300).contains(&time)
    });
    let hosts: Vec<_> = scene.tier(Tier::Web).into_iter().chain(scene.tier(Tier::App)).collect();
    for host in hosts {
        let started =
            scene.network.host(host).is_some_and(|h| h.from >= scene.seconds() && h.from < scene.seconds() + 300);
        if !due && !started {
            continue;
        }
        let Some(runner) = scene.one(Tier::Runner) else { return };
        let server = scene.network.endpoint(host);
        let at = scene.start + scene.stream.between(20_000, 200_000);
        scene.tcp(at, 25_000.0, (runner, server), 22, (60_000.0, 30_000.0));
        let registry = Endpoint::external(address::service(scene.parameters.seed, "registry"));
        for layer in 0..scene.stream.between(2, 5) {
            let size = scene.stream.log_normal(3e7, 0.8);
            scene.tcp(at + 3_000 + layer * 700, size / 30_000.0, (server, registry), 443, (3_000.0, size));
        }
    }
}
