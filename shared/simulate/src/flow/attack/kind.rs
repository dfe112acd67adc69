//! Kinds of simulated attacks.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Kinds of attacks, named as the truth names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One source tries many ports of one host.
    PortScan,
    /// One source tries one port on many hosts.
    HostSweep,
    /// A flood makes a service unavailable, inside the network or outside.
    DenialOfService,
    /// A host opens far more connections than it typically does.
    ConnectionBurst,
    /// A host sends internal data to an address outside.
    Exfiltration,
    /// Malware calls its controller at regular intervals.
    Beacon,
    /// Malware carries out the commands of its controller.
    MalwareC2,
    /// Passwords of a login service are guessed.
    BruteForce,
    /// A host talks to a peer that it never talked to before.
    UnknownPeer,
    /// A protocol that the network does not use, or a tunnel through one that it uses.
    UnusualProtocol,
    /// An intruder moves from host to host.
    LateralMovement,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::PortScan,
        Self::HostSweep,
        Self::DenialOfService,
        Self::ConnectionBurst,
        Self::Exfiltration,
        Self::Beacon,
        Self::MalwareC2,
        Self::BruteForce,
        Self::UnknownPeer,
        Self::UnusualProtocol,
        Self::LateralMovement,
    ];

    /// Name of the kind: `port-scan`, `malware-c2`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PortScan => "port-scan",
            Self::HostSweep => "host-sweep",
            Self::DenialOfService => "denial-of-service",
            Self::ConnectionBurst => "connection-burst",
            Self::Exfiltration => "exfiltration",
            Self::Beacon => "beacon",
            Self::MalwareC2 => "malware-c2",
            Self::BruteForce => "brute-force",
            Self::UnknownPeer => "unknown-peer",
            Self::UnusualProtocol => "unusual-protocol",
            Self::LateralMovement => "lateral-movement",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}
