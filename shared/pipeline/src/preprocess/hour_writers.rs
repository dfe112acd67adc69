//! Keeps one batch writer per hour that an object has rows of, and limits the number of hours.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::time::DAY_HOURS;
use weir_domain::window::{Hour, Scope};
use weir_ingest::{ObjectName, Problem, ReadError};

use super::outcome::PreprocessError;
use crate::batch::{BatchError, BatchWriter, LoginBatchWriter, UsageBatchWriter};
use crate::keys::HourOfScope;
use crate::usage::from_flows::HourUsage;

/// The outcome of reading an object: the counts of its rows, and a writer per hour.
pub(super) type Written = (ReadSummary, BTreeMap<HourOfScope, HourWriter>);

/// The writer of an hour's batch.
pub(super) enum HourWriter {
    Windows(BatchWriter, Option<HourUsage>),
    Logins(LoginBatchWriter),
    Usage(UsageBatchWriter),
}

impl HourWriter {
    /// The batch; `raw_hash` is the BLAKE3 hash of the raw object, hexadecimal.
    pub(super) fn finish(self, raw_hash: &str) -> Result<Vec<u8>, BatchError> {
        match self {
            Self::Windows(writer, usage) => writer.finish_with(raw_hash, usage.as_ref()),
            Self::Logins(writer) => writer.finish(raw_hash),
            Self::Usage(writer) => writer.finish(raw_hash),
        }
    }
}

/// Limits the number of hours, per account and region, in one object. Each hour costs memory and a batch, however few rows it
/// has.
#[derive(Default)]
pub(super) struct HourLimit {
    seen: HashSet<u64>,
}

impl HourLimit {
    /// The hours of a leap year.
    const MAX_HOURS: usize = 366 * DAY_HOURS;

    /// Whether the hour of a time, seconds since the epoch, is within the limit.
    pub(super) fn admit(&mut self, account: &str, region: &str, time: i64) -> bool {
        let mut hasher = DefaultHasher::new();
        (account, region, Hour::from_time(time).start()).hash(&mut hasher);
        let hour = hasher.finish();
        self.seen.contains(&hour) || (self.seen.len() < Self::MAX_HOURS && self.seen.insert(hour))
    }

    /// The error of an object beyond the limit.
    pub(super) fn too_many(name: &ObjectName) -> PreprocessError {
        ReadError { object: name.clone(), line: 0, problem: Problem::TooManyHours { most: Self::MAX_HOURS } }.into()
    }
}

/// Writers, by hour, of records that are stored unchanged.
pub(super) struct RecordWriters<W> {
    source: Source,
    scope: Scope,
    writers: BTreeMap<HourOfScope, W>,
    hours: HourLimit,
    too_many: bool,
    failure: Option<BatchError>,
}

impl<W> RecordWriters<W> {
    pub(super) fn new(source: Source, scope: Scope) -> Self {
        Self { source, scope, writers: BTreeMap::new(), hours: HourLimit::default(), too_many: false, failure: None }
    }

    /// Writes a record of a time, seconds since the epoch, unless writing has failed before.
    pub(super) fn write(
        &mut self,
        time: i64,
        open: impl FnOnce(&Scope, Hour) -> Result<W, BatchError>,
        write: impl FnOnce(&mut W) -> Result<(), BatchError>,
    ) {
        self.too_many = self.too_many || !self.hours.admit("", "", time);
        if self.too_many || self.failure.is_some() {
            return;
        }
        let hour = Hour::from_time(time);
        let key = HourOfScope { source: self.source, scope: self.scope.clone(), hour };
        if !self.writers.contains_key(&key) {
            match open(&self.scope, hour) {
                Ok(writer) => self.writers.insert(key.clone(), writer),
                Err(error) => {
                    self.failure = Some(error);
                    return;
                }
            };
        }
        if let Some(writer) = self.writers.get_mut(&key) {
            self.failure = write(writer).err();
        }
    }

    /// The writers, or the first failure.
    pub(super) fn finish(
        self,
        name: &ObjectName,
        writer: fn(W) -> HourWriter,
    ) -> Result<BTreeMap<HourOfScope, HourWriter>, PreprocessError> {
        if self.too_many {
            return Err(HourLimit::too_many(name));
        }
        match self.failure {
            Some(error) => Err(error.into()),
            None => Ok(self.writers.into_iter().map(|(hour, of_hour)| (hour, writer(of_hour))).collect()),
        }
    }
}
