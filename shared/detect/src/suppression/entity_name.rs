//! The entity of a rule.

use std::net::IpAddr;

use weir_domain::finding::Entity;

/// An entity as a rule names it: an address, a user or a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityName(String);

impl EntityName {
    /// Maximum length of a name in bytes.
    pub const MAX_LEN: usize = 4096;

    /// The name of an entity.
    #[must_use]
    pub fn from_entity(entity: &Entity) -> Self {
        Self::parse(&entity.to_string())
    }

    /// The entity with a name; an IPv4-mapped IPv6 address is the IPv4 address.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let address = name.parse::<IpAddr>();
        Self(address.map_or_else(|_| name.to_owned(), |ip| ip.to_canonical().to_string()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn matches(&self, entity: &Entity) -> bool {
        match entity {
            Entity::Address(ip) => self.0.parse() == Ok(ip.to_canonical()),
            Entity::User(name) | Entity::Series(name) => *name == self.0,
        }
    }
}
