//! Reads measurements of usage over time, and resamples them to series in even steps.
//!
//! Three forms are read, recognised from the first line unless [`UsageOptions`] give it:
//!
//! - **Long** CSV, one measurement a line: a time, a value, and the columns that identify the series (`time,region,value`).
//! - **Wide** CSV, one series a column (`time,web,database`): where no column is called `value`.
//! - **JSON lines**: objects with the same names. Without a field called `value`, every number is a measurement of its own.
//!
//! | column | called, in any case, unless the options name others |
//! |---|---|
//! | time | `timestamp`, `time`, `datetime`, `date`, `ts`, `start`, `start_time`, `period`, `hour`, `day` |
//! | value | `value`, `val`, `usage`, `amount`, `quantity` |
//! | metric | `metric`, `metric_name`, `measure`; without one, the metric is the name of the value's column |
//! | label | `label`, `labels`, `is_anomaly`, `anomaly`, `ground_truth`: the truth, for evaluation |
//!
//! Times are RFC 3339, `YYYY-MM-DD HH:MM[:SS]` (UTC), or seconds or milliseconds since the epoch, from 1975 to 2099. A row
//! without any value (empty, `-`, `NA`, `NaN`, `null`) means that nothing was measured, and counts as one without data.
//!
//! ```
//! use weir_ingest::usage::{ResampleParams, Resampler, UsageOptions};
//! use weir_ingest::{ObjectName, ReadLimits, usage};
//!
//! let text = b"timestamp,region,value\n2024-01-01 00:05,eu,2\n2024-01-01 01:40,eu,5\n2024-01-01 00:20,eu,1\n";
//! let mut resampler = Resampler::new(ResampleParams::default());
//! let mut problem = None;
//! usage::read(&text[..], &ObjectName::new("u.csv"), ReadLimits::default(), &UsageOptions::default(), |point| {
//!     problem = problem.take().or(resampler.add(point).err());
//! })?;
//! assert!(problem.is_none());
//! assert_eq!(resampler.finish()[0].values, [Some(3.0), None, None, Some(5.0)]);
//! # Ok::<(), weir_ingest::ReadError>(())
//! ```

mod cell;
mod columns;
mod exact_sum;
mod json_lines;
mod options;
mod resample;
mod table;

pub use options::{Shape, UsageOptions};
pub use resample::{ResampleParams, Resampler, Statistic, TooMuchUsage};

use std::io::Read;

use weir_domain::reject::ReadSummary;
use weir_domain::usage::UsagePoint;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::text::{TextReader, without_mark};
use cell::Row;
use json_lines::JsonLines;
use table::UsageTable;

/// The name of the format in errors.
const FORMAT: &str = "usage over time";

/// Reads one object and calls back for every measurement, in its order.
///
/// Memory is one buffer whatever the object's size. Every line is accounted for in the summary: the header, rows read as
/// records (of one measurement, or of one per column), rows without data, or rejects with line and reason. A row with one bad
/// value is rejected whole. The header may stand again further down (concatenated files). An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged compression, a header without a time or without a column that the
/// options name, more text than the limit, more rejects than the limit. Measurements called back before that are to be
/// thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    options: &UsageOptions,
    mut each: impl FnMut(&UsagePoint<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut form: Option<Form<'_>> = None;
    while let Some(line) = text.next()? {
        let line = without_mark(line);
        let form = match &mut form {
            Some(form) => form,
            unknown => match Form::recognise(line, options) {
                Ok(found) => unknown.insert(found),
                Err(problem) => return Err(text.fail(Problem::NotThisFormat { format: FORMAT, problem })),
            },
        };
        let row = match form {
            Form::Table(table) if table.header() == line => {
                text.summary.not_rows += 1;
                continue;
            }
            Form::Table(table) => table.row(line, &mut each),
            Form::JsonLines(json) => json.row(line, &mut each),
        };
        match row {
            Ok(Row::Points) => text.summary.records += 1,
            Ok(Row::NoData) => text.summary.no_data += 1,
            Err(reason) => {
                let row = line.to_vec();
                text.summary.reject(text.line(), reason, &row);
            }
        }
    }
    text.finish()
}

/// How one object is written.
enum Form<'o> {
    Table(Box<UsageTable>),
    JsonLines(JsonLines<'o>),
}

impl<'o> Form<'o> {
    fn recognise(line: &[u8], options: &'o UsageOptions) -> Result<Self, String> {
        let json = options.shape.map_or_else(|| line.trim_ascii_start().starts_with(b"{"), |s| s == Shape::JsonLines);
        if json {
            return Ok(Self::JsonLines(JsonLines { options }));
        }
        UsageTable::from_header(line, options).map(Box::new).map(Self::Table)
    }
}

#[cfg(test)]
mod tests;
