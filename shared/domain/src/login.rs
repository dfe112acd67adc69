//! One login and one API call, whatever log they came from.

mod owned;

use std::net::IpAddr;

pub use owned::{ApiCall, Login};

/// Whether a login was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Let in.
    Success,
    /// Turned away.
    Failure,
}

/// What kind of login it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LoginKind {
    /// A sign-in to the AWS console.
    ConsoleLogin,
    /// A role taken on (`AssumeRole` and its relatives): the user is who took it.
    AssumeRole,
    /// Temporary credentials handed out (`GetSessionToken`, `GetFederationToken`).
    SessionToken,
    /// A login at an SSH server.
    Ssh,
    /// A sign-in with a password to an application.
    Password,
    /// The log does not say.
    Unknown,
}

impl LoginKind {
    /// The kind in a few words, as shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConsoleLogin => "console login",
            Self::AssumeRole => "role assumption",
            Self::SessionToken => "session token",
            Self::Ssh => "SSH login",
            Self::Password => "password login",
            Self::Unknown => "login",
        }
    }

    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::ConsoleLogin, Self::AssumeRole, Self::SessionToken, Self::Ssh, Self::Password, Self::Unknown];
}

/// What a labelled log says about a login: the truth, or columns so near to it that they give it away.
///
/// Invariant: no detector reads these of the logins it reports on. They are for judging what was found, and may be learned
/// from in a training period that comes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels {
    /// The source address was known to attack.
    pub attack_ip: Option<bool>,
    /// The account was taken over by this login.
    pub account_takeover: Option<bool>,
    /// The login is (part of) an attack.
    pub attack: Option<bool>,
}

/// One login, tried or done.
///
/// Text borrows from the row being read and is the empty string where the log does not say. Much of it is chosen by who
/// logs in, attackers included: whoever shows it escapes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoginEvent<'a> {
    /// When, milliseconds since the epoch.
    pub time: i64,
    /// Who, as the log names them.
    pub user: &'a str,
    /// From which address; `None` where the log names none, or a service or host instead.
    pub source_ip: Option<IpAddr>,
    /// Country of the source.
    pub country: &'a str,
    /// Region within the country.
    pub region: &'a str,
    /// City of the source.
    pub city: &'a str,
    /// Autonomous system of the source address.
    pub asn: Option<u32>,
    /// User agent as sent.
    pub user_agent: &'a str,
    /// Browser, name and version.
    pub browser: &'a str,
    /// Operating system, name and version.
    pub os: &'a str,
    /// What kind of device: `desktop`, `mobile`, `bot` and the like.
    pub device_type: &'a str,
    /// Which device.
    pub device_id: &'a str,
    /// Round-trip time to the client; finite and not negative.
    pub round_trip_ms: Option<f64>,
    /// Bytes received in the session.
    pub bytes_in: Option<u64>,
    /// Bytes sent in the session.
    pub bytes_out: Option<u64>,
    /// Whether it was let in.
    pub outcome: Outcome,
    /// What kind of login.
    pub kind: LoginKind,
    /// Whether a second factor was used.
    pub mfa: Option<bool>,
    /// What was logged in to: the cloud account, or the host of an SSH server.
    pub account: &'a str,
    /// What a labelled log says about it.
    pub labels: Labels,
}

impl<'a> LoginEvent<'a> {
    /// A login of which nothing is known but this.
    #[must_use]
    pub const fn new(time: i64, user: &'a str, kind: LoginKind, outcome: Outcome) -> Self {
        Self {
            time,
            user,
            source_ip: None,
            country: "",
            region: "",
            city: "",
            asn: None,
            user_agent: "",
            browser: "",
            os: "",
            device_type: "",
            device_id: "",
            round_trip_ms: None,
            bytes_in: None,
            bytes_out: None,
            outcome,
            kind,
            mfa: None,
            account: "",
            labels: Labels { attack_ip: None, account_takeover: None, attack: None },
        }
    }

    /// True for a login that was let in.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Success
    }
}

/// One call of a cloud API. Text borrows from the row being read and is empty where the log does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiActivity<'a> {
    /// When, milliseconds since the epoch.
    pub time: i64,
    /// Who called: the ARN, or a name where the log has no ARN.
    pub principal: &'a str,
    /// The role or user whose temporary credentials were used: the same for all sessions of a role, whose ARNs differ.
    pub issuer: &'a str,
    /// The account called upon.
    pub account: &'a str,
    /// The region called upon.
    pub region: &'a str,
    /// The service called, such as `ec2`.
    pub service: &'a str,
    /// The call, such as `RunInstances`.
    pub action: &'a str,
    /// From which address; `None` where the log names none, or a service instead.
    pub source_ip: Option<IpAddr>,
    /// User agent as sent.
    pub user_agent: &'a str,
    /// Why the call failed; empty when it did not.
    pub error_code: &'a str,
    /// Whether the call only reads.
    pub read_only: Option<bool>,
}

impl ApiActivity<'_> {
    /// True for a call that failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.error_code.is_empty()
    }
}

/// How often one value of a login was seen, everywhere and by its user: successful logins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ValueCount {
    /// Logins of anybody with this value; finite and not negative.
    pub all_users: f64,
    /// Logins of the user with this value; finite and not negative.
    pub user: f64,
}

