//! Rows that could not be read. They are data: counted by reason, and the first of them are kept with their position.

use std::collections::BTreeMap;
use std::fmt;

/// Why a row was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Fewer or more fields than the header names.
    FieldCount,
    /// A line longer than the limit.
    LineTooLong,
    /// An address that is neither IPv4 nor IPv6.
    BadAddress,
    /// A port that is not a number from 0 to 65535.
    BadPort,
    /// A protocol that is not a number from 0 to 255.
    BadProtocol,
    /// Packets or bytes that are not a whole number.
    BadCount,
    /// A time that is not a number of seconds in a plausible century, or an end before its start.
    BadTime,
    /// An action other than ACCEPT or REJECT.
    BadAction,
    /// A log-status other than OK, NODATA or SKIPDATA.
    BadStatus,
    /// TCP flags that are not a number from 0 to 255.
    BadFlags,
    /// A flow-direction other than ingress or egress.
    BadDirection,
    /// An identifier with invalid bytes.
    BadIdentifier,
    /// A required value is missing.
    MissingValue,
    /// A value that is not a finite number.
    BadNumber,
    /// A word that the field may not have.
    BadWord,
    /// JSON that is invalid, too deep, or of another shape.
    BadJson,
    /// A row that violates the quoting or structure of its format.
    BadStructure,
    /// The object as a whole could not be read. The line is where reading stopped.
    UnreadableObject,
}

impl RejectReason {
    /// The reason in a few words, as shown to people and written to files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FieldCount => "wrong number of fields",
            Self::LineTooLong => "line too long",
            Self::BadAddress => "bad address",
            Self::BadPort => "bad port",
            Self::BadProtocol => "bad protocol",
            Self::BadCount => "bad packets or bytes",
            Self::BadTime => "bad start or end",
            Self::BadAction => "bad action",
            Self::BadStatus => "bad log-status",
            Self::BadFlags => "bad tcp-flags",
            Self::BadDirection => "bad flow-direction",
            Self::BadIdentifier => "bad identifier",
            Self::MissingValue => "missing value",
            Self::BadNumber => "bad number",
            Self::BadWord => "unknown word",
            Self::BadJson => "bad JSON",
            Self::BadStructure => "bad structure",
            Self::UnreadableObject => "unreadable object",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rejected row and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The line number in the object (the row number where the format has no lines), from 1.
    pub line: u64,
    /// The reason.
    pub reason: RejectReason,
    /// The start of the row without control characters, at most [`Reject::EXCERPT`] characters. It is customer data: it is shown
    /// to readers of the file and stored beside the batch, and never logged.
    pub excerpt: String,
}

impl Reject {
    /// The maximum number of characters kept of a row.
    pub const EXCERPT: usize = 80;
}

/// The numbers of rows of one object that were read and rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Rows read as records.
    pub records: u64,
    /// Rows without traffic (NODATA).
    pub no_data: u64,
    /// Rows that say that AWS skipped records (SKIPDATA).
    pub skip_data: u64,
    /// Lines that are not rows: headers, comments, blank lines.
    pub not_rows: u64,
    /// Rows that span more than one window, because the log's aggregation interval is longer.
    pub longer_than_window: u64,
    /// Rejected rows by reason.
    pub rejected: BTreeMap<RejectReason, u64>,
    /// The first rejected rows, at most [`ReadSummary::MAX_KEPT_REJECTS`].
    pub rejects: Vec<Reject>,
}

impl ReadSummary {
    /// The maximum number of rejected rows kept with their position.
    pub const MAX_KEPT_REJECTS: usize = 100;

    /// Counts a rejected row, and keeps its position and start below the limit.
    pub fn reject(&mut self, line: u64, reason: RejectReason, row: &[u8]) {
        *self.rejected.entry(reason).or_default() += 1;
        if self.rejects.len() < Self::MAX_KEPT_REJECTS {
            let head = String::from_utf8_lossy(&row[..row.len().min(4 * Reject::EXCERPT)]);
            let shown = head.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
            self.rejects.push(Reject { line, reason, excerpt: shown.take(Reject::EXCERPT).collect() });
        }
    }

    /// The number of rejected rows.
    #[must_use]
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// The number of all rows: records, rows without data and rejects.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.records + self.no_data + self.skip_data + self.rejected_rows()
    }
}
