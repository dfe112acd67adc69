//! The log lines inside an event.

use weir_domain::window::Scope;
use weir_pipeline::RawLog;

/// The maximum size of a decompressed payload, 256 MiB. Flow logs compress tenfold, so an event holds less than 50 MB.
pub const MAX_EXPANDED: u64 = 256 << 20;

/// The lines of a log, with their name and scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineLog {
    /// The name, id and scope.
    pub log: RawLog,
    /// The content, as of a log object: text, which may be compressed.
    pub lines: Vec<u8>,
}

/// An account id; empty if it has anything but digits.
pub(super) fn account_or_unknown(account: &str) -> &str {
    if account.bytes().all(|b| b.is_ascii_digit()) { account } else { Scope::UNKNOWN }
}
