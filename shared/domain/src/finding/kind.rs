//! The kinds of findings and their public names.

use std::fmt;

/// The kind of a finding. The names are public (`finding_info.types[0]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One source tries many ports of a host.
    PortScan,
    /// One source tries one port on many hosts.
    HostSweep,
    /// A host receives more traffic than it answers or typically receives, or a monitored host sends such traffic.
    DenialOfService,
    /// A host opens or receives far more connections than in its baseline.
    ConnectionBurst,
    /// A host sends data in a way that is not in its baseline.
    Exfiltration,
    /// A host connects to another one at regular intervals.
    Beacon,
    /// Many attempts at an authentication service.
    BruteForce,
    /// A host reaches other internal hosts on administration ports for the first time.
    LateralMovement,
    /// Much traffic with a peer that no monitored host has contacted before.
    UnknownPeer,
    /// A protocol or service that was never used before, or a tunnel through one.
    UnusualProtocol,
    /// A host behaves unlike its own baseline and that of all hosts.
    AnomalousBehaviour,
    /// An attacker uses the account of a user.
    AccountTakeover,
    /// A login unlike the earlier ones of its user.
    RiskyLogin,
    /// One source tries few passwords on many accounts.
    PasswordSpray,
    /// Stolen pairs of user name and password are tried, each once or twice.
    CredentialStuffing,
    /// Two logins of a user are too far apart for the time between them.
    ImpossibleTravel,
    /// A device that the user never used before.
    NewDevice,
    /// A login far outside the hours of the user.
    OffHoursAccess,
    /// Many accounts log in from one address in a short time.
    SharedIp,
    /// A user behaves unlike their own baseline and that of similar users.
    AnomalousUser,
    /// A series is far above its baseline at this time.
    UsageSpike,
    /// A series is far below its baseline at this time.
    UsageDrop,
    /// The level of a series changed.
    UsageLevelChange,
    /// The variability of a series increased.
    UsageVariability,
    /// A series has no values where it always had some.
    DataGap,
    /// A series is often anomalous in these hours of the week.
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

/// The error of an unknown name of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of finding: use one of {names}", names = Kind::ALL.map(Kind::as_str).join(", "))]
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
