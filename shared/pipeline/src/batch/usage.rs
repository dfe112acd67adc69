//! The stored form of an hour of measurements: Parquet, one flat table, one row each.
//!
//! Times are seconds since the epoch. The keys of a series are one text: a JSON list of names and values.

use weir_domain::usage::UsagePoint;
use weir_domain::window::{Hour, Scope};

use super::BatchError;
use super::logins::{identity, identity_entries};
use super::table::{self, Columns, Layout, TableWriter, format};

const LAYOUT: Layout = Layout { name: "usage", texts: &["metric", "keys"], numbers: &["time"], reals: &["value"] };

/// A measurement that owns its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The time, seconds since the epoch.
    pub time: i64,
    /// The metric.
    pub metric: String,
    /// The keys, `(name, value)`, in the order of the log.
    pub keys: Vec<(String, String)>,
    /// The value; finite.
    pub value: f64,
}

/// The measurements of one object in one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageBatch {
    /// The BLAKE3 hash of the raw object, hexadecimal. Two batches of one hash are the same data under two keys.
    pub raw_hash: String,
    /// The account and region.
    pub scope: Scope,
    /// The hour.
    pub hour: Hour,
    /// The measurements, in the order of the log.
    pub points: Vec<Measurement>,
}

/// Writes the batch of one hour of measurements, in parts.
pub struct UsageBatchWriter {
    identity: [(&'static str, String); 3],
    columns: Columns,
    file: TableWriter,
}

impl UsageBatchWriter {
    /// Starts a batch for an hour.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn new(scope: &Scope, hour: Hour) -> Result<Self, BatchError> {
        Ok(Self {
            identity: identity_entries(scope, hour),
            columns: Columns::new(LAYOUT),
            file: TableWriter::new(LAYOUT)?,
        })
    }

    /// Adds a measurement. Equal rows in equal order give equal bytes.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn push(&mut self, point: &UsagePoint<'_>) -> Result<(), BatchError> {
        let keys = serde_json::to_string(point.keys).map_err(|e| format(&e.to_string()))?;
        self.columns.push([point.metric, &keys], [point.time], [point.value]);
        self.file.append_if_full(&mut self.columns, LAYOUT)
    }

    /// Ends the batch and returns its bytes. `raw_hash` is the BLAKE3 hash of the raw object, hexadecimal.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn finish(self, raw_hash: &str) -> Result<Vec<u8>, BatchError> {
        self.file.finish(&self.columns, self.identity, raw_hash)
    }
}

impl UsageBatch {
    /// Decodes a batch.
    ///
    /// # Errors
    /// When the bytes are not Parquet, not a batch of usage, of another format version, or inconsistent.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, BatchError> {
        let rows = std::sync::Mutex::new(Vec::new());
        let footer = table::read(LAYOUT, bytes, |columns| {
            let mut rows = rows.lock().map_err(|_| format("it is damaged"))?;
            for row in 0..columns.rows() {
                let keys = serde_json::from_str(columns.text(1, row)?).map_err(|_| format("keys that are none"))?;
                let value = columns.reals[0][row];
                if !value.is_finite() || value.abs() > UsagePoint::MAX {
                    return Err(format("a value that is none"));
                }
                rows.push(Measurement {
                    time: columns.numbers[0][row],
                    metric: columns.text(0, row)?.to_owned(),
                    keys,
                    value,
                });
            }
            Ok(())
        })?;
        let (raw_hash, scope, hour) = identity(&footer)?;
        let points: Vec<Measurement> = rows.into_inner().map_err(|_| format("it is damaged"))?;
        if !points.iter().all(|point| Hour::from_time(point.time) == hour) {
            return Err(format("a time that is not of its hour"));
        }
        Ok(Self { raw_hash, scope, hour, points })
    }
}
