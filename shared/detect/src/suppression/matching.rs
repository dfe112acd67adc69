//! Whether a rule or an expected actor holds for a finding.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Expected, Hours, Rule};
use crate::ocsf::DetectionFinding;

const DAY: i64 = 24 * 3600;

/// What rules look at, read from a finding once.
pub(super) struct Facts<'a> {
    finding: &'a DetectionFinding,
    pub(super) entity: Option<IpAddr>,
    sources: BTreeSet<IpAddr>,
    pub(super) peers: BTreeSet<IpAddr>,
    /// The one port of all evidence.
    pub(super) port: Option<u16>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(finding: &'a DetectionFinding) -> Self {
        let entity = finding.entity();
        let mut sources = BTreeSet::new();
        let mut peers = BTreeSet::new();
        let mut ports = BTreeSet::new();
        for evidence in &finding.evidences {
            let (source, destination) =
                (evidence.src_endpoint.ip.to_canonical(), evidence.dst_endpoint.ip.to_canonical());
            sources.insert(source);
            peers.insert(if Some(source) == entity { destination } else { source });
            match evidence.data.ports[..] {
                [port] if evidence.data.distinct_ports <= 1 => ports.insert(Some(port)),
                _ => ports.insert(None),
            };
        }
        let port = if ports.len() == 1 { ports.pop_first().flatten() } else { None };
        Self { finding, entity, sources, peers, port }
    }
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
            && self.entity.is_none_or(|ip| facts.entity == Some(ip))
            && self.cidr.is_none_or(|network| facts.entity.is_some_and(|ip| network.contains(&ip)))
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
        let since_start = first.saturating_sub(self.start).rem_euclid(DAY);
        last.saturating_sub(first).saturating_add(since_start) < self.length
    }
}
