//! Decides whether a rule or an expected actor matches a finding.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use weir_domain::finding::Entity;
use weir_domain::time::DAY_SECONDS;

use super::rule::{Expected, Hours, Rule};
use crate::ocsf::{DetectionFinding, Endpoint, EvidenceData};

/// The parts of a finding that rules compare, read once.
pub(super) struct Facts<'a> {
    finding: &'a DetectionFinding,
    pub(super) entity: Option<Entity>,
    sources: BTreeSet<IpAddr>,
    pub(super) peers: BTreeSet<IpAddr>,
    /// The one port of all evidence.
    pub(super) port: Option<u16>,
}

impl<'a> Facts<'a> {
    pub(super) fn from_finding(finding: &'a DetectionFinding) -> Self {
        let entity = finding.entity();
        let mut sources = BTreeSet::new();
        let mut peers = BTreeSet::new();
        let mut ports = BTreeSet::new();
        for evidence in &finding.evidences {
            let address = |side: &Option<Endpoint>| side.as_ref().map(|endpoint| endpoint.ip.to_canonical());
            let (source, destination) = (address(&evidence.src_endpoint), address(&evidence.dst_endpoint));
            sources.extend(source);
            let acts = source.is_some() && source == entity.as_ref().and_then(Entity::address);
            peers.extend(if acts { destination } else { source });
            ports.insert(match &evidence.data {
                EvidenceData::Traffic(data) if data.distinct_ports <= 1 => only(&data.ports),
                _ => None,
            });
        }
        let port = if ports.len() == 1 { ports.pop_first().flatten() } else { None };
        Self { finding, entity, sources, peers, port }
    }
}

/// The port, if there is exactly one.
fn only(ports: &[u16]) -> Option<u16> {
    if let [port] = ports { Some(*port) } else { None }
}

/// Whether there are addresses, all of them in a network.
fn all_in(network: IpNet, addresses: &BTreeSet<IpAddr>) -> bool {
    !addresses.is_empty() && addresses.iter().all(|ip| network.contains(ip))
}

impl Rule {
    pub(super) fn applies(&self, facts: &Facts<'_>, now: i64) -> bool {
        let cloud = &facts.finding.cloud;
        self.until.is_none_or(|until| now < until)
            && self.kind.is_none_or(|kind| kind.as_str() == facts.finding.kind())
            && self.entity.as_ref().is_none_or(|name| facts.entity.as_ref().is_some_and(|entity| name.matches(entity)))
            && self.cidr.is_none_or(|network| {
                facts.entity.as_ref().and_then(Entity::address).is_some_and(|ip| network.contains(&ip))
            })
            && self.port.is_none_or(|port| facts.port == Some(port))
            && self.peer.is_none_or(|network| all_in(network, &facts.peers))
            && self.account.as_ref().is_none_or(|account| *account == cloud.account.uid)
            && self.region.as_ref().is_none_or(|region| *region == cloud.region)
    }
}

impl Expected {
    /// Whether everybody who acts in the finding is this actor, at its time, doing what is expected of it.
    pub(super) fn is_seen_in(&self, facts: &Facts<'_>) -> bool {
        let info = &facts.finding.finding_info;
        self.kinds.iter().any(|kind| kind.as_str() == facts.finding.kind())
            && all_in(self.address, &facts.sources)
            && self.from.is_none_or(|from| from <= info.first_seen_time)
            && self.to.is_none_or(|to| info.last_seen_time < to)
            && self.hours.is_none_or(|hours| hours.hold(info.first_seen_time, info.last_seen_time))
    }
}

impl Hours {
    /// Whether all that lies between two times, milliseconds since the epoch, lies within these hours of one day.
    fn hold(self, first: i64, last: i64) -> bool {
        let (first, last) = (first.div_euclid(1000), last.div_euclid(1000));
        let since_start = first.saturating_sub(self.start).rem_euclid(DAY_SECONDS);
        last.saturating_sub(first).saturating_add(since_start) < self.length
    }
}
