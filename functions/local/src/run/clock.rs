//! The current time and file times, in milliseconds since the epoch.

use std::path::Path;

/// The current time: the only place where this program reads the clock.
#[expect(clippy::disallowed_methods, reason = "a binary reads the clock and passes the time on")]
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// When a file was last modified; the current time if the file system does not say.
pub(super) fn modified_time(path: &Path) -> i64 {
    let modified = std::fs::metadata(path).and_then(|file| file.modified()).ok();
    modified.and_then(|time| jiff::Timestamp::try_from(time).ok()).map_or_else(now, jiff::Timestamp::as_millisecond)
}
