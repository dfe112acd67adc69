//! The name, id and scope of a raw log from any origin.

use std::fmt;

use weir_domain::window::Scope;

use crate::keys::ObjectRef;

/// A raw log: an object of a store, or lines inside an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLog {
    /// The name in errors and in the rejects report.
    pub name: String,
    /// The id that names its batches and rejects: 32 hexadecimal digits. It is unique to the log and the same at every
    /// delivery.
    pub id: String,
    /// The account and region for rows that do not name them.
    pub scope: Scope,
}

impl RawLog {
    /// A log inside an event: `carrier` names the kind of event, and `parts` identify the log among those of the carrier.
    ///
    /// The id hashes the parts with their lengths, in a separate domain. So different parts give different ids, none of them
    /// that of an object.
    #[must_use]
    pub fn inline(carrier: &str, parts: &[&str], scope: Scope) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("weir raw log inside an event");
        for part in std::iter::once(&carrier).chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let id = hasher.finalize().to_hex()[..32].to_owned();
        Self { name: format!("{carrier}:{}", parts.join(":")), id, scope }
    }
}

impl From<&ObjectRef> for RawLog {
    fn from(object: &ObjectRef) -> Self {
        Self { name: object.to_string(), id: object.id(), scope: object.scope() }
    }
}

impl fmt::Display for RawLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_every_part_and_its_length() {
        let id = |carrier: &str, parts: &[&str]| RawLog::inline(carrier, parts, Scope::new("1", "r")).id;
        let one = id("logs", &["group", "stream", "7"]);
        assert_eq!(one, id("logs", &["group", "stream", "7"]));
        assert_eq!(one.len(), 32);
        for other in [
            id("log", &["sgroup", "stream", "7"]),
            id("logs", &["groups", "tream", "7"]),
            id("logs", &["group", "stream7"]),
            id("logs", &["group", "stream", "7", ""]),
            ObjectRef { bucket: "logs".into(), key: "group:stream:7".into() }.id(),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn an_object_keeps_its_own_id() {
        let object = ObjectRef { bucket: "b".into(), key: "AWSLogs/123456789012/vpcflowlogs/r/x".into() };
        let log = RawLog::from(&object);
        assert_eq!((log.id, log.scope), (object.id(), object.scope()));
        assert_eq!(log.name, "b/AWSLogs/123456789012/vpcflowlogs/r/x");
    }
}
