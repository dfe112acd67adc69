//! Suppression files: rules and expected actors.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use weir_detect::suppression::Suppressions;

/// Reads the rules of a file; no rules without a file.
pub(super) fn read_optional(path: Option<&Path>) -> anyhow::Result<Suppressions> {
    path.map_or_else(|| Ok(Suppressions::default()), read)
}

/// Reads the rules of a file.
pub(super) fn read(path: &Path) -> anyhow::Result<Suppressions> {
    let mut bytes = Vec::new();
    // One byte more than the limit, so that parsing rejects a file above the limit.
    let read = File::open(path).and_then(|f| f.take(Suppressions::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("{}", path.display()))?;
    Suppressions::parse(&bytes).with_context(|| format!("{}", path.display()))
}
