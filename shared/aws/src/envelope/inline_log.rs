//! The lines of a log that came inside an event.

use weir_domain::window::Scope;
use weir_pipeline::RawLog;

/// The most bytes a payload may expand to, 256 MiB: flow logs compress tenfold, so that an event holds less than 50 MB.
pub const MAX_EXPANDED: u64 = 256 << 20;

/// Lines of a log, with their name and scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineLog {
    /// Name, id and scope.
    pub log: RawLog,
    /// The lines, as a log object would have them: text, or text that is compressed.
    pub lines: Vec<u8>,
}

/// An account id; anything but digits is no account.
pub(super) fn account_or_unknown(account: &str) -> &str {
    if account.bytes().all(|b| b.is_ascii_digit()) { account } else { Scope::UNKNOWN }
}
