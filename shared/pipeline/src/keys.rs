//! Builds and parses storage keys. A key is a function of the object it names, so repeating a step overwrites the same
//! object.

use std::fmt;

use weir_detect::limit::Group;
use weir_domain::finding::{Incident, Severity, Subject};
use weir_domain::source::Source;
use weir_domain::time::{DAY_SECONDS, HOUR_SECONDS};
use weir_domain::window::{Hour, Scope, utc_day, utc_hour};

/// An object in a bucket (or below a folder).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

impl ObjectRef {
    /// A hash of bucket and key, 32 hexadecimal digits. Batches and rejects are named by it, so an overwritten object
    /// replaces them.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.bucket.as_bytes());
        hasher.update(&[0]);
        hasher.update(self.key.as_bytes());
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// The account and region in the key of a log that AWS delivered, plain (`AWSLogs/ACCOUNT/vpcflowlogs/REGION/…`) or
    /// Hive-compatible (`AWSLogs/aws-account-id=…/…/aws-region=…/`); `unknown` where the key has neither.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let parts: Vec<&str> = self.key.split('/').collect();
        let named = |name: &str| parts.iter().find_map(|part| part.strip_prefix(name));
        let after = |name: &str| {
            let at = parts.iter().position(|part| *part == name)?;
            parts.get(at + 1).copied()
        };
        let account = named("aws-account-id=").or_else(|| after("AWSLogs")).unwrap_or_default();
        let region = named("aws-region=").or_else(|| after("vpcflowlogs")).unwrap_or_default();
        let account = if account.bytes().all(|b| b.is_ascii_digit()) { account } else { "" };
        Scope::new(account, region)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bucket.is_empty() { f.write_str(&self.key) } else { write!(f, "{}/{}", self.bucket, self.key) }
    }
}

/// The prefix of processed batches.
pub const PROCESSED: &str = "processed/";
/// The prefix of rollups.
pub const ROLLUP: &str = "rollup/";
/// The prefix of checkpoints.
pub const HISTORY: &str = "history/";
/// An optional table of address blocks with their networks and locations.
pub const PLACES: &str = "places.csv";
/// An optional list of address blocks of anonymising networks.
pub const NETWORKS: &str = "networks.txt";
/// An optional City or Country database in the `MaxMind` DB format.
pub const CITY_DATABASE: &str = "geoip-city.mmdb";
/// An optional ASN database in the `MaxMind` DB format.
pub const ASN_DATABASE: &str = "geoip-asn.mmdb";
/// The prefix of optional files of address ranges.
pub const RANGES: &str = "ranges/";
/// The prefix of findings.
pub const FINDINGS: &str = "findings/";
/// The prefix of models.
pub const MODELS: &str = "models/";
/// The pointer to the flow model in use.
pub const CURRENT_MODEL: &str = "models/current.json";
/// The pointer to the login model in use.
pub const CURRENT_LOGIN_MODEL: &str = "models/current-login.json";
/// The suppression rules.
pub const SUPPRESSIONS: &str = "suppressions.toml";

/// One hour of one scope in one source. Every batch belongs to one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourOfScope {
    /// The log source.
    pub source: Source,
    /// The account and region.
    pub scope: Scope,
    /// The hour.
    pub hour: Hour,
}

impl HourOfScope {
    /// The unit that is scored at once: the hour itself for flow logs and tables, the first hour of its day for logins and
    /// usage.
    #[must_use]
    pub fn scored_with(self) -> Self {
        match self.source {
            Source::Login | Source::Usage => {
                Self { hour: Hour::from_time(self.hour.start().div_euclid(DAY_SECONDS) * DAY_SECONDS), ..self }
            }
            Source::Flow | Source::Activity => self,
        }
    }

    /// The prefix of all batches of the hour.
    #[must_use]
    pub fn prefix(&self) -> String {
        let start = self.hour.start();
        format!(
            "{PROCESSED}source={}/scope={}/dt={}/hour={}/",
            self.source,
            self.scope,
            utc_day(start),
            utc_hour(start)
        )
    }

    /// The key of one object's batch.
    #[must_use]
    pub fn batch(&self, object_id: &str) -> String {
        format!("{}{object_id}.parquet", self.prefix())
    }

    /// Parses the key of a batch; `None` for any other key.
    #[must_use]
    pub fn from_batch_key(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(PROCESSED)?.split('/');
        let mut value = |name: &str| parts.next()?.strip_prefix(name);
        let source = value("source=")?.parse().ok()?;
        let scope = Scope::parse(value("scope=")?)?;
        let day: jiff::civil::Date = value("dt=")?.parse().ok()?;
        let hour: i64 = value("hour=")?.parse().ok().filter(|h| (0..24).contains(h))?;
        let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        let name = parts.next().filter(|name| name.ends_with(".parquet"))?;
        let found = Self { source, scope, hour: Hour::from_time(midnight + hour * HOUR_SECONDS) };
        (found.batch(name.trim_end_matches(".parquet")) == key).then_some(found)
    }
}

