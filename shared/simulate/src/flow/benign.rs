//! What goes on in the network on any day, one module for each part of it.
//!
//! An actor is a function of the network, a window of five minutes and a stream of its own for that window. It keeps no
//! state, so that any window can be made without those before it, and no actor changes what another does.

mod build;
mod edge;
mod people;
mod scene;
mod services;
mod upkeep;
mod web;

use super::conversation::Conversation;
use super::log::FILE_MILLIS;
use super::network::Network;
use super::parameters::Parameters;
use crate::random::Stream;
use scene::Scene;

pub(crate) use edge::SCANNERS;
pub(crate) use upkeep::scans;

/// What an actor does in a window.
type Actor = fn(&mut Scene<'_>);

/// Every actor, with the name of its stream.
const ACTORS: [(&str, Actor); 20] = [
    ("visits", web::visits),
    ("health-checks", web::health_checks),
    ("pools", services::pools),
    ("caches", services::caches),
    ("queues", services::queues),
    ("replication", services::replication),
    ("partners", services::partners),
    ("names", services::names),
    ("clocks", upkeep::clocks),
    ("scrapes", upkeep::scrapes),
    ("log-shipping", upkeep::log_shipping),
    ("telemetry", upkeep::telemetry),
    ("updates", upkeep::updates),
    ("backups", upkeep::backups),
    ("scan", upkeep::scan),
    ("builds", build::builds),
    ("deployments", build::deployments),
    ("administrators", people::administrators),
    ("desktops", people::desktops),
    ("noise", edge::noise),
];

/// Appends what begins in the window that starts at a time (milliseconds).
pub(crate) fn conversations(parameters: &Parameters, network: &Network, start: i64, out: &mut Vec<Conversation>) {
    let first = start == parameters.start * 1000;
    for (name, actor) in ACTORS {
        let stream = Stream::new(parameters.seed, name, (start / FILE_MILLIS) as u64);
        actor(&mut Scene { parameters, network, start, stream, first, out });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_have_streams_of_their_own() {
        let names: std::collections::BTreeSet<_> = ACTORS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), ACTORS.len());
    }
}
