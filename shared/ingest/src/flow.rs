//! Flow logs: who talked to whom, how much, and whether it was let through. One module per format.

pub mod csv_mapping;
pub mod vpc_flow_log;
pub mod zeek;

use std::io::Read;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::format::{Format, recognise};
use csv_mapping::Mapping;

/// Reads a flow log of any format: of the one named, or of the one that its content shows. An empty object has no rows.
///
/// # Errors
/// When the object is in no known format or in one of another source, or cannot be read as a whole. Records called back
/// before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    format: Option<Format>,
    each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    if let Some(format) = format {
        return read_as(format, input, object, limits, each);
    }
    match recognise(input, object)? {
        (Some(format), input) => read_as(format, input, object, limits, each),
        (None, _) => Ok(ReadSummary::default()),
    }
}

fn read_as(
    format: Format,
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let mapped = |name| {
        Mapping::shipped(name).ok_or_else(|| ReadError {
            object: object.clone(),
            line: 0,
            problem: Problem::OtherSource { format: format.name() },
        })
    };
    match format {
        Format::FlowLog => vpc_flow_log::read(input, object, limits, each),
        Format::Zeek => zeek::read(input, object, limits, each),
        Format::UnswNb15 => csv_mapping::read(input, object, &mapped("unsw-nb15-raw")?, limits, each),
        Format::Cicids2017 => csv_mapping::read(input, object, &mapped("cicids2017")?, limits, each),
        _ => {
            Err(ReadError { object: object.clone(), line: 0, problem: Problem::OtherSource { format: format.name() } })
        }
    }
}
