//! Suppression rules and expected actors, as the file has them.

use ipnet::IpNet;
use weir_domain::finding::Kind;

use super::entity_name::EntityName;

/// A rule for findings that are not to be sent. All its conditions must hold; there is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The entity.
    pub entity: Option<EntityName>,
    /// The network of the entity.
    pub cidr: Option<IpNet>,
    /// The kind.
    pub kind: Option<Kind>,
    /// The only port in all evidence.
    pub port: Option<u16>,
    /// The network of the peers in all evidence.
    pub peer: Option<IpNet>,
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// End of its validity, milliseconds since the epoch.
    pub until: Option<i64>,
    /// Time of creation, milliseconds since the epoch.
    pub created: Option<i64>,
    /// Uid of the finding it was written for.
    pub finding: Option<String>,
    /// The reason.
    pub why: String,
}

/// An actor whose scans are expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its address or network.
    pub address: IpNet,
    /// The part of the day in which they are expected.
    pub hours: Option<Hours>,
    /// Start of the period in which they are expected, milliseconds since the epoch.
    pub from: Option<i64>,
    /// End of that period, milliseconds since the epoch.
    pub to: Option<i64>,
    /// The expected kinds. Default [`Expected::KINDS`].
    pub kinds: Vec<Kind>,
    /// The reason.
    pub why: String,
}

impl Expected {
    /// The kinds that scanning causes. Exfiltration, floods and beacons are expected only if named.
    pub const KINDS: [Kind; 7] = [
        Kind::PortScan,
        Kind::HostSweep,
        Kind::ConnectionBurst,
        Kind::BruteForce,
        Kind::LateralMovement,
        Kind::UnusualProtocol,
        Kind::AnomalousBehaviour,
    ];
}

/// A part of the day in UTC, which may include midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Start, seconds since midnight.
    pub start: i64,
    /// Length in seconds, at most a day.
    pub length: i64,
}
