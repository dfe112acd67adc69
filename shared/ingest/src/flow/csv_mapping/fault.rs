//! Faults of a mapping file.

use std::fmt;

/// A mapping that cannot be used, with all its faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// The faults, at least one.
    pub faults: Vec<MappingFault>,
}

impl std::error::Error for MappingError {}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mapping cannot be used: ")?;
        for (i, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// One fault of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingFault {
    /// The text is no TOML.
    #[error("line {line}: {problem}")]
    NotToml {
        /// The line, from 1.
        line: usize,
        /// The message of the TOML reader.
        problem: String,
    },
    /// A key that mappings do not have.
    #[error("`{key}` is unknown; known are {allowed}")]
    UnknownKey {
        /// The key, with those above it.
        key: String,
        /// The keys that are allowed there.
        allowed: String,
    },
    /// A required field.
    #[error("`columns.{field}` is missing: say which column holds it")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A column that two fields are read from.
    #[error("{column} is named twice, for `{first}` and `{second}`")]
    ColumnTwice {
        /// The column.
        column: String,
        /// The field that names it first.
        first: &'static str,
        /// The field that names it again.
        second: &'static str,
    },
    /// A value that the key cannot have.
    #[error("`{key}` {problem}")]
    BadValue {
        /// The key, with those above it.
        key: String,
        /// What it has to be.
        problem: String,
    },
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<MappingFault>);

impl Faults {
    pub(super) fn bad(&mut self, key: impl Into<String>, problem: impl Into<String>) {
        self.0.push(MappingFault::BadValue { key: key.into(), problem: problem.into() });
    }

    pub(super) fn unknown(&mut self, key: impl Into<String>, allowed: &[&str]) {
        self.0.push(MappingFault::UnknownKey { key: key.into(), allowed: allowed.join(", ") });
    }
}
