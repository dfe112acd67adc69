//! The noise of the internet at every public address.

use crate::flow::address;
use crate::flow::benign::Scene;
use crate::flow::conversation::{Conversation, Endpoint, Outcome, UDP, Volume};

/// Scanners there are; some come all day, most rarely.
pub(crate) const SCANNERS: u64 = 1500;

/// What they knock at, and other ports.
const KNOCKED_AT: [u16; 16] =
    [23, 2323, 80, 8080, 8443, 5901, 5900, 6379, 1433, 3306, 5432, 445, 9200, 2375, 27017, 21];

/// Scanners knock at public addresses; nobody lets them in.
pub(super) fn noise(scene: &mut Scene<'_>) {
    let public: Vec<_> =
        scene.network.running(scene.seconds()).filter(|(_, host)| host.tier.is_public()).map(|(id, _)| id).collect();
    for at in scene.moments(40.0) {
        let Some(&host) = scene.stream.pick(&public) else { return };
        let number = (SCANNERS as f64 * scene.stream.unit().powi(2)) as u64;
        let who = Endpoint::external(address::noise(scene.parameters.seed, number));
        let known = scene.stream.pick(&KNOCKED_AT).copied().unwrap_or(23);
        let port = if scene.stream.chance(0.7) { known } else { scene.stream.between(1, 65_535) as u16 };
        let own = scene.stream.between(1_024, 65_535) as u16;
        let target = scene.network.endpoint(host);
        // Where somebody listens, what knocks is let in: that is the visitors' and the attackers' part.
        if [22, 443, 3389].contains(&port) {
            continue;
        }
        if scene.stream.chance(0.15) {
            let sent = Volume { packets: 1, bytes: scene.stream.between(40, 130) as u64 };
            let port = [53, 123, 161, 1900, 5060].get(scene.stream.below(5) as usize).copied().unwrap_or(53);
            let none = Volume::default();
            let conversation = Conversation::datagrams(at, 0, (who, target), (UDP, own, port), sent, none);
            scene.add(conversation.ending(Outcome::Rejected));
        } else {
            let tries = scene.stream.between(1, 2) as u64;
            scene.add(Conversation::attempt(at, who, target, (own, port), Outcome::Rejected, tries));
        }
    }
}
