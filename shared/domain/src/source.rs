//! The log sources. Their names are those of the modules in ingest, features and detect, and part of storage keys.

use std::fmt;
use std::str::FromStr;

/// A log source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Network flow logs.
    Flow,
    /// Logins and API calls.
    Login,
    /// Activity tables, one row per user and day or per connection.
    Activity,
    /// Usage over time.
    Usage,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 4] = [Self::Flow, Self::Login, Self::Activity, Self::Usage];

    /// The name, as in storage keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Login => "login",
            Self::Activity => "activity",
            Self::Usage => "usage",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error of an unknown name of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown source: use one of {}", Source::ALL.map(Source::as_str).join(", "))]
pub struct UnknownSource;

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        Self::ALL.into_iter().find(|source| source.as_str() == name).ok_or(UnknownSource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse() {
        for source in Source::ALL {
            assert_eq!(source.to_string().parse(), Ok(source));
        }
        assert_eq!("logins".parse::<Source>(), Err(UnknownSource));
    }
}
