//! One login and one API call of any log, and what the detections report of them.

mod judged;
mod owned;

use std::net::IpAddr;

pub use judged::{JudgedLogin, LoginAttack, PrincipalHour, RiskCounts, ValueCount};
pub use owned::{ApiCall, Login};

/// The outcome of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The login succeeded.
    Success,
    /// The login failed.
    Failure,
}

/// The kind of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LoginKind {
    /// A sign-in to the AWS console.
    ConsoleLogin,
    /// A role assumption (`AssumeRole` and similar calls). The user is the caller.
    AssumeRole,
    /// Temporary credentials issued (`GetSessionToken`, `GetFederationToken`).
    SessionToken,
    /// A login at an SSH server.
    Ssh,
    /// A sign-in with a password to an application.
    Password,
    /// The log lacks the kind.
    Unknown,
}

impl LoginKind {
    /// The kind in a few words, for people.
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

/// The labels of a login: the ground truth, or columns that reveal it.
///
/// Invariant: no detection reads the labels of the logins that it reports on. They serve evaluation, and training on an earlier
/// period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels {
    /// Whether the source address is a known attacker.
    pub attack_ip: Option<bool>,
    /// Whether the account was taken over by this login.
    pub account_takeover: Option<bool>,
    /// Whether the login is part of an attack.
    pub attack: Option<bool>,
}

/// One login, successful or failed.
///
/// Text borrows from the row being read and is empty where the log lacks it. Clients choose much of it, attackers included, so
/// the caller must escape it before showing it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoginEvent<'a> {
    /// The time, milliseconds since the epoch.
    pub time: i64,
    /// The user, as named in the log.
    pub user: &'a str,
    /// The source address; `None` where the log has none, or a service or host name instead.
    pub source_ip: Option<IpAddr>,
    /// The country of the source.
    pub country: &'a str,
    /// The region within the country.
    pub region: &'a str,
    /// The city of the source.
    pub city: &'a str,
    /// The autonomous system of the source address.
    pub asn: Option<u32>,
    /// The user agent, as sent.
    pub user_agent: &'a str,
    /// The browser, name and version.
    pub browser: &'a str,
    /// The operating system, name and version.
    pub os: &'a str,
    /// The device type: `desktop`, `mobile`, `bot` and so on.
    pub device_type: &'a str,
    /// The device identifier.
    pub device_id: &'a str,
    /// The round-trip time to the client; finite and not negative.
    pub round_trip_ms: Option<f64>,
    /// The bytes received in the session.
    pub bytes_in: Option<u64>,
    /// The bytes sent in the session.
    pub bytes_out: Option<u64>,
    /// The outcome.
    pub outcome: Outcome,
    /// The kind of login.
    pub kind: LoginKind,
    /// Whether a second factor was used.
    pub mfa: Option<bool>,
    /// The cloud account, or the host of an SSH server, that was logged in to.
    pub account: &'a str,
    /// The labels, in a labelled log.
    pub labels: Labels,
}

impl<'a> LoginEvent<'a> {
    /// A login with these values; all others are empty.
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

    /// Whether the login succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Success
    }
}

/// One call of a cloud API. Text borrows from the row being read and is empty where the log lacks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiActivity<'a> {
    /// The time, milliseconds since the epoch.
    pub time: i64,
    /// The caller: the ARN, or a name where the log has no ARN.
    pub principal: &'a str,
    /// The role or user that issued the temporary credentials. All sessions of a role have the same issuer and different ARNs.
    pub issuer: &'a str,
    /// The account that was called.
    pub account: &'a str,
    /// The region that was called.
    pub region: &'a str,
    /// The service that was called, such as `ec2`.
    pub service: &'a str,
    /// The action, such as `RunInstances`.
    pub action: &'a str,
    /// The source address; `None` where the log has none, or a service name instead.
    pub source_ip: Option<IpAddr>,
    /// The user agent, as sent.
    pub user_agent: &'a str,
    /// The error code of a failed call; empty when it succeeded.
    pub error_code: &'a str,
    /// Whether the call only reads.
    pub read_only: Option<bool>,
}

impl ApiActivity<'_> {
    /// Whether the call failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.error_code.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_login_has_no_other_values() {
        let login = LoginEvent::new(1_000, "ada", LoginKind::Ssh, Outcome::Failure);
        assert!(!login.succeeded());
        assert_eq!((login.time, login.user, login.kind.as_str()), (1_000, "ada", "SSH login"));
        assert_eq!((login.source_ip, login.mfa, login.asn, login.round_trip_ms), (None, None, None, None));
        assert_eq!(login.labels, Labels::default());
        assert!([login.country, login.city, login.user_agent, login.account].iter().all(|text| text.is_empty()));
        assert!(LoginEvent { outcome: Outcome::Success, ..login }.succeeded());
    }

    #[test]
    fn kinds_have_distinct_names() {
        use LoginKind as K;
        let kinds = [K::ConsoleLogin, K::AssumeRole, K::SessionToken, K::Ssh, K::Password, K::Unknown];
        let words: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), kinds.len());
    }
}
