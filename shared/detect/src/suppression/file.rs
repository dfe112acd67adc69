//! The file as it is written, checked while it is read so that every fault has its line.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde::Deserialize;
use weir_domain::finding::Kind;

use super::{BadSuppressions, EntityName, Expected, Hours, Rule, Suppressions};

/// The longest reason, bytes.
const MAX_REASON_LEN: usize = 500;

impl Suppressions {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is too large, no TOML, or has rules that cannot be meant: with the line, and what to do.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadSuppressions> {
        if bytes.len() > Self::MAX_FILE_BYTES {
            return Err(BadSuppressions::TooLarge);
        }
        let text = str::from_utf8(bytes).map_err(|_| BadSuppressions::NotText)?;
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            BadSuppressions::Syntax { line, problem: error.message().to_owned() }
        })?;
        let rules = file.suppress.len() + file.expected.len();
        if rules > Self::MAX_RULES {
            return Err(BadSuppressions::TooMany { rules });
        }
        let alerts_per_hour = file.alerts_per_hour.map_or(Self::ALERTS_PER_HOUR, usize::from);
        let learned_alerts = file.learned_alerts_per_100_host_days.map_or(Self::LEARNED_ALERTS, usize::from);
        Ok(Self { alerts_per_hour, learned_alerts, rules: file.suppress, expected: file.expected })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    alerts_per_hour: Option<u16>,
    learned_alerts_per_100_host_days: Option<u16>,
    #[serde(default)]
    suppress: Vec<Rule>,
    #[serde(default)]
    expected: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    entity: Option<Named>,
    cidr: Option<Network>,
    kind: Option<Kind>,
    port: Option<u16>,
    peer: Option<Network>,
    account: Option<String>,
    region: Option<String>,
    until: Option<Moment>,
    created: Option<Moment>,
    finding: Option<String>,
    why: Why,
}

impl TryFrom<RawRule> for Rule {
    type Error = &'static str;

    fn try_from(raw: RawRule) -> Result<Self, Self::Error> {
        let rule = Self {
            entity: raw.entity.map(|a| a.0),
            cidr: raw.cidr.map(|n| n.0),
            kind: raw.kind,
            port: raw.port,
            peer: raw.peer.map(|n| n.0),
            account: raw.account,
            region: raw.region,
            until: raw.until.map(|m| m.end),
            created: raw.created.map(|m| m.start),
            finding: raw.finding,
            why: raw.why.0,
        };
        let says_what = rule.entity.is_some()
            || rule.cidr.is_some()
            || rule.kind.is_some()
            || rule.port.is_some()
            || rule.peer.is_some()
            || rule.account.is_some()
            || rule.region.is_some();
        if says_what {
            Ok(rule)
        } else {
            Err("the rule would suppress everything: name an entity, cidr, kind, port, peer, account or region")
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    address: Network,
    hours: Option<Hours>,
    from: Option<Moment>,
    to: Option<Moment>,
    kinds: Option<Vec<Kind>>,
    why: Why,
}

impl TryFrom<RawExpected> for Expected {
    type Error = &'static str;

    fn try_from(raw: RawExpected) -> Result<Self, Self::Error> {
        let (from, to) = (raw.from.map(|m| m.start), raw.to.map(|m| m.end));
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err("`from` is not before `to`: swap them");
        }
        let kinds = raw.kinds.unwrap_or_else(|| Self::KINDS.to_vec());
        Ok(Self { address: raw.address.0, hours: raw.hours, from, to, kinds, why: raw.why.0 })
    }
}

/// The name of an entity: an address, a user, a series.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Named(EntityName);

impl TryFrom<String> for Named {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() || text.len() > EntityName::MAX_LEN {
            Err(format!("`entity` is to be a name of at most {} bytes", EntityName::MAX_LEN))
        } else if text.parse::<IpNet>().is_ok() {
            Err(format!("{text:?} is a network: write it as `cidr`"))
        } else if looks_like_an_address(&text) && text.parse::<IpAddr>().is_err() {
            Err(format!("{text:?} is no IP address: write it as 10.0.0.5 or 2001:db8::5, a network as `cidr`"))
        } else {
            Ok(Self(EntityName::parse(&text)))
        }
    }
}

/// Whether a name is made of what addresses are made of: more likely a slip than a user.
fn looks_like_an_address(text: &str) -> bool {
    text.contains(['.', ':']) && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/'))
}

/// A network, or the one of a single address.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Network(IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self(IpNet::from(ip.to_canonical())));
        }
        let network: IpNet =
            text.parse().map_err(|_| format!("{text:?} is no address or network: write it as 10.0.0.0/8"))?;
        if network.trunc() == network {
            Ok(Self(network))
        } else {
            Err(format!("{text:?} has bits behind its prefix: write the network as {}", network.trunc()))
        }
    }
}

/// A reason.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Why(String);

impl TryFrom<String> for Why {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            Err("`why` is empty: say why, for whoever reads this in a year".to_owned())
        } else if text.len() > MAX_REASON_LEN || text.chars().any(char::is_control) {
            Err(format!("`why` is to be one line of at most {MAX_REASON_LEN} bytes"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// A date or a time, as TOML or RFC 3339 write them; without an offset in UTC. Milliseconds since the epoch.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "RawMoment")]
struct Moment {
    /// The time, or when the day begins.
    start: i64,
    /// The time, or when the day is over.
    end: i64,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "this is no date: write it as 2027-01-31 or 2027-01-31T12:00:00Z")]
enum RawMoment {
    Toml(toml::value::Datetime),
    Text(String),
}

impl TryFrom<RawMoment> for Moment {
    type Error = String;

    fn try_from(raw: RawMoment) -> Result<Self, String> {
        let text = match raw {
            RawMoment::Toml(time) => time.to_string(),
            RawMoment::Text(text) => text,
        };
        let utc = |time: DateTime| Offset::UTC.to_timestamp(time).map(Timestamp::as_millisecond);
        let moment = if text.len() == "2027-01-31".len() {
            let day = text.parse::<Date>();
            day.and_then(|day| Ok(Self { start: utc(day.into())?, end: utc(day.tomorrow()?.into())? }))
        } else {
            let time = text.parse::<Timestamp>().map(Timestamp::as_millisecond);
            time.or_else(|_| utc(text.parse()?)).map(|time| Self { start: time, end: time })
        };
        moment.map_err(|_| format!("{text:?} is no date: write it as 2027-01-31 or 2027-01-31T12:00:00Z"))
    }
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let clock = |text: &str| -> Option<i64> {
            let (hours, minutes) = text.trim().split_once(':')?;
            let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
            let seconds = number(hours)?.checked_mul(60)?.checked_add(number(minutes).filter(|m| *m < 60)?)?;
            Some(seconds.checked_mul(60)?).filter(|seconds| *seconds <= 24 * 3600)
        };
        let both = text.split_once('-').and_then(|(from, to)| clock(from).zip(clock(to)));
        let hours = both.map(|(from, to)| Self { start: from, length: (to - from).rem_euclid(24 * 3600) });
        match (hours, both) {
            (Some(hours), _) if hours.length > 0 => Ok(hours),
            (Some(_), Some((from, to))) if from != to => Ok(Self { start: 0, length: 24 * 3600 }),
            _ => Err(format!("{text:?} are no hours: write them in UTC as 22:00-06:00")),
        }
    }
}

macro_rules! deserialize_checked {
    ($($type:ty: $raw:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$raw>::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

deserialize_checked!(Rule: RawRule, Expected: RawExpected, Hours: String);
