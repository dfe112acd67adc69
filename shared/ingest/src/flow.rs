//! Reads flow logs: source, destination, volume and action of every flow. One module per format.

pub mod csv_mapping;
pub mod vpc_flow_log;
pub mod vpc_parquet;
pub mod zeek;

mod conversation;
mod value;

use std::io::Read;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::format::{Format, recognise_or};
use csv_mapping::Mapping;
use vpc_flow_log::FieldOrder;

/// How flow logs are read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FlowOptions {
    /// Their format; recognised from the content of each where none is named.
    pub format: Option<Format>,
    /// The fields of VPC Flow Logs that come without a header line: text that shows no other format is read by them. A
    /// header line in a log takes over.
    pub fields: Option<FieldOrder>,
}

/// Reads a flow log of any format: of the one named, or of the one that its content shows. An empty object has no rows.
///
/// # Errors
/// When the object is in no known format or in one of another source, or cannot be read as a whole. Records called back
/// before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    options: &FlowOptions,
    each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let fields = options.fields.as_ref();
    if let Some(format) = options.format {
        return read_as(format, input, object, limits, fields, each);
    }
    // Where fields are named, lines without a header are flow logs.
    match recognise_or(fields.map(|_| Format::FlowLog), input, object)? {
        (Some(format), input) => read_as(format, input, object, limits, fields, each),
        (None, _) => Ok(ReadSummary::default()),
    }
}

fn read_as(
    format: Format,
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    fields: Option<&FieldOrder>,
    each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let other = || ReadError {
        object: object.clone(),
        line: 0,
        problem: Problem::OtherSource { format: format.name(), expected: "flow log" },
    };
    let mapped = |name| Mapping::shipped(name).ok_or_else(other);
    match format {
        Format::FlowLog => vpc_flow_log::read(input, object, limits, fields, each),
        Format::Parquet => vpc_parquet::read(input, object, limits, each),
        Format::Zeek => zeek::read(input, object, limits, each),
        Format::UnswNb15 => csv_mapping::read(input, object, &mapped("unsw-nb15-raw")?, limits, each),
        Format::Cicids2017 => csv_mapping::read(input, object, &mapped("cicids2017")?, limits, each),
        _ => Err(other()),
    }
}
