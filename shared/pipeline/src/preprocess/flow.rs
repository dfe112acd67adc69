//! Reads flow logs: folds rows into windows, and writes windows in parts that bound memory.

use std::collections::BTreeMap;
use std::io::Read;

use weir_domain::source::Source;
use weir_domain::window::Scope;
use weir_features::flow::Folder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::{Format, ObjectName};

use super::hour_writers::{HourLimit, HourWriter, Written};
use super::options::PreprocessOptions;
use super::outcome::PreprocessError;
use crate::batch::{BatchError, BatchWriter};
use crate::keys::HourOfScope;
use crate::usage::from_flows::UsageByScope;

/// Reads an object of flow logs. `fallback` replaces an account or region that rows do not name.
pub(super) fn read(
    format: Format,
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    let flow_options = FlowOptions { format: Some(format), ..options.flow.clone() };
    let mut folder = Folder::new(options.window_length, fallback.clone());
    let mut writers: BTreeMap<HourOfScope, BatchWriter> = BTreeMap::new();
    let mut usage = options.usage.as_ref().map(|ranges| UsageByScope::new(ranges, fallback));
    let (mut hours, mut too_many, mut failure) = (HourLimit::default(), false, None);
    let mut summary = flow::read(input, name, options.limits, &flow_options, |record| {
        too_many = too_many || !hours.admit(record.account, record.region, record.start);
        if too_many {
            return;
        }
        folder.fold(record);
        if let Some(usage) = &mut usage {
            usage.add(record);
        }
        if folder.rows() >= options.rows_per_part && failure.is_none() {
            failure = write_part(&mut folder, &mut writers).err();
        }
    })?;
    if too_many {
        return Err(HourLimit::too_many(name));
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    write_part(&mut folder, &mut writers)?;
    summary.longer_than_window = folder.longer_than_window();
    let mut usage = usage.map(UsageByScope::finish).unwrap_or_default();
    let of_hour = |(hour, writer)| {
        let usage = usage.remove(&hour);
        (hour, HourWriter::Windows(writer, usage))
    };
    Ok((summary, writers.into_iter().map(of_hour).collect()))
}

fn write_part(folder: &mut Folder, writers: &mut BTreeMap<HourOfScope, BatchWriter>) -> Result<(), BatchError> {
    for part in folder.take() {
        let key = HourOfScope { source: Source::Flow, scope: part.scope.clone(), hour: part.hour };
        if !writers.contains_key(&key) {
            writers.insert(key.clone(), BatchWriter::new(part.scope.clone(), part.hour, part.window_length)?);
        }
        if let Some(writer) = writers.get_mut(&key) {
            writer.append(&part)?;
        }
    }
    Ok(())
}
