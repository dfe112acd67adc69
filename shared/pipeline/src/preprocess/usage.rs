//! Reads usage and stores the measurements by hour.

use std::io::Read;

use weir_domain::source::Source;
use weir_domain::window::Scope;
use weir_ingest::ObjectName;
use weir_ingest::usage::{self, UsageOptions};

use super::hour_writers::{HourWriter, RecordWriters, Written};
use super::options::PreprocessOptions;
use super::outcome::PreprocessError;
use crate::batch::UsageBatchWriter;

/// Reads an object of measurements. `fallback` supplies the account and region.
pub(super) fn read(
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    let mut hours = RecordWriters::new(Source::Usage, fallback.clone());
    let summary = usage::read(input, name, options.limits, &UsageOptions::default(), |point| {
        hours.write(point.time, UsageBatchWriter::new, |writer| writer.push(point));
    })?;
    Ok((summary, hours.finish(name, HourWriter::Usage)?))
}
