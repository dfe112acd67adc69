//! The network: its hosts, and where they are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::conversation::Endpoint;
use crate::random::{Stream, hash};
use weir_domain::time::DAY_SECONDS;

/// The account that owns it, as AWS's documentation names one.
pub const ACCOUNT: &str = "123456789012";
/// The region it is in.
pub const REGION: &str = "us-east-1";
/// Its availability zones.
pub(crate) const ZONES: [&str; 3] = ["use1-az1", "use1-az2", "use1-az4"];

/// What a host is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Takes visitors' connections and hands them to web servers. Public.
    LoadBalancer,
    /// Passes on what private hosts say to the internet. Public.
    NatGateway,
    /// Where administrators come in by SSH. Public.
    Bastion,
    /// Where people come in to their remote desktops. Public.
    DesktopGateway,
    /// Answers names.
    Resolver,
    /// Asks everybody for metrics, takes everybody's logs.
    Monitoring,
    /// Looks for vulnerabilities once a week.
    Scanner,
    /// Builds and deploys.
    Runner,
    /// Caches and queues.
    Cache,
    /// Databases.
    Database,
    /// Desktops that people use from afar.
    Desktop,
    /// Web servers.
    Web,
    /// Application servers.
    App,
    /// Work in the background.
    Worker,
}

/// Tiers of fixed size; the rest of the hosts is shared out among web, app and worker.
const FIXED: [(Tier, usize); 11] = [
    (Tier::LoadBalancer, 3),
    (Tier::NatGateway, 3),
    (Tier::Bastion, 1),
    (Tier::DesktopGateway, 1),
    (Tier::Resolver, 2),
    (Tier::Monitoring, 1),
    (Tier::Scanner, 1),
    (Tier::Runner, 2),
    (Tier::Cache, 3),
    (Tier::Database, 4),
    (Tier::Desktop, 3),
];

impl Tier {
    /// The group of subnets it is in: public, application, data, tools.
    fn group(self) -> u8 {
        match self {
            Self::LoadBalancer | Self::NatGateway | Self::Bastion | Self::DesktopGateway => 0,
            Self::Web | Self::App | Self::Worker => 1,
            Self::Cache | Self::Database => 2,
            Self::Resolver | Self::Monitoring | Self::Scanner | Self::Runner | Self::Desktop => 3,
        }
    }

    /// True where the internet reaches it.
    #[must_use]
    pub fn is_public(self) -> bool {
        self.group() == 0
    }
}

/// A host, which is one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its address.
    pub address: Ipv4Addr,
    /// Its second address, if it has one.
    pub ipv6: Option<Ipv6Addr>,
    /// What it is for.
    pub tier: Tier,
    /// Which availability zone it is in, 0 to 2.
    pub zone: u8,
    /// `eni-…`.
    pub interface: String,
    /// `subnet-…`.
    pub subnet: String,
    /// `i-…`; none for what AWS runs.
    pub instance: Option<String>,
    /// When its aggregation minutes begin, milliseconds after the clock's.
    pub phase: i64,
    /// When it is started, seconds since the epoch.
    pub from: i64,
}

/// A network over three zones: `10.60.0.0/16`, a /22 for each group of tiers and zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its hosts; positions are what [`Endpoint::host`] says.
    pub hosts: Vec<Host>,
    /// `vpc-…`.
    pub vpc: String,
}

fn identifier(prefix: &str, seed: u64, name: &str, number: u64) -> String {
    let (a, b) = (hash(seed, name, number), hash(seed, prefix, hash(seed, name, number)));
    format!("{prefix}-0{a:016x}")
        .chars()
        .take(prefix.len() + 1 + 9)
        .chain(format!("{b:016x}").chars().take(8))
        .collect()
}

impl Network {
    /// A network of so many hosts (at least 30). The last two application servers are started on the second day, at half
    /// past nine.
    #[must_use]
    pub fn new(seed: u64, hosts: usize, start: i64) -> Self {
        let rest = hosts.saturating_sub(FIXED.iter().map(|(_, count)| count).sum());
        let (web, worker) = (rest / 4, rest * 3 / 10);
        let tiers = [(Tier::Web, web), (Tier::Worker, worker), (Tier::App, rest - web - worker)];
        let vpc = identifier("vpc", seed, "vpc", 0);
        let mut taken = [[10_u16; 3]; 4];
        let mut all = Vec::with_capacity(hosts);
        for (tier, count) in FIXED.into_iter().chain(tiers) {
            for n in 0..count {
                let (group, zone) = (tier.group(), (n % 3) as u8);
                let subnet = 3 * group + zone;
                let Some(free) = taken.get_mut(usize::from(group)).and_then(|zones| zones.get_mut(usize::from(zone)))
                else {
                    continue;
                };
                let number = *free;
                *free += 1;
                let [high, low] = number.to_be_bytes();
                let address = Ipv4Addr::new(10, 60, 4 * subnet + high, low);
                let id = u64::from(u32::from(address));
                let second = tier == Tier::LoadBalancer || (tier == Tier::App && n % 4 == 1);
                let ipv6 = Ipv6Addr::new(0x2600, 0x1f18, 0x2a6, 0x4100 + u16::from(subnet), 0, 0, 0, number);
                let managed = matches!(tier, Tier::LoadBalancer | Tier::NatGateway);
                let new = tier == Tier::App && n + 2 >= count;
                all.push(Host {
                    address,
                    ipv6: second.then_some(ipv6),
                    tier,
                    zone,
                    interface: identifier("eni", seed, "interface", id),
                    subnet: identifier("subnet", seed, "subnet", u64::from(subnet)),
                    instance: (!managed).then(|| identifier("i", seed, "instance", id)),
                    phase: Stream::new(seed, "phase", id).between(0, 59) * 1000,
                    from: if new { start + DAY_SECONDS + 9 * 3600 + 1800 } else { i64::MIN },
                });
            }
        }
        Self { hosts: all, vpc }
    }

