//! People at work: administrators, who come in by the bastion, and users of remote desktops.

use crate::flow::address;
use crate::flow::benign::Scene;
use crate::flow::calendar;
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;

/// Administrators there are; after half past eight on the second day there is one more.
const ADMINISTRATORS: u64 = 5;

/// Administrators' sessions: from home or the office to the bastion, and on to one or two servers.
pub(super) fn administrators(scene: &mut Scene<'_>) {
    let busy = calendar::office(scene.seconds());
    let new = u64::from(scene.seconds() >= scene.parameters.attacks_from() + 8 * 3600 + 1800);
    let Some(bastion) = scene.one(Tier::Bastion) else { return };
    for at in scene.moments(0.5 * busy) {
        let who = Endpoint::external(address::person(scene.parameters.seed, scene.stream.below(ADMINISTRATORS + new)));
        let stay = scene.stream.log_normal(900_000.0, 0.9).min(1.0e7);
        let typed = 40.0 * stay / 1000.0;
        scene.tcp(at, stay, (who, bastion), 22, (typed, 3.0 * typed));
        for _ in 0..scene.stream.between(1, 2) {
            let tier = [Tier::App, Tier::Web, Tier::Worker, Tier::Database];
            let tier = scene.stream.pick(&tier).copied().unwrap_or(Tier::App);
            let Some(server) = scene.one(tier) else { continue };
            scene.tcp(at + 20_000, stay * 0.8, (bastion, server), 22, (typed * 0.5, typed * 2.0));
        }
    }
}

/// Desktops: their users come in by the desktop gateway, look at web sites (a few of them daily, most of them rarely), and
/// now and then send something away.
pub(super) fn desktops(scene: &mut Scene<'_>) {
    let busy = calendar::office(scene.seconds());
    let Some(gateway) = scene.one(Tier::DesktopGateway) else { return };
    for host in scene.tier(Tier::Desktop) {
        let desktop = scene.network.endpoint(host);
        for at in scene.moments(0.12 * busy) {
            let user = Endpoint::external(address::person(scene.parameters.seed, 100 + u64::from(host)));
            let stay = scene.stream.log_normal(2_400_000.0, 0.6).min(1.4e7);
            let shown = 12.0 * stay;
            scene.tcp(at, stay, (user, gateway), 3389, (shown * 0.1, shown));
            scene.tcp(at + 400, stay - 400.0, (gateway, desktop), 3389, (shown * 0.1, shown));
        }
        for at in scene.moments(9.0 * busy) {
            let number = (3_000.0 * scene.stream.unit().powi(4)) as u64;
            let site = Endpoint::external(address::site(scene.parameters.seed, 1_000 + number));
            let away = if scene.stream.chance(0.01) { scene.stream.pareto(1e6, 1.1).min(1.5e8) } else { 2_500.0 };
            let payload = (away, scene.stream.pareto(6_000.0, 1.1).min(2e8));
            let hold = scene.stream.log_normal(12_000.0, 1.2).min(900_000.0);
            scene.tcp(at, hold, (desktop, site), 443, payload);
        }
    }
}
