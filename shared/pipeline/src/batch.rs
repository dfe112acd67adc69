//! The stored form of an hour's windows: Parquet, one flat table that Athena, `DuckDB` and pandas read as well.
//!
//! Three kinds of rows, told apart by the column `row`: `interface` (its totals), `host` (a host in a role at an
//! interface: totals, sketches once its pairs overflowed) and `pair` (the host, a peer, a service). A host row is
//! followed by its pair rows, an interface row by its host rows. Times are seconds since the epoch. What does not apply
//! is empty or 0. Sums are documented at `HostTotals` and `PairTotals` in `weir-domain`.
//!
//! Rows of the same key may occur in several row groups: a large object is written in parts as it is read, and reading
//! merges them. The footer names the format version, window length, scope, hour and the BLAKE3 hash of the raw object; it may
//! say how much of which provider was used ([`crate::usage::from_flows`]).
//!
//! Records that are not folded into windows, logins ([`LoginBatch`]) and usage ([`UsageBatch`]), are tables of their own.

mod columns;
mod logins;
mod read;
mod table;
mod usage;
mod write;

use weir_domain::aggregate::HourAggregate;

use crate::usage::from_flows::HourUsage;
pub use logins::{LoginBatch, LoginBatchWriter};
pub use read::decode;
pub use usage::{Measurement, UsageBatch, UsageBatchWriter};
pub use write::BatchWriter;

/// Version of the stored format; a reader refuses any other.
pub const FORMAT_VERSION: &str = "3";

/// Times that a row of a log may have, seconds since the epoch; sums and differences of such times do not overflow.
const TIMES: std::ops::Range<i64> = 0..4_102_444_800;

/// A batch read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Hash of the raw object, hexadecimal: two batches of one hash are the same data under two keys.
    pub raw_hash: String,
    /// The windows.
    pub hour: HourAggregate,
    /// What the rows say of the use of providers, where that was counted.
    pub usage: Option<HourUsage>,
}

/// A batch that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Not Parquet, or damaged.
    #[error("not a readable Parquet file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Parquet that claims what it cannot hold.
    #[error("not a readable Parquet file: {0}")]
    Refused(#[from] weir_ingest::parquet_guard::Refused),
    /// Parquet, but not a batch of this version.
    #[error("not a processed batch of format {FORMAT_VERSION}: {0}")]
    Format(String),
}

#[cfg(test)]
mod tests;