    /// A host; the positions are those of [`Network::hosts`].
    #[must_use]
    pub fn host(&self, id: u16) -> Option<&Host> {
        self.hosts.get(usize::from(id))
    }

    /// The hosts of a tier that run at a time (seconds), in order.
    #[must_use]
    pub fn tier(&self, tier: Tier, time: i64) -> Vec<u16> {
        self.running(time).filter(|&(_, host)| host.tier == tier).map(|(id, _)| id).collect()
    }

    /// All hosts that run at a time (seconds).
    pub fn running(&self, time: i64) -> impl Iterator<Item = (u16, &Host)> {
        (0..).zip(&self.hosts).filter(move |(_, host)| host.from <= time)
    }

    /// A host as an end of a conversation, by its first address.
    #[must_use]
    pub fn endpoint(&self, id: u16) -> Endpoint {
        let address = self.host(id).map_or(Ipv4Addr::UNSPECIFIED, |host| host.address);
        Endpoint { address: IpAddr::V4(address), host: Some(id) }
    }

    /// A host as an end of a conversation over IPv6; over IPv4 where it has no second address.
    #[must_use]
    pub fn endpoint_v6(&self, id: u16) -> Endpoint {
        let address = self.host(id).and_then(|host| host.ipv6).map(IpAddr::V6);
        address.map_or_else(|| self.endpoint(id), |address| Endpoint { address, host: Some(id) })
    }

    /// Whoever has an address of the network, or nobody.
    #[must_use]
    pub fn at(&self, address: Ipv4Addr) -> Endpoint {
        let found = (0..).zip(&self.hosts).find(|(_, host)| host.address == address);
        Endpoint { address: IpAddr::V4(address), host: found.map(|(id, _)| id) }
    }

    /// The gateway that passes on what an end says to an address: for private hosts that speak IPv4 to the internet, and for
    /// protocols that a NAT gateway knows (TCP, UDP, ICMP).
    #[must_use]
    pub fn gateway(&self, from: Endpoint, to: Endpoint, protocol: u8) -> Option<u16> {
        let host = self.host(from.host?)?;
        let outside = matches!(to.address, IpAddr::V4(address) if !is_inside(address));
        if host.tier.is_public() || !outside || !matches!(protocol, 1 | 6 | 17) {
            return None;
        }
        (0..).zip(&self.hosts).find(|(_, h)| h.tier == Tier::NatGateway && h.zone == host.zone).map(|(id, _)| id)
    }
}

/// True for addresses of the network.
pub(crate) fn is_inside(address: Ipv4Addr) -> bool {
    address.octets().starts_with(&[10, 60])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_size_is_met_with_addresses_and_names_of_their_own() {
        for size in [30, 60, 61, 1000] {
            let network = Network::new(1, size, 0);
            let addresses: BTreeSet<_> = network.hosts.iter().map(|h| h.address).collect();
            let interfaces: BTreeSet<_> = network.hosts.iter().map(|h| &h.interface).collect();
            assert_eq!((network.hosts.len(), addresses.len(), interfaces.len()), (size, size, size));
            assert!(network.hosts.iter().all(|h| is_inside(h.address) && h.interface.len() == "eni-".len() + 17));
        }
    }

    #[test]
    fn private_hosts_go_out_through_the_gateway_of_their_zone() {
        let network = Network::new(1, 60, 0);
        let (world, web) = (Endpoint::external(IpAddr::from([8, 8, 8, 8])), network.tier(Tier::Web, 0)[1]);
        let gateway = network.gateway(network.endpoint(web), world, 6).unwrap();
        assert_eq!(network.hosts[usize::from(gateway)].tier, Tier::NatGateway);
        assert_eq!(network.hosts[usize::from(gateway)].zone, network.hosts[usize::from(web)].zone);
        let bastion = network.tier(Tier::Bastion, 0)[0];
        assert_eq!(network.gateway(network.endpoint(bastion), world, 6), None, "it is public");
        assert_eq!(network.gateway(network.endpoint(web), network.endpoint(bastion), 6), None, "it is inside");
        assert_eq!(network.gateway(network.endpoint(web), world, 47), None, "it is not translated");
    }

    #[test]
    fn two_servers_are_started_on_the_second_day() {
        let network = Network::new(1, 60, 0);
        let (first, second) =
            (network.tier(Tier::App, DAY_SECONDS - 1).len(), network.tier(Tier::App, 2 * DAY_SECONDS).len());
        assert_eq!(second, first + 2);
    }
}
