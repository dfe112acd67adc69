//! What features and models compute of logins and API calls, and what the detections read: counts, scores, reasons.

use std::net::IpAddr;

use super::LoginKind;

/// The counts of one value of a login among successful logins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ValueCount {
    /// Logins of all users with this value; finite and not negative.
    pub all_users: f64,
    /// Logins of the user with this value; finite and not negative.
    pub user: f64,
}

/// The counts of a login's values before it, for the risk score of Freeman et al.: of the address, its network and its country,
/// and of the client, its browser, its operating system and its device.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RiskCounts {
    /// Address, network, country: from the finest to the coarsest.
    pub place: [ValueCount; 3],
    /// Client as sent, browser, operating system, device: from the finest to the coarsest.
    pub client: [ValueCount; 4],
    /// Distinct values of the coarser levels of the location, over all users.
    pub coarser_places: f64,
    /// Distinct values of the coarser levels of the client, over all users.
    pub coarser_clients: f64,
    /// Logins of all users.
    pub logins: f64,
    /// Logins of the user.
    pub user_logins: f64,
    /// The number of users.
    pub users: f64,
}

/// A class of attacks on accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LoginAttack {
    /// Account takeover: an attacker has the credentials of the user.
    Takeover,
    /// A campaign: many accounts are tried, from one source or many.
    Campaign,
    /// Password guessing: one account is tried repeatedly.
    Guessing,
    /// Bulk download: the session transfers far more than the user's earlier ones.
    Bulk,
}

/// A login with its score and the reasons for it.
#[expect(clippy::struct_excessive_bools, reason = "independent properties of a login")]
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedLogin {
    /// The number of its row in the input files, from 0. Rejected rows are counted as well.
    pub index: u64,
    /// The time, milliseconds since the epoch.
    pub time: i64,
    /// The user, as named in the log.
    pub user: String,
    /// The source address.
    pub source_ip: Option<IpAddr>,
    /// The country of the source, as in the log; else its code from the location tables and databases.
    pub country: String,
    /// The city of the source, from the log or the location tables; at most 24 bytes of its name.
    pub city: String,
    /// The cloud account or host that was logged in to.
    pub account: String,
    /// The kind of login.
    pub kind: LoginKind,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Whether a second factor was used.
    pub mfa: Option<bool>,
    /// The logarithm of the odds of an attack before the prior: finite, higher is more anomalous.
    pub score: f64,
    /// The probability that a legitimate login scores so high.
    pub p_value: f64,
    /// The published risk score (Freeman et al.), for comparison.
    pub risk: f64,
    /// The attack class that explains it best.
    pub attack_class: LoginAttack,
    /// The location level: 0 the user has used the address before, 1 its /24, 2 its network, 3 its country, 4 none of them.
    pub place: u8,
    /// The device level: 0 the user has used the device before, 1 an earlier version, 2 the operating system, 3 none of them.
    pub device: u8,
    /// The length of the user's history: 0 for none, to 6 for sixty logins and more.
    pub history_level: u8,
    /// How new the location is to the user, 0 to 1.
    pub novelty: f64,
    /// Whether the journey since the last success is impossible.
    pub impossible_travel: bool,
    /// Whether it is far outside the hours of the user.
    pub off_hours: bool,
    /// Whether a second factor is missing that the user always uses.
    pub second_factor_missing: bool,
    /// Whether the address is on a list of bad reputation.
    pub listed: bool,
    /// Standard deviations by which the bytes of the session are above the user's mean.
    pub excess: f64,
    /// The reasons in words, strongest first. They contain text of the log.
    pub reasons: Vec<String>,
}

/// The API calls of one principal in one hour, compared with the hours before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrincipalHour {
    /// The role or user, over all sessions.
    pub principal: String,
    /// The account with most calls.
    pub account: String,
    /// The time of the first call, seconds since the epoch.
    pub first: i64,
    /// The time of the last call.
    pub last: i64,
    /// The number of calls.
    pub calls: u64,
    /// The number of failed calls.
    pub failed: u64,
    /// The most failed calls in an hour before; `None` in the first hour.
    pub failed_before: Option<u64>,
    /// The number of distinct calls (service and action).
    pub actions: u64,
    /// Calls that the principal never made before.
    pub new_actions: Vec<String>,
    /// Services that the principal never called before.
    pub new_services: Vec<String>,
    /// Regions that the principal never called before.
    pub new_regions: Vec<String>,
    /// New calls for credential access, persistence or defense evasion, as `service:Action`.
    pub sensitive: Vec<String>,
    /// The number of hours before with calls of the principal.
    pub hours_before: u64,
    /// The address most calls came from.
    pub source_ip: Option<IpAddr>,
}
