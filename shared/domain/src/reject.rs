//! Rows that could not be read. They are data: counted by reason, the first few kept with their place.

use std::collections::BTreeMap;
use std::fmt;

/// Why a row was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Fewer or more fields than the header names.
    FieldCount,
    /// Longer than the longest line that is read.
    LineTooLong,
    /// An address that is neither IPv4 nor IPv6.
    BadAddress,
    /// A port that is no number from 0 to 65535.
    BadPort,
    /// A protocol that is no number from 0 to 255.
    BadProtocol,
    /// Packets or bytes that are no whole number.
    BadCount,
    /// A time that is no number of seconds in a plausible century, or an end before its start.
    BadTime,
    /// An action other than ACCEPT or REJECT.
    BadAction,
    /// A log-status other than OK, NODATA or SKIPDATA.
    BadStatus,
    /// TCP flags that are no number from 0 to 255.
    BadFlags,
    /// A flow-direction other than ingress or egress.
    BadDirection,
    /// An identifier with bytes that identifiers do not have.
    BadIdentifier,
    /// A value that must be there and is not.
    MissingValue,
    /// A number that is none, or not finite.
    BadNumber,
    /// A word other than those that the field may have.
    BadWord,
    /// JSON that is none, too deep, or of another shape.
    BadJson,
    /// A row that its format's quoting or structure does not allow.
    BadStructure,
    /// The object as a whole could not be read (the line is where reading stopped).
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

/// One row that was not read, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Line number in the object (row number where the format has no lines), from 1.
    pub line: u64,
    /// Why.
    pub reason: RejectReason,
    /// The beginning of the row, without control characters, at most [`Reject::EXCERPT`] characters. It is the customer's
    /// data: shown to whoever reads the file and kept beside the batch, never logged.
    pub excerpt: String,
}

impl Reject {
    /// Characters of a row that are kept.
    pub const EXCERPT: usize = 80;
}

/// What became of the rows of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Rows read as records.
    pub records: u64,
    /// Rows that say no traffic was seen (NODATA).
    pub no_data: u64,
    /// Rows that say records were lost by AWS (SKIPDATA).
    pub skip_data: u64,
    /// Lines that are no rows: headers, comments, blank lines.
    pub not_rows: u64,
    /// Rows that span more time than one window: the logs aggregate over longer intervals than the window.
    pub longer_than_window: u64,
    /// Rejected rows by reason.
    pub rejected: BTreeMap<RejectReason, u64>,
    /// The first rejected rows, at most [`ReadSummary::MAX_KEPT_REJECTS`].
    pub rejects: Vec<Reject>,
}

impl ReadSummary {
    /// How many rejected rows are kept with their place.
    pub const MAX_KEPT_REJECTS: usize = 100;

    /// Counts a rejected row and keeps its place and beginning while there is room.
    pub fn reject(&mut self, line: u64, reason: RejectReason, row: &[u8]) {
        *self.rejected.entry(reason).or_default() += 1;
        if self.rejects.len() < Self::MAX_KEPT_REJECTS {
            let head = String::from_utf8_lossy(&row[..row.len().min(4 * Reject::EXCERPT)]);
            let shown = head.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
            self.rejects.push(Reject { line, reason, excerpt: shown.take(Reject::EXCERPT).collect() });
        }
    }

    /// All rejected rows.
    #[must_use]
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// All rows seen: records, rows without data and rejects.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.records + self.no_data + self.skip_data + self.rejected_rows()
    }
}
