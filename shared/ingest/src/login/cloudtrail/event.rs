//! Reads one `CloudTrail` event as a login and as API activity.

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use weir_domain::login::{ApiActivity, LoginEvent, LoginKind, Outcome};
use weir_domain::reject::RejectReason;

use crate::login::scalar::Scalar;
use crate::login::{cell, time};

/// The fields of an event that are read; all others are skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "eventTime")]
    time: Scalar<'a>,
    #[serde(borrow, rename = "eventSource")]
    source: Scalar<'a>,
    #[serde(borrow, rename = "eventName")]
    name: Scalar<'a>,
    #[serde(borrow)]
    aws_region: Scalar<'a>,
    #[serde(borrow, rename = "sourceIPAddress")]
    source_ip_address: Scalar<'a>,
    #[serde(borrow)]
    user_agent: Scalar<'a>,
    #[serde(borrow)]
    error_code: Scalar<'a>,
    #[serde(borrow)]
    error_message: Scalar<'a>,
    #[serde(borrow)]
    recipient_account_id: Scalar<'a>,
    #[serde(borrow)]
    read_only: Scalar<'a>,
    #[serde(borrow)]
    user_identity: Part<Identity<'a>>,
    #[serde(borrow)]
    response_elements: Part<Response<'a>>,
    #[serde(borrow)]
    additional_event_data: Part<Additional<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow)]
    user_name: Scalar<'a>,
    #[serde(borrow)]
    principal_id: Scalar<'a>,
    #[serde(borrow)]
    arn: Scalar<'a>,
    #[serde(borrow)]
    account_id: Scalar<'a>,
    #[serde(borrow)]
    invoked_by: Scalar<'a>,
    #[serde(borrow)]
    session_context: Part<Session<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Session<'a> {
    #[serde(borrow)]
    session_issuer: Part<Issuer<'a>>,
    #[serde(borrow)]
    attributes: Part<Attributes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Issuer<'a> {
    #[serde(borrow)]
    arn: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Attributes<'a> {
    #[serde(borrow)]
    mfa_authenticated: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow, rename = "ConsoleLogin")]
    console_login: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Additional<'a> {
    #[serde(borrow, rename = "MFAUsed")]
    mfa_used: Scalar<'a>,
}

impl<'a> Event<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, RejectReason> {
        let text = str::from_utf8(bytes).map_err(|_| RejectReason::BadJson)?;
        let Part(event) = serde_json::from_str(text).map_err(|_| RejectReason::BadJson)?;
        event.ok_or(RejectReason::BadStructure)
    }

    /// The login that the event is, if it is one.
    pub(super) fn login(&self) -> Result<Option<LoginEvent<'_>>, RejectReason> {
        let (time, service, action) = self.what()?;
        let kind = match (service, action) {
            ("signin", "ConsoleLogin") => LoginKind::ConsoleLogin,
            ("sts", "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" | "AssumeRoot") => {
                LoginKind::AssumeRole
            }
            ("sts", "GetSessionToken" | "GetFederationToken") => LoginKind::SessionToken,
            _ => return Ok(None),
        };
        let outcome = match kind {
            LoginKind::ConsoleLogin => self.console_outcome()?,
            _ if self.error().is_empty() => Outcome::Success,
            _ => Outcome::Failure,
        };
        Ok(Some(LoginEvent {
            source_ip: self.source_ip(),
            user_agent: cell::text(&self.user_agent),
            mfa: self.mfa(),
            account: cell::text(self.account()),
            ..LoginEvent::new(time, cell::text(self.user()), kind, outcome)
        }))
    }

    /// The API activity that the event is.
    pub(super) fn activity(&self) -> Result<ApiActivity<'_>, RejectReason> {
        let (time, service, action) = self.what()?;
        let identity = self.user_identity.get();
        let principal = identity.map_or("", |identity| &*identity.arn);
        let session = identity.and_then(|identity| identity.session_context.get());
        let issuer = session.and_then(|session| session.session_issuer.get()).map_or("", |issuer| &*issuer.arn);
        Ok(ApiActivity {
            time,
            principal: cell::text(if principal.is_empty() { self.user() } else { principal }),
            issuer: cell::text(issuer),
            account: cell::text(self.account()),
            region: cell::text(&self.aws_region),
            service: cell::text(service),
            action: cell::text(action),
            source_ip: self.source_ip(),
            user_agent: cell::text(&self.user_agent),
            error_code: cell::text(self.error()),
            read_only: cell::boolean(&self.read_only),
        })
    }

    /// Time, service and action, which every event must have.
    fn what(&self) -> Result<(i64, &str, &str), RejectReason> {
        let time = time::parse(&self.time)?;
        let source = cell::required(&self.source)?;
        let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        Ok((time, service, cell::required(&self.name)?))
    }

    fn console_outcome(&self) -> Result<Outcome, RejectReason> {
        match self.response_elements.get().map_or("", |response| &*response.console_login) {
            "Success" => Ok(Outcome::Success),
            "" if self.error().is_empty() => Err(RejectReason::MissingValue),
            "Failure" | "" => Ok(Outcome::Failure),
            _ => Err(RejectReason::BadWord),
        }
    }

    fn user(&self) -> &str {
        let Some(identity) = self.user_identity.get() else { return "" };
        let (name, service) = (&*identity.user_name, &*identity.invoked_by);
        let (resource, principal) = (resource(&identity.arn), &*identity.principal_id);
        let names = match &*identity.kind {
            "Root" => return "root",
            "AssumedRole" | "FederatedUser" => [resource, name, principal, service],
            "AWSService" => [service, principal, name, resource],
            "AWSAccount" => [principal, &identity.account_id, service, name],
            _ => [name, resource, principal, service],
        };
        names.into_iter().find(|name| !name.is_empty()).unwrap_or(&identity.account_id)
    }

    fn account(&self) -> &str {
        match self.user_identity.get() {
            Some(identity) if self.recipient_account_id.is_empty() => &identity.account_id,
            _ => &self.recipient_account_id,
        }
    }

    fn error(&self) -> &str {
        if self.error_code.is_empty() { &self.error_message } else { &self.error_code }
    }

    fn source_ip(&self) -> Option<IpAddr> {
        cell::address(&self.source_ip_address)
    }

    fn mfa(&self) -> Option<bool> {
        let stated = self.additional_event_data.get().and_then(|data| cell::boolean(&data.mfa_used));
        let session = self.user_identity.get().and_then(|identity| identity.session_context.get());
        let attributes = session.and_then(|session| session.attributes.get());
        stated.or_else(|| attributes.and_then(|attributes| cell::boolean(&attributes.mfa_authenticated)))
    }
}

/// The end of an ARN: the name of a user, `ROLE/SESSION` of an assumed role, the name of a federated user.
fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).and_then(|resource| resource.split_once('/')).map_or("", |(_, name)| name)
}

/// A part of an event: an object, or nothing where the event has a value of another kind.
#[derive(Debug)]
struct Part<T>(Option<T>);

impl<T> Part<T> {
    fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor(std::marker::PhantomData))
    }
}

struct PartVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PartVisitor<T> {
    type Value = Part<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<Self::Value, M::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(|part| Part(Some(part)))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut elements: S) -> Result<Self::Value, S::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Part(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Part(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Part(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Part(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Part(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Part(None))
    }
}
