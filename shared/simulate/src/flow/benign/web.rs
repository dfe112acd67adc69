//! Visitors, the load balancers they come to, and what their requests set off behind.

use crate::flow::address;
use crate::flow::benign::Scene;
use crate::flow::calendar;
use crate::flow::conversation::{Endpoint, Outcome};
use crate::flow::network::Tier;

/// Visits of 60 hosts' worth of web site in five minutes of the busiest hour.
const VISITS: f64 = 110.0;
/// Visitors there are; a few of them come all the time, most of them once in a while.
const PEOPLE: f64 = 60_000.0;

/// Visitors' connections to a load balancer, its to a web server, and the web server's to an application.
pub(super) fn visits(scene: &mut Scene<'_>) {
    let load = calendar::visitors(scene.parameters.seed, scene.seconds());
    let balancers = scene.tier(Tier::LoadBalancer);
    for at in scene.moments(VISITS * scene.size() * load) {
        let Some(&balancer) = scene.stream.pick(&balancers) else { return };
        let number = (PEOPLE * scene.stream.unit().powi(3)) as u64;
        let seed = scene.parameters.seed;
        let (visitor, front) = if scene.stream.chance(0.12) {
            (address::visitor_v6(seed, number), scene.network.endpoint_v6(balancer))
        } else {
            (address::visitor(seed, number), scene.network.endpoint(balancer))
        };
        let pages = 1.0 + scene.stream.exponential(3.0);
        let asked = scene.stream.log_normal(700.0, 0.5) * pages;
        let answered = scene.stream.pareto(2_500.0, 1.25).min(8e7) * pages;
        let stay = scene.stream.log_normal(6_000.0, 1.1).min(600_000.0);
        let port = scene.stream.between(1_024, 65_535) as u16;
        let payload = (asked as u64, answered as u64);
        let ends = (Endpoint::external(visitor), front);
        let mut conversation = crate::flow::Conversation::tcp(at, stay as i64, ends.0, ends.1, (port, 443), payload);
        if scene.stream.chance(0.03) {
            conversation = conversation.ending(Outcome::Aborted);
        }
        scene.add(conversation);
        request(scene, at, balancer, (asked, answered));
    }
}

/// What one visit sets off: one connection each to a web server and an application, that others share.
fn request(scene: &mut Scene<'_>, at: i64, balancer: u16, size: (f64, f64)) {
    if !scene.stream.chance(0.6) {
        return;
    }
    let Some(web) = scene.one(Tier::Web) else { return };
    let balancer = scene.network.endpoint(balancer);
    let hold = scene.stream.log_normal(900.0, 1.0).min(60_000.0);
    scene.tcp(at + 3, hold, (balancer, web), 8080, (size.0 * 1.2, size.1));
    if scene.stream.chance(0.7) {
        let Some(app) = scene.one(Tier::App) else { return };
        let (asked, answered) = (scene.stream.log_normal(900.0, 0.6), scene.stream.log_normal(6_000.0, 1.2));
        scene.tcp(at + 9, hold * 0.8, (web, app), 9000, (asked, answered));
    }
}

/// Load balancers ask every web server of their zone, every half minute, whether it is well.
pub(super) fn health_checks(scene: &mut Scene<'_>) {
    let zone = |id| scene.network.host(id).map(|host| host.zone);
    let pairs: Vec<_> = scene
        .tier(Tier::LoadBalancer)
        .into_iter()
        .flat_map(|front| scene.tier(Tier::Web).into_iter().map(move |web| (front, web)))
        .filter(|&(front, web)| zone(front) == zone(web))
        .collect();
    for (front, web) in pairs {
        for at in scene.regularly(30_000, scene.habit("health-check", web)) {
            let ends = (scene.network.endpoint(front), scene.network.endpoint(web));
            scene.tcp(at, 4.0, ends, 8080, (120.0, 180.0));
        }
    }
}
