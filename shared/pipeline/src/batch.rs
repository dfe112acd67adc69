//! The stored form of an hour of windows: Parquet, one flat table that Athena, `DuckDB` and pandas can read.
//!
//! The column `row` distinguishes three kinds of rows: `interface` (its totals), `host` (a host in a role at an interface:
//! totals, sketches once its pairs overflowed) and `pair` (the host, a peer, a service). A host row is followed by its pair
//! rows, an interface row by its host rows. Times are seconds since the epoch. What does not apply is empty or 0. Sums are
//! documented at `HostTotals` and `PairTotals` in `weir-domain`.
//!
//! Rows of the same key may occur in several row groups: a large object is written in parts as it is read, and reading merges
//! them. The footer has the format version, window length, scope, hour and the BLAKE3 hash of the raw object. It may have the
//! usage of cloud providers ([`crate::usage::from_flows`]).
//!
//! Logins ([`LoginBatch`]) and usage ([`UsageBatch`]) are not folded into windows and have their own tables.

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

/// The version of the stored format. Other versions are refused.
pub const FORMAT_VERSION: &str = "3";

/// The valid times of a row, 1970 to 2100 in seconds since the epoch. Their sums and differences do not overflow.
const TIMES: std::ops::Range<i64> = 0..4_102_444_800;

/// A decoded batch of windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The BLAKE3 hash of the raw object, hexadecimal. Two batches of one hash are the same data under two keys.
    pub raw_hash: String,
    /// The windows.
    pub hour: HourAggregate,
    /// The usage of cloud providers, if it was counted.
    pub usage: Option<HourUsage>,
}

/// The error of reading or writing a batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The bytes are not Parquet, or damaged.
    #[error("not a readable Parquet file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The Parquet metadata claims more than the file can hold.
    #[error("not a readable Parquet file: {0}")]
    Refused(#[from] weir_ingest::parquet_guard::Refused),
    /// The Parquet file is not a batch of this version.
    #[error("not a processed batch of format {FORMAT_VERSION}: {0}")]
    Format(String),
}

#[cfg(test)]
mod tests;
