//! What is found, by its public names.

use std::fmt;

/// What was found. The names are the public ones (`finding_info.types[0]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One source tries many ports of a host.
    PortScan,
    /// One source tries one port on many hosts.
    HostSweep,
    /// More is sent to a host than it answers or usually gets, or one of ours sends so.
    DenialOfService,
    /// A host begins or receives far more connections than it ever does.
    ConnectionBurst,
    /// Data leaves that never left so.
    Exfiltration,
    /// A host calls another one at regular intervals.
    Beacon,
    /// Many tries at a service that asks who is there.
    BruteForce,
    /// A host reaches others on the ports of administration where it never did.
    LateralMovement,
    /// A lot is exchanged with somebody nobody here knew.
    UnknownPeer,
    /// A protocol or service that was never used, or one that carries what it is not made for.
    UnusualProtocol,
    /// A host behaves unlike itself and its peers.
    AnomalousBehaviour,
    /// Somebody else uses a user's account.
    AccountTakeover,
    /// A login unlike the user's others.
    RiskyLogin,
    /// One source tries few passwords on many accounts.
    PasswordSpray,
    /// Stolen names and passwords are tried, each once or twice.
    CredentialStuffing,
    /// Two logins of a user that no journey lies between.
    ImpossibleTravel,
    /// A device the user never used.
    NewDevice,
    /// A login far outside the user's hours.
    OffHoursAccess,
    /// Many accounts are entered from one address in a short time.
    SharedIp,
    /// A user does what neither they nor their like do.
    AnomalousUser,
    /// A series is far above what is usual at this time.
    UsageSpike,
    /// A series is far below what is usual at this time.
    UsageDrop,
    /// A series stays on another level than before.
    UsageLevelChange,
    /// A series varies more than it did.
    UsageVariability,
    /// A series has no values where it always had some.
    DataGap,
    /// Hours of the week in which a series is often anomalous.
    HighRiskWindow,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 26] = [
        Self::PortScan,
        Self::HostSweep,
        Self::DenialOfService,
        Self::ConnectionBurst,
        Self::Exfiltration,
        Self::Beacon,
        Self::BruteForce,
        Self::LateralMovement,
        Self::UnknownPeer,
        Self::UnusualProtocol,
        Self::AnomalousBehaviour,
        Self::AccountTakeover,
        Self::RiskyLogin,
        Self::PasswordSpray,
        Self::CredentialStuffing,
        Self::ImpossibleTravel,
        Self::NewDevice,
        Self::OffHoursAccess,
        Self::SharedIp,
        Self::AnomalousUser,
        Self::UsageSpike,
        Self::UsageDrop,
        Self::UsageLevelChange,
        Self::UsageVariability,
        Self::DataGap,
        Self::HighRiskWindow,
    ];

    /// The public name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PortScan => "port-scan",
            Self::HostSweep => "host-sweep",
            Self::DenialOfService => "denial-of-service",
            Self::ConnectionBurst => "connection-burst",
            Self::Exfiltration => "exfiltration",
            Self::Beacon => "beacon",
            Self::BruteForce => "brute-force",
            Self::LateralMovement => "lateral-movement",
            Self::UnknownPeer => "unknown-peer",
            Self::UnusualProtocol => "unusual-protocol",
            Self::AnomalousBehaviour => "anomalous-behaviour",
            Self::AccountTakeover => "account-takeover",
            Self::RiskyLogin => "risky-login",
            Self::PasswordSpray => "password-spray",
            Self::CredentialStuffing => "credential-stuffing",
            Self::ImpossibleTravel => "impossible-travel",
            Self::NewDevice => "new-device",
            Self::OffHoursAccess => "off-hours-access",
            Self::SharedIp => "shared-ip",
            Self::AnomalousUser => "anomalous-user",
            Self::UsageSpike => "usage-spike",
            Self::UsageDrop => "usage-drop",
            Self::UsageLevelChange => "usage-level-change",
            Self::UsageVariability => "usage-variability",
            Self::DataGap => "data-gap",
            Self::HighRiskWindow => "high-risk-window",
        }
    }
}

/// A name that no kind has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of finding: use {names}", names = Kind::ALL.map(Kind::as_str).join(", "))]
pub struct UnknownKind(String);

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
