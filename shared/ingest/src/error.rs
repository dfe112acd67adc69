//! Errors about an object as a whole: where reading stopped, why, and what to do.

use std::fmt;
use std::io;

/// The name of an object in errors: a path, or a bucket and key. Control characters are escaped when shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName(String);

impl ObjectName {
    /// A name, escaped so that a key cannot forge lines in logs or move a terminal's cursor.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(escaped(name))
    }

    /// Whether the name ends like that of a gzip file.
    pub(crate) fn names_gzip(&self) -> bool {
        std::path::Path::new(&self.0).extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text with its control characters escaped: names and texts of a file end up in logs and on terminals.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// An object that could not be read. What it quotes of the object or of a mapping is escaped when shown.
#[derive(Debug, thiserror::Error)]
#[error("{object}: {}", escaped(&problem.to_string()))]
pub struct ReadError {
    /// The object.
    pub object: ObjectName,
    /// The line where reading stopped, from 1; 0 before the first.
    pub line: u64,
    /// What is wrong and what to do.
    #[source]
    pub problem: Problem,
}

/// What is wrong with an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The compressed stream stops early.
    #[error("the {compression} stream ends early: the upload was cut off; upload the object again")]
    Truncated {
        /// Which compression.
        compression: &'static str,
    },
    /// The compressed stream is damaged, or something else follows it.
    #[error("the {compression} stream is damaged ({problem}): upload the object again")]
    Damaged {
        /// Which compression.
        compression: &'static str,
        /// The message of the decoder.
        problem: String,
    },
    /// The stream asks for more memory than it is given.
    #[error("the zstd stream needs a window of more than {most} bytes: compress it again without --long and --ultra")]
    WindowTooLarge {
        /// The largest window that is allowed.
        most: u64,
    },
    /// Named as gzip, and neither gzip nor a flow log as text.
    #[error("named .gz, but its first bytes are neither gzip nor the header line of a flow log")]
    NotGzip,
    /// Expands beyond the limit.
    #[error("expands to more than {limit} bytes: no flow log does; if this one should, raise the limit")]
    TooLarge {
        /// The limit on expanded bytes.
        limit: u64,
    },
    /// Rows of more hours than one object may have: each costs a batch.
    #[error("has rows of more than {most} different hours: split it, by year or finer")]
    TooManyHours {
        /// The most hours of one object.
        most: usize,
    },
    /// The first line is not a header.
    #[error(
        "the first line is no flow-log header (`version account-id interface-id srcaddr …`): if the log has none, name \
         its fields in their order, as in the flow log's format"
    )]
    NoHeader,
    /// A field order that was given for a log without a header, and is none.
    #[error("the field order cannot be used ({problem}): give the flow log's format, `${{version}} ${{account-id}} …`")]
    BadFieldOrder {
        /// What is wrong with it.
        problem: String,
    },
    /// The header lacks required fields.
    #[error("the header names no {missing}: add the field to the flow log's format")]
    MissingField {
        /// The missing fields, joined.
        missing: String,
    },
    /// The header names a field twice.
    #[error("the header names {field} twice")]
    RepeatedField {
        /// The field.
        field: &'static str,
    },
    /// A binary file contradicts itself or lacks parts.
    #[error("the {format} file is damaged ({problem}): upload the object again")]
    DamagedFile {
        /// Of which format.
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A column that cannot be read.
    #[error("the column {column} {problem}")]
    BadColumn {
        /// The column.
        column: String,
        /// What it is or has, and what to do.
        problem: String,
    },
    /// Something else than what it was to be read as.
    #[error("no {format}: {problem}")]
    NotThisFormat {
        /// What it was to be read as.
        format: &'static str,
        /// Why it is not that, and what to do.
        problem: String,
    },
    /// Most rows were rejected.
    #[error("{rejected} of {rows} rows cannot be read (mostly: {reason}): it is probably not what it is taken for")]
    MostlyRejected {
        /// Rejected rows.
        rejected: u64,
        /// All rows.
        rows: u64,
        /// The most frequent reason.
        reason: &'static str,
    },
    /// None of the formats that are read.
    #[error(
        "in no known format: it is {seen}; formats are {formats}. A flow log begins with a line that names its fields"
    )]
    UnknownFormat {
        /// The kind of bytes that the object begins with.
        seen: &'static str,
        /// Names of the formats.
        formats: String,
    },
    /// A format of another source than the requested one.
    #[error("it is {format}, which is no {expected}")]
    OtherSource {
        /// The format.
        format: &'static str,
        /// What is read.
        expected: &'static str,
    },
    /// Reading the bytes failed.
    #[error("reading failed: {0}")]
    Io(#[source] io::Error),
}