/// What a login's values were before it, for the risk score of Freeman et al.: counts of the address, its network and its
/// country, and of the client, its browser, its operating system and its device.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RiskCounts {
    /// Address, network, country: from the finest to the coarsest.
    pub place: [ValueCount; 3],
    /// Client as sent, browser, operating system, device: from the finest to the coarsest.
    pub client: [ValueCount; 4],
    /// Distinct values of the coarser levels of the place, everywhere.
    pub coarser_places: f64,
    /// Distinct values of the coarser levels of the client, everywhere.
    pub coarser_clients: f64,
    /// Logins of anybody.
    pub logins: f64,
    /// Logins of the user.
    pub user_logins: f64,
    /// Users.
    pub users: f64,
}

/// A way accounts are attacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LoginAttack {
    /// Somebody else has the user's credentials.
    Takeover,
    /// Many accounts are tried, from one place or many.
    Campaign,
    /// One account is tried again and again.
    Guessing,
    /// The user takes far more than ever.
    Bulk,
}

/// A login and what was made of it.
#[expect(clippy::struct_excessive_bools, reason = "each says something else of the login")]
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedLogin {
    /// The number of its row in the files it came from, from 0: rows that could not be read are counted as well.
    pub index: u64,
    /// When, milliseconds since the epoch.
    pub time: i64,
    /// Who, as the log names them.
    pub user: String,
    /// From which address.
    pub source_ip: Option<IpAddr>,
    /// Country of the source, as the log says; else its code, as tables and databases of places do.
    pub country: String,
    /// City of the source, by the log or the places; at most 24 bytes of its name.
    pub city: String,
    /// What was logged in to.
    pub account: String,
    /// What kind of login.
    pub kind: LoginKind,
    /// Whether it was let in.
    pub succeeded: bool,
    /// Whether a second factor was used.
    pub mfa: Option<bool>,
    /// The logarithm of the odds of attack before rarity: finite, higher is more anomalous.
    pub score: f64,
    /// The chance that an ordinary login scores so high.
    pub p_value: f64,
    /// The published risk score (Freeman et al.), to compare with.
    pub risk: f64,
    /// The way of attack that explains it best.
    pub attack_class: LoginAttack,
    /// How little the user knows the place: 0 the address, 1 its /24, 2 its network, 3 its country, 4 nothing.
    pub place: u8,
    /// How little the user knows the device: 0 the device, 1 an earlier version, 2 the system, 3 nothing.
    pub device: u8,
    /// How well the user is known: 0 not at all, to 6 by sixty logins and more.
    pub history_level: u8,
    /// How strange the place is to the user, 0 to 1.
    pub novelty: f64,
    /// Whether nobody can have travelled here since the last success.
    pub impossible_travel: bool,
    /// Whether it is far outside the user's hours.
    pub off_hours: bool,
    /// Whether a second factor is missing that the user always uses.
    pub second_factor_missing: bool,
    /// Whether the address is on a list of bad reputation.
    pub listed: bool,
    /// Standard deviations by which the bytes of the session are above the user's own.
    pub excess: f64,
    /// Why, in words, strongest first; text of the log is in it.
    pub reasons: Vec<String>,
}

/// What one principal did in one hour, beside what they did in the hours before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrincipalHour {
    /// Who: the role or user, whatever the session.
    pub principal: String,
    /// The account called upon most.
    pub account: String,
    /// First call, seconds since the epoch.
    pub first: i64,
    /// Last call.
    pub last: i64,
    /// Calls.
    pub calls: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Failed calls in the busiest hour before; `None` in the first hour that is known.
    pub failed_before: Option<u64>,
    /// Distinct calls (service and action).
    pub actions: u64,
    /// Of these, never made by the principal before.
    pub new_actions: Vec<String>,
    /// Services never called by the principal before.
    pub new_services: Vec<String>,
    /// Regions never called upon by the principal before.
    pub new_regions: Vec<String>,
    /// Calls with which attackers look for credentials, stay or hide, as `service:Action`, those never made before.
    pub sensitive: Vec<String>,
    /// Hours in which the principal was seen before.
    pub hours_before: u64,
    /// The address most calls came from.
    pub source_ip: Option<IpAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_login_claims_nothing_it_was_not_told() {
        let login = LoginEvent::new(1_000, "ada", LoginKind::Ssh, Outcome::Failure);
        assert!(!login.succeeded());
        assert_eq!((login.time, login.user, login.kind.as_str()), (1_000, "ada", "SSH login"));
        assert_eq!((login.source_ip, login.mfa, login.asn, login.round_trip_ms), (None, None, None, None));
        assert_eq!(login.labels, Labels::default());
        assert!([login.country, login.city, login.user_agent, login.account].iter().all(|text| text.is_empty()));
        assert!(LoginEvent { outcome: Outcome::Success, ..login }.succeeded());
    }

    #[test]
    fn kinds_have_words_of_their_own() {
        use LoginKind as K;
        let kinds = [K::ConsoleLogin, K::AssumeRole, K::SessionToken, K::Ssh, K::Password, K::Unknown];
        let words: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), kinds.len());
    }
}
