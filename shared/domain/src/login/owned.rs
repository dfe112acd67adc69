//! Logins and API calls that own their text, as stored batches have them.

use std::net::IpAddr;

use super::{ApiActivity, Labels, LoginEvent, LoginKind, Outcome};

/// A [`LoginEvent`] that owns its text.
#[expect(missing_docs, reason = "the fields are those of `LoginEvent`, documented there")]
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub time: i64,
    pub user: String,
    pub source_ip: Option<IpAddr>,
    pub country: String,
    pub region: String,
    pub city: String,
    pub asn: Option<u32>,
    pub user_agent: String,
    pub browser: String,
    pub os: String,
    pub device_type: String,
    pub device_id: String,
    pub round_trip_ms: Option<f64>,
    pub bytes_in: Option<u64>,
    pub bytes_out: Option<u64>,
    pub outcome: Outcome,
    pub kind: LoginKind,
    pub mfa: Option<bool>,
    pub account: String,
    pub labels: Labels,
}

impl Login {
    /// The login, borrowed.
    #[must_use]
    pub fn event(&self) -> LoginEvent<'_> {
        LoginEvent {
            time: self.time,
            user: &self.user,
            source_ip: self.source_ip,
            country: &self.country,
            region: &self.region,
            city: &self.city,
            asn: self.asn,
            user_agent: &self.user_agent,
            browser: &self.browser,
            os: &self.os,
            device_type: &self.device_type,
            device_id: &self.device_id,
            round_trip_ms: self.round_trip_ms,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            outcome: self.outcome,
            kind: self.kind,
            mfa: self.mfa,
            account: &self.account,
            labels: self.labels,
        }
    }
}

impl From<&LoginEvent<'_>> for Login {
    fn from(login: &LoginEvent<'_>) -> Self {
        Self {
            time: login.time,
            user: login.user.to_owned(),
            source_ip: login.source_ip,
            country: login.country.to_owned(),
            region: login.region.to_owned(),
            city: login.city.to_owned(),
            asn: login.asn,
            user_agent: login.user_agent.to_owned(),
            browser: login.browser.to_owned(),
            os: login.os.to_owned(),
            device_type: login.device_type.to_owned(),
            device_id: login.device_id.to_owned(),
            round_trip_ms: login.round_trip_ms,
            bytes_in: login.bytes_in,
            bytes_out: login.bytes_out,
            outcome: login.outcome,
            kind: login.kind,
            mfa: login.mfa,
            account: login.account.to_owned(),
            labels: login.labels,
        }
    }
}

/// An [`ApiActivity`] that owns its text.
#[expect(missing_docs, reason = "the fields are those of `ApiActivity`, documented there")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCall {
    pub time: i64,
    pub principal: String,
    pub issuer: String,
    pub account: String,
    pub region: String,
    pub service: String,
    pub action: String,
    pub source_ip: Option<IpAddr>,
    pub user_agent: String,
    pub error_code: String,
    pub read_only: Option<bool>,
}

impl ApiCall {
    /// The call, borrowed.
    #[must_use]
    pub fn activity(&self) -> ApiActivity<'_> {
        ApiActivity {
            time: self.time,
            principal: &self.principal,
            issuer: &self.issuer,
            account: &self.account,
            region: &self.region,
            service: &self.service,
            action: &self.action,
            source_ip: self.source_ip,
            user_agent: &self.user_agent,
            error_code: &self.error_code,
            read_only: self.read_only,
        }
    }
}

impl From<&ApiActivity<'_>> for ApiCall {
    fn from(call: &ApiActivity<'_>) -> Self {
        Self {
            time: call.time,
            principal: call.principal.to_owned(),
            issuer: call.issuer.to_owned(),
            account: call.account.to_owned(),
            region: call.region.to_owned(),
            service: call.service.to_owned(),
            action: call.action.to_owned(),
            source_ip: call.source_ip,
            user_agent: call.user_agent.to_owned(),
            error_code: call.error_code.to_owned(),
            read_only: call.read_only,
        }
    }
}