/// The prefix of all batches of a scope in a source.
#[must_use]
pub fn processed_scope(source: Source, scope: &Scope) -> String {
    format!("{PROCESSED}source={source}/scope={scope}/")
}

/// The checkpoint of a source at the start of a day, seconds since the epoch.
#[must_use]
pub fn checkpoint(source: Source, scope: &Scope, day: i64) -> String {
    format!("{HISTORY}source={source}/scope={scope}/dt={}.known", utc_day(day))
}

/// The rollup of an hour.
#[must_use]
pub fn rollup(hour: &HourOfScope) -> String {
    let start = hour.hour.start();
    format!("{ROLLUP}source={}/scope={}/dt={}/hour={}.json", hour.source, hour.scope, utc_day(start), utc_hour(start))
}

/// The key of a model, by the hash of its content.
#[must_use]
pub fn model(hash: &str) -> String {
    format!("{MODELS}{}.model", hash.get(..32).unwrap_or(hash))
}

/// The rejects report of an object.
#[must_use]
pub fn rejects(object_id: &str) -> String {
    format!("rejects/{object_id}.jsonl")
}

/// The bytes of an unreadable log that has no other copy.
#[must_use]
pub fn rejected_bytes(id: &str) -> String {
    format!("rejects/{id}.raw")
}

/// The incidents of a subject.
#[must_use]
pub fn incidents(subject: &Subject) -> String {
    let peer = subject.peer.map(|peer| format!("/{peer}")).unwrap_or_default();
    let name = format!("{}/{}{peer}", subject.scope, subject.entity.name());
    format!("incidents/{}/{}.json", subject.kind, &blake3::hash(name.as_bytes()).to_hex()[..32])
}

/// The public finding of an incident.
#[must_use]
pub fn finding(incident: &Incident) -> String {
    finding_by_uid(&incident.day, &incident.uid)
}

/// The public finding of a uid, under its day.
#[must_use]
pub(crate) fn finding_by_uid(day: &str, uid: &str) -> String {
    format!("{FINDINGS}dt={day}/{uid}.json")
}

/// The findings that an alert group sent and held back in an hour.
#[must_use]
pub fn throttle(group: &Group) -> String {
    let name = blake3::hash(group.name().as_bytes()).to_hex();
    format!("published/limit/dt={}/{}.json", utc_day(group.start()), &name[..32])
}

/// The prefix of all claims on a finding.
#[must_use]
pub fn published_prefix(uid: &str) -> String {
    format!("published/{uid}/")
}

/// The claim on publishing a finding at a severity to a channel.
#[must_use]
pub fn published(uid: &str, severity: Severity, channel: &str) -> String {
    format!("{}{}/{channel}", published_prefix(uid), severity.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> ObjectRef {
        ObjectRef { bucket: "b".into(), key: key.into() }
    }

    #[test]
    fn batch_keys_parse_to_what_they_were_built_from() {
        let hour = HourOfScope {
            source: Source::Flow,
            scope: Scope::new("123456789012", "us-east-1"),
            hour: Hour::from_time(1_545_403_840),
        };
        let key = hour.batch("0123");
        assert_eq!(key, "processed/source=flow/scope=123456789012.us-east-1/dt=2018-12-21/hour=14/0123.parquet");
        assert_eq!(HourOfScope::from_batch_key(&key), Some(hour));
        for other in
            ["", "processed/x", "findings/y", &key.replace("hour=14", "hour=99"), &key.replace("flow", "logins")]
        {
            assert_eq!(HourOfScope::from_batch_key(other), None, "{other}");
        }
    }

    #[test]
    fn scopes_come_from_both_key_layouts() {
        let plain = "p/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/01/15/x.log.gz";
        let hive =
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/x.log.gz";
        for key in [plain, hive] {
            assert_eq!(object(key).scope().to_string(), "123456789012.eu-west-1");
        }
        assert_eq!(object("some/file.log").scope().to_string(), "unknown.unknown");
    }

    #[test]
    fn ids_distinguish_bucket_from_key() {
        let (a, b) =
            (ObjectRef { bucket: "a".into(), key: "b/c".into() }, ObjectRef { bucket: "a/b".into(), key: "c".into() });
        assert_ne!(a.id(), b.id());
        assert_eq!(a.id(), a.clone().id());
    }
}
